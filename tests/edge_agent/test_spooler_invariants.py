"""Invariant I6 under any mixture of faults, people and crashes: what a job says is what is on paper."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.devices import Encoded, PrinterStatus, PrintProof, Readiness
from drivers.documents.model import Label, Receipt
from drivers.errors import DeviceFault, DeviceTimeout
from edge_agent.disk import InlineDisk
from edge_agent.facts import FactsDb, FactsLimits
from edge_agent.jobs import TERMINAL, IllegalTransition, UnknownJob
from edge_agent.journal import Journal
from edge_agent.outbox import Identity, Outbox
from edge_agent.printer_port import NothingSent
from edge_agent.spooler import Resolution, Spooler
from edge_agent.wire.codec import decode, decode_fact
from edge_agent.wire.facts import JobChanged, JobState, Proof
from edge_agent.wire.messages import Envelope, Stream
from tests.edge_agent.conftest import FixedClock
from tests.edge_agent.paper import READY, request_for, template_of

TURNS = tuple(str(turns) for turns in range(12))
JOBS = ("a", "b", "c", "test", *(f"crash-{turns}" for turns in TURNS))
STEPS = st.one_of(
    st.tuples(st.just("request"), st.sampled_from(JOBS)),
    st.tuples(st.just("cancel"), st.sampled_from(JOBS)),
    st.tuples(st.just("saw it"), st.sampled_from(JOBS)),
    st.tuples(st.just("again"), st.sampled_from(JOBS)),
    st.tuples(st.just("fault"), st.sampled_from(["lost before", "lost after", "nothing sent", "no proof"])),
    st.tuples(st.just("paper"), st.sampled_from(["in", "out"])),
    st.tuples(st.just("turns"), st.sampled_from(["1", "2", "3", "5", "8"])),
    st.tuples(st.just("crash while it prints"), st.sampled_from(TURNS)),
)


class Printer:
    """`paper` counts the copies of each job, `marked` those with a COPY mark."""

    def __init__(self) -> None:
        self.paper: Counter[str] = Counter()
        self.marked: Counter[str] = Counter()
        self.ready = READY
        self.fault = ""

    async def status(self) -> PrinterStatus:
        await asyncio.sleep(0)
        return self.ready

    async def encode(self, document: Label | Receipt, *, copies: int, copy_mark: bool) -> Encoded:
        assert isinstance(document, Label)
        (text,) = document.elements
        return Encoded(f"{getattr(text, 'text', '')}|{copy_mark}".encode(), copies)

    async def send(self, encoded: Encoded) -> None:
        await asyncio.sleep(0)
        fault, self.fault = self.fault, ""
        if fault == "nothing sent":
            raise NothingSent("not there")
        if fault == "lost before":
            raise DeviceTimeout("stuck")
        job, _, mark = encoded.data.decode().partition("|")
        self.paper[job] += 1
        self.marked[job] += mark == "True"
        if fault == "lost after":
            raise DeviceTimeout("stuck")
        self.fault = fault
        await asyncio.sleep(0)

    async def prove(self, encoded: Encoded, timeout: float) -> PrintProof:
        del encoded, timeout
        await asyncio.sleep(0)
        fault, self.fault = self.fault, ""
        if fault == "no proof":
            raise DeviceFault("stopped", ("paper_out",))
        return PrintProof.CONFIRMED


class Box:
    """A box that can crash between any two turns of its loop; facts.db and the paper stay."""

    def __init__(self, folder: Path) -> None:
        clock = FixedClock()
        self.facts = FactsDb(folder / "facts.db", FactsLimits(ballast_bytes=0))
        self.outbox = Outbox(self.facts, Identity(site="s", box="b", boot="boot"), clock, Random(1))
        self.journal = Journal(self.facts, self.outbox, clock)
        self.clock = clock
        self.printer = Printer()
        self.start()

    def start(self) -> None:
        self.spooler = Spooler(self.journal, InlineDisk(), {"label": self.printer}, template_of, self.clock)
        self.task = asyncio.create_task(self.spooler.run())

    async def crash(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def turn(self, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)

    async def does(self, what: str, which: str) -> None:
        match what:
            case "request":
                await self.spooler.request(which, "label", request_for(which, test=which == "test"))
            case "cancel":
                await self.spooler.cancel(which)
            case "saw it":
                await self.spooler.resolve(which, Resolution.PRINTED)
            case "again":
                await self.spooler.resolve(which, Resolution.AGAIN)
            case "fault":
                self.printer.fault = which
            case "paper":
                self.printer.ready = READY if which == "in" else PrinterStatus(Readiness.FAULT, ("paper_out",))
                self.spooler.wake("label")
            case "turns":
                await self.turn(int(which))
            case "crash while it prints":
                await self.spooler.request(f"crash-{which}", "label", request_for(f"crash-{which}"))
                await self.turn(int(which))
                await self.crash()
                self.start()

    def told(self) -> list[JobChanged]:
        rows = self.outbox.window(Stream.RESULT, limit=10_000)
        return [fact for row in rows if isinstance(fact := decode_fact(decode(Envelope, row.payload)), JobChanged)]


@settings(max_examples=80, deadline=None)
@given(st.lists(STEPS, max_size=30))
def test_what_a_job_says_is_what_is_on_paper(steps: list[tuple[str, str]]) -> None:
    asyncio.run(_play(steps))


async def _play(steps: list[tuple[str, str]]) -> None:
    with TemporaryDirectory() as folder:
        box = Box(Path(folder))
        try:
            for what, which in steps:
                try:
                    await box.does(what, which)
                except (UnknownJob, IllegalTransition):
                    continue
            box.printer.ready, box.printer.fault = READY, ""
            for _ in range(8):  # whatever waits, waits for nothing any more
                box.spooler.wake("label")
                await box.turn(60)
            _check(box)
        finally:
            await box.crash()
            box.facts.close()


def _check(box: Box) -> None:
    told = box.told()
    for job_id in JOBS:
        job = box.journal.find(job_id)
        edges = [fact for fact in told if fact.job == job_id]
        copies, marked = box.printer.paper[job_id], box.printer.marked[job_id]
        if job is None:
            assert copies == 0
            continue
        assert job.state in (*TERMINAL, JobState.UNCERTAIN), f"{job_id} hangs: {edges}"
        assert [fact.step for fact in edges] == list(range(1, job.step + 1))
        assert copies - marked <= 1, "only the first may come without a COPY mark"
        assert copies <= job.attempt
        if job.proof is Proof.CONFIRMED:
            assert copies >= 1
            assert copies == 1 or job.attempt > 1
        if job.state is JobState.CANCELLED and job.attempt == 1:
            assert copies == 0
