"""One verb for many orders: chosen, or all that match a filter.  Which orders they are is written down when it is asked for.

`batch_work.py` does it, in the background.
"""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from controller import db, events
from controller.errors import Conflict, NotFound
from controller.orders import tags
from controller.orders.events import OrderBatchEnded, OrderBatchStarted
from controller.orders.listing import Wanted, matching
from controller.orders.numbers import BATCHES, ORDERS
from controller.orders.states import BATCH, TAGGING, UNDONE_BY, Batch, BatchAction, Bulk
from controller.states import advance


class NothingMatches(Conflict):
    code = "nothing_matches"


class MoreMatch(Conflict):
    """Since somebody looked, others have come to match: they are asked again."""

    code = "more_match"

    def __init__(self, expected: int, matching: int) -> None:
        super().__init__(f"{matching} orders match now, and {expected} did when you looked: look again, then do it")


class NotUndone(Conflict):
    """It cannot be taken back, or was already, or somebody else had a hand in it since."""

    code = "batch_not_undoable"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBatch:
    """`total` orders, of which `done` are and `failed` were refused; the others are still to be done, or it was stopped."""

    id: int
    action: Bulk
    reason: str
    state: Batch
    actor: str
    total: int
    done: int
    failed: int
    created_at: datetime
    finished_at: datetime | None
    undoes: str | None = None
    undone_by: str | None = None
    tag: str | None = None

    @property
    def no(self) -> str:
        return BATCHES.number(self.id)

    @property
    def may_be_undone(self) -> bool:
        return self.action in UNDONE_BY and self.state is not Batch.RUNNING and self.done > 0 and self.undone_by is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What became of one order of a batch; `outcome` None: still to be done, or left when it was stopped."""

    id: int
    order: str
    outcome: str | None
    code: str | None
    message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an order was refused."""

    id: int
    order: str
    code: str
    message: str


async def start(
    action: Bulk, wanted: Wanted, *, reason: str, tag: str = "", sites: Collection[str] | None = None, most: int | None = None
) -> str:
    """Write down what is to be done; the batch's number.  Orders that have to do with other sites than `sites` are left out.

    `tag`: of what is done with a tag.  `most`: so many matched when somebody looked.  Records OrderBatchStarted.
    Raises NothingMatches, MoreMatch, BadTag.
    """
    named = tags.checked(tag) if action in TAGGING else None
    async with db.transaction():
        batch = await _new(action, reason, named)
        sql, params = await matching(wanted, sites)
        if sites is not None:
            sql += f" AND NOT EXISTS (SELECT 1 FROM order_site y WHERE y.order_id = o.id AND NOT ({db.among('y.site')}))"
            params.append(db.listing(sites))
        total = await db.execute(
            f"INSERT INTO order_batch_item (batch_id, order_id) SELECT CAST(? AS BIGINT), x.id FROM ({sql}) x ORDER BY x.id",
            *(batch, *params),
        )
        if most is not None and total > most:
            raise MoreMatch(most, total)
        return await _begin(batch, action, total)


async def undo(number: str, *, reason: str) -> str:
    """Take back what was done to the orders of a batch; the number of the batch that does it.  Once.

    Records OrderBatchStarted.  Raises NotFound, NotUndone.
    """
    async with db.transaction():
        found = await batch(number)
        if not found.may_be_undone:
            raise NotUndone(f"{number} was taken back already, or is of a kind that cannot be, or did nothing, or is running")
        action = UNDONE_BY[found.action]
        try:
            undoing = await _new(action, reason, found.tag, undoes=found.id)
        except db.ConstraintViolated as error:
            raise NotUndone(f"{number} was taken back already") from error
        total = await db.execute(
            "INSERT INTO order_batch_item (batch_id, order_id) SELECT CAST(? AS BIGINT), order_id FROM order_batch_item "
            "WHERE batch_id = ? AND outcome = 'done' ORDER BY id",
            *(undoing, found.id),
        )
        return await _begin(undoing, action, total)


async def _new(action: Bulk, reason: str, tag: str | None, undoes: int | None = None) -> int:
    rows = await db.fetch(
        "INSERT INTO order_batch (action, reason, tag, state, actor, total, created_at, undoes) VALUES (?, ?, ?, ?, ?, 0, ?, ?) "
        "RETURNING id",
        *(action.value, reason.strip()[:200], tag, Batch.RUNNING.value, events.actor().actor, db.now(), undoes),
    )
    return int(rows[0]["id"])


