"""One attempt to print a job at one printer: ask, render, take it over, send, prove; each edge on disk before it happens.

Up to the first byte everything can be taken back; after it there is no way back to the queue but by a person, or for a test job,
marked COPY.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from enum import Enum, auto

from drivers.devices import Encoded, PrinterStatus, Readiness
from drivers.documents.errors import DocumentError
from drivers.documents.model import Receipt
from drivers.documents.templates import Template, fill
from drivers.errors import DeviceFault, DriverError, Unsupported
from edge_agent.disk import Disk
from edge_agent.faults import fault
from edge_agent.jobs import Action, IllegalTransition, Job
from edge_agent.journal import Change, Journal
from edge_agent.printer_port import NothingSent, PrinterPort
from edge_agent.private_fields import PrivateOf, nobody
from edge_agent.seams import failpoint
from edge_agent.templates import TemplateUnavailable, UnknownTemplate
from edge_agent.wire.facts import JobState, Proof
from edge_agent.wire.messages import Fault

PROOF_TIMEOUT = 10.0
"""Seconds that a printer has to prove a job, and `PROOF_PER_COPY` more for each copy."""
PROOF_PER_COPY = 2.0

TemplateOf = Callable[[str, str], Awaitable[Template]]
"""Gets a template by name and version.  Raises TemplateUnavailable, UnknownTemplate, BadTemplate."""

_log = logging.getLogger(__name__)


class RenderingBroke(Exception):
    """A mistake of ours, with its traceback in the log."""

    code = "internal_error"


NEVER_PRINTS = (UnknownTemplate, RenderingBroke, DocumentError, Unsupported)
"""What rendering raises for a document that this printer will never print."""


class Outcome(Enum):
    """What became of one attempt."""

    ENDED = auto()
    AGAIN = auto()
    """It is queued, and may be tried at once."""
    TEMPLATE_WAITS = auto()
    PRINTER_WAITS = auto()
    NOT_HERE = auto()
    """It is another printer's, and this one cannot print it."""


class Attempts:
    """See the module's docstring.  `told` hears whether a printer was ready when it was asked."""

    def __init__(self, journal: Journal, disk: Disk, template: TemplateOf, told: Callable[[str, bool], None]) -> None:
        self._journal = journal
        self._disk = disk
        self._template = template
        self._told = told
        self.private: PrivateOf = nobody
        """Who says what of a job travels in no message."""

    async def make(self, job: Job, printer: str, port: PrinterPort) -> Outcome:
        """From the queue to its end, or back.  A job that another printer holds is taken over just before it is sent."""
        is_own = job.printer == printer
        try:
            reason = reason_to_wait(await port.status())
            self._told(printer, reason is None)
            if reason is not None:
                return await self._wait(job, reason, Outcome.PRINTER_WAITS) if is_own else Outcome.PRINTER_WAITS
            encoded = await self.render(job, port)
        except TemplateUnavailable as error:
            waits = fault(error.code, str(error))
            return await self._wait(job, waits, Outcome.TEMPLATE_WAITS) if is_own else Outcome.TEMPLATE_WAITS
        except NEVER_PRINTS as error:
            return await self._give_up(job, fault(error.code, str(error))) if is_own else Outcome.NOT_HERE
        except DriverError as error:
            self._told(printer, False)
            return await self._wait(job, told_as(error), Outcome.PRINTER_WAITS) if is_own else Outcome.PRINTER_WAITS
        return await self._print(job, printer, port, encoded)

    async def render(self, job: Job, port: PrinterPort) -> Encoded:
        """In the printer's language.  Raises TemplateUnavailable, one of NEVER_PRINTS, DriverError.

        A document that breaks our code must not block those behind it: raises RenderingBroke.
        """
        template = await self._template(job.request.template, job.request.version)
        private = await self.private(job.id) if job.request.private else {}
        try:
            document = fill(template, {**job.request.data, **private})
            if job.request.open_drawer and isinstance(document, Receipt):
                document = replace(document, open_drawer=True)
            return await port.encode(document, copies=job.request.copies, copy_mark=job.copy_mark)
        except (DocumentError, DriverError):
            raise
        except Exception as error:
            _log.exception("a document could not be rendered", extra={"device": job.printer, "job": job.id})
            raise RenderingBroke from error

    async def _print(self, job: Job, printer: str, port: PrinterPort, encoded: Encoded) -> Outcome:
        try:
            leased = job if job.printer == printer else await self._take_over(job, printer)
            failpoint("print.before_sending_persisted")
            await self._advance(leased, Action.SEND, Change(seen=leased))
        except IllegalTransition:  # a person did something with it meanwhile, or another printer was faster
            return Outcome.AGAIN
        failpoint("print.after_sending_persisted")
        try:
            await port.send(encoded)
            failpoint("print.after_last_byte")
            await self._advance(job, Action.WROTE)
            failpoint("print.after_sent_persisted")
            proof = await port.prove(encoded, PROOF_TIMEOUT + PROOF_PER_COPY * encoded.copies)
        except NothingSent as error:
            self._told(printer, False)
            await self._advance(job, Action.HOLD, Change(because=fault("no_answer", str(error))))
            return Outcome.PRINTER_WAITS
        except DriverError as error:
            return await self._doubt(job, told_as(error))
        failpoint("print.before_printed_persisted")
        await self._advance(job, Action.PROVE, Change(proof=Proof(proof.value)))
        return Outcome.ENDED

    async def _take_over(self, job: Job, printer: str) -> Job:
        """Raises LeaseLost, IllegalTransition."""
        failpoint("print.before_lease")
        is_home = job.wanted == printer
        because = None if is_home else fault("stood_in", f"Printer {job.wanted} is not ready; {printer} prints this in its place.")
        leased = await self._advance(job, Action.MOVE, Change(printer=printer, because=because, seen=job))
        failpoint("print.after_lease")
        return leased

    async def _doubt(self, job: Job, because: Fault) -> Outcome:
        after = await self._disk.run(lambda: self._journal.doubt(job.id, because))
        failpoint("print.after_doubt")
        return Outcome.AGAIN if after.state is JobState.QUEUED else Outcome.ENDED

    async def _wait(self, job: Job, reason: Fault, outcome: Outcome) -> Outcome:
        """Keep it in the queue; its reason is told once, not at each try."""
        if job.fault is not None and job.fault.code == reason.code:
            return outcome
        try:
            await self._advance(job, Action.HOLD, Change(because=reason, seen=job))
        except IllegalTransition:
            return Outcome.AGAIN
        return outcome

    async def _give_up(self, job: Job, because: Fault) -> Outcome:
        try:
            await self._advance(job, Action.FAIL, Change(because=because, seen=job))
        except IllegalTransition:
            return Outcome.AGAIN
        return Outcome.ENDED

    async def _advance(self, job: Job, action: Action, change: Change | None = None) -> Job:
        return await self._disk.run(lambda: self._journal.advance(job.id, action, change or Change()))


def reason_to_wait(status: PrinterStatus) -> Fault | None:
    """Silence is neither ready nor out of paper; what is not known to be ready gets no job, unless it is known never to answer."""
    match status.readiness:
        case Readiness.OK:
            return None
        case Readiness.FAULT:
            return fault(status.faults[0] if status.faults else "offline")
        case _:
            return None if status.is_one_way else fault("no_answer")


def told_as(error: DriverError) -> Fault:
    if isinstance(error, DeviceFault) and error.faults:
        return fault(error.faults[0])
    return fault(error.code, str(error))
