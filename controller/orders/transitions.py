"""The order axis, step by step.  One transaction each; inside another one they join it."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from controller import events
from controller.db import among, execute, fetch, for_update, listing, transaction
from controller.errors import NotFound
from controller.events import Event
from controller.orders import allocations
from controller.orders.errors import BadOrder, ReleasedAlready
from controller.orders.events import (
    OrderApproved,
    OrderCancelled,
    OrderClosed,
    OrderHeld,
    OrderLineShort,
    OrderResumed,
    OrderReviewNeeded,
)
from controller.orders.numbers import ORDERS
from controller.orders.states import HOLDING, ORDER, OrderAction, OrderState
from controller.states import advance
from controller.stock import operations as stock

MAX_REASON = 200


async def lock(order_ids: Collection[int]) -> dict[int, OrderState]:
    """Hold these orders until the transaction ends, in order of their ids; their states.

    The order is the lock of all that hangs on it: allocations, pick lists, parcels.  Lock first, then touch stock.
    """
    rows = await fetch(f"SELECT id, state FROM sales_order WHERE {among('id')} ORDER BY id{for_update()}", listing(set(order_ids)))
    return {row["id"]: OrderState(row["state"]) for row in rows}


async def locked(no: str) -> tuple[int, OrderState]:
    """One order, by its number, held until the transaction ends.  Raises NotFound."""
    order_id = ORDERS.row_id(no)
    state = (await lock([order_id])).get(order_id)
    if state is None:
        raise NotFound(ORDERS.what, no)
    return order_id, state


async def change_state(order_id: int, state: OrderState, action: OrderAction) -> OrderState:
    """In the caller's transaction, with the order locked; the state after it.  Raises IllegalTransition."""
    after = advance(ORDER, state, action)
    await execute("UPDATE sales_order SET state = ? WHERE id = ? AND state = ?", after.value, order_id, state.value)
    await execute("UPDATE order_site SET state = ? WHERE order_id = ?", after.value, order_id)
    return after


async def approve(no: str, *, reason: str = "") -> None:
    """It may be released.  Approving twice is once.  Records OrderApproved.  Raises NotFound, IllegalTransition."""
    await _step(no, OrderAction.APPROVE, OrderState.APPROVED, OrderApproved(reason=_words(reason, needed=False)))


async def require_unreleased(no: str) -> None:
    """Nobody has it on a pick list.  With the order locked.  Raises ReleasedAlready."""
    rows = await fetch(
        "SELECT DISTINCT site FROM order_allocation WHERE order_id = ? AND is_released AND NOT is_ended ORDER BY site",
        ORDERS.row_id(no),
    )
    if rows:
        raise ReleasedAlready(no, [row["site"] for row in rows])


async def send_to_review(no: str) -> None:
    """A person has to look at what was approved.  Records OrderReviewNeeded.  Raises NotFound, IllegalTransition."""
    await _step(no, OrderAction.REVIEW, OrderState.IN_REVIEW, OrderReviewNeeded())


async def hold(no: str, *, reason: str) -> None:
    """Nothing more is released of it until somebody says so; it keeps its goods.  Records OrderHeld.

    Raises NotFound, IllegalTransition, BadOrder (no reason).
    """
    await _step(no, OrderAction.HOLD, OrderState.ON_HOLD, OrderHeld(reason=_words(reason)))


async def resume(no: str, *, reason: str = "") -> None:
    """It is reviewed again.  Records OrderResumed.  Raises NotFound, IllegalTransition."""
    await _step(no, OrderAction.RESUME, OrderState.IN_REVIEW, OrderResumed(reason=_words(reason, needed=False)))


async def _step(no: str, action: OrderAction, after: OrderState, event: Event) -> None:
    async with transaction():
        order_id, state = await locked(no)
        if state is after:
            return
        await change_state(order_id, state, action)
        await events.record(event, subject=no, site=await site_of(order_id))


def _words(reason: str, *, needed: bool = True) -> str:
    text = reason.strip()
    if len(text) > MAX_REASON or (needed and not text):
        raise BadOrder(f"a reason of 1 to {MAX_REASON} characters is needed")
    return text


async def cancel(no: str, *, reason: str) -> bool:
    """Give back what is held for the order; false: it was cancelled before.  Records OrderCancelled.

    `fulfilment.operations.cancel` is the whole verb: it takes back pick lists and parcels too.
    Raises NotFound, IllegalTransition.
    """
    async with transaction():
        order_id, state = await locked(no)
        if state is OrderState.CANCELLED:
            return False
        await change_state(order_id, state, OrderAction.CANCEL)
        await stock.release([one.line_key for one in await allocations.open_allocations([order_id])])
        await execute("UPDATE order_line SET wanting = 0 WHERE order_id = ? AND wanting > 0", order_id)
        await events.record(OrderCancelled(reason=reason), subject=no, site=await site_of(order_id))
    return True


async def close(order_ids: Iterable[int]) -> None:
    """All that can be handed over is; what is still held (lines declared short) is given back.  Records OrderClosed.

    In the caller's transaction, with the orders locked.  Orders that are closed or cancelled already stay as they are.
    """
    states = await lock(set(order_ids))
    closing = {order_id: state for order_id, state in states.items() if state in HOLDING}
    for order_id, state in closing.items():
        await change_state(order_id, state, OrderAction.CLOSE)
        await events.record(OrderClosed(), subject=ORDERS.number(order_id), site=await site_of(order_id))
    await stock.release([one.line_key for one in await allocations.open_allocations(closing)])
    wanting = f"UPDATE order_line SET wanting = 0, is_short = ? WHERE {among('order_id')} AND wanting > 0"
    await execute(wanting, True, listing(closing))


async def set_short(missing: Mapping[int, int]) -> None:
    """Say what pickers found missing, as base units by order line id; 0 takes the flag back (a late pick filled the line).

    In the caller's transaction, with the orders locked.  Records OrderLineShort when a line becomes short.
    """
    for line_id, quantity in sorted(missing.items()):
        rows = await fetch(
            "UPDATE order_line SET is_short = ? WHERE id = ? AND is_short <> ? RETURNING order_id, position, sku",
            quantity > 0,
            line_id,
            quantity > 0,
        )
        for row in rows if quantity > 0 else ():
            event = OrderLineShort(position=row["position"], sku=row["sku"], missing=quantity)
            await events.record(event, subject=ORDERS.number(row["order_id"]), site=await site_of(row["order_id"]))


async def site_of(order_id: int) -> str | None:
    """The site that events of an order name: the one that it names, else the only one that it is promised from."""
    rows = await fetch("SELECT site FROM sales_order WHERE id = ?", order_id)
    if rows and rows[0]["site"] is not None:
        return str(rows[0]["site"])
    found = await fetch("SELECT site FROM order_site WHERE order_id = ? LIMIT 2", order_id)
    return str(found[0]["site"]) if len(found) == 1 else None
