"""What an order is to be paid follows its lines: said when it is placed, again when it changes, parted when it is split.

An order of which nobody said how it is paid (another till took the money) has a total and no money here.
"""

from __future__ import annotations

from controller.db import fetch
from controller.orders.flags import FlagKind, clear_flag, set_flag
from controller.orders.numbers import ORDERS
from controller.orders.policies import above
from controller.orders.states import OPEN, OrderState
from controller.orders.totals import part_discounts, recount
from controller.payments.moving import move
from controller.payments.operations import Expected, expect
from controller.payments.policies import PayTerms
from controller.payments.stored import Balance, balances
from controller.taxes.operations import Counted
from edge_agent.wire.prices import WEIGHED, line_amount, most_of


async def owe(order_id: int, terms: PayTerms, counted: Counted | None = None) -> None:
    """What the order comes to is due on these terms.  In the caller's transaction, with the order locked.

    `counted`: what it comes to, where that is known; None: it is counted again.
    """
    counted = await recount(order_id) if counted is None else counted
    row = (await fetch("SELECT site, customer_id, currency, state FROM sales_order WHERE id = ?", order_id))[0]
    await expect(
        Expected(
            order_id=order_id,
            order_no=ORDERS.number(order_id),
            amount_minor=0 if row["state"] == "cancelled" else counted.payable_minor,
            currency=row["currency"],
            terms=terms,
            site=row["site"],
            customer_id=row["customer_id"],
            tolerance_bp=await _tolerance(order_id, counted.payable_minor),
        )
    )
    await flag_unpaid(order_id)


async def _tolerance(order_id: int, payable_minor: int) -> int:
    """By how much goods by weight may bring an order above what it comes to, in basis points; as much is authorised beyond that."""
    rows = await fetch("SELECT * FROM order_line WHERE order_id = ? AND NOT is_removed ORDER BY position", order_id)
    amount = sum(row["amount_minor"] for row in rows)
    more = [
        line_amount(most_of(row["quantity"]), row["unit_price_minor"], row["price_per"]) - row["amount_minor"]
        for row in rows
        if row["base_unit"] in WEIGHED
    ]
    return above(sum(more) + len(more), payable_minor, amount) if more else 0


async def flag_unpaid(order_id: int) -> None:
    """Set the flag `unpaid` of an order whose money keeps it here, or clear it.  An order that is not ours is passed by.

    What is out already nothing can keep: money that goes back then is no reason.
    """
    found = (await balances([order_id])).get(order_id)
    rows = await fetch("SELECT state FROM sales_order WHERE id = ?", order_id)
    if found is None or not rows:
        return
    if found.may_leave or found.is_ended or OrderState(rows[0]["state"]) not in OPEN:
        await clear_flag(order_id, FlagKind.UNPAID, "its money is there")
    else:
        await set_flag(order_id, FlagKind.UNPAID, "it is to be paid before it leaves")


async def owe_again(order_id: int, counted: Counted | None = None) -> Counted:
    """Something that it comes to has changed: what it comes to now, `counted` by the caller where it is known."""
    counted = await recount(order_id) if counted is None else counted
    found = (await balances([order_id])).get(order_id)
    if found is not None:
        await owe(order_id, found.terms, counted)
    return counted


async def terms_of(order_id: int) -> PayTerms | None:
    """None: nobody said how it is paid."""
    found = (await balances([order_id])).get(order_id)
    return None if found is None else found.terms


async def follow_lines(from_order: int, to_order: int) -> None:
    """Lines went from one order to the other: what each comes to, and what was paid beyond what is due here goes along."""
    found = (await balances([from_order])).get(from_order)
    await part_discounts(from_order, to_order)
    here, there = await recount(from_order), await recount(to_order)
    if found is None:
        return
    await owe(from_order, found.terms, here)
    await owe(to_order, found.terms, there)
    now = await balances([from_order, to_order])
    over = _there(now[from_order]) - now[from_order].due_minor
    lacks = now[to_order].due_minor - _there(now[to_order])
    if not now[from_order].due_minor:
        await move(from_order, to_order)
    elif min(over, lacks) > 0:
        await move(from_order, to_order, min(over, lacks))


def _there(balance: Balance) -> int:
    """What is paid or authorised, and not on its way back."""
    return balance.sums.refundable + balance.sums.open_authorised
