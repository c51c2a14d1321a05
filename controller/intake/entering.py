"""Orders that people of the office type in, for somebody on the telephone or across the desk: customer, address, order, at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.customers import home
from controller.customers import queries as customers
from controller.customers.addresses import Address
from controller.customers.operations import add_customer, recognise
from controller.customers.policies import Contact, Profile
from controller.db import fetch, transaction
from controller.errors import Rejected
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from controller.orders.policies import NewLine, NewOrder
from controller.orders.states import Delivery
from controller.orders.totals import recount
from controller.payments.policies import PayTerms

OFFICE = "office"
"""The channel of what is typed in the office."""


class NoAddress(Rejected):
    """It is to be sent, and nobody said where."""

    code = "no_address"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedOrder:
    """`customer_id`: somebody known; else `contact` is recognised, or becomes somebody new.  `address` None: the customer's own.

    `region`: where taxes say that it goes; None: the site's.
    """

    reference: str
    currency: str
    lines: Sequence[NewLine]
    delivery: Delivery
    site: str | None = None
    customer_id: int | None = None
    contact: Contact | None = None
    address: Address | None = None
    due_at: datetime | None = None
    pay_terms: PayTerms | None = None
    region: str | None = None


async def enter(typed: TypedOrder) -> str:
    """Place it, with who it is for and what it comes to with tax, in one transaction; its number.  The same reference is one order.

    Raises NoAddress, as `orders.place` does, and as customers do (BadCustomer, KeysUnavailable).
    """
    async with transaction():
        customer_id = await _customer(typed)
        number = await place(
            NewOrder(
                channel=OFFICE,
                reference=typed.reference,
                currency=typed.currency,
                lines=typed.lines,
                site=typed.site,
                region=typed.region,
                delivery=typed.delivery,
                customer_id=customer_id,
                address=await _address(typed, customer_id),
                due_at=typed.due_at,
                pay_terms=typed.pay_terms,
            )
        )
        if typed.pay_terms is None:
            await recount(ORDERS.row_id(number))
    return number


async def entered(reference: str) -> str | None:
    """The order that was typed under a reference."""
    rows = await fetch("SELECT id FROM sales_order WHERE channel = ? AND reference = ?", OFFICE, reference)
    return ORDERS.number(rows[0]["id"]) if rows else None


async def _customer(typed: TypedOrder) -> int | None:
    if typed.customer_id is not None:
        return await customers.canonical(typed.customer_id)
    told = typed.contact or Contact()
    known = await recognise(told, country=home.country())
    if known is not None:
        return known.customer_id
    return await add_customer(Profile(name=told.name), country=home.country()) if told.name else None


async def _address(typed: TypedOrder, customer_id: int | None) -> Address | None:
    """Raises NoAddress."""
    if typed.delivery is not Delivery.SHIPPING:
        return None
    address = typed.address or await own_address(customer_id)
    if address is None or not (address.name and address.city and address.street):
        raise NoAddress("what is sent needs a name, a city and a street")
    return address


async def own_address(customer_id: int | None) -> Address | None:
    """Where a customer's orders go by default.  Raises NotFound (erased, too), KeysUnavailable."""
    profile = Profile() if customer_id is None else await customers.profile_of(customer_id)
    if not profile.addresses:
        return None
    first = profile.addresses[0]
    told = {"name": first.name or profile.name, "phone": first.phone or profile.phone}
    return Address(**{name: getattr(first, name) for name in Address.__struct_fields__} | told)
