"""A box with several printers whose paper can be looked at; everything runs in the loop's own turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from drivers.devices import PrinterStatus, Readiness
from drivers.documents.templates import Template
from edge_agent.disk import InlineDisk
from edge_agent.jobs import Job
from edge_agent.journal import Journal
from edge_agent.spooler import Spooler
from edge_agent.standing_in import StandIn
from edge_agent.wire.facts import JobState
from edge_agent.wire.messages import Condition, Priority
from tests.edge_agent.conftest import FixedClock, let_pass
from tests.edge_agent.paper import READY, PaperPort, request_for, template_of

PAPER_OUT = PrinterStatus(Readiness.FAULT, ("paper_out",))
AFTER = 30.0


class Printers:
    """`port[name].paper` is what came out.  `labels` has `spare` as its stand-in, after 30 s."""

    def __init__(
        self, folder: Path, journal: Journal, clock: FixedClock, names: tuple[str, ...] = ("labels", "spare", "other")
    ) -> None:
        self.port = {name: PaperPort(folder / name) for name in names}
        self.journal = journal
        self.clock = clock
        self.rules: Mapping[str, StandIn] = {"labels": StandIn(("spare",), AFTER)}
        self.template: Callable[[str, str], Awaitable[Template]] = template_of
        self.start()

    def start(self) -> None:
        """A new process over the same journal."""
        self.spooler = Spooler(self.journal, InlineDisk(), self.port, self._template, self.clock, self.rules)

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

    async def wants(self, job_id: str, printer: str = "labels", priority: int = Priority.NORMAL, version: str = "") -> Job:
        request = replace(request_for(job_id), priority=priority)
        return await self.spooler.request(job_id, printer, replace(request, version=version) if version else request)

    def breaks(self, printer: str) -> None:
        self.port[printer].ready = PAPER_OUT
        self.spooler.told(printer, Condition.FAULT)

    def is_put_right(self, printer: str) -> None:
        self.port[printer].ready = READY
        self.spooler.told(printer, Condition.READY)

    async def passes(self, seconds: float) -> None:
        """For the box's clock and the loop's."""
        self.clock.advance(timedelta(seconds=seconds))
        await let_pass(seconds)

    def job(self, job_id: str) -> Job:
        job = self.journal.find(job_id)
        assert job is not None
        return job

    def reason(self, job_id: str) -> str | None:
        """Why it waits."""
        fault = self.job(job_id).fault
        return fault.code if fault is not None else None

    async def until(self, holds: Callable[[], bool]) -> None:
        for _ in range(4000):
            if holds():
                return
            await asyncio.sleep(0)
        raise AssertionError(f"did not come to pass; jobs: {self.journal.unfinished()}")

    async def until_is(self, job_id: str, *states: JobState) -> Job:
        await self.until(lambda: self.job(job_id).state in states)
        return self.job(job_id)

    def papers(self, printer: str) -> list[str]:
        return self.port[printer].printed()
