"""A counter with three printers, a box that is killed and started again, people who decide; and the paper, counted at the end."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from drivers.documents.templates import fill, load_template
from edge_agent.errors import AgentError
from edge_agent.jobs import TERMINAL, Action, Job
from edge_agent.journal import Journal
from edge_agent.wire.codec import decode, decode_fact
from edge_agent.wire.facts import JobChanged, JobState, Proof
from edge_agent.wire.messages import Envelope, Stream
from tests.chaos.paper_printer import PaperPrinter, picture_of
from tests.chaos.print_box import BODIES, open_journal, request_for

T = TypeVar("T")
KINDS = {"receipts": "receipt", "receipts-2": "receipt", "labels": "label"}
MODELS = {"receipt": "escpos", "label": "zpl"}
PROOF_SECONDS = 1.0
NO_PAPER = (JobState.CANCELLED, JobState.FAILED, JobState.EXPIRED)


@dataclass
class Counter3:
    """See the module's docstring.  `again`: by job, how often a person had it printed again; `killed`: lives that ended so."""

    folder: Path
    process: asyncio.subprocess.Process
    printers: dict[str, PaperPrinter] = field(default_factory=lambda: {name: PaperPrinter(MODELS[KINDS[name]]) for name in KINDS})
    again: Counter[str] = field(default_factory=Counter)
    killed: int = 0
    wanted: list[str] = field(default_factory=list)
    prefix: str = field(default_factory=lambda: f"{secrets.token_hex(2)}-")
    """Of its jobs' ids, which are global."""

    # --- the box -----------------------------------------------------------------------------------------------------------------

    async def live(self, *, kill_after: float | None = None, failpoint: str = "") -> int:
        """One life of the box; how it ended."""
        wish = {
            "folder": str(self.folder),
            "devices": [self._device(name) for name in self.printers],
            "failpoints": {failpoint: "crash"} if failpoint else {},
            "kill_after": kill_after,
            "proof_seconds": PROOF_SECONDS,
        }
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(wish).encode() + b"\n")
        code = int((await self._answer())["code"])
        self.killed += code == -9
        return code

    async def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(60):
            answer: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return answer

    def _device(self, name: str) -> dict[str, object]:
        kind = KINDS[name]
        others = [other for other in KINDS if KINDS[other] == kind and other != name]
        device = {"id": name, "kind": f"{kind}_printer", "model": MODELS[kind], "address": self.printers[name].address}
        return {**device, "stand_ins": others}

    # --- people, while the box is down -------------------------------------------------------------------------------------------

    def at_journal(self, work: Callable[[Journal], T]) -> T:
        journal = open_journal(self.folder)
        try:
            return work(journal)
        finally:
            journal._facts.close()

    def want(self, printer: str, count: int = 1, *, priority: int = 5) -> list[str]:
        """Jobs' ids."""
        ids = [f"{self.prefix}{len(self.wanted) + number:05d}" for number in range(count)]
        self.wanted += ids

        def accept(journal: Journal) -> None:
            for job in ids:
                journal.accept(job, printer, request_for(job, KINDS[printer], priority=priority))

        self.at_journal(accept)
        return ids

    def cancel_some(self, random: Random) -> None:
        def cancel(journal: Journal) -> None:
            for job in journal.unfinished():
                if random.random() < 0.1:
                    try:
                        journal.advance(job.id, Action.CANCEL)
                    except AgentError:
                        continue

        self.at_journal(cancel)

    def decide(self, random: Random) -> None:
        """A person looks for each paper in doubt, and now and then has it printed again although it is there."""
        on_paper = self.papers()

        def resolve(journal: Journal) -> None:
            for job in journal.unfinished():
                if job.state is not JobState.UNCERTAIN:
                    continue
                if on_paper[job.id] and random.random() < 0.8:
                    journal.confirm(job.id)
                else:
                    journal.advance(job.id, Action.AGAIN)
                    self.again[job.id] += 1

        self.at_journal(resolve)

    # --- a day of it -------------------------------------------------------------------------------------------------------------

    async def rage(self, random: Random, kills: int, is_over: Callable[[], bool] = lambda: False) -> None:
        """Jobs, faults and people, and the box killed at any instant, so many times."""
        until = self.killed + kills
        while self.killed < until and not is_over():
            printer = random.choice(["receipts", "receipts", "receipts-2", "labels"])
            self.want(printer, random.randint(1, 3), priority=random.randint(0, 9))
            for name, printer_ in self.printers.items():
                if name != "labels":
                    printer_.fault("paper_out", on=random.random() < 0.25)
                if random.random() < 0.15:
                    printer_.cut_after = random.randint(1, 3000)
            await self.live(kill_after=random.uniform(0.01, 0.25))
            for printer_ in self.printers.values():
                printer_.plug()
            if random.random() < 0.3:
                self.cancel_some(random)
            if random.random() < 0.3:
                self.decide(random)

    async def finish(self, random: Random) -> None:
        """All well again; people decide until nothing is left to decide."""
        for printer in self.printers.values():
            printer.cut_after = None
            printer.plug()
            printer.fault("paper_out", on=False)
        for _ in range(12):
            assert await self.live() == 0
            self.decide(random)
            if self.at_journal(lambda journal: not journal.unfinished()):
                return
        raise AssertionError("people decide without end")

    # --- what came of it ---------------------------------------------------------------------------------------------------------

    def papers(self) -> Counter[str]:
        return sum((printer.copies() for printer in self.printers.values()), Counter[str]())

    def job(self, job_id: str) -> Job:
        found = self.at_journal(lambda journal: journal.find(job_id))
        assert found is not None
        return found

    def judge(self) -> list[str]:
        """What is wrong; empty if the paper is what the jobs say."""
        papers = self.papers()
        edges: dict[str, list[JobChanged]] = {job: [] for job in self.wanted}

        def read(journal: Journal) -> dict[str, Job]:
            for row in journal._outbox.window(Stream.RESULT, limit=100_000, limit_bytes=1 << 30):
                fact = decode_fact(decode(Envelope, row.payload))
                if isinstance(fact, JobChanged):
                    edges[fact.job].append(fact)
            return {job: found for job in self.wanted if (found := journal.find(job)) is not None}

        jobs = self.at_journal(read)
        return [problem for job in self.wanted for problem in self._problems(jobs[job], edges[job], papers[job])]

    def _problems(self, job: Job, edges: list[JobChanged], copies: int) -> list[str]:
        doubted = sum(fact.state is JobState.UNCERTAIN for fact in edges)
        plain = self._plain(job) if copies > 1 else copies
        is_confirmed = job.proof is Proof.CONFIRMED
        problems = {
            "not at its end": job.state not in TERMINAL,
            "steps with a gap": [fact.step for fact in edges] != list(range(1, job.step + 1)),
            "on after its end": any(fact.state in TERMINAL for fact in edges[:-1]),
            "confirmed, not exactly once": is_confirmed and not doubted and copies != 1,
            "confirmed, and not there": is_confirmed and copies == 0,
            "ended without paper, and there": job.state in NO_PAPER and not doubted and copies != 0,
            "twice without a mark": plain > 1,
            "more often than it was asked for": copies > 1 + self.again[job.id],
        }
        told = [(fact.state.value, fact.printer) for fact in edges]
        return [f"{job.id} {job.state} {job.proof}: {what}; {copies} copies; {told}" for what, is_so in problems.items() if is_so]

    def _plain(self, job: Job) -> int:
        """How many of its papers bear no COPY mark."""
        kind = job.request.template
        picture = picture_of(MODELS[kind], kind, fill(load_template(BODIES[kind]), job.request.data), copy_mark=False)
        return sum(printer.copies_like(picture) for printer in self.printers.values())


@asynccontextmanager
async def open_counter(folder: Path, unplugged: Iterable[str] = (), beside: Counter3 | None = None) -> AsyncIterator[Counter3]:
    """`beside`: another box whose printers this one uses as well."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chaos.print_box",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    counter = Counter3(folder, process) if beside is None else Counter3(folder, process, beside.printers)
    try:
        await counter._answer()
        for name, printer in counter.printers.items():
            if beside is None:
                await printer.switch_on()
                if name not in unplugged:
                    printer.plug()
        yield counter
    except BaseException as error:
        log = folder / "box.log"
        error.add_note(log.read_text(errors="replace")[-3000:] if log.exists() else "the box never lived")
        raise
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        for printer in counter.printers.values() if beside is None else ():
            await printer.switch_off()