async def _begin(batch_id: int, action: Bulk, total: int) -> str:
    """Raises NothingMatches."""
    if not total:
        raise NothingMatches("no order matches: there is nothing to do")
    await db.execute("UPDATE order_batch SET total = ? WHERE id = ?", total, batch_id)
    number = BATCHES.number(batch_id)
    await events.record(OrderBatchStarted(action=action.value, orders=total), subject=number)
    return number


async def stop(number: str) -> None:
    """What is not done yet is left.  Stopping what is over changes nothing.  Records OrderBatchEnded.  Raises NotFound."""
    found = await batch(number)
    if found.state is Batch.RUNNING:
        await end(found.id, BatchAction.STOP)


async def end(batch_id: int, action: BatchAction) -> None:
    """Finished, or stopped; once.  Records OrderBatchEnded."""
    state = advance(BATCH, Batch.RUNNING, action)
    async with db.transaction():
        ended = await db.execute(
            "UPDATE order_batch SET state = ?, finished_at = ? WHERE id = ? AND state = ?",
            *(state.value, db.now(), batch_id, Batch.RUNNING.value),
        )
        if ended:
            found = await batch(BATCHES.number(batch_id))
            told = OrderBatchEnded(action=found.action.value, state=state.value, done=found.done, failed=found.failed)
            await events.record(told, subject=found.no)


async def batch(number: str) -> StoredBatch:
    """Raises NotFound."""
    rows = await db.fetch(f"{_BATCHES} WHERE b.id = ?", BATCHES.row_id(number))
    if not rows:
        raise NotFound(BATCHES.what, number)
    return _batch(rows[0])


_OF = "(SELECT COUNT(*) FROM order_batch_item i WHERE i.batch_id = b.id AND i.outcome ="
_UNDONE = "(SELECT u.id FROM order_batch u WHERE u.undoes = b.id)"
_BATCHES = f"SELECT b.*, {_OF} 'done') AS done, {_OF} 'failed') AS failed, {_UNDONE} AS undone_by FROM order_batch b"


async def batches(*, before: int | None, limit: int, started_by: str | None = None) -> list[StoredBatch]:
    """The newest first, below the id `before`; of one actor, None: of all."""
    who, actors = ("", []) if started_by is None else (" AND b.actor = ?", [started_by])
    rows = await db.fetch(
        f"{_BATCHES} WHERE b.id < ?{who} ORDER BY b.id DESC LIMIT ?", 2**62 if before is None else before, *actors, limit
    )
    return [_batch(row) for row in rows]


async def failures(number: str, *, after: int, limit: int) -> list[Failure]:
    """In order of the orders, behind the id `after`."""
    found = await items(number, outcome="failed", after=after, limit=limit)
    return [Failure(id=one.id, order=one.order, code=one.code or "", message=one.message or "") for one in found]


async def items(number: str, *, outcome: str = "", after: int, limit: int) -> list[Item]:
    """In order of the orders, behind the id `after`; `outcome` done, failed, or empty: all."""
    some, outcomes = (" AND outcome = ?", [outcome]) if outcome else ("", [])
    rows = await db.fetch(
        "SELECT id, order_id, outcome, code, message FROM order_batch_item "
        f"WHERE batch_id = ? AND id > ?{some} ORDER BY id LIMIT ?",
        *(BATCHES.row_id(number), after, *outcomes, limit),
    )
    told = ("id", "outcome", "code", "message")
    return [Item(order=ORDERS.number(row["order_id"]), **{name: row[name] for name in told}) for row in rows]


def _batch(row: db.Row) -> StoredBatch:
    told = ("id", "reason", "tag", "actor", "total", "done", "failed", "created_at", "finished_at")
    undoes, undone_by = (None if row[name] is None else BATCHES.number(row[name]) for name in ("undoes", "undone_by"))
    return StoredBatch(
        action=Bulk(row["action"]),
        state=Batch(row["state"]),
        undoes=undoes,
        undone_by=undone_by,
        **{name: row[name] for name in told},
    )
