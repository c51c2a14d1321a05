"""Orders on their way to their suppliers: written in the transaction that decided it, tried by `sending.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from controller import db
from controller.errors import NotFound
from controller.purchasing.numbers import PURCHASE_ORDERS
from controller.purchasing.policies import Channel
from controller.purchasing.states import SENDING, SendingAction, SendingState
from controller.states import advance


async def queue_sending(order: db.Row) -> int | None:
    """A new revision of a locked order is to reach its supplier; its row's id.  None: by hand, nothing is sent.

    What waits of an earlier revision is withdrawn.
    """
    supplier = (await db.fetch("SELECT channel, address FROM supplier WHERE id = ?", order["supplier_id"]))[0]
    await withdraw_sendings(order["id"])
    if supplier["channel"] == Channel.HAND.value:
        await _next_revision(order)
        return None
    return await _queue(order, supplier["channel"], supplier["address"], is_cancel=False)


async def _next_revision(order: db.Row) -> int:
    revision = int(order["revision"]) + 1
    await db.execute("UPDATE purchase_order SET revision = ? WHERE id = ?", revision, order["id"])
    return revision


async def _queue(order: db.Row, channel: str, address: str, *, is_cancel: bool) -> int:
    revision = await _next_revision(order)
    message_id = f"{PURCHASE_ORDERS.number(order['id']).lower()}.{revision}@shelfwire"
    rows = await db.fetch(
        "INSERT INTO purchase_sending (order_id, revision, is_cancel, message_id, channel, address, state, tries, next_at, "
        "created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?) RETURNING id",
        *(order["id"], revision, is_cancel, message_id, channel, address, SendingState.WAITING.value),
        *(db.now(), db.now()),
    )
    db.after_commit(wake)
    return int(rows[0]["id"])


async def queue_cancel(order: db.Row) -> int | None:
    """The supplier of a locked order is to hear that it is not wanted, the way it got it last; the sending's id.

    None: it never went out, or by hand.
    """
    rows = await db.fetch(
        "SELECT channel, address FROM purchase_sending WHERE order_id = ? AND state = ? AND is_cancel = ? "
        "ORDER BY revision DESC LIMIT 1",
        *(order["id"], SendingState.SENT.value, False),
    )
    return await _queue(order, rows[0]["channel"], rows[0]["address"], is_cancel=True) if rows else None


async def withdraw_sendings(order_id: int) -> None:
    """Nothing of this order that has not been sent is sent any more."""
    await db.execute(
        "UPDATE purchase_sending SET state = ? WHERE order_id = ? AND state IN (?, ?)",
        *(SendingState.WITHDRAWN.value, order_id, SendingState.WAITING.value, SendingState.FAILED.value),
    )


async def retry_sending(sending_id: int) -> None:
    """A person saw to what kept it from being sent.  Raises NotFound, IllegalTransition."""
    async with db.transaction():
        rows = await db.fetch(f"SELECT state FROM purchase_sending WHERE id = ?{db.for_update()}", sending_id)  # noqa: S608 -- ours
        if not rows:
            raise NotFound("sending", sending_id)
        state = SendingState(rows[0]["state"])
        if state is SendingState.WAITING:
            await db.execute("UPDATE purchase_sending SET next_at = ? WHERE id = ?", db.now(), sending_id)
        else:
            new = advance(SENDING, state, SendingAction.RETRY)
            await db.execute(
                "UPDATE purchase_sending SET state = ?, tries = 0, next_at = ? WHERE id = ?", new.value, db.now(), sending_id
            )
        db.after_commit(wake)


async def claim_due(until: datetime) -> db.Row | None:
    """The first sending that is due, ours until `until`; None: none is.  Several processes never hold one at once."""
    rows = await db.fetch(
        "UPDATE purchase_sending SET next_at = ?, tries = tries + 1 WHERE id = (SELECT id FROM purchase_sending "
        "WHERE state = ? AND next_at <= ? ORDER BY next_at, id LIMIT 1) AND state = ? AND next_at <= ? RETURNING *",
        *(until, SendingState.WAITING.value, db.now(), SendingState.WAITING.value, db.now()),
    )
    return rows[0] if rows else None


_waiting: set[asyncio.Event] = set()


def wake() -> None:
    """Something is to be sent: whoever waits to do so in this process looks now."""
    for waiting in _waiting:
        waiting.set()


@contextmanager
def woken() -> Iterator[asyncio.Event]:
    """An event that is set whenever something is to be sent."""
    event = asyncio.Event()
    _waiting.add(event)
    try:
        yield event
    finally:
        _waiting.discard(event)
