"""Orders whose goods left over the counter before anybody here heard of them: placed and closed in one go, promised from nowhere.

What is promised can be refused, and these goods are gone.
"""

from __future__ import annotations

from controller import events
from controller.db import transaction
from controller.orders import queries
from controller.orders.events import OrderCancelled, OrderClosed, OrderPlaced
from controller.orders.numbers import ORDERS
from controller.orders.states import OrderAction, OrderState
from controller.orders.transitions import change_state, locked


async def gone(order_id: int) -> None:
    """A draft's goods are with the customer: it is placed and closed.  Once.  Records OrderPlaced, OrderClosed."""
    async with transaction():
        no = ORDERS.number(order_id)
        _, state = await locked(no)
        if state is not OrderState.DRAFT:
            return
        placed = await change_state(order_id, state, OrderAction.PLACE)
        await change_state(order_id, placed, OrderAction.CLOSE)
        order = await queries.order(no)
        told = OrderPlaced(
            channel=order.channel,
            reference=order.reference,
            lines=len((await queries.lines([order_id]))[order_id]),
            total_minor=order.total_minor,
            currency=order.currency,
        )
        await events.record(told, subject=no, site=order.site)
        await events.record(OrderClosed(), subject=no, site=order.site)


async def take_back(order_id: int, *, reason: str) -> bool:
    """It never was: closed over the counter, it is cancelled; False: it was cancelled before.  Records OrderCancelled.

    Raises IllegalTransition: it is still open, and is cancelled like any other.
    """
    async with transaction():
        no = ORDERS.number(order_id)
        _, state = await locked(no)
        if state is OrderState.CANCELLED:
            return False
        await change_state(order_id, state, OrderAction.TAKE_BACK)
        await events.record(OrderCancelled(reason=reason), subject=no, site=(await queries.order(no)).site)
    return True
