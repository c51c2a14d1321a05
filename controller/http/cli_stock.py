"""`import-stock FILE` and `rebuild-demand`: they take the database themselves; `import-stock --api` asks a controller."""

from __future__ import annotations

import hashlib
import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from controller.errors import DomainError
from controller.http.cli_import import ImportFailed
from controller.http.uploads import XLSX
from controller.replenishment import demand
from controller.reports import opening, opening_queries

SEND_SECONDS = 600
POLL_SECONDS = 1.0
_BAR = (TextColumn("booking"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())


async def stock_here(path: Path, body: bytes, console: Console, *, confirm: bool) -> bool:
    """Into the connected database; whether every line is good.  Bad ones go to `FILE.errors.csv`.  Raises ImportFailed, OSError."""
    try:
        file_id = await opening.check(body, path.name)
    except DomainError as error:
        raise ImportFailed(f"{error} ({error.code})") from error
    row = await opening_queries.file(file_id)
    console.print(f"{row.lines} lines, {row.good} can be booked ({row.units} base units), {row.bad} cannot; state: {row.state}")
    if row.bad:
        report = path.with_name(f"{path.name}.errors.csv")
        _write(report, b"".join([piece async for piece in opening_queries.error_report(file_id)]))
        console.print(f"what is wrong stands in {report}")
    if confirm and row.state != "done":
        await opening.confirm(file_id)
        with Progress(*_BAR, console=console, transient=True) as progress:
            task = progress.add_task("lines", total=max(row.good, 1), completed=row.applied)
            while count := await opening.apply_next():
                progress.advance(task, count)
        console.print("booked")
    return not row.bad


def _write(path: Path, body: bytes) -> None:
    path.write_bytes(body)


def stock_there(path: Path, api: str, token: str, console: Console, *, confirm: bool) -> bool:
    """Through the API at `api`; whether every line is good.  Raises ImportFailed, OSError."""
    if urlsplit(api).scheme not in ("http", "https"):
        raise ImportFailed(f"{api!r} is not the address of a controller (http://…)")
    body = path.read_bytes()
    is_sheet = body[:4] == b"PK\x03\x04"
    base = f"{api.rstrip('/')}/api/v1/stock/imports"
    address = f"{base}{'/xlsx' if is_sheet else ''}?name={quote(path.name)}"
    row = _asked(address, token, "POST", body, XLSX if is_sheet else "text/csv")
    console.print(f"{row['lines']} lines, {row['good']} can be booked, {row['bad']} cannot: {row['errors']}; state: {row['state']}")
    if confirm and row["state"] != "done":
        row = _asked(f"{base}/{row['id']}/confirm", token, "POST", b"", "application/json")
        with Progress(*_BAR, console=console, transient=True) as progress:
            task = progress.add_task("lines", total=max(row["good"], 1))
            while row["state"] == "applying":
                time.sleep(POLL_SECONDS)
                row = _asked(f"{base}/{row['id']}", token, "GET")
                progress.update(task, completed=row["applied"])
        console.print("booked")
    return not row["bad"]


def _asked(address: str, token: str, method: str, body: bytes | None = None, media_type: str = "") -> dict[str, Any]:
    """Raises ImportFailed, OSError."""
    headers = {"Authorization": f"Bearer {token}"}
    if body is not None:
        headers |= {"Content-Type": media_type, "Idempotency-Key": hashlib.sha256(address.encode() + body).hexdigest()}
    request = urllib.request.Request(address, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=SEND_SECONDS) as response:
            answer: dict[str, Any] = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        try:
            problem = json.load(error)
            told = f"{problem['detail']} ({problem['code']})"
        except (ValueError, KeyError, TypeError):
            told = f"{address} answered {error.code}, and not as a controller does"
        raise ImportFailed(told) from error


async def demand_again(console: Console) -> None:
    """Make demand by day of the whole ledger again."""
    with console.status("reading the ledger"):
        count = await demand.rebuild()
    console.print(f"demand by day was made of {count} entries")
