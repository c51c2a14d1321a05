"""The spooler: every job comes to one end, and nothing is printed twice in silence."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from drivers.devices import PrinterStatus, PrintProof, Readiness
from drivers.documents.templates import Template
from drivers.errors import DeviceFault, DeviceTimeout, DeviceUnavailable, DriverError, Unsupported
from edge_agent.disk import InlineDisk
from edge_agent.faults import IN_DOUBT
from edge_agent.jobs import Action, IllegalTransition, Job
from edge_agent.journal import Journal
from edge_agent.outbox import Outbox
from edge_agent.printer_port import NothingSent
from edge_agent.seams import FailpointTriggered
from edge_agent.spooler import Resolution, Spooler
from edge_agent.templates import TemplateUnavailable, UnknownTemplate
from edge_agent.wire.facts import JobState, Proof
from edge_agent.wire.messages import JobRequest
from tests.edge_agent.conftest import FixedClock
from tests.edge_agent.paper import READY, PaperPort, open_journal, request_for, template_of

PAPER_OUT = PrinterStatus(Readiness.FAULT, ("paper_out",))
SILENT = PrinterStatus(Readiness.UNKNOWN)


class Shop:
    """A box with one label printer whose paper can be looked at."""

    def __init__(self, folder: Path, journal: Journal, clock: FixedClock) -> None:
        self.port = PaperPort(folder / "paper")
        self.journal = journal
        self.clock = clock
        self.template: Callable[[str, str], Awaitable[Template]] = template_of
        self.spooler = Spooler(journal, InlineDisk(), {"label": self.port}, self._template, clock)

    async def _template(self, name: str, version: str) -> Template:
        return await self.template(name, version)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.spooler.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def wants(self, job_id: str, request: JobRequest | None = None) -> Job:
        return await self.spooler.request(job_id, "label", request or request_for(job_id))

    def job(self, job_id: str) -> Job:
        job = self.journal.find(job_id)
        assert job is not None
        return job

    async def until(self, holds: Callable[[], bool]) -> None:
        """Everything here runs in the loop's own turns, so a number of turns is a bound, not a time."""
        for _ in range(2000):
            if holds():
                return
            await asyncio.sleep(0)
        raise AssertionError(f"did not come to pass; jobs: {self.journal.unfinished()}")

    async def until_is(self, job_id: str, state: JobState) -> Job:
        await self.until(lambda: self.job(job_id).state is state)
        return self.job(job_id)


@pytest.fixture
def shop(tmp_path: Path, outbox: Outbox, clock: FixedClock) -> Shop:
    return Shop(tmp_path, Journal(outbox._facts, outbox, clock), clock)


async def test_a_job_is_printed_once_with_its_proof(shop: Shop) -> None:
    async with shop.running():
        await shop.wants("milk")
        job = await shop.until_is("milk", JobState.PRINTED)
    assert job.proof is Proof.CONFIRMED
    assert shop.port.printed() == ["milk"]


@pytest.mark.parametrize("proof", PrintProof)
async def test_the_proof_is_what_the_device_gave(shop: Shop, proof: PrintProof) -> None:
    shop.port.proof = proof
    async with shop.running():
        await shop.wants("milk")
        assert (await shop.until_is("milk", JobState.PRINTED)).proof == Proof(proof.value)


async def test_a_printer_that_never_answers_is_sent_its_jobs_unseen(shop: Shop) -> None:
    shop.port.ready = PrinterStatus(Readiness.UNKNOWN, is_one_way=True)
    shop.port.proof = PrintProof.WRITTEN
    async with shop.running():
        await shop.wants("milk")
        assert (await shop.until_is("milk", JobState.PRINTED)).proof is Proof.WRITTEN
    assert shop.port.printed() == ["milk"]


async def test_jobs_come_out_in_order_and_a_repeated_request_does_nothing(shop: Shop) -> None:
    async with shop.running():
        for job_id in ("a", "b", "c", "a", "b"):
            await shop.wants(job_id)
        await shop.until_is("c", JobState.PRINTED)
        await shop.wants("a")
        await shop.until(lambda: not shop.journal.unfinished())
    assert shop.port.printed() == ["a", "b", "c"]


