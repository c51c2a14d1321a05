"""Which other printers can print a job that waits, and why another one cannot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum

from msgspec import Struct

from drivers.devices import Encoded
from drivers.errors import DriverError
from edge_agent.errors import AgentError
from edge_agent.jobs import Job
from edge_agent.print_attempt import NEVER_PRINTS
from edge_agent.print_queue import QueuedJob
from edge_agent.printer_port import PrinterPort
from edge_agent.templates import TemplateUnavailable

Render = Callable[[Job, PrinterPort], Awaitable[Encoded]]


class UnknownPrinter(AgentError):
    code = "unknown_printer"


class NotForThisPrinter(AgentError):
    """The printer cannot print this job, or cannot be asked now whether it can."""

    code = "not_for_this_printer"


class WhyNot(StrEnum):
    DOES_NOT_FIT = "does_not_fit"
    """It is too large for its paper, or has something that this printer cannot print."""
    AWAY = "away"
    """It cannot be asked now."""


class Alternative(Struct, frozen=True):
    """Another printer for a job.  `why_not`: None if it can print it."""

    printer: str
    why_not: WhyNot | None = None


class Choices(Struct, frozen=True):
    """A job that waits, and its alternatives."""

    job: QueuedJob
    others: list[Alternative]


async def ask(job: Job, printer: str, port: PrinterPort, render: Render) -> None:
    """Raises NotForThisPrinter.  A template that is not here yet is no reason: it will be."""
    try:
        await render(job, port)
    except TemplateUnavailable:
        return
    except (*NEVER_PRINTS, DriverError) as error:
        raise NotForThisPrinter(f"printer {printer} cannot take this print job now: {error}") from error


async def alternative(job: Job, printer: str, port: PrinterPort, render: Render) -> Alternative:
    try:
        await ask(job, printer, port, render)
    except NotForThisPrinter as error:
        return Alternative(printer, WhyNot.DOES_NOT_FIT if isinstance(error.__cause__, NEVER_PRINTS) else WhyNot.AWAY)
    return Alternative(printer)
