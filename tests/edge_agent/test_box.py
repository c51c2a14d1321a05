from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from uuid import UUID

import msgspec
import pytest

from drivers import devices
from drivers.registry import Kind
from edge_agent.box import Box
from edge_agent.config import BoxConfig, BrokerConfig, Config, DeviceConfig, StationConfig
from edge_agent.device_events import DeviceEvent, DrawerMoved, Failed, Scanned, StateChanged, WeightChanged
from edge_agent.disk import InlineDisk
from edge_agent.facts import MIB, FactsDb, FactsLimits
from edge_agent.faults import fault
from edge_agent.spooler import Spooler
from edge_agent.stations import Feedback
from edge_agent.stores import Seams, Stores, open_stores
from edge_agent.wire.codec import decode, decode_fact, encode
from edge_agent.wire.facts import CommandDone, Fact, JobChanged, JobState, ScanRefused
from edge_agent.wire.messages import (
    Ack,
    BoxDescription,
    BoxState,
    ClockState,
    CommandRequest,
    Condition,
    DeviceState,
    Envelope,
    GatewayState,
    JobRequest,
    Link,
    LiveWeight,
    Rejection,
    Stream,
)
from edge_agent.wire.pick_facts import PickClaimed
from tests.edge_agent.conftest import IDENTITY, FixedClock, MemorySession, let_pass, settle

ROOT = "shelfwire/1/sh-01/b1"
CONFIG = Config(
    box=BoxConfig(id="b1", site="sh-01", state_dir=Path("unused")),
    broker=BrokerConfig(host="127.0.0.1", port=1883),
    devices=(
        DeviceConfig(id="scanner", kind=Kind.SCANNER, model="scanner.serial", address="tcp:127.0.0.1:1"),
        DeviceConfig(id="scale", kind=Kind.SCALE, model="toledo.8217", address="tcp:127.0.0.1:2"),
    ),
    stations=(StationConfig(id="desk", scanner="scanner", scale="scale"),),
)


@dataclass
class World:
    """A box with the test at both of its ends."""

    box: Box
    stores: Stores
    session: MemorySession
    clock: FixedClock
    answers: list[tuple[str, str]] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)

    def link(self) -> None:
        self.session.connect()
        self.session.deliver(
            "shelfwire/1/_host/gw/state", encode(GatewayState(online=True, session=UUID(int=1), at=self.clock.now()))
        )

    def scan(self, text: str) -> None:
        self.clock.milliseconds += 1000
        self.box.on_device_event(DeviceEvent("scanner", self.clock.mono_ms(), Scanned(devices.Symbol(text.encode()))))

    def command(self, name: str, args: dict[str, str | int] | None = None, *, late: bool = False) -> None:
        expires = self.clock.now() + timedelta(seconds=-1 if late else 60)
        request = CommandRequest(name=name, args=args or {}, expires_at=expires)
        self.session.deliver(f"{ROOT}/_/cmd/c1/req", encode(request), self.acknowledged)

    def facts(self) -> list[tuple[str, Fact]]:
        """What is in the outbox, each with the topic's device."""
        rows = [row for stream in Stream for row in self.stores.outbox.window(stream, limit=1000)]
        return [(row.name, decode_fact(decode(Envelope, row.payload))) for row in rows]

    def results(self) -> list[tuple[str, str]]:
        return [(fact.command, fact.code) for _, fact in self.facts() if isinstance(fact, CommandDone)]

    def retained(self) -> dict[str, bytes]:
        return {topic: payload for topic, payload, retain in self.session.published if retain}


def build(
    folder: Path, session: MemorySession, clock: FixedClock, limits: FactsLimits | None = None, *, synced: bool = False
) -> World:
    seams = Seams(
        clock=clock,
        random=Random(3),
        session=session,
        disk=InlineDisk(),
        clock_state=lambda: ClockState(synced=synced, error_ms=4),
    )
    stores = open_stores(FactsDb(folder / "facts.db", limits or FactsLimits(ballast_bytes=0)), IDENTITY, seams)
    answers: list[tuple[str, str]] = []

    def answer(station: str, feedback: Feedback) -> None:
        answers.append((station, feedback.code))

    async def no_template(name: str, version: str):  # type: ignore[no-untyped-def]
        raise AssertionError

    spooler = Spooler(stores.journal, seams.disk, {}, no_template, clock)
    return World(Box(CONFIG, stores, seams, spooler, answer), stores, session, clock, answers)


