"""`import-catalog FILE`: takes the database's lock itself, or sends the file to a running controller's API."""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from controller.catalog.imports import ImportRejected, ImportReport, Mode, import_catalog

SEND_SECONDS = 600


class ImportFailed(Exception):
    """The controller did not take the file; the message says why."""


async def import_here(path: Path, mode: Mode, console: Console) -> bool:
    """Into the connected database; whether every line was good.  Raises OSError, UnicodeDecodeError."""
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
    return path.read_text(encoding="utf-8-sig").splitlines(keepends=True)


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
    request = urllib.request.Request(address, data=body, headers=headers, method="POST")  # noqa: S310 -- the scheme is checked above
    try:
        with console.status("importing through the API"), urllib.request.urlopen(request, timeout=SEND_SECONDS) as response:  # noqa: S310
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        _table(problem.get("data", {}).get("errors", []), console)
        raise ImportFailed(f"{problem['detail']} ({problem['code']})") from error
    _table(answer.get("errors", []), console)
    console.print(f"{answer['rows']} rows read, {answer['bad_rows']} bad")
    return not answer["bad_rows"]


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
        table.add_row(*(str(error[name]) for name in ("line", "column", "reason")))
    console.print(table)
