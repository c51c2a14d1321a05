"""What follows from a packed parcel: where its seller wishes it, its order's invoice is issued and printed with it."""

from __future__ import annotations

from controller import db, events
from controller.errors import DomainError
from controller.events import Recorded
from controller.following import Follower
from controller.fulfilment.events import ParcelPacked
from controller.invoices import queries
from controller.invoices.errors import NoSeller
from controller.invoices.events import InvoiceNotIssued
from controller.invoices.operations import issue
from controller.invoices.printing import want
from controller.invoices.sellers import seller_at
from controller.orders import queries as orders


async def _packed(recorded: Recorded) -> None:
    """The first parcel of an order brings it; what cannot be issued is told in the order's history."""
    order = await orders.order(recorded.subject)
    try:
        at = await seller_at(recorded.site)
    except NoSeller:
        return
    if not at.at_packing or await queries.of_order(order.id):
        return
    try:
        async with db.savepoint():
            await want(await issue(order.no))
    except DomainError as error:
        told = InvoiceNotIssued(code=error.code, message=str(error)[:400])
        await events.record(told, subject=order.no, site=recorded.site)


FOLLOWER = Follower("invoices", frozenset({ParcelPacked.name}), _packed)