@asynccontextmanager
async def running(world: World) -> AsyncIterator[World]:
    task = asyncio.create_task(world.box.run())
    await settle()
    try:
        yield world
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def world(tmp_path: Path, session: MemorySession, clock: FixedClock) -> World:
    return build(tmp_path, session, clock)


async def test_a_scan_is_on_disk_before_its_answer_and_then_on_its_way(world: World) -> None:
    async with running(world):
        world.link()
        await settle()
        world.session.published.clear()
        world.scan("4006381333931")
        await settle()
        assert [name for name, _ in world.facts()] == ["scan"]
        assert world.answers == [("desk", "scanned")]
        assert world.session.topics() == [f"{ROOT}/scanner/fact/scan"]
        envelope = decode(Envelope, world.session.published[0][1])
        assert (envelope.station, envelope.device) == ("desk", "scanner")
        ack = Ack(epoch=envelope.epoch, stream=Stream.FACT, ranges=[(1, 1)])
        world.session.deliver(f"{ROOT}/_/ack", encode(ack), world.acknowledged)
        await settle()
        assert world.facts() == []
        assert world.acknowledged == [f"{ROOT}/_/ack"]


async def test_a_task_goes_on_after_a_crash(tmp_path: Path, world: World, clock: FixedClock) -> None:
    async with running(world):
        for text in ("SW:COUNT", "A-01"):
            world.scan(text)
        await settle()
        state = world.stores.outbox.station_states()["desk"]
    world.stores.facts.close()
    again = build(tmp_path, MemorySession(), clock)
    assert encode(again.box.intake.state("desk")) == state


async def test_the_birth_tells_state_description_and_devices_and_the_will_is_its_opposite(world: World) -> None:
    async with running(world):
        world.link()
        await settle()
        retained = world.retained()
        birth = decode(BoxState, retained[f"{ROOT}/_/state"])
        assert world.session.will is not None
        will = decode(BoxState, world.session.will.payload)
        assert (birth.state, will.state, will.session) == (Link.ONLINE, Link.OFFLINE, birth.session)
        description = decode(BoxDescription, retained[f"{ROOT}/_/desc"])
        assert description.epoch == world.stores.outbox.epoch
        assert description.speaks["scan"] == [1]
        assert decode(DeviceState, retained[f"{ROOT}/scanner/state"]).state is Condition.UNKNOWN
        world.session.disconnect()
        await settle()
        world.session.published.clear()
        world.link()
        await settle()
        reborn = decode(BoxState, world.retained()[f"{ROOT}/_/state"])
        assert reborn.session != birth.session
        assert decode(BoxState, world.session.will.payload).session == reborn.session
        world.session.published.clear()
    assert decode(BoxState, world.retained()[f"{ROOT}/_/state"]).state is Link.OFFLINE


async def test_device_states_are_retained_and_weights_live(world: World) -> None:
    async with running(world):
        world.link()
        await settle()
        world.session.published.clear()
        world.box.on_device_event(DeviceEvent("scale", 1, StateChanged(Condition.FAULT, (fault("over_capacity"),))))
        world.box.on_device_event(
            DeviceEvent("scale", 2, WeightChanged(devices.Weight(Decimal(5), stable=False), is_settled=False))
        )
        world.box.on_device_event(DeviceEvent("printer", 3, DrawerMoved(is_open=True)))
        world.box.on_device_event(DeviceEvent("scanner", 4, Failed(fault("protocol_violation", "Scan it again."))))
        await settle()
        assert decode(DeviceState, world.retained()[f"{ROOT}/scale/state"]).faults[0].code == "over_capacity"
        live = next(payload for topic, payload, _ in world.session.published if topic == f"{ROOT}/scale/live/weight")
        assert decode(LiveWeight, live).grams == Decimal(5)
        assert [name for name, _ in world.facts()] == ["drawer", "scan_refused"]
        assert world.answers == [("desk", "misread")]


