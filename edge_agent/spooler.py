"""One queue per printer: takes jobs through their edges, renders, sends, proves.

A job that cannot go on before its first byte stays in the queue with the reason in sight.  After the first byte there is no way
back to the queue but by a person (`resolve`), or for a test job, marked COPY.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum, StrEnum, auto
from typing import Protocol

from drivers.devices import Encoded, PrinterStatus, PrintProof, Readiness
from drivers.documents.errors import DocumentError
from drivers.documents.model import Label, Receipt
from drivers.documents.templates import Template, fill
from drivers.errors import DeviceFault, DriverError, Unsupported
from edge_agent.disk import Disk
from edge_agent.errors import FactsCorrupt
from edge_agent.faults import fault
from edge_agent.jobs import Action, IllegalTransition, Job, Journal
from edge_agent.seams import Clock, failpoint
from edge_agent.templates import TemplateUnavailable, UnknownTemplate
from edge_agent.wire.facts import JobState, Proof
from edge_agent.wire.messages import Fault, JobRequest

RETRY = 2.0
"""Seconds until a job that waits for its printer or its template is tried again, if nothing wakes its queue before."""
PROOF_TIMEOUT = 10.0
"""Seconds that a printer has to prove a job, and `PROOF_PER_COPY` more for each copy."""
PROOF_PER_COPY = 2.0

_log = logging.getLogger(__name__)


class NothingSent(Exception):
    """Not a byte of the job has left the box: it may be sent again as if nothing had happened."""


class _RenderingBroke(Exception):
    """A mistake of ours, with its traceback in the log."""

    code = "internal_error"


class PrinterPort(Protocol):
    """A printer as the spooler uses it; in life the device's thread is behind it.  All raise DriverErrors."""

    async def status(self) -> PrinterStatus: ...

    async def encode(self, document: Label | Receipt, *, copies: int, copy_mark: bool) -> Encoded:
        """Raises Unsupported (this printer can never print that), DocumentError."""
        ...

    async def send(self, encoded: Encoded) -> None:
        """Raises NothingSent when it is sure that no byte left."""
        ...

    async def prove(self, encoded: Encoded, timeout: float) -> PrintProof: ...  # noqa: ASYNC109 -- the device's own limit


class Resolution(StrEnum):
    """What a person says about an uncertain job."""

    PRINTED = "printed"
    AGAIN = "again"


class _Try(Enum):
    """What became of one try: the job came to an end, it is to be tried again, its template or its printer is waited for."""

    ENDED = auto()
    AGAIN = auto()
    TEMPLATE_WAITS = auto()
    PRINTER_WAITS = auto()


