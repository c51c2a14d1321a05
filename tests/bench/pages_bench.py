"""What office pages cost the processor, beside the plainest one of the same process, and as an order grows; how soon it starts.

Client and server are one process, so that its time is counted whatever else the machine does.  The start is from nothing to the
first good answer of `/readyz` on a new database, beside what it takes to import the same program.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from aiohttp import ClientSession
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.orders.operations import place
from controller.people.policies import Grant
from edge_agent.wire.roles import Role
from tests.bench.report import Row, row
from tests.controller.people.browser import logged_in
from tests.controller.tracking.shop import PersonShop
from tests.shopday.programs import Program, free_port, toml

PLAINEST = "/me"
LOOKS = 15
MANY_LINES = 100
PAGES = {"order": 3.0, "list of 50 orders": 5.0, "start": 3.5}
"""How many times the plainest page each may cost."""
GROWN = 4.0
"""How many times the page of an order of one line that of an order of a hundred may cost."""
START = 4.0
"""How many times the import of the program its start may take."""


def measure() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        yield from _paged(asyncio.run(_look(Path(name))))
        importing, starting = _importing(), asyncio.run(_starting(Path(name)))
    ok = starting <= START * importing
    yield row("controller, start to ready", starting, "s", limit=importing, target=f"<= {START:g} x its import", ok=ok)


def _paged(found: dict[str, float]) -> Iterator[Row]:
    plainest, large = found.pop(PLAINEST), found.pop("large order")
    for what, value in found.items():
        ok = value <= PAGES[what] * plainest
        target = f"<= {PAGES[what]:g} x the plainest page"
        yield row(f"office page, {what}: processor time", value, "ms", limit=plainest, target=target, ok=ok)
    name = f"office page, order of {MANY_LINES} lines: processor time"
    yield row(name, large, "ms", limit=found["order"], target=f"<= {GROWN:g} x of 1 line", ok=large <= GROWN * found["order"])


async def _look(folder: Path) -> dict[str, float]:
    """Milliseconds of processor time by page: the least of many, as others' work only adds."""
    await db.connect(f"sqlite://{folder}/pages.db", create_schema=True)
    try:
        config = parse_config({"data": str(folder), "http": {"open_pages": False}}, {}, "bench")
        async with TestClient(TestServer(make_app(config, Parts()), host="127.0.0.1")) as client:
            shop = await PersonShop.open()
            await shop.shop.stock("milk", 10 * MANY_LINES)
            large = await place(shop.shop.order(*[("milk", 1)] * MANY_LINES))
            for _ in range(50):
                await place(shop.shop.order(("milk", 1)))
            (await logged_in("Boss", Grant(Role.ADMIN))).at(client)
            paths = {
                PLAINEST: PLAINEST,
                "order": f"/orders/{shop.order}",
                "large order": f"/orders/{large}",
                "list of 50 orders": "/orders",
                "start": "/",
            }
            return {what: min([await _took(client, path) for _ in range(LOOKS)]) for what, path in paths.items()}
    finally:
        await db.close()


async def _took(client: TestClient, path: str) -> float:
    began = time.process_time()
    async with client.get(path, headers={"Accept": "text/html"}) as answer:
        await answer.read()
        if answer.status != 200:
            raise AssertionError(f"{path}: {answer.status}")
    return 1000 * (time.process_time() - began)


def _importing() -> float:
    """Seconds of a process that imports what is started and ends; the least of three."""
    took = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import controller.app"], check=True)
        took.append(time.perf_counter() - began)
    return min(took)


async def _starting(folder: Path) -> float:
    """The least of three."""
    took = []
    for number in range(3):
        port, config = free_port(), folder / f"start{number}.toml"
        data, url = folder / f"start{number}", f"sqlite://{folder}/start{number}.db"
        config.write_text(toml([("", {"data": data}), ("[http]", {"port": port}), ("[database]", {"url": url})]), encoding="utf-8")
        program = Program("start", ("controller", "--config", str(config), "serve", "--role", "api"), folder / "start.log")
        began = time.perf_counter()
        await program.start()
        try:
            await _ready(port, program)
            took.append(time.perf_counter() - began)
        finally:
            await program.stop()
    return min(took)


async def _ready(port: int, program: Program) -> None:
    async with asyncio.timeout(60), ClientSession() as client:
        while program.is_running:
            try:
                async with client.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.status == 200:
                        return
            except OSError:
                pass
            await asyncio.sleep(0.01)
    raise AssertionError("the controller ended")
