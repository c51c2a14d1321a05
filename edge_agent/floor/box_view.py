"""Devices and print queues in the form in which the pages show them."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.registry import Kind
from edge_agent.config import DeviceConfig
from edge_agent.device_events import StateChanged
from edge_agent.floor.port import DeviceShown, OtherPrinter, PrintChoices, PrintShown, QueueShown
from edge_agent.print_queue import PrinterQueue, QueuedJob
from edge_agent.spooler import Spooler
from edge_agent.wire.facts import JobState
from edge_agent.wire.messages import Condition, Priority


def device(config: DeviceConfig, now: StateChanged) -> DeviceShown:
    return DeviceShown(id=config.id, kind=config.kind.value, model=config.model, state=now.state.value, faults=now.faults)


def gone(printer: str) -> DeviceShown:
    """A printer that is configured no more and still holds jobs."""
    return DeviceShown(id=printer, kind=Kind.LABEL_PRINTER.value, model="", state=Condition.ABSENT.value)


def queue(of: PrinterQueue, printer: DeviceShown) -> QueueShown:
    jobs = [*of.uncertain, *of.jobs]
    return QueueShown(printer=printer, jobs=tuple(job(each) for each in jobs))


def job(of: QueuedJob) -> PrintShown:
    return PrintShown(
        id=of.id,
        template=of.template,
        document=of.document,
        state=of.state.value,
        since=of.since,
        reason=of.reason,
        copies=of.copies,
        is_copy=of.is_copy,
        is_urgent=of.priority < Priority.NORMAL.value,
        can_cancel=of.state is JobState.QUEUED,
    )


async def choices(spooler: Spooler, job_id: str, devices: Mapping[str, DeviceShown]) -> PrintChoices:
    """Other printers of the same kind, each with why it cannot.  Raises UnknownJob, IllegalTransition (it waits no more)."""
    kinds = {Kind.LABEL_PRINTER.value, Kind.RECEIPT_PRINTER.value}
    printers = {each.id for each in devices.values() if each.kind in kinds}
    found = await spooler.choices(job_id, printers)
    own = devices.get(found.job.printer)
    return PrintChoices(
        job=job(found.job),
        printer=found.job.printer,
        others=tuple(
            OtherPrinter(printer=devices[other.printer], why_not=other.why_not.value if other.why_not else "")
            for other in found.others
            if own is None or devices[other.printer].kind == own.kind
        ),
    )
