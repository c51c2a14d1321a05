"""`import-sales FILE`: takes the database's lock itself, or sends the file to a running controller and watches it there."""

from __future__ import annotations

import hashlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from controller.http.cli_import import SEND_SECONDS, ImportFailed
from controller.http.uploads import CSV, XLSX
from controller.sales.import_api import errors_csv
from controller.sales.imports import begin, errors_of, go_on, preview
from controller.sales.rows import HowToRead, RowError
from controller.sales.waiting import book_waiting
from controller.sheets import is_sheet

LINES_AT_ONCE = 4000
SHOWN = 20
WATCH_SECONDS = 1.0
_COLUMNS = (TextColumn("receipts"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())


async def look_here(body: bytes, how: HowToRead, errors: Path | None, console: Console) -> bool:
    """What the file says; nothing is written.  Whether every row was good."""
    found = await preview(body, how)
    console.print(
        f"{found.rows} rows: {len(found.receipts)} receipts with {found.lines} lines, {found.returned} of them returned, "
        f"{found.same_lines} the same as another of their receipt; {len(found.errors)} rows cannot be read; nothing was written"
    )
    return tell_errors(found.errors, errors, console)


async def import_here(body: bytes, how: HowToRead, errors: Path | None, console: Console) -> bool:
    """Into the connected database, from where it was when it was interrupted.  Whether every row was good."""
    started = await begin(body, how)
    with Progress(*_COLUMNS, console=console, transient=True) as progress:
        task = progress.add_task("receipts", total=None)
        done = await go_on(
            started,
            lambda now, total: progress.update(task, completed=now, total=total),
            lines_at_once=LINES_AT_ONCE,
        )
    await book_waiting()
    console.print(
        f"{done.receipts_done} of {done.receipts} receipts: {done.booked} booked, {done.repeated} known before, "
        f"{done.waiting} wait for goods that nobody knows, {done.conflicts} contradict another; "
        f"{done.no_goods} lines are no goods; {done.bad_rows} rows could not be read"
    )
    return tell_errors(await errors_of(started), errors, console)


def import_there(body: bytes, how: HowToRead, errors: Path | None, where: tuple[str, str], console: Console) -> bool:
    """Through the API at an address with a token (`where`); it is watched until it is done.  Raises ImportFailed, OSError."""
    api, token = where
    if urlsplit(api).scheme not in ("http", "https"):
        raise ImportFailed(f"{api!r} is not the address of a controller (http://…)")
    asked = {"site": how.site, "till": how.till, "dates": how.dates.value, "decimal": "comma" if how.decimal_comma else "point"}
    kind, below = (XLSX, "/xlsx") if is_sheet(body) else (CSV, "")
    headers = {"Content-Type": kind, "Idempotency-Key": f"sales-{hashlib.sha256(body + repr(asked).encode()).hexdigest()}"}
    base = f"{api.rstrip('/')}/api/v1/sales-imports"
    found = json.loads(_ask(f"{base}{below}?{urlencode(asked)}", token, headers, body))
    with Progress(*_COLUMNS, console=console, transient=True) as progress:
        task = progress.add_task("receipts", total=found["receipts"])
        while found["finished_at"] is None and found["failed"] is None:
            time.sleep(WATCH_SECONDS)
            found = json.loads(_ask(f"{base}/{found['id']}", token, {}))
            progress.update(task, completed=found["receipts_done"])
    if found["failed"] is not None:
        raise ImportFailed(f"the controller gave it up: {found['failed']}")
    console.print(
        f"{found['booked']} booked, {found['repeated']} known before, {found['waiting']} wait, {found['conflicts']} contradict; "
        f"{found['no_goods']} lines are no goods"
    )
    report = _ask(f"{base}/{found['id']}/errors", token, {})
    if errors is not None:
        errors.write_bytes(report)
    console.print(f"{found['bad_rows']} rows could not be read")
    return not found["bad_rows"]


def _ask(address: str, token: str, headers: dict[str, str], body: bytes | None = None) -> bytes:
    request = urllib.request.Request(address, data=body, headers={"Authorization": f"Bearer {token}", **headers})
    try:
        with urllib.request.urlopen(request, timeout=SEND_SECONDS) as response:
            answer: bytes = response.read()
    except urllib.error.HTTPError as error:
        raise ImportFailed(_reason(error)) from error
    return answer


def _reason(error: urllib.error.HTTPError) -> str:
    """What a controller says about it; something else may answer at the address."""
    try:
        problem: dict[str, Any] = json.load(error)
        return f"{problem['detail']} ({problem['code']})"
    except (ValueError, TypeError, KeyError):
        return f"what answers is no controller: {error.code} {error.reason}"


def tell_errors(found: Sequence[RowError], file: Path | None, console: Console) -> bool:
    """The first twenty on the screen, all of them in a file.  Whether there are none."""
    if found:
        table = Table("line", "column", "reason")
        for error in found[:SHOWN]:
            table.add_row(*(Text(str(value)) for value in (error.line, error.column, error.reason)))
        console.print(table)
        if len(found) > SHOWN:
            console.print(f"and {len(found) - SHOWN} more" + ("" if file else "; --errors FILE writes all of them"))
    if file is not None:
        file.write_bytes(errors_csv(list(found)))
    return not found