@pytest.mark.parametrize(("status", "code"), [(PAPER_OUT, "paper_out"), (SILENT, "no_answer")])
async def test_a_printer_that_is_not_ready_keeps_its_jobs_with_the_reason(shop: Shop, status: PrinterStatus, code: str) -> None:
    shop.port.ready = status
    async with shop.running():
        await shop.wants("a")
        await shop.wants("b")
        await shop.until(lambda: shop.job("a").fault is not None)
        held = shop.job("a")
        assert (held.state, held.fault.code if held.fault else None) == (JobState.QUEUED, code)
        asked = shop.port.asked
        shop.spooler.wake("label")
        await shop.until(lambda: shop.port.asked > asked)
        assert shop.job("a").step == held.step, "the same reason is told once"
        shop.port.ready = READY
        shop.spooler.wake("label")
        await shop.until_is("b", JobState.PRINTED)
    assert shop.port.printed() == ["a", "b"]


@pytest.mark.parametrize("error", [DeviceUnavailable("gone"), DeviceTimeout("stuck"), DeviceFault("stopped", ("paper_out",))])
async def test_an_error_after_the_first_byte_is_uncertain_and_the_next_job_goes_on(shop: Shop, error: DriverError) -> None:
    shop.port.send_errors = [error]
    async with shop.running():
        await shop.wants("a")
        await shop.wants("b")
        await shop.until_is("b", JobState.PRINTED)
    assert shop.job("a").state is JobState.UNCERTAIN
    assert shop.job("a").fault is not None


async def test_no_proof_after_the_last_byte_is_uncertain(shop: Shop) -> None:
    shop.port.prove_errors = [DeviceFault("stopped", ("paper_out",))]
    async with shop.running():
        await shop.wants("a")
        job = await shop.until_is("a", JobState.UNCERTAIN)
    assert job.fault is not None
    assert job.fault.code == "paper_out"
    assert job.fault.message == f"The printer is out of paper or labels. {IN_DOUBT}"


async def test_a_send_of_which_no_byte_left_is_tried_again_without_a_copy_mark(shop: Shop) -> None:
    shop.port.send_errors = [NothingSent("the printer went away before")]
    async with shop.running():
        await shop.wants("a")
        await shop.until(lambda: shop.job("a").fault is not None)
        assert shop.job("a").state is JobState.QUEUED
        shop.spooler.wake("label")
        await shop.until_is("a", JobState.PRINTED)
    assert shop.port.printed() == ["a"]


async def test_a_person_saw_it(shop: Shop) -> None:
    shop.port.send_errors = [DeviceTimeout("stuck")]
    async with shop.running():
        await shop.wants("a")
        await shop.until_is("a", JobState.UNCERTAIN)
        job = await shop.spooler.resolve("a", Resolution.PRINTED)
    assert (job.state, job.proof) == (JobState.PRINTED, Proof.PERSON)
    assert shop.port.printed() == []


async def test_a_person_has_it_printed_again_and_the_copy_says_so(shop: Shop) -> None:
    shop.port.send_errors = [DeviceTimeout("stuck")]
    expires = request_for("a")
    async with shop.running():
        await shop.wants("a", expires)
        await shop.until_is("a", JobState.UNCERTAIN)
        await shop.spooler.resolve("a", Resolution.AGAIN)
        await shop.until_is("a", JobState.PRINTED)
    assert shop.port.printed() == ["a COPY"]


async def test_a_paper_that_was_printed_before_says_so_and_expires_as_any_other(shop: Shop) -> None:
    copy = replace(request_for("a"), copy=True)
    late = replace(copy, expires_at=datetime(2026, 11, 21, 7, 0, tzinfo=UTC))
    async with shop.running():
        await shop.wants("a", copy)
        await shop.wants("b", late)
        await shop.until_is("a", JobState.PRINTED)
        await shop.until_is("b", JobState.EXPIRED)
    assert shop.port.printed() == ["a COPY"]


