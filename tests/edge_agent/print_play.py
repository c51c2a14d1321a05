"""Two printers that stand in for each other, people, faults and crashes, played step by step; and what must hold after (I6).

`play` runs any list of steps against the real journal and spooler; the printers count their paper.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from drivers.devices import Encoded, PrinterStatus, PrintProof, Readiness
from drivers.documents.model import Label, Receipt
from drivers.errors import DeviceFault, DeviceTimeout
from edge_agent.disk import InlineDisk
from edge_agent.errors import AgentError
from edge_agent.facts import FactsDb, FactsLimits
from edge_agent.jobs import IN_FLIGHT, TERMINAL, Job
from edge_agent.journal import Journal
from edge_agent.outbox import Identity, Outbox
from edge_agent.printer_port import NothingSent
from edge_agent.spooler import Resolution, Spooler
from edge_agent.standing_in import StandIn
from edge_agent.wire.codec import decode, decode_fact
from edge_agent.wire.facts import JobChanged, JobState, Proof
from edge_agent.wire.messages import Condition, Envelope, Stream
from tests.edge_agent.conftest import FixedClock
from tests.edge_agent.paper import READY, request_for, template_of

PRINTERS = ("labels", "spare")
AFTER = 30.0
TURNS = tuple(str(turns) for turns in range(16))
JOBS = ("a", "b", "c", "test", *(f"crash-{turns}" for turns in TURNS))
FAULTS = ("lost before", "lost after", "nothing sent", "no proof")
STEPS: dict[str, tuple[str, ...]] = {
    "request": JOBS,
    "cancel": JOBS,
    "saw it": JOBS,
    "again": JOBS,
    "move": JOBS,
    "urgent": JOBS,
    "labels fault": FAULTS,
    "spare fault": FAULTS,
    "labels paper": ("in", "out"),
    "spare paper": ("in", "out"),
    "turns": ("1", "2", "3", "5", "8"),
    "seconds": ("3", "6", "31"),
    "crash while it prints": TURNS,
}
Step = tuple[str, str]


class Violated(AssertionError):
    """I6 does not hold."""


class Printer:
    """`paper` counts the copies of each job, `marked` those with a COPY mark."""

    def __init__(self, name: str, find: Callable[[str], Job | None]) -> None:
        self.name = name
        self.paper: Counter[str] = Counter()
        self.marked: Counter[str] = Counter()
        self.ready = READY
        self.fault = ""
        self.wrong: list[str] = []
        self._find = find

    async def status(self) -> PrinterStatus:
        await asyncio.sleep(0)
        return self.ready

    async def encode(self, document: Label | Receipt, *, copies: int, copy_mark: bool) -> Encoded:
        assert isinstance(document, Label)
        await asyncio.sleep(0)
        (text,) = document.elements
        return Encoded(f"{getattr(text, 'text', '')}|{copy_mark}".encode(), copies)

    async def send(self, encoded: Encoded) -> None:
        name, _, mark = encoded.data.decode().partition("|")
        self._check_lease(name)
        await asyncio.sleep(0)
        fault, self.fault = self.fault, ""
        if fault == "nothing sent":
            raise NothingSent("not there")
        if fault == "lost before":
            raise DeviceTimeout("stuck")
        self.paper[name] += 1
        self.marked[name] += mark == "True"
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

    def _check_lease(self, name: str) -> None:
        """What the journal says before the first byte: on its way, and at this printer."""
        job = self._find(name)
        if job is None or job.state not in IN_FLIGHT or job.printer != self.name:
            self.wrong.append(f"{self.name} was sent {name}, which the journal has as {job}")


class Box:
    """A box that can crash between any two turns of its loop; facts.db and the paper stay."""

    def __init__(self, folder: Path) -> None:
        self.clock = FixedClock()
        self.facts = FactsDb(folder / "facts.db", FactsLimits(ballast_bytes=0))
        self.outbox = Outbox(self.facts, Identity(site="s", box="b", boot="boot"), self.clock, Random(1))
        self.journal = Journal(self.facts, self.outbox, self.clock)
        self.printers = {name: Printer(name, self.journal.find) for name in PRINTERS}
        self.again: Counter[str] = Counter()
        """By job: how often a person had it printed again."""
        self.start()

    def start(self) -> None:
        rules = {"labels": StandIn(("spare",), AFTER), "spare": StandIn(("labels",), AFTER)}
        self.spooler = Spooler(self.journal, InlineDisk(), self.printers, template_of, self.clock, rules)
        self.task = asyncio.create_task(self.spooler.run())
        for name in PRINTERS:
            self.tell(name)

    def tell(self, name: str) -> None:
        is_ready = self.printers[name].ready is READY
        self.spooler.told(name, Condition.READY if is_ready else Condition.FAULT)

    async def crash(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def turn(self, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
            if self.task.done():
                self.task.result()

    async def does(self, what: str, which: str) -> None:
        match what.split():
            case ["request"]:
                request = replace(request_for(which, test=which == "test"), priority=len(which))
                await self.spooler.request(which, PRINTERS[which == "b"], request)
            case ["cancel"]:
                await self.spooler.cancel(which)
            case ["saw", "it"]:
                await self.spooler.resolve(which, Resolution.PRINTED)
            case ["again"]:
                await self.spooler.resolve(which, Resolution.AGAIN)
                self.again[which] += 1
            case ["move"]:
                job = self.journal.find(which)
                await self.spooler.move(which, PRINTERS[job is not None and job.printer == "labels"])
            case ["urgent"]:
                await self.spooler.prioritise(which, 0)
            case _:
                await self._happens(what, which)

    async def _happens(self, what: str, which: str) -> None:
        match what.split():
            case [printer, "fault"]:
                self.printers[printer].fault = which
            case [printer, "paper"]:
                self.printers[printer].ready = READY if which == "in" else PrinterStatus(Readiness.FAULT, ("paper_out",))
                self.tell(printer)
            case ["turns"]:
                await self.turn(int(which))
            case ["seconds"]:
                self.pass_seconds(int(which))
            case _:
                await self.spooler.request(f"crash-{which}", "labels", request_for(f"crash-{which}"))
                await self.turn(int(which))
                await self.crash()
                self.start()

    def pass_seconds(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        for name in PRINTERS:
            self.spooler.wake(name)

    async def heal(self) -> None:
        for printer in self.printers.values():
            printer.ready, printer.fault = READY, ""
            self.tell(printer.name)
        for _ in range(10):  # whatever waits, waits for nothing any more
            self.pass_seconds(3)
            await self.turn(80)

    def told(self) -> list[JobChanged]:
        rows = self.outbox.window(Stream.RESULT, limit=10_000)
        return [fact for row in rows if isinstance(fact := decode_fact(decode(Envelope, row.payload)), JobChanged)]


async def play(steps: Sequence[Step]) -> None:
    """Raises Violated."""
    with TemporaryDirectory() as folder:
        box = Box(Path(folder))
        try:
            for what, which in steps:
                try:
                    await box.does(what, which)
                except AgentError:  # not in a state for that
                    continue
            await box.heal()
            check(box)
        finally:
            await box.crash()
            box.facts.close()


def check(box: Box) -> None:
    wrong = [each for printer in box.printers.values() for each in printer.wrong]
    if wrong:
        raise Violated("\n".join(wrong))
    told = box.told()
    for job_id in JOBS:
        edges = [fact for fact in told if fact.job == job_id]
        copies = sum(printer.paper[job_id] for printer in box.printers.values())
        marked = sum(printer.marked[job_id] for printer in box.printers.values())
        problems = _problems(box, job_id, edges, (copies, marked))
        if problems:
            raise Violated(f"{job_id}: {', '.join(problems)}; {copies} copies, {marked} marked; {edges}")


def _problems(box: Box, job_id: str, edges: list[JobChanged], paper: tuple[int, int]) -> list[str]:
    job, (copies, marked) = box.journal.find(job_id), paper
    if job is None:
        return ["on paper, and unknown"] if copies else []
    doubted = sum(fact.state is JobState.UNCERTAIN for fact in edges)
    ended = job.state in TERMINAL
    no_paper = job.state in (JobState.CANCELLED, JobState.FAILED, JobState.EXPIRED)
    problems = {
        "hangs": not ended and job.state is not JobState.UNCERTAIN,
        "its edges are not told step by step": [fact.step for fact in edges] != list(range(1, job.step + 1)),
        "twice without a mark": copies - marked > 1,
        "marked, and nobody asked for it": marked > box.again[job_id] + (job_id == "test"),
        "more often than it was tried": copies > job.attempt,
        "confirmed, and not there": job.proof is Proof.CONFIRMED and copies == 0,
        "confirmed, never in doubt, and not once": job.proof is Proof.CONFIRMED and not doubted and copies != 1,
        "ended without paper, and there": no_paper and not doubted and copies != 0,
        "no end": any(fact.state in TERMINAL for fact in edges[:-1]),
    }
    return [what for what, is_so in problems.items() if is_so]
