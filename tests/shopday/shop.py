"""A whole shop on this machine: controller, one box with its agent, its devices as emulators.  For `make demo` and the shop day."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from drivers.emulators.bench.device import BenchDevice, running
from tests.shopday.catalogue import CURRENCY, catalogue_csv, shop_bins
from tests.shopday.devices import SCANNER, USUAL, Counter, device_tables, specs_of
from tests.shopday.programs import Program, free_port, toml, write_secret

SITE, BOX = "sh-01", "sh-01-box-1"
READY_SECONDS = 30
STAFF = (("Li Wei", "zh-CN", "manager", "2580"), ("Ana Silva", "en", "floor", "1470"))
"""Name, language, role, PIN."""
Json = dict[str, Any]


class ApiError(Exception):
    """An answer of 400 or above; `problem` is its problem+json."""

    def __init__(self, status: int, problem: Json) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status = status
        self.problem = problem


@dataclass
class Api:
    """The controller's REST API as a program of somebody else's would use it."""

    url: str
    token: str
    http: aiohttp.ClientSession

    async def get(self, path: str, **query: str) -> Json:
        return await self._call("GET", path, params=query)

    async def post(self, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        return await self._call("POST", path, json=body, headers={"Idempotency-Key": key or str(uuid.uuid4())})

    async def put(self, path: str, body: Json) -> Json:
        return await self._call("PUT", path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())})

    async def import_catalogue(self, text: str) -> Json:
        headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "text/csv"}
        return await self._call("POST", "/catalog/import", data=text.encode(), headers=headers)

    async def all(self, path: str, **query: str) -> list[Json]:
        """Every item of a paged list."""
        items: list[Json] = []
        while True:
            answer = await self.get(path, per="200", **query)
            items += answer["items"]
            if not answer["next"]:
                return items
            query["after"] = answer["next"]

    async def _call(self, method: str, path: str, **options: Any) -> Json:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        async with self.http.request(method, f"{self.url}/api/v1{path}", headers=headers, **options) as answer:
            text = await answer.text()
            if answer.status >= 400:
                raise ApiError(answer.status, json.loads(text) if text.startswith("{") else {"detail": text})
            return json.loads(text) if text else {}


@dataclass(frozen=True)
class Staff:
    """Somebody who works in the shop: what the badge's barcode says, and the PIN."""

    name: str
    badge: str
    pin: str


@dataclass
class Shop:
    """What is running.  `devices` by id; `floor` is the address of the box's own pages."""

    folder: Path
    api: Api
    controller: Program
    agent: Program
    devices: dict[str, BenchDevice]
    floor: str
    staff: list[Staff] = field(default_factory=list)

    @property
    def database_url(self) -> str:
        return f"sqlite://{self.folder}/controller/controller.db"

    @property
    def facts_db(self) -> Path:
        return self.folder / "box" / "facts.db"

    async def start_controller(self) -> None:
        await self.controller.start()
        await self.controller.wait_until(self._is_ready, READY_SECONDS)

    async def start_agent(self) -> None:
        """Until a person can work: what is scanned before the box has the scanner's port goes nowhere, and nothing beeps."""
        await self.agent.start()
        scanner = Path(self.devices[SCANNER].address.removeprefix("serial:"))
        await self.agent.wait_until(lambda: self.agent.holds_open(scanner), READY_SECONDS)
        await self.agent.wait_until(self._is_box_online, READY_SECONDS)

    async def _is_ready(self) -> bool:
        try:
            async with self.api.http.get(f"{self.api.url}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def _is_box_online(self) -> bool:
        box = await self.api.get(f"/boxes/{BOX}")
        return bool(box["link"] == "online" and len(await self.api.all("/devices", box=BOX)) == len(self.devices))


@asynccontextmanager
async def open_shop(folder: Path, bench_url: str = "", counter: Counter = USUAL) -> AsyncIterator[Shop]:
    """Start all of it, with its catalogue and what stands on the counter; stop all of it in the end."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)))
        http_port, broker_port = free_port(), free_port()
        token = write_secret(folder / "api.token")
        write_secret(folder / "box.token")
        config = folder / "controller.toml"
        config.write_text(_controller_toml(folder, http_port, broker_port, bench_url), encoding="utf-8")
        controller = Program("controller", ("controller", "--config", str(config), "serve"), folder / "controller.log")
        agent = Program("agent", ("edge_agent", "run", "--config", str(folder / "agent.toml")), folder / "agent.log")
        api = Api(f"http://127.0.0.1:{http_port}", token, http)
        floor_port = free_port()
        shop = Shop(folder, api, controller, agent, {}, f"http://127.0.0.1:{floor_port}/floor")
        stack.push_async_callback(controller.stop)
        await shop.start_controller()
        for spec in specs_of(counter, folder):
            shop.devices[spec.id] = await stack.enter_async_context(running(spec))
        await _stock_catalogue(api)
        shop.staff = [await _hire(api, *each) for each in STAFF]
        (folder / "agent.toml").write_text(_agent_toml(shop, counter, (http_port, broker_port, floor_port)), encoding="utf-8")
        stack.push_async_callback(agent.stop)
        await shop.start_agent()
        yield shop


def _controller_toml(folder: Path, http_port: int, broker_port: int, bench_url: str) -> str:
    return toml(
        [
            ("", {"data": folder / "controller"}),
            ("[http]", {"port": http_port, "bench_url": bench_url}),
            ("[broker]", {"embedded": True, "port": broker_port}),
            ("[[token]]", {"name": "shop", "file": folder / "api.token"}),
            ("[[token]]", {"name": BOX, "file": folder / "box.token", "permissions": ["box"]}),
        ]
    )


def _agent_toml(shop: Shop, counter: Counter, ports: tuple[int, int, int]) -> str:
    http_port, broker_port, floor_port = ports
    return toml(
        [
            ("[box]", {"id": BOX, "site": SITE, "state_dir": shop.folder / "box"}),
            ("[broker]", {"host": "127.0.0.1", "port": broker_port}),
            (
                "[controller]",
                {"url": f"http://127.0.0.1:{http_port}", "token_file": shop.folder / "box.token", "replica_seconds": 2},
            ),
            ("[floor]", {"port": floor_port}),
            *device_tables(counter, shop.devices),
        ]
    )


async def _stock_catalogue(api: Api) -> None:
    """The site, its bins, its goods, its box; all again and again with the same result.  A shop with a past has them already."""
    if await api.all("/boxes"):
        return
    await api.post("/sites", {"id": SITE, "name": "Shelfwire shop 1", "currency": CURRENCY}, key="demo-site")
    for code in shop_bins():
        await api.post(f"/sites/{SITE}/bins", {"code": code}, key=f"demo-bin-{code}")
    await api.import_catalogue(catalogue_csv())
    await api.post("/boxes", {"id": BOX, "site": SITE, "name": "Counter 1"}, key="demo-box")


async def _hire(api: Api, name: str, language: str, role: str, pin: str) -> Staff:
    """A folder that was kept has its people already; each opening gives them new badges, since no badge can be read again."""
    known = [each for each in await api.all("/people", q=name) if each["name"] == name]
    roles = [{"role": role, "site": SITE}]
    person = known[0] if known else await api.post("/people", {"name": name, "language": language, "roles": roles})
    badge = await api.post(f"/people/{person['id']}/badge")
    await api.put(f"/people/{person['id']}/pin", {"pin": pin})
    return Staff(name, badge["text"], pin)


def pid_line(shop: Shop) -> str:
    return f"controller {shop.controller.pid}, agent {shop.agent.pid}, this {os.getpid()}"