class Spooler:
    """See the module's docstring.  `template` gets a template by name and version."""

    def __init__(
        self,
        journal: Journal,
        disk: Disk,
        ports: Mapping[str, PrinterPort],
        template: Callable[[str, str], Awaitable[Template]],
        clock: Clock,
    ) -> None:
        self._journal = journal
        self._disk = disk
        self._ports = dict(ports)
        self._template = template
        self._clock = clock
        self._wake = {printer: asyncio.Event() for printer in self._ports}
        self._deadlines: dict[str, int] = {}

    async def request(self, job_id: str, device: str, request: JobRequest) -> Job:
        """Take a job in; on return it is on disk.  A repeated id is the job that already is.  Raises OutboxFull."""
        job = await self._disk.run(lambda: self._journal.accept(job_id, device, request))
        if device not in self._ports and job.state is JobState.QUEUED:
            return await self._advance(job, Action.FAIL, because=fault("unknown_printer"))
        self._is_expired(job)
        self.wake(job.printer)
        return job

    async def cancel(self, job_id: str) -> Job:
        """Only before its first byte.  Raises UnknownJob, IllegalTransition."""
        return await self._disk.run(lambda: self._journal.advance(job_id, Action.CANCEL))

    async def resolve(self, job_id: str, outcome: Resolution) -> Job:
        """A person looked at the printer.  Raises UnknownJob, IllegalTransition (the job is not uncertain)."""
        if outcome is Resolution.PRINTED:
            return await self._disk.run(lambda: self._journal.confirm(job_id))
        job = await self._disk.run(lambda: self._journal.advance(job_id, Action.AGAIN))
        self.wake(job.printer)
        return job

    def wake(self, printer: str) -> None:
        """Something changed at this printer, or a job came: look at its queue now."""
        if printer in self._wake:
            self._wake[printer].set()

    async def run(self) -> None:
        """Until cancelled.  What was on its way when the box stopped becomes uncertain first."""
        await self._disk.run(self._journal.recover)
        for job in await self._disk.run(self._journal.unfinished):
            if job.printer not in self._ports and job.state is JobState.QUEUED:
                await self._hold(job, fault("unknown_printer"), _Try.PRINTER_WAITS)
        async with asyncio.TaskGroup() as tasks:
            for printer, port in self._ports.items():
                tasks.create_task(self._serve(printer, port), name=f"spooler[{printer}]")

    async def _serve(self, printer: str, port: PrinterPort) -> None:
        wake = self._wake[printer]
        trouble = ""
        while True:
            wake.clear()
            try:
                must_retry = await self._round(printer, port)
                trouble = ""
            except FactsCorrupt:
                raise
            except Exception as error:  # noqa: BLE001 -- one printer's trouble (a full disk, say) must not stop the others
                if repr(error) != trouble:
                    _log.exception("printing failed; it is tried again", extra={"device": printer})
                must_retry, trouble = True, repr(error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY if must_retry else None):
                    await wake.wait()

    async def _round(self, printer: str, port: PrinterPort) -> bool:
        """Try everything that waits, in order.  True if something still waits."""
        await self._disk.run(lambda: self._journal.recover(printer))
        is_blocked = has_waiting = False
        missing: set[str] = set()
        for job in await self._disk.run(lambda: self._journal.queued(printer)):
            if self._is_expired(job):
                await self._step(job, Action.EXPIRE)
            elif job.request.version in missing:
                await self._hold(job, fault("template_unavailable"), _Try.TEMPLATE_WAITS)
            elif not is_blocked:
                outcome = await self._try(job, port)
                is_blocked = outcome is _Try.PRINTER_WAITS
                has_waiting |= outcome is not _Try.ENDED
                missing |= {job.request.version} if outcome is _Try.TEMPLATE_WAITS else set()
        return has_waiting

    async def _try(self, job: Job, port: PrinterPort) -> _Try:
        """Up to the first byte everything can be taken back."""
        try:
            reason = _reason_to_wait(await port.status())
            if reason is not None:
                return await self._hold(job, reason, _Try.PRINTER_WAITS)
            encoded = await self._render(job, port)
        except TemplateUnavailable as error:
            return await self._hold(job, fault(error.code, str(error)), _Try.TEMPLATE_WAITS)
        except (UnknownTemplate, _RenderingBroke, DocumentError, Unsupported) as error:
            await self._step(job, Action.FAIL, because=fault(error.code, str(error)))
            return _Try.ENDED
        except DriverError as error:
            return await self._hold(job, _told(error), _Try.PRINTER_WAITS)
        return await self._print(job, port, encoded)

    async def _render(self, job: Job, port: PrinterPort) -> Encoded:
        """A document that breaks our code must not block those behind it: raises _RenderingBroke."""
        template = await self._template(job.request.template, job.request.version)
        try:
            document = fill(template, job.request.data)
            return await port.encode(document, copies=job.request.copies, copy_mark=job.copy_mark)
        except (DocumentError, DriverError):
            raise
        except Exception as error:
            _log.exception("a document could not be rendered", extra={"device": job.printer, "job": job.id})
            raise _RenderingBroke from error

    async def _print(self, job: Job, port: PrinterPort, encoded: Encoded) -> _Try:
        if not await self._step(job, Action.SEND):
            return _Try.ENDED
        failpoint("print.after_sending_persisted")
        try:
            await port.send(encoded)
            failpoint("print.after_last_byte")
            await self._advance(job, Action.WROTE)
            proof = await port.prove(encoded, PROOF_TIMEOUT + PROOF_PER_COPY * encoded.copies)
        except NothingSent as error:
            await self._advance(job, Action.HOLD, because=fault("no_answer", str(error)))
            return _Try.PRINTER_WAITS
        except DriverError as error:
            doubt = _told(error)
            after = await self._disk.run(lambda: self._journal.doubt(job.id, doubt))
            return _Try.AGAIN if after.state is JobState.QUEUED else _Try.ENDED
        failpoint("print.before_printed_persisted")
        await self._advance(job, Action.PROVE, proof=Proof(proof.value))
        return _Try.ENDED

    async def _hold(self, job: Job, reason: Fault, outcome: _Try) -> _Try:
        """Keep the job waiting; its reason is told once, not at each try."""
        if job.fault is None or job.fault.code != reason.code:
            await self._step(job, Action.HOLD, because=reason)
        return outcome

    async def _step(self, job: Job, action: Action, *, because: Fault | None = None) -> bool:
        """An edge out of the queue.  False if a person cancelled the job meanwhile."""
        try:
            await self._advance(job, action, because=because)
        except IllegalTransition:
            return False
        return True

    async def _advance(self, job: Job, action: Action, *, because: Fault | None = None, proof: Proof | None = None) -> Job:
        after = await self._disk.run(lambda: self._journal.advance(job.id, action, because=because, proof=proof))
        if after.state is not JobState.QUEUED:
            self._deadlines.pop(job.id, None)
        return after

    def _is_expired(self, job: Job) -> bool:
        """By boot time from when this process first saw the job, so that a wall clock that jumps ends no job.

        What a person has printed again does not expire.
        """
        expires_at = job.request.expires_at
        if expires_at is None or job.attempt > 1:
            return False
        left = int((expires_at - self._clock.now()).total_seconds() * 1000)
        return self._clock.mono_ms() >= self._deadlines.setdefault(job.id, self._clock.mono_ms() + left)


def _reason_to_wait(status: PrinterStatus) -> Fault | None:
    """Silence is neither ready nor out of paper; what is not known to be ready gets no job, unless it is known never to answer."""
    match status.readiness:
        case Readiness.OK:
            return None
        case Readiness.FAULT:
            return fault(status.faults[0] if status.faults else "offline")
        case _:
            return None if status.is_one_way else fault("no_answer")


def _told(error: DriverError) -> Fault:
    if isinstance(error, DeviceFault) and error.faults:
        return fault(error.faults[0])
    return fault(error.code, str(error))