@pytest.mark.parametrize("outcome", Resolution)
async def test_only_an_uncertain_job_is_decided_by_a_person(shop: Shop, outcome: Resolution) -> None:
    await shop.wants("a")
    with pytest.raises(IllegalTransition):
        await shop.spooler.resolve("a", outcome)
    shop.journal.advance("a", Action.SEND)
    shop.journal.advance("a", Action.WROTE)
    with pytest.raises(IllegalTransition):
        await shop.spooler.resolve("a", outcome)


async def test_a_waiting_job_is_cancelled_and_never_printed(shop: Shop) -> None:
    shop.port.ready = PAPER_OUT
    async with shop.running():
        await shop.wants("a")
        await shop.wants("b")
        await shop.until(lambda: shop.job("a").fault is not None)
        await shop.spooler.cancel("a")
        shop.port.ready = READY
        shop.spooler.wake("label")
        await shop.until_is("b", JobState.PRINTED)
    assert shop.port.printed() == ["b"]
    with pytest.raises(IllegalTransition):
        await shop.spooler.cancel("b")


async def test_a_job_expires_in_the_queue_by_boot_time(shop: Shop) -> None:
    shop.port.ready = PAPER_OUT
    expiring = JobRequest(template="t", version="v", data={}, expires_at=datetime(2026, 11, 21, 8, 10, tzinfo=UTC))
    async with shop.running():
        await shop.wants("a", expiring)
        shop.clock.wall += timedelta(days=3650)  # a wall clock that jumps ends no job
        shop.spooler.wake("label")
        await shop.until(lambda: shop.job("a").fault is not None)
        assert shop.job("a").state is JobState.QUEUED
        shop.clock.advance(timedelta(minutes=10))
        shop.spooler.wake("label")
        await shop.until_is("a", JobState.EXPIRED)
    assert shop.port.printed() == []


async def test_a_request_that_comes_too_late_expires_unprinted(shop: Shop) -> None:
    late = JobRequest(template="t", version="v", data={}, expires_at=datetime(2026, 11, 21, 7, 0, tzinfo=UTC))
    async with shop.running():
        await shop.wants("a", late)
        await shop.until_is("a", JobState.EXPIRED)


async def test_a_missing_template_waits_and_lets_others_pass(shop: Shop) -> None:
    is_there = False

    async def template(name: str, version: str) -> Template:
        if version == "missing" and not is_there:
            raise TemplateUnavailable("the controller does not answer")
        return await template_of(name, version)

    shop.template = template
    missing = JobRequest(template="t", version="missing", data={"name": "a"})
    async with shop.running():
        await shop.wants("a", missing)
        await shop.wants("a2", missing)
        await shop.wants("b")
        await shop.until_is("b", JobState.PRINTED)
        for job_id in ("a", "a2"):
            held = shop.job(job_id)
            assert (held.state, held.fault.code if held.fault else None) == (JobState.QUEUED, "template_unavailable")
        is_there = True
        shop.spooler.wake("label")
        await shop.until_is("a2", JobState.PRINTED)


@pytest.mark.parametrize(
    ("error", "code"),
    [(Unsupported("too wide"), "unsupported"), (ZeroDivisionError("a bug of ours"), "internal_error")],
)
async def test_what_cannot_be_rendered_fails_and_does_not_block(shop: Shop, error: Exception, code: str) -> None:
    shop.port.encode_errors = [error]
    async with shop.running():
        await shop.wants("a")
        await shop.wants("b")
        await shop.until_is("b", JobState.PRINTED)
    job = shop.job("a")
    assert (job.state, job.fault.code if job.fault else None) == (JobState.FAILED, code)


