"""Whose turn it is: rank, then age; nobody waits for ever; a thousand jobs cost no more than one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from drivers.documents.templates import Template
from drivers.errors import DeviceTimeout, DeviceUnavailable, Unsupported
from edge_agent.jobs import Action, IllegalTransition, LeaseLost, UnknownJob
from edge_agent.journal import Change, Journal
from edge_agent.outbox import Outbox
from edge_agent.print_moves import Alternative, NotForThisPrinter, UnknownPrinter, WhyNot
from edge_agent.standing_in import TURNS, Turns
from edge_agent.templates import TemplateUnavailable
from edge_agent.wire.facts import JobState
from edge_agent.wire.messages import Fault, JobRequest, Priority
from tests.edge_agent.conftest import FixedClock
from tests.edge_agent.paper import request_for, template_of
from tests.edge_agent.printers import Printers

MANY = 1000


@pytest.fixture
def shop(tmp_path: Path, outbox: Outbox, clock: FixedClock) -> Printers:
    """Where nobody stands in for anybody."""
    shop = Printers(tmp_path, Journal(outbox._facts, outbox, clock), clock)
    shop.rules = {}
    shop.start()
    return shop


def fill(shop: Printers, count: int, priority: int, printer: str = "labels") -> list[str]:
    names = [f"{priority}-{number:04d}" for number in range(count)]

    def accept(_: object) -> None:
        for name in names:
            shop.journal.accept(name, printer, replace(request_for(name), priority=priority))

    shop.journal._facts.write(accept)
    return names


async def test_a_receipt_does_not_wait_behind_five_hundred_labels(shop: Printers) -> None:
    labels = fill(shop, 500, Priority.BULK)
    async with shop.running():
        await shop.until(lambda: len(shop.papers("labels")) >= 2)
        await shop.wants("receipt", priority=Priority.URGENT)
        before = len(shop.papers("labels"))
        await shop.until_is("receipt", JobState.PRINTED)
    assert shop.papers("labels").index("receipt") - before <= 1, "only what was being printed goes on"
    assert shop.papers("labels")[:2] == labels[:2]


async def test_of_one_rank_the_oldest_comes_first_and_of_two_the_more_urgent(shop: Printers) -> None:
    shop.breaks("labels")
    await shop.wants("bulk", priority=Priority.BULK)
    for name in ("b", "a"):
        await shop.wants(name)
    await shop.wants("urgent", priority=Priority.URGENT)
    shop.is_put_right("labels")
    async with shop.running():
        await shop.until_is("bulk", JobState.PRINTED)
    assert shop.papers("labels") == ["urgent", "b", "a", "bulk"]


async def test_urgent_jobs_without_end_do_not_keep_the_oldest_from_the_paper(shop: Printers) -> None:
    fill(shop, 1, Priority.BULK)
    fill(shop, 40, Priority.URGENT)
    async with shop.running():
        await shop.until_is("9-0000", JobState.PRINTED)
    assert shop.papers("labels").index("9-0000") == TURNS - 1


@given(st.lists(st.booleans(), min_size=TURNS, max_size=80))
def test_the_oldest_is_passed_over_only_so_often(oldest_first: list[bool]) -> None:
    turns, passed = Turns(), 0
    for is_oldest_anyway in oldest_first:
        is_oldest = is_oldest_anyway or turns.is_for_the_oldest
        turns.took(is_oldest=is_oldest)
        passed = 0 if is_oldest else passed + 1
        assert passed < TURNS


async def test_a_person_makes_a_waiting_job_more_urgent_and_its_reason_stays(shop: Printers) -> None:
    shop.breaks("labels")
    async with shop.running():
        for name in ("a", "b", "c"):
            await shop.wants(name)
        await shop.until(lambda: shop.job("a").fault is not None)
        await shop.spooler.prioritise("a", Priority.BULK, person="p-1")
        await shop.spooler.prioritise("c", Priority.URGENT, person="p-1")
        assert (shop.job("c").priority, shop.job("c").told().priority) == (1, 1)
        fault = shop.job("a").fault
        assert fault is not None
        assert fault.code == "paper_out"
        shop.is_put_right("labels")
        await shop.until_is("a", JobState.PRINTED)
    assert shop.papers("labels") == ["c", "b", "a"]
    with pytest.raises(IllegalTransition):
        await shop.spooler.prioritise("a", Priority.URGENT)


async def test_a_person_sends_a_waiting_job_to_another_printer_where_it_stays(shop: Printers) -> None:
    shop.breaks("labels")
    shop.breaks("other")
    async with shop.running():
        await shop.wants("a")
        await shop.until(lambda: shop.job("a").fault is not None)
        moved = await shop.spooler.move("a", "other", person="p-1")
        assert (moved.printer, moved.wanted) == ("other", "other")
        shop.is_put_right("labels")
        await shop.passes(3600)
        assert shop.job("a").state is JobState.QUEUED
        shop.is_put_right("other")
        assert (await shop.until_is("a", JobState.PRINTED)).printer == "other"
    assert (shop.papers("labels"), shop.papers("other")) == ([], ["a"])


async def test_what_a_printer_cannot_print_is_not_sent_there(shop: Printers) -> None:
    shop.breaks("labels")
    async with shop.running():
        await shop.wants("a")
        with pytest.raises(UnknownPrinter):
            await shop.spooler.move("a", "nowhere")
        with pytest.raises(UnknownJob):
            await shop.spooler.move("nothing", "other")
        shop.port["other"].encode_errors = [ValueError("a document that breaks it")]
        with pytest.raises(NotForThisPrinter):
            await shop.spooler.move("a", "other")
        assert shop.job("a").printer == "labels"
        shop.is_put_right("labels")
        await shop.until_is("a", JobState.PRINTED)
        with pytest.raises(IllegalTransition):
            await shop.spooler.move("a", "other")


async def test_people_are_told_which_printers_could_take_a_job_and_why_another_cannot(shop: Printers) -> None:
    shop.breaks("labels")
    async with shop.running():
        await shop.wants("a")
        shop.port["other"].encode_errors = [Unsupported("too large")]
        choices = await shop.spooler.choices("a", {"labels", "spare", "other"})
        assert choices.job.id == "a"
        assert {each.printer: each.why_not for each in choices.others} == {"spare": None, "other": WhyNot.DOES_NOT_FIT}
        shop.port["other"].encode_errors = [DeviceUnavailable("its cable is out")]
        assert (await shop.spooler.choices("a", {"other"})).others == [Alternative("other", WhyNot.AWAY)]
        with pytest.raises(UnknownJob):
            await shop.spooler.choices("nothing", {"other"})
        shop.is_put_right("labels")
        await shop.until_is("a", JobState.PRINTED)
        with pytest.raises(IllegalTransition):
            await shop.spooler.choices("a", {"other"})


async def test_an_edge_taken_upon_an_old_look_is_refused(shop: Printers) -> None:
    """What a person did meanwhile stands: a printer that rendered an old view of the job must not send it."""
    seen = await shop.wants("a")
    shop.journal.advance("a", Action.MOVE, Change(printer="other"))
    shop.journal.advance("a", Action.MOVE, Change(printer="labels"))
    for action in (Action.SEND, Action.HOLD, Action.MOVE, Action.FAIL):
        with pytest.raises(LeaseLost):
            shop.journal.advance("a", action, Change(seen=seen))
    assert shop.job("a").step == seen.step + 2


@pytest.mark.parametrize("turns", range(14))
async def test_a_cancel_at_any_moment_is_either_refused_or_nothing_comes_out(shop: Printers, turns: int) -> None:
    async with shop.running():
        await shop.wants("a")
        for _ in range(turns):
            await asyncio.sleep(0)
        try:
            await shop.spooler.cancel("a", person="p-1")
        except IllegalTransition:
            await shop.until_is("a", JobState.PRINTED)
        await shop.wants("b")
        await shop.until_is("b", JobState.PRINTED)
    expected = {JobState.CANCELLED: [], JobState.PRINTED: ["a"]}[shop.job("a").state]
    assert shop.papers("labels") == [*expected, "b"]


async def test_a_missing_template_holds_all_that_want_it_and_nobody_else(shop: Printers) -> None:
    async def template(name: str, version: str) -> Template:
        if version == "missing":
            raise TemplateUnavailable("the controller does not answer")
        return await template_of(name, version)

    shop.template = template
    async with shop.running():
        for number in range(50):
            await shop.wants(f"m-{number}", version="missing", priority=Priority.URGENT)
        await shop.wants("b")
        await shop.until_is("b", JobState.PRINTED)
        waiting = shop.journal.queued("labels")
        assert {job.fault.code if job.fault else None for job in waiting} == {"template_unavailable"}
        assert len(waiting) == 50
        steps = [job.step for job in waiting]
        shop.spooler.wake("labels")
        await shop.wants("c")
        await shop.until_is("c", JobState.PRINTED)
        assert [job.step for job in shop.journal.queued("labels")] == steps, "each is told once"
        shop.template = template_of
        shop.spooler.wake("labels")
        await shop.until(lambda: not shop.journal.unfinished())
    assert len(shop.papers("labels")) == 52


async def test_queues_show_what_waits_since_when_and_why(shop: Printers) -> None:
    changes: list[None] = []
    shop.breaks("labels")
    async with shop.running():
        shop.spooler.listen(lambda: changes.append(None))
        request = replace(request_for("milk"), document="SO-100001", asked_by="p-17", copies=3, priority=Priority.URGENT)
        await shop.spooler.request("a", "labels", request)
        await shop.spooler.request("b", "labels", request_for("bread"))
        await shop.until(lambda: shop.job("a").fault is not None)
        labels, spare, other = await shop.spooler.queues()
        assert [queue.printer for queue in (labels, spare, other)] == ["labels", "spare", "other"]
        assert (spare.waiting, spare.oldest_at, spare.reason, spare.jobs) == (0, None, None, [])
        assert labels.waiting == 2
        assert labels.oldest_at == shop.clock.now().replace(microsecond=123000)
        assert labels.reason is not None
        assert labels.reason.code == "paper_out"
        first, second = labels.jobs
        assert (first.id, first.document, first.asked_by, first.copies, first.priority) == ("a", "SO-100001", "p-17", 3, 1)
        assert (second.id, second.document, second.reason) == ("b", "bread", None)
        assert changes
        shop.port["labels"].send_errors = [DeviceTimeout("stuck")]
        shop.is_put_right("labels")
        await shop.until_is("b", JobState.PRINTED)
        await shop.until(lambda: shop.job("a").state is JobState.UNCERTAIN)
        labels = (await shop.spooler.queues())[0]
        assert ([job.id for job in labels.uncertain], labels.jobs, labels.waiting) == (["a"], [], 0)


async def test_jobs_at_a_printer_that_is_no_more_are_in_sight(shop: Printers) -> None:
    shop.journal.accept("a", "old", request_for("a"))
    async with shop.running():
        await shop.until(lambda: shop.job("a").fault is not None)
        gone = (await shop.spooler.queues())[-1]
        assert (gone.printer, gone.waiting, gone.reason.code if gone.reason else None) == ("old", 1, "unknown_printer")
        await shop.spooler.move("a", "other")
        await shop.until_is("a", JobState.PRINTED)


async def test_a_job_that_another_part_put_into_the_journal_is_printed_without_being_asked(shop: Printers) -> None:
    async with shop.running():
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        shop.journal.accept("a", "labels", request_for("a"), person="p-1")
        await shop.until_is("a", JobState.PRINTED)


async def test_a_thousand_waiting_jobs_cost_a_look_no_more_than_ten(shop: Printers) -> None:
    fill(shop, MANY, Priority.NORMAL)
    fill(shop, 10, Priority.NORMAL, "other")

    def look(printer: str) -> float:
        """The quickest of several looks at whose turn it is, in seconds."""
        took = []
        for _ in range(20):
            began = perf_counter()
            shop.journal.recover(printer)
            shop.journal.first(printer)
            shop.journal.first(printer, by_age=True, without=["another"])
            shop.journal.strays(printer)
            took.append(perf_counter() - began)
        return min(took)

    assert look("labels") < 5 * look("other")
    plans = shop.journal._facts.db.execute(
        "EXPLAIN QUERY PLAN SELECT * FROM print_job WHERE state = 'queued' AND printer = 'labels' ORDER BY priority, place LIMIT 1"
    ).fetchall()
    assert "print_job_turn" in str(plans)
    assert "TEMP B-TREE" not in str(plans)


async def test_a_blocked_printer_asks_its_device_once_a_round_however_many_wait(shop: Printers) -> None:
    fill(shop, MANY, Priority.NORMAL)
    shop.breaks("labels")
    async with shop.running():
        await shop.until(lambda: shop.job("5-0000").fault is not None)
        asked = shop.port["labels"].asked
        for _ in range(5):
            shop.spooler.wake("labels")
            for _ in range(20):
                await asyncio.sleep(0)
        assert shop.port["labels"].asked - asked <= 5
        assert shop.job("5-0001").fault is None


async def test_those_that_expire_behind_a_blocked_job_expire_there(shop: Printers) -> None:
    soon = shop.clock.now() + timedelta(minutes=5)
    shop.breaks("labels")
    async with shop.running():
        await shop.wants("first")
        for number in range(5):
            await shop.spooler.request(f"e-{number}", "labels", replace(request_for("x"), expires_at=soon))
        await shop.until(lambda: shop.job("first").fault is not None)
        await shop.passes(301)
        shop.spooler.wake("labels")
        await shop.until(lambda: all(shop.job(f"e-{number}").state is JobState.EXPIRED for number in range(5)))
        assert shop.job("first").state is JobState.QUEUED


async def test_a_time_to_live_counts_from_the_arrival_also_after_a_new_start(shop: Printers) -> None:
    """The wall clock is wrong all the time: the job would have expired 20 years ago, or live on for 20 years."""
    shop.breaks("labels")
    for name, years in (("past", 2006), ("future", 2046)):
        request = JobRequest(
            template="shelf-label", version=request_for("x").version, data={"name": name}, ttl_ms=60_000,
            expires_at=datetime(years, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        await shop.spooler.request(name, "labels", request)
    async with shop.running():
        await shop.until(lambda: shop.job("past").fault is not None)
        await shop.passes(50)
    shop.start()
    shop.breaks("labels")
    async with shop.running():
        await shop.until(lambda: shop.port["labels"].asked > 2)
        assert {job.state for job in shop.journal.unfinished()} == {JobState.QUEUED}
        await shop.passes(11)
        shop.spooler.wake("labels")
        await shop.until(lambda: shop.job("past").state is shop.job("future").state is JobState.EXPIRED)


def test_a_reason_that_is_told_is_a_fault(shop: Printers) -> None:
    shop.journal.accept("a", "labels", request_for("a"))
    because = Fault(code="paper_out", message="Load paper.")
    assert shop.journal.hold_like(shop.job("a"), because) is False
    assert shop.job("a").fault == because
    step = shop.job("a").step
    assert shop.journal.hold_like(shop.job("a"), because) is False
    assert shop.job("a").step == step
