"""Devices and print queues in the form in which the pages show them."""

from __future__ import annotations

from drivers.registry import Kind
from edge_agent.config import DeviceConfig
from edge_agent.device_events import StateChanged
from edge_agent.floor.port import DeviceShown, PrintShown, QueueShown
from edge_agent.print_queue import PrinterQueue, QueuedJob
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
