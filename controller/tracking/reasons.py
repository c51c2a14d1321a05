"""Who has a reason to see somebody in clear: customers are the whole chain's, and whom one knows are not all of them."""

from __future__ import annotations

from collections.abc import Collection

from controller.customers.events import CustomerAdded
from controller.customers.numbers import CUSTOMERS
from controller.db import fetch
from controller.errors import Forbidden
from controller.orders.listing import visible
from controller.tracking.forgetting import orders_of


class NoReason(Forbidden):
    """Nobody at the caller's sites has to do with this customer."""

    code = "no_reason"

    def __init__(self, customer: str) -> None:
        super().__init__(f"{customer} has no order at a site of yours, and was not added by you: ask who serves them")
        self.customer = customer


async def require_reason(customer_id: int, account: str, sites: Collection[str] | None) -> None:
    """Who sees the whole chain (`sites` None), has an order of theirs at a site, or added them, may look.

    Raises NoReason, NotFound.  `account`: who asks, as events name them.
    """
    if sites is None or await visible(await orders_of(customer_id), sites):
        return
    number = CUSTOMERS.number(customer_id)
    added = "SELECT 1 FROM event WHERE subject = ? AND name = ? AND actor = ? LIMIT 1"
    if not await fetch(added, number, CustomerAdded.name, account):
        raise NoReason(number)
