"""The queues of a box's printers as people see them: what waits, since when, why, for whom."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from edge_agent.jobs import IN_FLIGHT, Job
from edge_agent.journal import Journal
from edge_agent.wire.facts import JobState
from edge_agent.wire.messages import Fault

SHOWN = 50
"""Jobs of one printer that are shown; `waiting` counts them all."""


class QueuedJob(Struct, frozen=True, kw_only=True):
    """One job.  `since`: when it came in; `reason`: why it waits, if it is its own; `wanted`: the printer that it is for."""

    id: str
    state: JobState
    since: datetime
    reason: Fault | None
    priority: int
    copies: int
    is_copy: bool
    template: str
    document: str
    asked_by: str | None
    printer: str
    wanted: str


class PrinterQueue(Struct, frozen=True, kw_only=True):
    """`jobs`: what is being printed, then what waits, in the order in which it would come now; `reason`: why nothing comes out.

    `uncertain`: those a person is to look for.
    """

    printer: str
    waiting: int
    oldest_at: datetime | None
    reason: Fault | None
    jobs: list[QueuedJob]
    uncertain: list[QueuedJob]


def queues(journal: Journal, printers: Iterable[str]) -> list[PrinterQueue]:
    """Of all these printers, and of those that are no more and still hold jobs.  Blocks; run it on the disk's thread."""
    known = list(printers)
    gone = [holder for holder in journal.holders() if holder not in known]
    return [_queue(journal, printer) for printer in [*known, *gone]]


def _queue(journal: Journal, printer: str) -> PrinterQueue:
    waiting, oldest = journal.count(JobState.QUEUED, printer)
    printing = [job for state in IN_FLIGHT for job in journal.in_state(state, printer)]
    queued = journal.queued(printer, limit=SHOWN)
    uncertain = journal.in_state(JobState.UNCERTAIN, printer, limit=SHOWN)
    return PrinterQueue(
        printer=printer,
        waiting=waiting,
        oldest_at=oldest,
        reason=next((job.fault for job in queued if job.fault is not None), None),
        jobs=[shown(job) for job in [*printing, *queued]],
        uncertain=[shown(job) for job in uncertain],
    )


def shown(job: Job) -> QueuedJob:
    """A job in the form in which people see it."""
    return QueuedJob(
        id=job.id,
        state=job.state,
        since=job.accepted_at,
        reason=job.fault,
        priority=job.priority,
        copies=job.request.copies,
        is_copy=job.copy_mark,
        template=job.request.template,
        document=job.request.document or str(job.request.data.get("name", "")),
        asked_by=job.request.asked_by,
        printer=job.printer,
        wanted=job.wanted,
    )
