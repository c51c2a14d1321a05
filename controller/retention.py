"""What is let go of once an hour, in batches, so that the database of a small machine stays small.

Kept for good: facts (their ids are what makes a repetition harmless, and every number of the stock goes back to one), and all that
is open.  Events go once each consumer has seen them; a request goes once its box has answered it, or never had it.
"""

# ruff: noqa: S608 -- the only texts put into statements are our own names
from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from controller import db
from controller.config import Retention
from controller.events import seen_by_all
from controller.fleet import diagnostics, measured
from controller.fleet.states import FINAL, CommandState

BATCH = 1000
KEPT_DAYS = 90
"""What replenishment ran, proposed in vain and alerted: a quarter is what people look back at."""
PAUSE_SECONDS = 0.05
"""Between two batches: others write, too."""
_ENDED = ", ".join(f"'{state.value}'" for state in sorted(FINAL))
_OPEN_JOBS = f"SELECT id FROM print_job WHERE state NOT IN ({_ENDED})"
_NEVER_THERE = "(r.sent_at IS NULL OR EXISTS (SELECT 1 FROM box b WHERE b.id = r.box AND b.revoked_at IS NOT NULL))"
"""No box can still answer it."""

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[int]]
"""One batch: how many rows went."""


async def prune(retention: Retention) -> dict[str, int]:
    """Everything that is out of date; how many rows went, by table.  A failure of one ends none of the others."""
    gone: dict[str, int] = {}
    for table, batch in _works(retention, db.now()).items():
        try:
            count = await _in_batches(batch)
        except Exception:  # the outermost loop of a table's pruning: the next hour tries again
            log.exception("what is out of date could not be let go of", extra={"table": table})
            continue
        if count:
            gone[table] = count
    if gone:
        log.info("let go of what is out of date", extra={"rows": gone})
    return gone


async def _in_batches(batch: Work) -> int:
    gone = 0
    while True:
        count = await db.in_transaction(batch)
        gone += count
        if count < BATCH:
            return gone
        await asyncio.sleep(PAUSE_SECONDS)


def _works(retention: Retention, now: datetime) -> dict[str, Work]:
    def before(days: int) -> datetime:
        return now - timedelta(days=days)

    requests = before(retention.requests_days)
    slot = int((now - measured.HISTORY).timestamp()) // measured.SLOT_SECONDS
    return {
        "event": lambda: _events(before(retention.events_days)),
        "command": lambda: _delete("command", "id", _COMMANDS, requests, requests),
        "print_job": lambda: _delete("print_job", "id", _JOBS, requests),
        "fact_again": lambda: _delete("fact_again", "no", "r.received_at < ?", before(retention.messages_days)),
        "rejected_message": lambda: _delete("rejected_message", "digest", "r.last_at < ?", before(retention.messages_days)),
        "box_log": lambda: _delete("box_log", "no", "r.received_at < ?", before(retention.logs_days)),
        "box_point": lambda: _delete("box_point", "no", "r.slot <= ?", slot),
        "replenishment_run": lambda: _delete("replenishment_run", "id", "r.state = 'done' AND r.ended_at < ?", before(KEPT_DAYS)),
        "stock_alert": lambda: _delete("stock_alert", "id", "r.closed_at < ?", before(KEPT_DAYS)),
        "replenishment_proposal": lambda: _delete(
            "replenishment_proposal", "id", "r.state IN ('lapsed', 'dismissed') AND r.changed_at < ?", before(KEPT_DAYS)
        ),
        "diagnostics": lambda: _delete("diagnostics", "command", "r.received_at < ?", now - diagnostics.KEPT),
    }


_COMMANDS = (
    f"((r.state = '{CommandState.DONE.value}' AND r.done_at < ?) "
    f"OR (r.state = '{CommandState.EXPIRED.value}' AND r.expires_at < ? AND {_NEVER_THERE})) "
    "AND NOT (r.name IN ('resolve_job', 'cancel_job') AND EXISTS "
    f"(SELECT 1 FROM ({_OPEN_JOBS}) j WHERE r.args LIKE '%' || j.id || '%')) "
    "AND NOT EXISTS (SELECT 1 FROM diagnostics d WHERE d.command = r.id)"
)
"""What people decided about a print job stays with it until its end, and the command of a bundle with the bundle."""
_JOBS = f"r.state IN ({_ENDED}) AND r.changed_at < ? AND (r.step > 0 OR {_NEVER_THERE})"


async def _delete(table: str, key: str, condition: str, *values: object) -> int:
    rows = f"SELECT r.{key} FROM {table} r WHERE {condition} LIMIT {BATCH:d}"
    return await db.execute(f"DELETE FROM {table} WHERE {key} IN ({rows})", *values)


async def _events(older: datetime) -> int:
    """Below what each consumer has seen; where none has begun yet, none."""
    seen = await seen_by_all()
    if seen is None:
        return 0
    rows = "SELECT id FROM event WHERE (transaction_id, id) <= (?, ?) AND recorded_at < ?"
    return await db.execute(f"DELETE FROM event WHERE id IN ({rows} ORDER BY id LIMIT {BATCH:d})", *seen, older)
