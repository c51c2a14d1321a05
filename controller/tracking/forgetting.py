"""Forgetting a customer who has orders: those under way are finished first, then person and addresses go and the orders stay."""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

import logging
from collections.abc import Sequence

from controller import db
from controller.customers import erasing, queries
from controller.customers.errors import OrdersUnderWay
from controller.customers.numbers import CUSTOMERS
from controller.intake.erasing import forget_sent
from controller.orders.numbers import ORDERS
from controller.orders.states import OPEN, OrderState

log = logging.getLogger(__name__)


async def orders_of(customer_id: int, *, limit: int = 10_000) -> list[int]:
    """The orders of a customer and of all that were merged into it, the newest first."""
    family = await queries.family(customer_id)
    rows = await db.fetch(
        f"SELECT id FROM sales_order WHERE {db.among('customer_id')} ORDER BY id DESC LIMIT ?", db.listing(family), limit
    )
    return [int(row["id"]) for row in rows]


async def under_way(order_ids: Sequence[int]) -> list[str]:
    """Numbers of those that are open, or whose parcel is still with its carrier; 20 at most."""
    rows = await db.fetch(
        f"SELECT o.id FROM sales_order o WHERE {db.among('o.id')} AND ({db.among('o.state')} OR EXISTS (SELECT 1 FROM shipment s "
        "WHERE s.order_id = o.id AND s.state IN ('labelled', 'handed_over', 'in_transit', 'out_for_delivery', 'exception'))) "
        "ORDER BY o.id LIMIT 20",
        *(db.listing(order_ids), db.listing(state.value for state in OPEN - {OrderState.DRAFT})),
    )
    return [ORDERS.number(row["id"]) for row in rows]


async def forget(customer_id: int) -> None:
    """Note the wish, and do it.  Raises NotFound; OrdersUnderWay: it is noted, and done when they are through (`forget_waiting`).

    Who calls keeps the note when it raises: the page and the API call `erasing.ask` first.
    """
    order_ids = await orders_of(customer_id)
    still = await under_way(order_ids)
    if still:
        raise OrdersUnderWay(CUSTOMERS.number(customer_id), still)
    async with db.transaction():
        hashes = await erasing.hashes_of(customer_id)
        await erasing.erase(customer_id, order_ids)
        await forget_sent(order_ids, hashes)


async def ask_and_forget(customer_id: int) -> bool:
    """The wish is noted, and done at once where nothing is under way; True: done.  Raises NotFound."""
    async with db.transaction():
        await erasing.ask(customer_id)
        try:
            await forget(customer_id)
        except OrdersUnderWay:
            return False
    return True


async def forget_waiting() -> int:
    """Who asked to be forgotten and has nothing under way any more; how many were forgotten."""
    done = 0
    for customer_id in await erasing.asked():
        try:
            await forget(customer_id)
        except OrdersUnderWay:
            continue
        done += 1
    return done


def encoded(export: erasing.Export) -> bytes:
    return erasing.encoded(export)


async def export(customer_id: int) -> erasing.Export:
    """All that is stored of one person.  Records PersonalDataSeen and CustomerExported.  Raises as `erasing.export`."""
    return await erasing.export(customer_id, await orders_of(customer_id))
