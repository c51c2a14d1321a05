"""A person with a scanner: the agent as a process tells of items, is killed, and tells of them without a controller."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import Popen

import pytest
from aiohttp.test_utils import TestServer

from controller import db
from controller.catalog.operations import NewBarcode, NewSku, create_sku
from controller.http import auth
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.http.table import ROUTES
from controller.stock.ledger import move
from tests.controller.goods import Shop
from tests.edge_agent.test_app import agent, wait_for_line, write_config
from tests.servers import free_port

MILK, NOBODY_S = b"6901234567892\r\n", b"4006381333931\r\n"


@pytest.fixture
async def controller(schema_url: str) -> AsyncIterator[TestServer]:
    await db.connect(schema_url)
    shop = await Shop.open()
    milk = await create_sku(
        NewSku(code="milk", name_en="Milk", name_zh="牛奶", price_minor=420), [NewBarcode(barcode="6901234567892")]
    )
    await move([shop.arrival(milk, 12)])
    await auth.create_token("box", [Permission.BOX], sites=["s1"], token="sw_box")
    server = TestServer(build(ROUTES, metrics=Metrics(), max_body=10_000), host="127.0.0.1")
    await server.start_server()
    yield server
    await server.close()
    await db.close()


class Scanner:
    """A network scanner that the agent connects to."""

    def __init__(self, server: asyncio.Server, connected: asyncio.Queue[asyncio.StreamWriter]) -> None:
        self.port: int = server.sockets[0].getsockname()[1]
        self._connected = connected
        self._writer: asyncio.StreamWriter | None = None

    async def connected(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = await asyncio.wait_for(self._connected.get(), 20)

    async def scan(self, what: bytes, process: Popen[str], told: str) -> None:
        assert self._writer is not None
        self._writer.write(what)
        await said(process, told)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


@asynccontextmanager
async def scanner() -> AsyncIterator[Scanner]:
    connected: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    server = await asyncio.start_server(lambda _, writer: connected.put_nowait(writer), "127.0.0.1", 0)
    scanner = Scanner(server, connected)
    yield scanner
    scanner.close()
    server.close()
    await server.wait_closed()


async def said(process: Popen[str], words: str) -> None:
    async with asyncio.timeout(20):
        await asyncio.to_thread(wait_for_line, process, words)


async def test_items_are_told_of_with_a_controller_and_without(controller: TestServer, tmp_path: Path) -> None:
    async with scanner() as gun:
        config = write_config(tmp_path, free_port(), "s1", gun.port)
        (tmp_path / "box.token").write_text("sw_box")
        url = str(controller.make_url("")).rstrip("/")
        config.write_text(config.read_text() + f'[controller]\nurl = "{url}"\ntoken_file = "box.token"\n')
        with agent(config) as process:
            await said(process, "the catalogue was fetched anew")
            await gun.connected()
            await gun.scan(b"SHELFXLOOKUP\r\n", process, "Looking up.")
            await gun.scan(MILK, process, "Milk / 牛奶: CNY 4.20. 12 in stock, as known 0 min ago.")
            await gun.scan(NOBODY_S, process, "is not in this box's catalogue")
            process.send_signal(signal.SIGKILL)
        await controller.close()
        with agent(config) as process:
            await said(process, "the catalogue is not up to date: the controller does not answer")
            await gun.connected()
            await gun.scan(MILK, process, "Milk / 牛奶: CNY 4.20. 12 in stock, as known 0 min ago.")
            await gun.scan(b"SHELFXDONE\r\n", process, "Left the task.")
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 10) == 0
