"""A store with nothing stood in for: controller, Mosquitto and agent as processes, a scanner on a pty, a printer with its paper."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from playwright.async_api import Page, expect

from drivers.emulators.bench.device import BenchDevice, DeviceSpec, running
from tests.browser.floor import live, wedge
from tests.chaos.paper_printer import PaperPrinter
from tests.chaos.world import until
from tests.servers import Mosquitto, free_port
from tests.shopday.programs import Program, toml, write_secret
from tests.shopday.shop import Api, Staff

SITE, BOX = "sh-07", "sh-07-box-1"
READY_SECONDS = 60
MILK, TEA, RICE = "4006381333931", "6901234567892", "9521000001008"
CATALOGUE = f"""sku,name_en,name_zh,barcode,price_minor,tracking
MILK-1L,Whole milk 1 L,全脂牛奶 1 升,{MILK},1290,none
TEA-500,Green tea 500 g,绿茶 500 克,{TEA},2500,none
RICE-1,Rice 1 kg,大米 1 千克,{RICE},990,lot
"""
STAFF = (("Li Wei", "zh-CN", "manager", "2580"), ("Ana Silva", "en", "floor", "1470"), ("Tom Novak", "en", "floor", "3690"))


@dataclass
class Store:
    """What runs.  `staff` by first name."""

    folder: Path
    broker: Mosquitto
    api: Api
    controller: Program
    agent: Program
    scanner: BenchDevice
    printer: PaperPrinter
    floor_port: int
    staff: dict[str, Staff]
    scale: BenchDevice | None = None

    def address(self, path: str = "/floor") -> str:
        return f"http://127.0.0.1:{self.floor_port}{path}"

    async def start_agent(self) -> None:
        await self.agent.start()
        await self.agent.wait_until(self._serves, READY_SECONDS)

    async def scan(self, text: str) -> None:
        """At the station's own scanner, until the box's beep."""
        before = self.scanner.counts["beeped"]
        await self.scanner.do({"do": "scan", "text": text})
        await until(f"a beep for {text}", lambda: self.scanner.counts["beeped"] > before, 20)

    async def weigh(self, grams: int) -> None:
        """Put it on the scale: it comes to rest, and stays there until it is taken off."""
        assert self.scale is not None
        await self.scale.do({"do": "put", "grams": str(grams)})

    async def clear_scale(self) -> None:
        assert self.scale is not None
        await self.scale.do({"do": "remove"})

    def has_scanner(self) -> bool:
        """Whether the agent's process has the scanner's port open: what is scanned before that goes nowhere."""
        return self.agent.holds_open(self.folder / "scanner")

    def waiting(self) -> int:
        """Facts that the controller has not got."""
        with closing(sqlite3.connect(f"file:{self.folder}/box/facts.db?mode=ro", uri=True, timeout=10)) as database:
            return int(database.execute("SELECT count(*) FROM outbox WHERE state = 'pending'").fetchone()[0])

    def stored(self, name: str) -> int:
        """Facts of this name at the controller."""
        with closing(sqlite3.connect(f"file:{self.folder}/controller/controller.db?mode=ro", uri=True, timeout=10)) as database:
            return int(database.execute("SELECT count(*) FROM fact WHERE name = ?", (name,)).fetchone()[0])

    async def is_ready(self) -> bool:
        """People, goods and the label's template are on the box, its devices answer, all is sent."""
        page = await self._get("/floor/login")
        return page == 200 and self.waiting() == 0 and (self.folder / "box" / "templates").exists()

    async def _serves(self) -> bool:
        return await self._get("/floor/login") == 200

    async def _get(self, path: str) -> int:
        try:
            async with self.api.http.get(self.address(path)) as answer:
                return answer.status
        except aiohttp.ClientError:
            return 0


