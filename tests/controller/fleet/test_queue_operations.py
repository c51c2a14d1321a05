"""People and print jobs that wait: another printer, another rank, once more; a box that stays away; the queues by printer."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from controller import db
from controller.documents import operations as documents
from controller.errors import IllegalTransition, NotFound
from controller.fleet import operations, queries, queue_operations, requests
from controller.fleet.operations import DECISION_TIME, PrintOrder
from controller.fleet.print_queues import print_queues
from controller.fleet.queue_operations import BadPriority, NotThatPrinter
from controller.ingest import ingest
from controller.sites.operations import create_site
from edge_agent.wire.codec import decode
from edge_agent.wire.facts import CommandDone, JobChanged, JobState, PrintRequested
from edge_agent.wire.messages import Fault, JobRequest, Priority, Stream
from tests.controller.boxes import SITE, WireBox

PRINTERS = {"labels": "label_printer", "labels-2": "label_printer", "receipts": "receipt_printer", "scale": "scale"}


@pytest.fixture
async def box(database: str) -> WireBox:
    await create_site(SITE, name="Shop")
    await operations.register_box("b1", site=SITE, name="Till 1")
    await documents.store_builtin()
    for number, (name, kind) in enumerate(PRINTERS.items()):
        await db.execute(
            "INSERT INTO device (no, box, id, kind, model, address, state, faults, described) "
            "VALUES (?, 'b1', ?, ?, '', '', 'ready', '[]', ?)",
            *(number + 1, name, kind, True),
        )
    await db.execute("UPDATE box SET link = 'online'")
    return WireBox()


async def wanted(**changes: object) -> str:
    order = PrintOrder(box="b1", device="labels", template="shelf-label", data={"name": "Apple"})
    return await operations.request_print(msgspec.structs.replace(order, **changes))


async def told(box: WireBox, job: str, step: int, state: JobState, **more: object) -> None:
    fact = msgspec.convert({"job": job, "step": step, "state": state, "printer": "labels", **more}, JobChanged, strict=False)
    await ingest([box.message(box.envelope(fact, stream=Stream.RESULT))])


async def claimed() -> list[requests.Request]:
    return await db.in_transaction(requests.claim)


async def test_rank_document_and_who_asked_travel_with_the_request(box: WireBox) -> None:
    job = await wanted(priority=Priority.BULK, document="SO-100001")
    (request,) = await claimed()
    sent = decode(JobRequest, request.payload)
    assert (sent.priority, sent.document, sent.asked_by) == (9, "SO-100001", (await queries.print_job(job)).requested_by)
    assert (await queries.print_job(job)).priority == 9


async def test_a_job_that_was_not_sent_yet_goes_to_the_other_printer_without_asking_the_box(box: WireBox) -> None:
    job = await wanted()
    await queue_operations.move_print(job, "labels-2")
    await queue_operations.prioritise_print(job, Priority.URGENT)
    (request,) = await claimed()
    assert "/labels-2/job/" in request.topic
    assert decode(JobRequest, request.payload).priority == 1
    assert await queries.commands() == []


async def test_one_that_its_box_has_is_moved_by_the_box(box: WireBox) -> None:
    job = await wanted()
    await claimed()
    await told(box, job, 2, JobState.QUEUED)
    await queue_operations.move_print(job, "labels-2")
    await queue_operations.prioritise_print(job, Priority.URGENT)
    commands = {decode_args(request.payload)[0]: decode_args(request.payload)[1] for request in await claimed()}
    assert commands["move_job"]["printer"] == "labels-2"
    assert commands["prioritise_job"]["priority"] == 1
    assert (await queries.print_job(job)).device == "labels"
    await told(box, job, 3, JobState.QUEUED, printer="labels-2")
    await told(box, job, 4, JobState.QUEUED, printer="labels-2", priority=1)
    view = await queries.print_job(job)
    assert (view.device, view.printer, view.priority) == ("labels", "labels-2", 1)


def decode_args(payload: bytes) -> tuple[str, dict[str, str | int]]:
    command = msgspec.json.decode(payload)
    return command["name"], command["args"]


@pytest.mark.parametrize("printer", ["receipts", "scale", "nowhere"])
async def test_it_goes_only_to_a_printer_of_its_kind(box: WireBox, printer: str) -> None:
    job = await wanted()
    with pytest.raises(NotThatPrinter):
        await queue_operations.move_print(job, printer)


@pytest.mark.parametrize("state", [JobState.SENDING, JobState.SENT, JobState.PRINTED, JobState.UNCERTAIN])
async def test_what_does_not_wait_is_neither_moved_nor_prioritised(box: WireBox, state: JobState) -> None:
    job = await wanted()
    await told(box, job, 3, state)
    with pytest.raises(IllegalTransition):
        await queue_operations.move_print(job, "labels-2")
    with pytest.raises(IllegalTransition):
        await queue_operations.prioritise_print(job, 1)
    with pytest.raises(NotFound):
        await queue_operations.move_print("nothing", "labels-2")


@pytest.mark.parametrize("priority", [-1, 10])
async def test_a_rank_is_one_of_ten(box: WireBox, priority: int) -> None:
    job = await wanted()
    with pytest.raises(BadPriority):
        await queue_operations.prioritise_print(job, priority)


async def test_what_was_printed_is_printed_again_as_a_copy_once_for_a_key(box: WireBox) -> None:
    job = await wanted(document="SO-100001", copies=2)
    with pytest.raises(IllegalTransition):
        await queue_operations.reprint(job)
    await told(box, job, 5, JobState.PRINTED)
    again = await queue_operations.reprint(job, key="once")
    assert await queue_operations.reprint(job, key="once") == again != job
    await claimed()
    rows = await db.fetch("SELECT copy, document, copies FROM print_job WHERE id = ?", again)
    assert (bool(rows[0]["copy"]), rows[0]["document"], rows[0]["copies"]) == (True, "SO-100001", 2)


# --- a box that stays away --------------------------------------------------------------------------------------------------


async def a_week_later() -> None:
    past = db.now() - DECISION_TIME - timedelta(minutes=5)
    await db.execute("UPDATE command SET expires_at = ? WHERE state = 'requested'", past + timedelta(minutes=2))
    await db.in_transaction(requests.give_up_late)


async def test_a_cancelled_job_ends_also_if_its_box_stays_away_for_longer_than_the_command_lasts(box: WireBox) -> None:
    job = await wanted()
    await operations.cancel_print(job)
    await a_week_later()
    assert (await queries.print_job(job)).state == "cancelled"
    (command,) = await queries.commands()
    assert command.state == "expired"
    await told(box, job, 5, JobState.PRINTED)
    assert (await queries.print_job(job)).state == "printed", "the box's late word is the truth"


async def test_the_cancellation_of_what_a_box_has_does_not_run_out_while_the_job_waits_there(box: WireBox) -> None:
    job = await wanted()
    await told(box, job, 2, JobState.QUEUED)
    await operations.cancel_print(job)
    await a_week_later()
    (command,) = await queries.commands()
    assert (command.state, command.expires_at > db.now()) == ("requested", True)
    await told(box, job, 3, JobState.CANCELLED)
    await a_week_later()
    (command,) = await queries.commands()
    assert command.state == "expired"


async def test_a_cancellation_that_the_box_answered_is_over(box: WireBox) -> None:
    job = await wanted()
    await operations.cancel_print(job)
    (command,) = await queries.commands()
    await ingest([box.message(box.envelope(CommandDone(command=command.id, code="ok"), stream=Stream.RESULT))])
    await a_week_later()
    assert (await queries.print_job(job)).state == "requested", "its job_changed is on its way"


# --- the queues -------------------------------------------------------------------------------------------------------------


async def test_queues_by_printer_with_number_age_and_reason(box: WireBox) -> None:
    first, second, third = [await wanted() for _ in range(3)]
    await wanted(device="receipts", template="receipt")
    fault = {"code": "paper_out", "message": "Load paper."}
    await told(box, first, 2, JobState.QUEUED, fault=fault)
    await told(box, second, 4, JobState.UNCERTAIN)
    await told(box, third, 5, JobState.PRINTED)
    labels, receipts = await print_queues()
    assert (labels.printer, labels.waiting, labels.uncertain) == ("labels", 1, 1)
    assert labels.oldest_at == (await queries.print_job(first)).created_at
    assert labels.reason is not None
    assert (labels.reason.code, labels.reason.message) == ("paper_out", "Load paper.")
    assert (receipts.printer, receipts.waiting, receipts.reason) == ("receipts", 1, None)
    assert [queue.printer for queue in await print_queues(after="b1/labels")] == ["receipts"]
    assert await print_queues(sites=["elsewhere"]) == []
    await db.execute("UPDATE device SET faults = ? WHERE id = 'receipts'", msgspec.json.encode([fault]).decode())
    _, receipts = await print_queues()
    assert receipts.reason is not None
    assert receipts.reason.code == "paper_out"
    await db.execute("UPDATE box SET link = 'offline'")
    assert {queue.reason.code for queue in await print_queues() if queue.reason} == {"box_offline"}


async def test_a_queue_is_that_of_the_printer_that_holds_the_jobs(box: WireBox) -> None:
    job = await wanted()
    await told(box, job, 4, JobState.QUEUED, printer="labels-2", fault=Fault(code="stood_in", message="It is not ready."))
    (queue,) = await print_queues()
    assert (queue.printer, queue.reason.code if queue.reason else None) == ("labels-2", "stood_in")


async def test_a_job_born_on_a_box_brings_its_rank_and_what_it_is_for(box: WireBox) -> None:
    request = JobRequest(template="receipt", version="aa", data={}, priority=1, document="R-1", asked_by="p-1")
    await ingest([box.message(box.envelope(PrintRequested(job="own-1", request=request), stream=Stream.FACT, device="receipts"))])
    view = await queries.print_job("own-1")
    assert (view.priority, view.document, view.device) == (1, "R-1", "receipts")
