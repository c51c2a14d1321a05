"""A shop whose programs can be killed: controller on SQLite, Mosquitto, an agent, a scanner on a pty, a label printer on TCP."""

from __future__ import annotations

import asyncio
import sqlite3
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from drivers.emulators.bench.device import BenchDevice, DeviceSpec, running
from tests.chaos.history import History
from tests.servers import Mosquitto, free_port
from tests.shopday.programs import Program, toml, write_secret
from tests.shopday.shop import Api, ApiError

SITE, BOX, STATION = "chaos", "chaos-1", "desk"
SCANNER, LABELS = "scanner", "labels"
SKUS = ("TEA", "RICE", "SALT")
PATIENCE = 60.0
"""Seconds; a bound for a slow machine, not a time that is waited."""


class NotWithin(Exception):
    """What was waited for did not come."""


async def until(what: str, is_so: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Ask (it may be a coroutine function) again and again until it is so.  Raises NotWithin."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        answer = is_so()
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer:
            return
        if loop.time() > deadline:
            raise NotWithin(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(0.02)


def goods(number: int) -> tuple[str, str]:
    """The code on the `number`th piece of goods, each its own; and the SKU that it is."""
    return f"GOODS-{number:05d}", SKUS[number % len(SKUS)]


@dataclass
class World:
    """See the module's docstring.  `beeps`: what the scanner sounded, in order; `papers`: what came out of the printer."""

    folder: Path
    history: History
    broker: Mosquitto
    api: Api
    controller: Program
    agent: Program
    scanner: BenchDevice
    printer: BenchDevice
    pieces: int
    beeps: list[int] = field(default_factory=list)
    papers: list[tuple[bytes, int]] = field(default_factory=list)
    _latest: object = None

    # --- the programs ------------------------------------------------------------------------------------------------------------

    async def start_controller(self, *, waits: bool = True, failpoints: str = "", hang: float = 30.0) -> None:
        self.controller.environment = {"SHELFWIRE_FAILPOINTS": failpoints, "SHELFWIRE_FAILPOINT_HANG": str(hang)}
        await self.controller.start()
        if waits:
            await self.controller.wait_until(self.is_controller_ready, PATIENCE)

    async def start_agent(self, *, waits: bool = True, failpoints: str = "", hang: float = 30.0) -> None:
        self.agent.environment = {"SHELFWIRE_FAILPOINTS": failpoints, "SHELFWIRE_FAILPOINT_HANG": str(hang)}
        await self.agent.start()
        if waits:
            await self.agent.wait_until(self.has_agent_the_scanner, PATIENCE)

    async def is_controller_ready(self) -> bool:
        with suppress(aiohttp.ClientError, TimeoutError):
            async with self.api.http.get(f"{self.api.url}/readyz") as answer:
                return answer.status == 200
        return False

    async def is_printer_known(self) -> bool:
        """Whether the controller has heard of it from the box, so that an office can print."""
        return any(device["id"] == LABELS for device in await self.api.all("/devices", box=BOX))

    def has_agent_the_scanner(self) -> bool:
        """Whether the agent's process has the scanner's port open: what is scanned before that goes nowhere."""
        link = self.folder / SCANNER
        if not self.agent.is_running or not link.is_symlink():
            return False
        with suppress(OSError):
            port = link.readlink()
            return any(_target(each) == port for each in Path(f"/proc/{self.agent.pid}/fd").iterdir())
        return False

    async def kill_broker(self, *, wipe: bool) -> None:
        await asyncio.to_thread(self.broker.stop, kill=True)
        if wipe:
            self.broker.wipe()

    async def start_broker(self) -> None:
        await asyncio.to_thread(self.broker.start)

    # --- what bystanders see -----------------------------------------------------------------------------------------------------

    def on_scanner(self) -> None:
        report = self.scanner.seen.get("beeped")
        if report is not None and report is not self._latest:
            self._latest = report
            times = int(str(report["times"]))
            self.beeps.append(times)
            self.history.note("beep", times=times)

    def on_printer(self) -> None:
        if self.printer.papers and (not self.papers or self.printer.papers[-1].png is not self.papers[-1][0]):
            paper = self.printer.papers[-1]
            self.papers.append((paper.png, paper.copies))
            self.history.note("paper", copies=paper.copies)

    def waiting(self) -> int:
        """Facts in the box's outbox that the controller has not acked; -1 while there is no file, as in the middle of a salvage."""
        if not self.facts_db.exists():
            return -1
        return int(self._box("SELECT count(*) FROM outbox WHERE state = 'pending'")[0][0])

    def stored_facts(self) -> int:
        return int(self._controller("SELECT count(*) FROM fact")[0][0])

    def jobs(self) -> dict[str, tuple[str, str]]:
        """State and proof of each print job by its document, as the controller has it."""
        return {
            str(row[0]): (str(row[1]), str(row[2]))
            for row in self._controller("SELECT document, state, proof FROM print_job WHERE document IS NOT NULL")
        }

    def parked(self) -> int:
        """Facts at the controller whose turn has not come."""
        return int(self._controller("SELECT count(*) FROM fact WHERE outcome = 'parked'")[0][0])

    @property
    def database_url(self) -> str:
        return f"sqlite://{self.folder}/controller/controller.db"

    @property
    def facts_db(self) -> Path:
        return self.folder / "box" / "facts.db"

    def on_box(self, *statements: str) -> None:
        """Write to facts.db, while no agent does."""
        with closing(sqlite3.connect(self.facts_db, isolation_level=None, timeout=10)) as database:
            for statement in statements:
                database.execute(statement)

    def twin_document(self, **station: object) -> dict[str, object]:
        """This box's devices and its station as a configuration from afar, the station with other settings."""
        file = tomllib.loads((self.folder / "agent.toml").read_text(encoding="utf-8"))
        return {"device": file["device"], "station": [file["station"][0] | station]}

    def _box(self, sql: str) -> list[tuple[Any, ...]]:
        return _read(self.facts_db, sql)

    def _controller(self, sql: str) -> list[tuple[Any, ...]]:
        return _read(self.folder / "controller" / "controller.db", sql)

    # --- the API, by a client that does not give up ------------------------------------------------------------------------------

    async def insist(self, path: str, body: Mapping[str, object], key: str) -> dict[str, Any]:
        """POST until there is an answer, always with the same key.  Raises ApiError (the request itself is refused)."""
        answers: list[dict[str, Any]] = []

        async def has_answer() -> bool:
            try:
                answers.append(await self.api.post(path, dict(body), key=key))
            except (aiohttp.ClientError, TimeoutError):
                return False
            except ApiError as error:
                if error.status >= 500 or error.problem.get("code") == "request_in_flight":
                    return False
                raise
            return True

        await until(f"an answer to POST {path}", has_answer)
        return answers[0]

    def tails(self) -> str:
        """The ends of all logs, and where the history is; for a test that failed."""
        broker = self.broker.folder / "mosquitto.log"
        logs = [(program.name, program.tail()) for program in (self.controller, self.agent)]
        logs.append(("broker", broker.read_text(errors="replace")[-800:] if broker.exists() else ""))
        return f"seed {self.history.seed}, history {self.history.path}\n" + "\n".join(f"--- {name}\n{tail}" for name, tail in logs)


def _target(link: Path) -> Path | None:
    with suppress(OSError):
        return link.readlink()
    return None


def _read(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
        return list(database.execute(sql))


@asynccontextmanager
async def open_world(
    folder: Path,
    broker: Mosquitto,
    *,
    seed: int = 0,
    pieces: int = 300,
    limits: Mapping[str, object] | None = None,
    embedded: bool = False,
    has_agent: bool = True,
    ports: tuple[int, int] | None = None,
) -> AsyncIterator[World]:
    """All of it running, with a catalogue of `pieces` single goods; all of it ended after.

    `limits`: of the agent's `[limits]`.  `embedded`: the controller brings its own broker; of `broker` only the port is used.
    Without `has_agent` whoever asks brings the agent, and the scanner stands on the network.
    `ports`: where the agent and where the controller find the broker, if there is a proxy between.
    """
    agent_port, controller_port = ports or (broker.port, broker.port)
    http_port = free_port()
    token = write_secret(folder / "api.token")
    write_secret(folder / "box.token")
    (folder / "controller.toml").write_text(
        _controller_toml(folder, http_port, controller_port, embedded=embedded), encoding="utf-8"
    )
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)))
        history = History(folder / "history.jsonl", seed)
        stack.callback(history.close)
        scanner = await stack.enter_async_context(
            running(DeviceSpec(id=SCANNER, protocol="scanner", place=_pty(folder) if has_agent else ("--tcp", "0")))
        )
        printer = await stack.enter_async_context(running(DeviceSpec(id=LABELS, protocol="zpl", place=("--tcp", "0"))))
        world = World(
            folder,
            history,
            broker,
            Api(f"http://127.0.0.1:{http_port}", token, http),
            Program("controller", ("controller", "--config", str(folder / "controller.toml"), "serve"), folder / "controller.log"),
            Program("agent", ("edge_agent", "run", "--config", str(folder / "agent.toml")), folder / "agent.log"),
            scanner,
            printer,
            pieces,
        )
        scanner.changed, printer.changed = world.on_scanner, world.on_printer
        (folder / "agent.toml").write_text(_agent_toml(world, agent_port, limits or {}), encoding="utf-8")
        stack.push_async_callback(world.controller.kill)
        stack.push_async_callback(world.agent.kill)
        try:
            await world.start_controller()
            await _furnish(world)
            if has_agent:
                await world.start_agent()
                await until("the controller knows the printer", world.is_printer_known)
            yield world
        except Exception as error:
            error.add_note(world.tails())
            raise


