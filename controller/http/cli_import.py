"""`import-catalog FILE`: takes the database's lock itself, or sends the file to a running controller's API."""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from controller.catalog.imports import ImportRejected, ImportReport, Mode, import_catalog, lines_of

SEND_SECONDS = 600


class ImportFailed(Exception):
    """The controller did not take the file; the message says why."""


async def import_here(path: Path, mode: Mode, console: Console) -> bool:
    """Into the connected database; whether every line was good.  Raises ImportFailed, OSError."""
    lines = _lines(path)
    columns = TextColumn("importing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    try:
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("rows", total=max(len(lines) - 1, 1))
            report = await import_catalog(
                lines,
                mode=mode,
                total=max(len(lines) - 1, 1),
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
    except ImportRejected as error:
        report = error.report
    _tell(report, console, written=report.bad_rows == 0 or mode is Mode.GOOD_ROWS)
    return report.bad_rows == 0


def _lines(path: Path) -> list[str]:
    try:
        return lines_of(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ImportFailed(f"{path} is not UTF-8: byte {error.start} cannot be read; save it as CSV UTF-8") from error


def import_there(path: Path, mode: Mode, api: str, token: str, console: Console) -> bool:
    """Through the API at `api`; whether every line was good.  Raises ImportFailed, OSError."""
    if urlsplit(api).scheme not in ("http", "https"):
        raise ImportFailed(f"{api!r} is not the address of a controller (http://…)")
    body = path.read_bytes()
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "text/csv",
        "Idempotency-Key": f"import-{mode.value}-{hashlib.sha256(body).hexdigest()}",
    }
    address = f"{api.rstrip('/')}/api/v1/catalog/import?mode={mode.value}"
    request = urllib.request.Request(address, data=body, headers=headers, method="POST")
    try:
        with console.status("importing through the API"), urllib.request.urlopen(request, timeout=SEND_SECONDS) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        problem = _problem_of(error)
        _table(problem.get("data", {}).get("errors", []), console)
        raise ImportFailed(f"{problem['detail']} ({problem['code']})") from error
    _table(answer.get("errors", []), console)
    console.print(f"{answer['rows']} rows read, {answer['bad_rows']} bad")
    return not answer["bad_rows"]


def _problem_of(error: urllib.error.HTTPError) -> dict[str, Any]:
    """What a controller says about it; something else may answer at the address.  Raises ImportFailed."""
    try:
        problem: dict[str, Any] = json.load(error)
        return {"detail": problem["detail"], "code": problem["code"], **problem}
    except (ValueError, TypeError, KeyError) as other:
        raise ImportFailed(f"what answers is no controller: {error.code} {error.reason}") from other


def _tell(report: ImportReport, console: Console, *, written: bool) -> None:
    _table([{"line": error.line, "column": error.column, "reason": error.reason} for error in report.errors], console)
    console.print(
        f"{report.rows} rows read, {report.bad_rows} bad; {'the good ones are in' if written else 'nothing was imported'}"
    )


def _table(errors: list[dict[str, object]], console: Console) -> None:
    if not errors:
        return
    table = Table("line", "column", "reason")
    for error in errors:
        table.add_row(*(Text(str(error[name])) for name in ("line", "column", "reason")))
    console.print(table)
