"""What happens to orders, as review sees it: looked at again when something changes, clocks begun and ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from controller.customers.events import OrderAddressSet
from controller.db import execute, fetch, now
from controller.errors import DomainError, NotFound
from controller.events import Recorded, acting
from controller.following import Follower
from controller.fulfilment import operations as fulfilment
from controller.orders import transitions
from controller.orders.events import OrderCancelled, OrderChanged, OrderClosed, OrderFlagCleared, OrderFlagged
from controller.orders.flags import FlagKind, set_flag
from controller.orders.numbers import ORDERS
from controller.orders.states import OrderState
from controller.review import ticking
from controller.review.clocks import ClockKind
from controller.review.events import OrderJudged
from controller.review.judging import judge_again
from controller.review.rules import Outcome
from controller.review.states import CaseState

BY_RULE = "by the rules"


async def _judged(recorded: Recorded) -> None:
    """What the rules hold or refuse by themselves."""
    outcome, names = recorded.data["outcome"], recorded.data["rules"]
    if outcome not in (Outcome.HOLD.value, Outcome.REFUSE.value):
        return
    name = str(names[0]) if isinstance(names, list) and names else ""
    reason, number = f"{BY_RULE}: {name}"[:200], recorded.subject
    target = CaseState.HELD if outcome == Outcome.HOLD.value else CaseState.REFUSED
    order_id, state = await transitions.locked(number)
    if state is not OrderState.IN_REVIEW:
        return
    changed = await execute(
        "UPDATE review_case SET state = ?, reason = ?, claimed_by = NULL, claimed_at = NULL, decided_by = 'system', decided_at = ? "
        "WHERE order_id = ? AND state = 'service' AND service_by IS NULL AND claimed_by IS NULL",
        *(target.value, reason, now(), order_id),
    )
    if not changed:
        return
    await ticking.end(order_id, [ClockKind.TOUCH], at=now())
    with acting("system", str(recorded.id)):
        if target is CaseState.REFUSED:
            await fulfilment.cancel(number, reason=reason)
            return
        await transitions.hold(number, reason=reason)
    await _problem(order_id, recorded)


async def _changed(recorded: Recorded) -> None:
    await _look(recorded.subject)


async def _address_set(recorded: Recorded) -> None:
    """An address that changes after somebody approved the order is a thing to look at."""
    if not await _exists(recorded.subject):
        return
    order_id, state = await transitions.locked(recorded.subject)
    if recorded.data["is_change"] and state is OrderState.APPROVED:
        await set_flag(order_id, FlagKind.ADDRESS_CHANGED, "the address was changed after the order was approved")
    await _look(recorded.subject)


async def _flagged(recorded: Recorded) -> None:
    order_id, state = await transitions.locked(recorded.subject)
    if state in (OrderState.CANCELLED, OrderState.CLOSED):
        return
    await _problem(order_id, recorded)
    await _look(recorded.subject)


async def _flag_cleared(recorded: Recorded) -> None:
    if not recorded.data["others"]:
        await ticking.end(ORDERS.row_id(recorded.subject), [ClockKind.PROBLEM], at=recorded.recorded_at)
    await _look(recorded.subject)


async def _cancelled(recorded: Recorded) -> None:
    order_id = ORDERS.row_id(recorded.subject)
    await execute(
        "UPDATE review_case SET state = 'ended', claimed_by = NULL, claimed_at = NULL WHERE order_id = ? AND state <> 'refused'",
        order_id,
    )
    await ticking.end(order_id, list(ClockKind), at=recorded.recorded_at, void=True)


async def _closed(recorded: Recorded) -> None:
    """All of it is on its way, or with the customer."""
    order_id = ORDERS.row_id(recorded.subject)
    await ticking.end(order_id, [ClockKind.SHIP], at=recorded.recorded_at)
    await ticking.end(order_id, [ClockKind.TOUCH, ClockKind.PROBLEM], at=recorded.recorded_at, void=True)
    await execute("UPDATE review_case SET state = 'ended' WHERE order_id = ? AND state IN ('service', 'finance', 'held')", order_id)


async def _problem(order_id: int, recorded: Recorded) -> None:
    site = await transitions.site_of(order_id)
    await ticking.begin(order_id, [ClockKind.PROBLEM], site=site, at=recorded.recorded_at)


async def _look(number: str) -> None:
    try:
        await judge_again(number)
    except NotFound:
        return  # an address of something that is no order


async def _exists(number: str) -> bool:
    try:
        return bool(await fetch("SELECT 1 FROM sales_order WHERE id = ?", ORDERS.row_id(number)))
    except DomainError:
        return False


TAKEN: Mapping[str, Callable[[Recorded], Awaitable[None]]] = {
    OrderJudged.name: _judged,
    OrderChanged.name: _changed,
    OrderAddressSet.name: _address_set,
    OrderFlagged.name: _flagged,
    OrderFlagCleared.name: _flag_cleared,
    OrderCancelled.name: _cancelled,
    OrderClosed.name: _closed,
}


async def _take(recorded: Recorded) -> None:
    await TAKEN[recorded.name](recorded)


FOLLOWER = Follower("review", frozenset(TAKEN), _take)