async def _furnish(world: World) -> None:
    await world.api.post("/sites", {"id": SITE, "name": "Under fire"})
    lines = ["sku,name_en,name_zh,barcode"]
    lines += [f"{sku},{sku.title()},{sku},{code}" for code, sku in map(goods, range(world.pieces))]
    await world.api.import_catalogue("\n".join(lines) + "\n")
    await world.api.post("/boxes", {"id": BOX, "site": SITE, "name": "Desk"})


def _pty(folder: Path) -> tuple[str, str]:
    return "--pty", str(folder / SCANNER)


def _controller_toml(folder: Path, http_port: int, broker_port: int, *, embedded: bool) -> str:
    return toml(
        [
            ("", {"data": folder / "controller"}),
            ("[http]", {"port": http_port}),
            ("[broker]", {"embedded": embedded, "host": "127.0.0.1", "port": broker_port}),
            ("[[token]]", {"name": "chaos", "file": folder / "api.token"}),
            ("[[token]]", {"name": BOX, "file": folder / "box.token", "permissions": ["box"]}),
        ]
    )


def _agent_toml(world: World, broker_port: int, limits: Mapping[str, object]) -> str:
    scanner = {"model": "scanner.serial", "options": {"sends_aim": True, "beeps_on_bel": True}}
    return toml(
        [
            ("[box]", {"id": BOX, "site": SITE, "state_dir": world.folder / "box"}),
            ("[broker]", {"host": "127.0.0.1", "port": broker_port}),
            ("[controller]", {"url": world.api.url, "token_file": world.folder / "box.token"}),
            ("[limits]", {"ballast_bytes": 1 << 20, **limits}),
            ("[[device]]", {"id": SCANNER, "kind": "scanner", "address": world.scanner.address, **scanner}),
            ("[[device]]", {"id": LABELS, "kind": "label_printer", "address": world.printer.address, "model": "zpl"}),
            ("[[station]]", {"id": STATION, "scanner": SCANNER, "label_printer": LABELS}),
        ]
    )
