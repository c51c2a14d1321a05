"""Forgetting a buyer of whom there is no record: known by an order's number and the telephone or e-mail address it was made with.

What goes: where their orders went (and with it what labels, which ask for it when they are printed, would say), what channels sent
of them, their orders in files that were checked.  The orders stay.  Needs the keys: what was typed is compared by keyed hashes.
"""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller import db, events
from controller.customers import order_addresses, sealing
from controller.customers.deriving import identity_of
from controller.customers.errors import BadCustomer, BuyerIsCustomer, BuyerUnderWay, NoSuchBuyer
from controller.customers.events import BuyerErased
from controller.customers.numbers import CUSTOMERS
from controller.customers.phones import normal_phone
from controller.customers.policies import normal_email
from controller.intake.erasing import forget_sent
from controller.orders.numbers import ORDERS
from controller.tracking.forgetting import under_way


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """`orders`: whose address went; `sent`: what channels and files had sent."""

    orders: list[str]
    sent: int


async def forget_buyer(order_no: str, *, phone: str = "", email: str = "", country: str = "CN") -> Forgotten:
    """Forget who ordered: this order, others without a record that went to the same telephone, and what never became one.

    Records BuyerErased.  Raises NoSuchBuyer (one answer, whichever half is wrong), BuyerIsCustomer (there is a record: erase that),
    BuyerUnderWay, BadCustomer, KeysUnavailable.
    """
    hashes = await _hashes(phone, email, country)
    order_id = ORDERS.row_id(order_no)
    async with db.transaction():
        rows = await db.fetch(f"SELECT id, customer_id FROM sales_order WHERE id = ?{db.for_update()}", order_id)
        if not rows or not await _is_buyer(order_id, hashes):
            raise NoSuchBuyer(order_no)
        if rows[0]["customer_id"] is not None:
            raise BuyerIsCustomer(CUSTOMERS.number(rows[0]["customer_id"]))
        ids = sorted({order_id, *await _others(hashes)})
        still = await under_way(ids)
        if still:
            raise BuyerUnderWay(still)
        addressed = sorted(await order_addresses.stored_addresses(ids))
        addresses = await order_addresses.erase_addresses(ids)
        sent = await forget_sent(ids, hashes)
        await events.record(BuyerErased(orders=len(ids), addresses=addresses, sent=sent), subject=ORDERS.number(order_id))
    return Forgotten(orders=[ORDERS.number(each) for each in addressed], sent=sent)


async def _hashes(phone: str, email: str, country: str) -> list[str]:
    """By what the buyer can be known, under each key that hashes.  Raises BadCustomer."""
    told = [("phone", normal_phone(phone, country))] if phone.strip() else []
    told += [("email", normal_email(email))] if email.strip() else []
    wrong = next((kind for kind, value in told if value is None), None if told else "phone")
    if wrong is not None:
        raise BadCustomer(wrong, "a telephone number, or an e-mail address, that the order was made with")
    return [each for kind, value in told if value for each in await sealing.hashes(*identity_of(kind, "", value))]


async def _is_buyer(order_id: int, hashes: Sequence[str]) -> bool:
    """Whether the order went to this telephone, or was sent by who has it."""
    if await db.fetch(
        f"SELECT order_id FROM order_address WHERE order_id = ? AND {db.among('phone_hash')}", order_id, db.listing(hashes)
    ):
        return True
    rows = await db.fetch("SELECT buyer_hashes FROM raw_order WHERE order_id = ?", order_id)
    return any(not set(hashes).isdisjoint(row["buyer_hashes"].split()) for row in rows)


async def _others(hashes: Sequence[str]) -> list[int]:
    rows = await db.fetch(
        "SELECT o.id FROM order_address a JOIN sales_order o ON o.id = a.order_id "
        f"WHERE {db.among('a.phone_hash')} AND o.customer_id IS NULL ORDER BY o.id",
        db.listing(hashes),
    )
    return [int(row["id"]) for row in rows]