async def test_a_full_disk_refuses_the_scan_visibly_and_alerts(tmp_path: Path, session: MemorySession, clock: FixedClock) -> None:
    world = build(tmp_path, session, clock, FactsLimits(max_bytes=MIB, ballast_bytes=0))
    async with running(world):
        session.connect()
        for number in range(900):
            world.scan(f"{number}" * 200)
        await settle()
        for _ in range(30):
            await settle()
        answers = [code for _, code in world.answers]
        stored = answers.count("scanned")
        assert answers == ["scanned"] * stored + ["not_saved_full"] * (900 - stored)
        assert 0 < stored < 900
        assert len(world.stores.outbox.window(Stream.FACT, limit=2000)) == stored
        assert world.retained()[f"{ROOT}/_/alert/disk-full"]
        ack = Ack(epoch=world.stores.outbox.epoch, stream=Stream.FACT, ranges=[(1, stored)])
        session.deliver(f"{ROOT}/_/ack", encode(ack), [])
        await settle()
        world.scan("after")
        await settle()
        assert world.answers[-1] == ("desk", "scanned")
        assert world.retained()[f"{ROOT}/_/alert/disk-full"] == b""
        (refused,) = [fact for _, fact in world.facts() if isinstance(fact, ScanRefused)]
        assert refused.message == f"{900 - stored} scans were refused while the disk was full"


async def test_a_claim_that_the_controller_refuses_is_told_with_its_ack(world: World) -> None:
    async with running(world):
        world.link()
        world.scan("SHELFXPICK")
        world.scan("PL-100001")
        await settle()
        rows = world.stores.outbox.window(Stream.FACT, limit=100)
        (claim,) = (row for row in rows if row.name == PickClaimed.name)
        rejected = [Rejection(seq=claim.seq, code="claimed_by_other")]
        ack = Ack(epoch=claim.epoch, stream=Stream.FACT, ranges=[(1, claim.seq)], rejected=rejected)
        for _ in range(2):
            world.session.deliver(f"{ROOT}/_/ack", encode(ack), world.acknowledged)
            await settle()
        assert [code for _, code in world.answers] == ["pick_list", "pick_ready", "pick_gone"]


async def test_a_refusal_is_told_until_the_next_connection(world: World) -> None:
    async with running(world):
        world.session.refuse = {f"{ROOT}/scanner/fact/scan"}
        world.link()
        await settle()
        world.scan("one")
        await settle()
        assert world.retained()[f"{ROOT}/_/alert/mqtt-refused"]
        world.session.refuse = set()
        world.session.disconnect()
        world.link()
        await settle()
        assert world.retained()[f"{ROOT}/_/alert/mqtt-refused"] == b""


async def test_a_command_has_one_result_however_often_it_comes(world: World) -> None:
    async with running(world):
        world.link()
        world.command("identify")
        world.command("identify")
        await settle()
        assert world.answers == [("desk", "identify")]
        assert world.results() == [("c1", "ok")]
        assert world.acknowledged == [f"{ROOT}/_/cmd/c1/req"] * 2
        ack = Ack(epoch=world.stores.outbox.epoch, stream=Stream.RESULT, ranges=[(1, 1)])
        world.session.deliver(f"{ROOT}/_/ack", encode(ack), [])
        await settle()
        world.session.published.clear()
        world.command("identify")
        await settle()
        assert world.session.topics() == [f"{ROOT}/_/cmd/c1/res"]
        assert world.answers == [("desk", "identify")]


@pytest.mark.parametrize(
    ("name", "late", "args", "code"),
    [
        ("identify", True, {}, "expired"),
        ("dance", False, {}, "unknown_command"),
        ("resend", False, {"epoch": "x", "stream": "fact", "from": 1}, "bad_arguments"),
        ("resend", False, {"epoch": str(UUID(int=1)), "stream": "fact", "from": 1}, "ok"),
        ("cancel_job", False, {"job": "none"}, "unknown_job"),
        ("resolve_job", False, {"job": "none", "outcome": "burnt"}, "bad_arguments"),
        ("resolve_job", False, {"job": "none", "outcome": "again"}, "unknown_job"),
        ("rebirth", False, {}, "ok"),
        ("rebirth", False, {"all": 1}, "bad_arguments"),
        ("flush", False, {}, "ok"),
        ("log_level", False, {"level": "LOUD"}, "bad_arguments"),
        ("log_level", False, {"level": "DEBUG", "minutes": 0}, "bad_arguments"),
        ("restart_device", False, {"device": "scanner"}, "no_such_device"),
        ("test_print", False, {"printer": "labels"}, "no_such_device"),
    ],
)
async def test_commands_and_their_codes(world: World, name: str, late: bool, args: dict[str, str | int], code: str) -> None:
    async with running(world):
        world.link()
        world.command(name, args, late=late)
        await settle()
        assert world.results() == [("c1", code)]