@asynccontextmanager
async def open_store(folder: Path, broker: Mosquitto, *, has_scale: bool = False) -> AsyncIterator[Store]:
    """All of it running, with people and goods; all of it ended after."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)))
        http_port, floor_port = free_port(), free_port()
        token = write_secret(folder / "api.token")
        write_secret(folder / "box.token")
        (folder / "controller.toml").write_text(_controller_toml(folder, http_port, broker.port), encoding="utf-8")
        controller = Program(
            "controller", ("controller", "--config", f"{folder}/controller.toml", "serve"), folder / "controller.log"
        )
        agent = Program("agent", ("edge_agent", "run", "--config", f"{folder}/agent.toml"), folder / "agent.log")
        api = Api(f"http://127.0.0.1:{http_port}", token, http)
        stack.push_async_callback(controller.kill)
        await controller.start()
        await controller.wait_until(lambda: _answers(api), READY_SECONDS)
        spec = DeviceSpec(id="scanner", protocol="scanner", place=("--pty", str(folder / "scanner")))
        scanner = await stack.enter_async_context(running(spec))
        scale = await stack.enter_async_context(running(_scale_at(folder))) if has_scale else None
        printer = PaperPrinter("zpl")
        await printer.switch_on()
        printer.plug()
        stack.push_async_callback(printer.switch_off)
        staff = {each[0].split()[0]: await _hire(api, *each) for each in await _furnish(api)}
        store = Store(folder, broker, api, controller, agent, scanner, printer, floor_port, staff, scale)
        (folder / "agent.toml").write_text(_agent_toml(store), encoding="utf-8")
        stack.push_async_callback(agent.kill)
        try:
            await store.start_agent()
            await until("the box has what it needs", store.is_ready)
            yield store
        except Exception as error:
            error.add_note(f"--- agent\n{agent.tail()}\n--- controller\n{controller.tail()}")
            raise


def _scale_at(folder: Path) -> DeviceSpec:
    return DeviceSpec(id="scale", protocol="toledo_8217", place=("--pty", str(folder / "scale")))


async def log_in(page: Page, store: Store, name: str, after: str = "/floor/stations/desk") -> None:
    """The badge as a wedge reads it, the PIN as a person types it."""
    await page.goto(store.address(f"/floor/login?next={after}"))
    await expect(page.locator("html.has-script #badge")).to_be_focused()
    await wedge(page, store.staff[name].badge)
    await expect(page.locator("#pin")).to_be_focused()
    await page.keyboard.type(store.staff[name].pin, delay=60)
    await page.keyboard.press("Enter")
    await page.wait_for_url(store.address(after))
    if "stations" in after:
        await live(page)


async def _answers(api: Api) -> bool:
    try:
        async with api.http.get(f"{api.url}/readyz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def _furnish(api: Api) -> tuple[tuple[str, str, str, str], ...]:
    await api.post("/sites", {"id": SITE, "name": "Seventh shop", "currency": "CNY"})
    await api.import_catalogue(CATALOGUE)
    await api.post("/boxes", {"id": BOX, "site": SITE, "name": "Desk"})
    return STAFF


async def _hire(api: Api, name: str, language: str, role: str, pin: str) -> Staff:
    person = await api.post("/people", {"name": name, "language": language, "roles": [{"role": role, "site": SITE}]})
    badge = await api.post(f"/people/{person['id']}/badge")
    await api.put(f"/people/{person['id']}/pin", {"pin": pin})
    return Staff(name, badge["text"], pin)


def _controller_toml(folder: Path, http_port: int, broker_port: int) -> str:
    return toml(
        [
            ("", {"data": folder / "controller"}),
            ("[http]", {"port": http_port}),
            ("[broker]", {"embedded": False, "host": "127.0.0.1", "port": broker_port}),
            ("[[token]]", {"name": "shop", "file": folder / "api.token"}),
            ("[[token]]", {"name": BOX, "file": folder / "box.token", "permissions": ["box"]}),
        ]
    )


def _agent_toml(store: Store) -> str:
    scanner = {"model": "scanner.serial", "options": {"sends_aim": False, "beeps_on_bel": True}}
    scale = {"model": "toledo.8217", "options": {"unit": "kg"}}
    on_scale = {"scale": "scale"} if store.scale is not None else {}
    return toml(
        [
            ("[box]", {"id": BOX, "site": SITE, "state_dir": store.folder / "box"}),
            ("[broker]", {"host": "127.0.0.1", "port": store.broker.port}),
            ("[controller]", {"url": store.api.url, "token_file": store.folder / "box.token", "replica_seconds": 1}),
            ("[limits]", {"ballast_bytes": 1 << 20}),
            ("[floor]", {"port": store.floor_port, "time_zone": "Asia/Shanghai"}),
            ("[[device]]", {"id": "scanner", "kind": "scanner", "address": store.scanner.address, **scanner}),
            ("[[device]]", {"id": "labels", "kind": "label_printer", "address": store.printer.address, "model": "zpl"}),
            *(
                [("[[device]]", {"id": "scale", "kind": "scale", "address": store.scale.address, **scale})]
                if store.scale is not None
                else []
            ),
            ("[[station]]", {"id": "desk", "scanner": "scanner", "label_printer": "labels", **on_scale}),
            ("[[station]]", {"id": "shelf", "label_printer": "labels", "activities": ["lookup", "shelf_label"], "sign_in": "pin"}),
        ]
    )
