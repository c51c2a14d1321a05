"""One queue per printer: whose turn it is, at which printer; people's decisions; what waits, in sight.

A job that cannot go on before its first byte stays in the queue with the reason in sight, and may be printed by a printer that
stands in (`standing_in.py`).  After the first byte there is no way back to the queue but by a person (`resolve`), or for a test
job.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from enum import StrEnum

from edge_agent.config import Config
from edge_agent.disk import Disk
from edge_agent.errors import FactsCorrupt
from edge_agent.faults import fault
from edge_agent.job_expiry import Expiry
from edge_agent.jobs import Action, Job, after
from edge_agent.journal import Change, Journal
from edge_agent.print_attempt import Attempts, Outcome, TemplateOf
from edge_agent.print_moves import Choices, UnknownPrinter, alternative, ask
from edge_agent.print_queue import PrinterQueue, queues, shown
from edge_agent.printer_port import PrinterPort
from edge_agent.private_fields import PrivateOf
from edge_agent.seams import Clock
from edge_agent.standing_in import Rota, StandIn, Turns, stand_ins
from edge_agent.wire.facts import JobState
from edge_agent.wire.messages import Condition, JobRequest

RETRY = 2.0
"""Seconds until a job that waits for its printer or its template is tried again, if nothing wakes its queue before."""
PAUSE_SECONDS = 30.0
"""For a job that is on its way when its printer is to change; after that it is left in doubt, and a person asked."""

_log = logging.getLogger(__name__)


class Resolution(StrEnum):
    """What a person says about an uncertain job."""

    PRINTED = "printed"
    AGAIN = "again"


class Spooler:
    """See the module's docstring.  `rules`: who stands in for whom."""

    def __init__(
        self,
        journal: Journal,
        disk: Disk,
        ports: Mapping[str, PrinterPort],
        template: TemplateOf,
        clock: Clock,
        rules: Mapping[str, StandIn] | None = None,
    ) -> None:
        self._journal = journal
        self._disk = disk
        self._ports = ports  # as they are now: they follow the devices
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._at_work: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._paused: set[str] = set()
        self._rota = Rota(rules or {}, clock)
        self._expiry = Expiry(clock, journal.boot, journal.clock_state)
        self._attempts = Attempts(journal, disk, template, self._asked)
        self._wake: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._turns: defaultdict[str, Turns] = defaultdict(Turns)
        self._cannot: defaultdict[str, set[str]] = defaultdict(set)
        """By printer: template versions of others that it cannot print."""
        self.watching: Callable[[str], AbstractContextManager[None]] = lambda _: contextlib.nullcontext()
        """Around each job at a printer."""
        self._listeners: list[Callable[[], None]] = []

    def ask_for_private(self, private: PrivateOf) -> None:
        """Whom to ask for personal data as a paper is printed."""
        self._attempts.private = private

    # --- people and the controller -----------------------------------------------------------------------------------------------

    async def request(self, job_id: str, device: str, request: JobRequest) -> Job:
        """Take a job in; on return it is on disk.  A repeated id is the job that already is.  Raises OutboxFull."""
        job = await self._disk.run(lambda: self._journal.accept(job_id, device, request))
        if device not in self._ports and job.state is JobState.QUEUED:
            change = Change(because=fault("unknown_printer"))
            return await self._disk.run(lambda: self._journal.advance(job_id, Action.FAIL, change))
        self.wake(job.printer)
        return job

    async def cancel(self, job_id: str, *, person: str | None = None) -> Job:
        """Only before its first byte.  Raises UnknownJob, IllegalTransition."""
        return await self._disk.run(lambda: self._journal.advance(job_id, Action.CANCEL, Change(person=person)))

    async def resolve(self, job_id: str, outcome: Resolution, *, person: str | None = None) -> Job:
        """A person looked at the printer.  Raises UnknownJob, IllegalTransition (the job is not uncertain)."""
        if outcome is Resolution.PRINTED:
            return await self._disk.run(lambda: self._journal.confirm(job_id, person=person))
        job = await self._disk.run(lambda: self._journal.advance(job_id, Action.AGAIN, Change(person=person)))
        self.wake(job.printer)
        return job

    async def move(self, job_id: str, printer: str, *, person: str | None = None) -> Job:
        """A person sends a queued job to another printer, where it stays.

        Raises UnknownJob, UnknownPrinter, NotForThisPrinter, IllegalTransition (it is not queued; LeaseLost: it just moved on).
        """
        job = await self._disk.run(lambda: self._journal.get(job_id))
        port = self._ports.get(printer)
        if port is None:
            raise UnknownPrinter(f"this box has no printer {printer!r}; it has {', '.join(sorted(self._ports))}")
        await ask(job, printer, port, self._attempts.render)
        change = Change(printer=printer, wanted=printer, seen=job, person=person)
        moved = await self._disk.run(lambda: self._journal.advance(job_id, Action.MOVE, change))
        self.wake(printer)
        return moved

    async def choices(self, job_id: str, among: Collection[str]) -> Choices:
        """A queued job, and which others `among` these printers could print it.  Raises UnknownJob, IllegalTransition."""
        job = await self._disk.run(lambda: self._journal.get(job_id))
        after(job.state, Action.MOVE)
        others = [(name, port) for name, port in self._ports.items() if name in among and name != job.printer]
        return Choices(shown(job), [await alternative(job, name, port, self._attempts.render) for name, port in others])

    async def prioritise(self, job_id: str, priority: int, *, person: str | None = None) -> Job:
        """A queued job gets another rank; what is being printed goes on.  Raises UnknownJob, IllegalTransition."""
        change = Change(priority=priority, person=person)
        return await self._disk.run(lambda: self._journal.advance(job_id, Action.PRIORITISE, change))

    async def queues(self) -> list[PrinterQueue]:
        """What waits at each printer, as people are shown it."""
        return await self._disk.run(lambda: queues(self._journal, self._ports))

    def listen(self, listener: Callable[[], None]) -> None:
        """`listener` is called in the loop after each change of any job, while the spooler runs."""
        self._listeners.append(listener)

    # --- devices -----------------------------------------------------------------------------------------------------------------

    def told(self, printer: str, state: Condition, *, is_one_way: bool = False) -> None:
        """A printer's state changed."""
        if printer in self._ports and state is not Condition.BUSY:
            self._asked(printer, state is Condition.READY or is_one_way)
            if state is Condition.READY:
                self.wake(printer)

    def wake(self, printer: str) -> None:
        """Something changed at this printer, or a job came: look at its queue now, and so do those that stand in for it."""
        for each in (printer, *self._rota.helpers(printer)):
            if each in self._ports:
                self._wake[each].set()

    def _asked(self, printer: str, is_ready: bool) -> None:  # noqa: FBT001 -- what Attempts calls
        was_troubled = self._rota.is_troubled(printer)
        self._rota.told(printer, is_ready=is_ready)
        if not is_ready and not was_troubled:
            for helper in self._rota.helpers(printer):
                self._wake[helper].set()

    # --- the queues --------------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled.  What was on its way when the box stopped becomes uncertain first."""
        loop = asyncio.get_running_loop()

        def heard(printers: set[str]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody is left to be told
                loop.call_soon_threadsafe(self._heard, printers)

        self._journal.listen(heard)
        await self._disk.run(self._journal.recover)
        await self._hold_orphans()
        async with asyncio.TaskGroup() as self._group:
            self._serve_all(self._group)
            await loop.create_future()  # printers come and go

    # --- a configuration that changes ----------------------------------------------------------------------------------------

    async def pause(self, printer: str) -> None:
        """Nothing new goes to this printer; the job that is on its way ends first, or `PAUSE_SECONDS` do."""
        self._paused.add(printer)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PAUSE_SECONDS), self._at_work[printer]:
                pass

    def resume(self, printer: str) -> None:
        """It goes on, at whatever port the printer has now."""
        self._paused.discard(printer)
        self.wake(printer)

    async def reconfigure(self, config: Config) -> None:
        """Queues begin and end with their printers; those of printers that are no more hold, with the reason in sight."""
        self._rota.set_rules(stand_ins(config.devices))
        self._cannot.clear()
        if self._group is None:
            return
        for gone in self._serving.keys() - self._ports.keys():
            task = self._serving.pop(gone)
            task.cancel()
            await asyncio.wait([task])
            await self._disk.run(lambda gone=gone: self._journal.recover(gone))  # type: ignore[misc]  # mypy and defaults
        self._serve_all(self._group)
        await self._hold_orphans()
        for printer in self._ports:
            self.resume(printer)

    def _serve_all(self, group: asyncio.TaskGroup) -> None:
        for printer in self._ports.keys() - self._serving.keys():
            self._serving[printer] = group.create_task(self._serve(printer), name=f"spooler[{printer}]")

    async def _hold_orphans(self) -> None:
        """Jobs at printers that are no more wait for a person, with the reason in sight."""
        because = fault("unknown_printer")

        def hold() -> None:
            for holder in set(self._journal.holders()) - self._ports.keys():
                for job in self._journal.queued(holder):
                    if job.fault is None or job.fault.code != because.code:
                        self._journal.advance(job.id, Action.HOLD, Change(because=because))

        await self._disk.run(hold)

    def _heard(self, printers: Collection[str]) -> None:
        for printer in printers:
            self.wake(printer)
        for listener in self._listeners:
            listener()

    async def _serve(self, printer: str) -> None:
        wake = self._wake[printer]
        trouble = ""
        while True:
            wake.clear()
            try:
                async with self._at_work[printer]:
                    port = self._ports.get(printer)
                    must_retry = port is not None and await self._round(printer, port)
                trouble = ""
            except FactsCorrupt:
                raise
            except Exception as error:  # noqa: BLE001 -- one printer's trouble (a full disk, say) must not stop the others
                if repr(error) != trouble:
                    _log.exception("printing failed; it is tried again", extra={"device": printer})
                must_retry, trouble = True, repr(error)
            must_retry |= any(self._rota.is_troubled(other) for other in self._rota.helped(printer))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY if must_retry else None):
                    await wake.wait()

    async def _round(self, printer: str, port: PrinterPort) -> bool:
        """Try what waits, one job after the other, as long as it goes on.  True if something still waits."""
        await self._begin_round(printer)
        waits: set[str] = set()
        while printer not in self._paused and (found := await self._next(printer, waits)) is not None:
            job, is_oldest = found
            if self._expiry.is_due(job):
                await self._end(job.id)
                continue
            with self.watching(f"print[{printer}]"):
                outcome = await self._attempts.make(job, printer, port)
            if outcome is Outcome.PRINTER_WAITS:
                return True
            await self._pass(job, printer, outcome, waits)
            if outcome is Outcome.ENDED:
                self._expiry.forget(job.id)
                self._turns[printer].took(is_oldest=is_oldest)
        return bool(waits) or bool(await self._disk.run(lambda: self._journal.strays(printer)))

    async def _pass(self, job: Job, printer: str, outcome: Outcome, waits: set[str]) -> None:
        """Others go by what cannot be printed now, or not here."""
        if outcome is Outcome.NOT_HERE:
            self._cannot[printer].add(job.request.version)
        elif outcome is Outcome.TEMPLATE_WAITS:
            waits.add(job.request.version)
            because = fault("template_unavailable")
            while job.printer == printer and await self._disk.run(lambda: self._journal.hold_like(job, because)):
                pass

    async def _next(self, printer: str, waits: Collection[str]) -> tuple[Job, bool] | None:
        """Whose turn it is, and whether it is the oldest of the printer's own."""

        def look() -> tuple[Job, bool] | None:
            first = self._journal.first(printer, without=waits)
            oldest = self._journal.first(printer, without=waits, by_age=True) if first is not None else None
            if oldest is not None and self._turns[printer].is_for_the_oldest:
                return oldest, True
            skipped = {*waits, *self._cannot[printer]}
            sources = self._rota.sources(printer, self._journal.strays(printer))
            others = [self._journal.first_away(home, holder, without=skipped) for home, holder in sources]
            found = min((job for job in (first, *others) if job is not None), key=lambda job: job.turn, default=None)
            return None if found is None else (found, oldest is None or found.place == oldest.place)

        return await self._disk.run(look)

    async def _begin_round(self, printer: str) -> None:
        """What was on its way here is in doubt now, and what is due expires, at whatever printer."""

        def look() -> list[Job]:
            self._journal.recover(printer)
            return self._journal.expiring(self._expiry.place)

        for job in await self._disk.run(look):
            self._expiry.watch(job)
        for job_id in self._expiry.due():
            await self._end(job_id)

    async def _end(self, job_id: str) -> None:
        """Its time is over.  What is being printed just now goes on."""

        def expire() -> None:
            job = self._journal.find(job_id)
            if job is not None and job.state is JobState.QUEUED and job.attempt == 1:
                self._journal.advance(job_id, Action.EXPIRE)

        await self._disk.run(expire)
