"""The controller's side of a bench: a database with goods and boxes, the controller as a process, and what it says by MQTT."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import perf_counter
from uuid import UUID

from controller import db
from controller.catalog.operations import NewBarcode, NewSku, create_sku
from controller.fleet.operations import register_box
from controller.sites.operations import create_site
from edge_agent.wire.codec import decode
from edge_agent.wire.messages import Ack, Condition, DeviceState, GatewayState, Stream
from edge_agent.wire.session import Broker, Connected, Incoming, MqttSession
from edge_agent.wire.topics import ROOT, Family, GatewayTopic, parse
from tests.bench.load import BOXES, SITE, SYMBOLS, Message
from tests.servers import Mosquitto, free_port, running_mosquitto, running_postgres
from tests.shopday.programs import Program, toml

BUILD = Path("build")
WAIT_SECONDS = 50
PUBLISHED_AT_ONCE = 1000


@contextmanager
def work_folder() -> Iterator[Path]:
    """On the project's own disk: what stands under /tmp may be no disk at all."""
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as name:
        yield Path(name).absolute()


@contextmanager
def broker(folder: Path) -> Iterator[Mosquitto]:
    place = folder / "mosquitto"
    place.mkdir()
    with running_mosquitto(place) as running:
        yield running


@contextmanager
def engines(folder: Path) -> Iterator[Mapping[str, str]]:
    """The name of each engine, and the address of a database on it with goods and boxes."""
    with running_postgres() as cluster, cluster.fresh_database() as postgres:
        urls = {"PostgreSQL": postgres, "SQLite": f"sqlite://{folder}/controller.db"}
        for url in urls.values():
            asyncio.run(prepare(url))
        yield urls


async def prepare(url: str) -> None:
    """The newest schema, a site, its boxes, a SKU for every symbol of the load."""
    await db.connect(url)
    try:
        await db.migrate()
        async with db.transaction():
            await create_site(SITE, name="Bench")
            for box in BOXES:
                await register_box(box, site=SITE, name=box)
            for symbol in SYMBOLS:
                await create_sku(NewSku(code=symbol, name_en=symbol, name_zh=symbol), [NewBarcode(barcode=symbol)])
    finally:
        await db.close()


def controller(folder: Path, name: str, url: str, broker_port: int) -> Program:
    """The controller as one process; its gateway's id is `name`.  SQLite has it whole, PostgreSQL the gateway alone."""
    config = folder / f"{name}.toml"
    document: list[tuple[str, Mapping[str, object]]] = [
        ("", {"data": folder / name}),
        ("[http]", {"port": free_port()}),
        ("[database]", {"url": url}),
        ("[broker]", {"host": "127.0.0.1", "port": broker_port}),
        ("[gateway]", {"id": name}),
    ]
    config.write_text(toml(document), encoding="utf-8")
    roles = ("--role", "gateway") if url.startswith("postgres") else ()
    return Program(name, ("controller", "--config", str(config), "serve", *roles), folder / f"{name}.log")


@dataclass
class Listener:
    """What goes over the broker: which gateways are online, how many facts were acked, the states of the box and its devices."""

    session: MqttSession
    online: dict[str, float] = field(default_factory=dict)
    states: dict[str, bytes] = field(default_factory=dict)
    acked: int = 0
    last_ack: float = 0.0
    fact_acks: list[tuple[float, UUID, Sequence[tuple[int, int]]]] = field(default_factory=list)
    """When which numbers of the fact stream were acked, and of which epoch."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        async for event in self.session.events():
            if isinstance(event, Incoming):
                self._take(event)
            elif isinstance(event, Connected):
                self._changed.set()

    def _take(self, message: Incoming) -> None:
        topic = parse(message.topic)
        if isinstance(topic, GatewayTopic):
            if decode(GatewayState, message.payload).online:
                self.online.setdefault(topic.gateway, perf_counter())
            else:
                self.online.pop(topic.gateway, None)
        elif topic.family is Family.STATE:
            self.states[topic.device] = message.payload
        else:
            ack = decode(Ack, message.payload)
            self.acked += sum(last - first + 1 for first, last in ack.ranges)
            self.last_ack = perf_counter()
            if ack.stream is Stream.FACT:
                self.fact_acks.append((self.last_ack, ack.epoch, ack.ranges))
        message.acknowledge()
        self._changed.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Until something came that makes it so."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()

    async def until_acked(self, count: int) -> float:
        """When the last of so many facts was acked."""
        await self.until(lambda: self.acked >= count)
        return self.last_ack

    def is_ready(self, device: str) -> bool:
        """Whether the box said so of its device: then it has subscribed, too."""
        state = self.states.get(device)
        return state is not None and decode(DeviceState, state).state is Condition.READY

    async def publish(self, messages: Sequence[Message]) -> None:
        """Into the broker's queues; on return it has them all."""
        for start in range(0, len(messages), PUBLISHED_AT_ONCE):
            chunk = messages[start : start + PUBLISHED_AT_ONCE]
            await asyncio.gather(*(self.session.publish(topic, payload) for topic, payload in chunk))


@asynccontextmanager
async def listening(port: int) -> AsyncIterator[Listener]:
    """Connected."""
    where = Broker(host="127.0.0.1", port=port, client_id="bench", expiry=0, receive_maximum=1000)
    filters = [f"{ROOT}/{SITE}/+/_/ack", f"{ROOT}/{SITE}/+/+/state", f"{ROOT}/_host/+/state"]
    session = MqttSession(where, filters, random=Random(1))
    listener = Listener(session)
    tasks = [asyncio.create_task(session.run()), asyncio.create_task(listener.run())]
    try:
        await listener.until(lambda: session.is_connected)
        yield listener
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def started(program: Program, listener: Listener) -> float:
    """When the birth of its gateway came.  Raises ProgramEnded."""
    await program.start()
    await program.wait_until(lambda: program.name in listener.online, WAIT_SECONDS)
    return listener.online[program.name]


async def subscribe_once(program: Program, listener: Listener) -> None:
    """Start it and stop it again: from then on the broker keeps its messages."""
    try:
        await started(program, listener)
    finally:
        await program.stop()


async def drained(program: Program, listener: Listener, count: int) -> float:
    """Facts per second, from the gateway's birth to the ack of the last of `count` facts that wait for it."""
    listener.acked = 0
    try:
        began = await started(program, listener)
        return count / (await listener.until_acked(count) - began)
    finally:
        await program.stop()


async def applied(url: str) -> int:
    """Facts that are stored with their effect."""
    await db.connect(url)
    try:
        rows = await db.fetch("SELECT count(*) AS n FROM fact WHERE outcome = 'applied'")
        return int(rows[0]["n"])
    finally:
        await db.close()
