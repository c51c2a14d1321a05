"""A box's outbox and the gateway over a real broker: whatever happens to the broker, each fact is stored once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from controller import db
from controller.fleet.operations import register_box
from controller.gateway import Gateway
from controller.sites.operations import create_site
from edge_agent.delivery import Delivery
from edge_agent.disk import ThreadDisk
from edge_agent.facts import FactsDb
from edge_agent.outbox import Identity, Outbox
from edge_agent.seams import SystemClock
from edge_agent.wire.codec import decode
from edge_agent.wire.facts import Fact, FactDraft, Scan
from edge_agent.wire.messages import Ack, GatewayState, Symbol
from edge_agent.wire.session import Broker, Connected, Disconnected, Incoming, MqttSession, Session
from edge_agent.wire.topics import GatewayTopic, box_filters, gateway_filters, parse
from tests.servers import Mosquitto

SITE = "sh-01"
SECONDS = 20.0


class Box:
    """The delivering half of an agent."""

    def __init__(self, folder: Path, name: str, session: Session, seed: int, site: str = SITE) -> None:
        self.disk = ThreadDisk()
        self.session = session
        self.facts = FactsDb(folder / f"{name}.db")
        self.outbox = Outbox(self.facts, Identity(site=site, box=name, boot="boot"), SystemClock(), Random(seed))
        self.delivery = Delivery(self.outbox, self.disk, session)
        self.taken: list[str] = []

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.session.run())
            group.create_task(self.delivery.run())
            group.create_task(self._listen())

    async def _listen(self) -> None:
        async for event in self.session.events():
            match event:
                case Connected():
                    self.delivery.start_over()
                case Disconnected():
                    self.delivery.on_disconnected()
                case Incoming():
                    topic = parse(event.topic)
                    if isinstance(topic, GatewayTopic):
                        self.delivery.on_gateway(topic.gateway, decode(GatewayState, event.payload))
                    else:
                        await self.delivery.on_ack(decode(Ack, event.payload))
                    event.acknowledge()

    async def scan(self, count: int) -> None:
        await self.tell([Scan(symbol=Symbol(text=f"code-{number % 7}")) for number in range(count)])

    async def tell(self, facts: Sequence[Fact]) -> None:
        """On disk when it returns; sent when there is a network."""
        drafts = [FactDraft(data=fact, device="scanner") for fact in facts]
        envelopes = await self.disk.run(lambda: self.outbox.append(drafts))
        self.taken += [str(envelope.id) for envelope in envelopes]
        self.delivery.notify({envelope.stream for envelope in envelopes})

    async def waiting(self) -> int:
        backlog = await self.disk.run(self.outbox.backlog)
        return backlog.waiting

    def close(self) -> None:
        self.disk.close()
        self.facts.close()


def session_of(broker: Mosquitto, client_id: str, filters: list[str], seed: int, *, expiry: int = 3600) -> MqttSession:
    where = Broker(
        host="127.0.0.1",
        port=broker.port,
        client_id=client_id,
        expiry=expiry,
        retry_seconds=(0.05, 0.2),
        receive_maximum=2000,
    )
    return MqttSession(where, filters, random=Random(seed))


@asynccontextmanager
async def running(*programs: Callable[[], Coroutine[None, None, None]]) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.create_task(program()) for program in programs]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until_empty(box: Box) -> None:
    async with asyncio.timeout(SECONDS):
        while await box.waiting():
            await asyncio.sleep(0.02)


async def stored(box: str) -> list[str]:
    return [str(row["id"]) for row in await db.fetch("SELECT id FROM fact WHERE box = ? ORDER BY seq", box)]


async def prepare(url: str, *boxes: str) -> None:
    await db.connect(url)
    await create_site(SITE, name="Shop")
    for box in boxes:
        await register_box(box, site=SITE, name=box)


async def test_nothing_is_lost_and_nothing_twice_when_the_broker_dies_and_forgets(
    own_mosquitto: Mosquitto, schema_url: str, tmp_path: Path
) -> None:
    await prepare(schema_url, "b1")
    gateway = Gateway(session_of(own_mosquitto, "gw", gateway_filters(), 1), SystemClock(), Random(1), "gw")
    box = Box(tmp_path, "b1", session_of(own_mosquitto, "b1", box_filters(SITE, "b1"), 2), 2)
    async with running(gateway.run, box.run):
        await box.scan(300)
        await until_empty(box)
        for _ in range(3):
            await box.scan(200)
            own_mosquitto.stop(kill=True)
            own_mosquitto.wipe()
            await box.scan(200)
            await asyncio.to_thread(own_mosquitto.start)
            await box.scan(50)
        await until_empty(box)
        assert await stored("b1") == box.taken
    box.close()
    await db.close()


async def test_two_gateways_share_the_load_and_the_facts_stay_single(mosquitto: Mosquitto, schema_url: str, tmp_path: Path) -> None:
    await prepare(schema_url, "b1", "b2")

    def gateway(number: int, life: int = 1) -> Gateway:
        session = session_of(mosquitto, f"{tmp_path.name}-gw{number}", gateway_filters("pair"), number, expiry=0)
        return Gateway(session, SystemClock(), Random(10 * number + life), f"gw{number}")

    def box_named(name: str, seed: int) -> Box:
        return Box(tmp_path, name, session_of(mosquitto, f"{tmp_path.name}-{name}", box_filters(SITE, name), seed), seed)

    boxes = [box_named("b1", 3), box_named("b2", 4)]
    async with running(gateway(1).run, gateway(2).run, *(box.run for box in boxes)) as tasks:
        for box in boxes:
            await box.scan(400)
        tasks[0].cancel()
        for box in boxes:
            await box.scan(400)
        await asyncio.gather(tasks[0], return_exceptions=True)
        tasks.append(asyncio.create_task(gateway(1, life=2).run()))
        for box in boxes:
            await until_empty(box)
            assert await stored(box.outbox.identity.box) == box.taken
    for box in boxes:
        box.close()
    await db.close()
