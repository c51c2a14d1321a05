"""Requests to boxes: asked once, sent until answered, and what the box's answers do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random

import msgspec
import pytest

from controller import db
from controller.documents import operations as documents
from controller.errors import IllegalTransition, NotFound
from controller.fleet import operations, queries, requests
from controller.fleet.operations import BoxElsewhere, PrintOrder, Resolution
from controller.gateway import Gateway
from controller.ingest import ingest, retry_parked
from controller.sites.operations import create_site
from edge_agent.wire.codec import decode, encode
from edge_agent.wire.facts import CommandDone, JobChanged, JobState, PrintRequested, Proof
from edge_agent.wire.messages import BoxDescription, BoxState, CommandRequest, DeviceDescription, JobRequest, Link, Stream
from edge_agent.wire.topics import BoxTopic, parse
from tests.controller.boxes import SITE, WireBox
from tests.doubles import NOON, FixedClock, MemorySession

TEMPLATE = "shelf-label"


@pytest.fixture
async def site(database: str) -> None:
    await create_site(SITE, name="Shop")
    await operations.register_box("b1", site=SITE, name="Till 1")
    await documents.store_builtin()


def label(**changes: object) -> PrintOrder:
    return msgspec.structs.replace(PrintOrder(box="b1", device="printer", template=TEMPLATE, data={"name": "Apple"}), **changes)


def changed(job: str, step: int, state: JobState, proof: Proof | None = None) -> JobChanged:
    return JobChanged(job=job, step=step, state=state, proof=proof, printer="printer")


async def answer(box: WireBox, *facts: JobChanged | CommandDone | PrintRequested) -> list[str]:
    """The codes of what was rejected."""
    acks = await ingest([box.message(box.envelope(fact, stream=Stream.RESULT)) for fact in facts])
    return [rejection.code for ack in acks for rejection in ack.ack.rejected]


async def test_a_box_belongs_to_one_site(site: None) -> None:
    await operations.register_box("b1", site=SITE, name="Till one")
    assert (await queries.box("b1")).name == "Till one"
    await create_site("sh-02", name="Other")
    with pytest.raises(BoxElsewhere):
        await operations.register_box("b1", site="sh-02", name="Till")
    with pytest.raises(NotFound):
        await operations.register_box("b2", site="nowhere", name="Till")


async def test_the_same_key_is_the_same_job(site: None) -> None:
    first = await operations.request_print(label(key="label:1"))
    assert await operations.request_print(label(key="label:1")) == first
    assert await operations.request_print(label(key="label:2")) != first


async def test_the_highest_step_wins_whatever_comes_last(site: None) -> None:
    job = await operations.request_print(label())
    box = WireBox()
    await answer(box, changed(job, 4, JobState.PRINTED, Proof.CONFIRMED))
    await answer(box, changed(job, 2, JobState.QUEUED), changed(job, 3, JobState.SENDING), changed(job, 1, JobState.ACCEPTED))
    view = await queries.print_job(job)
    assert (view.state, view.step, view.proof) == ("printed", 4, "confirmed")


async def test_another_boxs_word_on_a_job_is_refused(site: None) -> None:
    job = await operations.request_print(label())
    await operations.register_box("b2", site=SITE, name="Till 2")
    assert await answer(WireBox(box="b2"), changed(job, 9, JobState.PRINTED)) == ["job_of_another_box"]
    assert (await queries.print_job(job)).state == "requested"


async def test_steps_of_a_job_born_on_a_box_wait_for_its_announcement(site: None) -> None:
    box = WireBox()
    assert await answer(box, changed("own-1", 2, JobState.QUEUED)) == []
    (waiting,) = await queries.facts(outcome="parked")
    assert waiting.waits_for == "print_job:own-1"
    await answer(box, PrintRequested(job="own-1", request=JobRequest(template="receipt", version="aa", data={})))
    assert await retry_parked(due_only=True) == 1
    assert (await queries.print_job("own-1")).state == "queued"
    assert await queries.facts(outcome="parked") == []


async def test_only_an_uncertain_job_can_be_resolved(site: None) -> None:
    job = await operations.request_print(label())
    with pytest.raises(IllegalTransition):
        await operations.resolve_print(job, Resolution.PRINTED)
    await answer(WireBox(), changed(job, 5, JobState.UNCERTAIN))
    await operations.resolve_print(job, Resolution.AGAIN)
    (command,) = await queries.commands()
    assert command.command == "resolve_job"


async def test_a_job_that_its_box_never_got_ends_as_cancelled(site: None) -> None:
    job = await operations.request_print(label())
    await operations.cancel_print(job)
    await operations.cancel_print(job)
    (command,) = await queries.commands()
    await answer(WireBox(), CommandDone(command=command.id, code="unknown_job"))
    assert (await queries.print_job(job)).state == "cancelled"
    assert (await queries.command(command.id)).code == "unknown_job"


# --- on the wire ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def session(site: None) -> AsyncIterator[MemorySession]:
    session = MemorySession()
    session.connect()
    gateway = asyncio.create_task(Gateway(session, FixedClock(), Random(1)).run())
    yield session
    gateway.cancel()
    await asyncio.gather(gateway, return_exceptions=True)


def birth(session: MemorySession, box: WireBox, state: Link = Link.ONLINE) -> None:
    payload = encode(BoxState(state=state, session=box.epoch, boot=box.boot, at=NOON))
    session.deliver("shelfwire/1/sh-01/b1/_/state", payload, retain=False)


async def test_a_request_goes_out_once_its_box_is_online_and_again_after_each_birth(session: MemorySession) -> None:
    job = await operations.request_print(label())
    birth(session, WireBox())
    (first,) = await session.until_published("/req")
    topic = parse(first.topic)
    assert isinstance(topic, BoxTopic)
    assert (topic.box, topic.device, topic.name) == ("b1", "printer", job)
    assert decode(JobRequest, first.payload).data == {"name": "Apple"}
    birth(session, WireBox(random=Random(9)))
    assert (await session.until_published("/req", 2))[1] == first


async def test_what_is_asked_while_the_box_is_online_goes_out_at_once(session: MemorySession) -> None:
    birth(session, WireBox())
    while (await queries.box("b1")).link != "online":
        await asyncio.sleep(0)
    await operations.send_command("b1", "identify", {})
    (sent,) = await session.until_published("/req")
    request = decode(CommandRequest, sent.payload)
    assert (request.name, request.expires_at > NOON) == ("identify", True)


async def test_a_stale_will_is_ignored(session: MemorySession) -> None:
    old, new = WireBox(), WireBox(random=Random(9))
    birth(session, old)
    birth(session, new)
    birth(session, old, Link.OFFLINE)
    desc = BoxDescription(
        agent="1", epoch=new.epoch, speaks={}, devices=[DeviceDescription(id="p", kind="label_printer", model="zpl", address="x")]
    )
    session.deliver("shelfwire/1/sh-01/b1/_/desc", encode(desc))
    while not await queries.devices():
        await asyncio.sleep(0)
    assert (await queries.box("b1")).link == "online"
    birth(session, new, Link.OFFLINE)
    while (await queries.box("b1")).link != "offline":
        await asyncio.sleep(0)


async def test_a_request_that_no_box_answered_in_its_time_ends(site: None) -> None:
    job = await operations.request_print(label(expires_at=db.now() - timedelta(minutes=5)))
    await db.in_transaction(requests.give_up_late)
    assert (await queries.print_job(job)).state == "expired"
    await answer(WireBox(), changed(job, 3, JobState.PRINTED))
    assert (await queries.print_job(job)).state == "printed"
