"""The invoices of an order, as its page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.http.routing import Actor, Permission
from controller.invoices import queries
from controller.invoices.policies import taken_back, whole
from controller.invoices.queries import StoredInvoice
from controller.orders.queries import StoredOrder
from controller.orders.states import OrderState


@dataclass(frozen=True, slots=True)
class InvoiceShown:
    """`corrects`: the number of the invoice that it corrects; `is_open`: something of it can still be taken back."""

    one: StoredInvoice
    corrects: str | None
    prints: int
    is_open: bool


async def invoice_values(order: StoredOrder, who: Actor) -> dict[str, object]:
    """`invoices` None: they are not for this person."""
    read, write = who.at(Permission.PAYMENTS_READ), who.at(Permission.PAYMENTS_WRITE)
    if not who.may(Permission.PAYMENTS_READ) or not order.is_seen_at(read.sites):
        return {"invoices": None}
    found = await queries.of_order(order.id)
    sees_all = write.sites is None or set(order.sites) <= write.sites
    return {
        "invoices": [await _shown(one, found) for one in found],
        "invoices_write": who.may(Permission.PAYMENTS_WRITE) and sees_all and order.state is not OrderState.DRAFT,
        "invoices_issue": order.state not in (OrderState.DRAFT, OrderState.CANCELLED),
    }


async def _shown(one: StoredInvoice, among: Sequence[StoredInvoice]) -> InvoiceShown:
    numbers = {each.id: each.number for each in among}
    done = taken_back(each.content for each in among if each.corrects == one.id)
    return InvoiceShown(
        one=one,
        corrects=None if one.corrects is None else numbers.get(one.corrects),
        prints=await queries.copies_of(one),
        is_open=one.corrects is None and bool(whole(one.content, done)),
    )