async def test_data_that_does_not_fit_and_unknown_templates_fail_with_a_sentence(shop: Shop) -> None:
    async with shop.running():
        await shop.wants("a", JobRequest(template="t", version="v", data={"nome": "x"}))
        job = await shop.until_is("a", JobState.FAILED)
        assert job.fault is not None
        assert "nome is no field" in job.fault.message

        async def template(_name: str, _version: str) -> Template:
            raise UnknownTemplate("there is no such template")

        shop.template = template
        await shop.wants("b")
        assert (await shop.until_is("b", JobState.FAILED)).fault is not None


async def test_an_unknown_printer_fails_at_once(shop: Shop) -> None:
    job = await shop.spooler.request("a", "no-such-printer", request_for("a"))
    assert (job.state, job.fault.code if job.fault else None) == (JobState.FAILED, "unknown_printer")


async def test_a_job_whose_printer_was_taken_away_says_so_and_can_be_cancelled(shop: Shop) -> None:
    shop.journal.accept("a", "old-printer", request_for("a"))
    async with shop.running():
        await shop.until(lambda: shop.job("a").fault is not None)
        assert (await shop.spooler.cancel("a")).state is JobState.CANCELLED


async def test_an_exception_of_ours_after_the_first_byte_is_uncertain(shop: Shop) -> None:
    shop.port.send_errors = [FailpointTriggered("print.after_first_byte")]
    async with shop.running():
        await shop.wants("a")
        await shop.wants("b")
        await shop.until(lambda: not shop.port.send_errors)
        shop.spooler.wake("label")
        await shop.until_is("b", JobState.PRINTED)
    assert shop.job("a").state is JobState.UNCERTAIN
    assert shop.port.printed() == ["b"]


async def _crashed(folder: Path, failpoint: str, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.edge_agent.paper",
        str(folder),
        "milk",
        *arguments,
        env=os.environ | {"SHELFWIRE_FAILPOINTS": f"{failpoint}=crash"},
    )
    assert await asyncio.wait_for(process.wait(), 30) == -signal.SIGKILL


@pytest.mark.parametrize(
    ("failpoint", "on_paper"),
    [
        ("print.after_sending_persisted", ""),
        ("print.after_first_byte", "M"),
        ("print.after_last_byte", "Milk\n"),
        ("print.before_printed_persisted", "Milk\n"),
    ],
)
async def test_after_kill_9_nothing_is_printed_twice_in_silence(tmp_path: Path, failpoint: str, on_paper: str) -> None:
    await _crashed(tmp_path, failpoint)
    journal = open_journal(tmp_path)
    shop = Shop(tmp_path, journal, FixedClock())
    async with shop.running():
        await shop.wants("milk")  # the controller asks again, as it does
        await shop.wants("bread")
        await shop.until_is("bread", JobState.PRINTED)
        assert shop.job("milk").state is JobState.UNCERTAIN
        assert shop.port.paper.read_text() == on_paper + "bread\n"
        await shop.spooler.resolve("milk", Resolution.AGAIN)
        await shop.until_is("milk", JobState.PRINTED)
    assert shop.port.paper.read_text() == on_paper + "bread\nMilk COPY\n"
    journal._facts.close()


async def test_after_kill_9_a_test_job_repeats_with_a_copy_mark(tmp_path: Path) -> None:
    await _crashed(tmp_path, "print.after_last_byte", "test")
    journal = open_journal(tmp_path)
    shop = Shop(tmp_path, journal, FixedClock())
    async with shop.running():
        await shop.until_is("milk", JobState.PRINTED)
    assert shop.port.printed() == ["Milk", "Milk COPY"]
    journal._facts.close()


async def test_it_ends_also_when_it_is_stopped_in_the_instant_it_is_woken(shop: Shop) -> None:
    """`asyncio.wait_for` lost such a stop until Python 3.12: the agent did not end, and had to be killed."""
    shop.port.ready = PAPER_OUT
    task = asyncio.create_task(shop.spooler.run())
    await shop.wants("milk")
    await shop.until_is("milk", JobState.QUEUED)
    for _ in range(50):
        await asyncio.sleep(0)
    shop.spooler.wake("label")
    task.cancel()
    ended, _ = await asyncio.wait([task], timeout=5)
    assert ended