async def test_a_command_open_at_a_crash_is_not_done_again(tmp_path: Path, world: World, clock: FixedClock) -> None:
    class Crash(BaseException):
        """It comes with the effect."""

    def stop(*_: object) -> None:
        raise Crash

    world.box.intake.outlets.insert(0, stop)
    world.link()
    world.command("identify")
    with pytest.raises(BaseExceptionGroup):
        await world.box.run()
    world.stores.facts.close()
    again = build(tmp_path, MemorySession(), clock)
    async with running(again):
        again.link()
        again.command("identify")
        await settle()
        assert again.results() == [("c1", "interrupted")]
        assert again.answers == []


async def test_acked_facts_go_again_when_the_controller_asks(world: World) -> None:
    async with running(world):
        world.link()
        world.scan("1")
        await settle()
        epoch = world.stores.outbox.epoch
        world.session.deliver(f"{ROOT}/_/ack", encode(Ack(epoch=epoch, stream=Stream.FACT, ranges=[(1, 1)])))
        await settle()
        world.session.published.clear()
        world.command("resend", {"epoch": str(epoch), "stream": "fact", "from": 1})
        await settle()
        replayed = [decode(Envelope, payload) for topic, payload, _ in world.session.published if topic.endswith("/scan")]
        assert [(envelope.seq, envelope.replay) for envelope in replayed] == [(1, True)]


async def test_a_job_for_a_printer_that_is_not_there_fails_and_tells_again_when_asked_again(world: World) -> None:
    request = JobRequest(template="label", version="0" * 64, data={})
    async with running(world):
        world.link()
        world.session.deliver(f"{ROOT}/nowhere/job/j1/req", encode(request), world.acknowledged)
        await settle()
        states = [fact.state for _, fact in world.facts() if isinstance(fact, JobChanged)]
        assert states[-1] is JobState.FAILED
        world.session.deliver(f"{ROOT}/nowhere/job/j1/req", encode(request), world.acknowledged)
        world.session.deliver(f"{ROOT}/nowhere/job/j2/req", b"{}", world.acknowledged)
        await settle()
        last = [(fact.job, fact.step, fact.state) for _, fact in world.facts() if isinstance(fact, JobChanged)][-2:]
        assert last == [("j1", len(states), JobState.FAILED), ("j2", 1, JobState.FAILED)]
        assert len(world.acknowledged) == 3


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("elsewhere", b"{}"),
        (f"{ROOT}/_/ack", b"not json"),
        (f"{ROOT}/_/ack", b"{}"),
        (f"{ROOT}/_/cmd/c1/req", b"\xff"),
        ("shelfwire/1/_host/gw/state", b"[]"),
        ("shelfwire/1/_host/gw/state", b""),
        (f"{ROOT}/_/twin/desired", b"{}"),
    ],
)
async def test_a_malformed_message_is_acknowledged_and_stops_nothing(world: World, topic: str, payload: bytes) -> None:
    async with running(world):
        world.session.connect()
        world.session.deliver(topic, payload, world.acknowledged)
        await settle()
        assert world.acknowledged == [topic]
        world.scan("1")
        await settle()
        assert world.answers == [("desk", "scanned")]


async def test_telemetry_with_each_connection_and_each_minute(world: World) -> None:
    async with running(world):
        for count in (1, 2):
            world.session.connect()
            await settle()
            assert len([topic for topic, *_ in world.session.published if topic.endswith("/tel")]) == count
            world.session.disconnect()
            await settle()
        world.session.connect()
        await settle()
        await let_pass(60.5)
        await let_pass(60.5)
        told = [payload for topic, payload, _ in world.session.published if topic.endswith("/tel")]
        assert len(told) == 5
        assert msgspec.json.decode(told[-1])["waiting"] == 0


async def test_a_synchronised_clock_is_told_once(tmp_path: Path, session: MemorySession, clock: FixedClock) -> None:
    world = build(tmp_path, session, clock, synced=True)
    async with running(world):
        for _ in range(3):
            await let_pass(1.1)
        assert [name for name, _ in world.facts()] == ["clock_synced"]
