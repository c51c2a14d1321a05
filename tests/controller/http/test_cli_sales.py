"""`import-sales`: looked at first, taken in, and the same again when repeated; here, and through a running controller."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from rich.console import Console

from controller import db
from controller.app import Parts, api_routes
from controller.http import auth, cli_sales
from controller.http.build import build
from controller.http.cli_import import ImportFailed
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.sales import imports
from controller.sales.rows import HowToRead
from tests.controller.goods import Shop, numbers
from tests.databases import copied

HOW = HowToRead(site="s1", time_zone="", currency="")
FILE = b"receipt,date,sku,quantity,price\n1,2026-01-01 10:00,milk,2,1.50\n1,2026-01-01 10:00,milk,two,1.50\n2,2026-01-01,tea,1,1\n"


@pytest.fixture
async def milk(schema_file: Path, tmp_path: Path) -> AsyncIterator[int]:
    await db.connect(copied(schema_file, tmp_path / "c.db"))
    yield await (await Shop.open()).stock("milk", 10)
    await db.close()


def said(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return " ".join(console.file.getvalue().split())


async def test_a_file_is_looked_at_and_taken_in_once(milk: int, tmp_path: Path) -> None:
    console, errors = Console(file=io.StringIO(), width=300), tmp_path / "errors.csv"
    assert not await cli_sales.look_here(FILE, HOW, errors, console)
    assert "3 rows: 2 receipts with 2 lines, 0 of them returned" in said(console)
    assert errors.read_text().splitlines()[1].startswith("3,quantity,")
    assert await numbers(milk) == (10, 0, 0)
    for _ in range(2):
        assert not await cli_sales.import_here(FILE, HOW, None, console)
    assert "2 of 2 receipts: 1 booked, 0 known before, 1 wait" in said(console)
    assert await numbers(milk) == (8, 0, 0)


async def test_a_running_controller_is_watched_until_it_is_done(milk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_sales, "WATCH_SECONDS", 0.01)
    await auth.create_token("till", [Permission.SALES_WRITE], token="sw_till")
    console, errors = Console(file=io.StringIO(), width=300), tmp_path / "errors.csv"
    server = TestServer(build(api_routes(Parts()), metrics=Metrics(), max_body=100_000), host="127.0.0.1")
    async with TestClient(server) as client:
        address = str(client.make_url("/"))
        watching = asyncio.to_thread(cli_sales.import_there, FILE, HOW, errors, (address, "sw_till"), console)
        watched = asyncio.create_task(watching)
        async with asyncio.timeout(20):
            while not (started := await imports.sales_imports()):
                await asyncio.sleep(0.01)
        await imports.go_on(started[0].id)
        assert await watched is False
        assert "1 booked, 0 known before, 1 wait, 0 contradict" in said(console)
        assert len(errors.read_text().splitlines()) == 2
        refused = (
            ((address, "sw_nobody"), "token"),
            (("file:///etc/passwd", ""), "address"),
            ((address, "sw_till"), "site"),
        )
        for where, wrong in refused:
            how = HowToRead(site="nowhere" if wrong == "site" else "s1", time_zone="", currency="")
            with pytest.raises(ImportFailed, match=wrong):
                await asyncio.to_thread(cli_sales.import_there, FILE, how, None, where, console)
    assert await numbers(milk) == (8, 0, 0)
