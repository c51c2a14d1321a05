"""What was weighed, or found short, is what an order is charged: exact, with its taxes and discounts, in minor units.

Each order line says what it is charged for once goods of it are packed (`order_line.actual`); the order is counted again from that,
and its money follows: `set_actual` before capture, a refund of what was paid beyond when it is handed over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from controller.catalog.policies import Found, SymbolKey, measured_units, weighed_units
from controller.db import execute, fetch, savepoint
from controller.fulfilment.lists import PickListNow
from controller.orders.flags import FlagKind, set_flag
from controller.orders.queries import taken_here
from controller.orders.totals import recount
from controller.payments.capturing import deliver, leave
from controller.payments.errors import OrderEnded, OverTolerance
from controller.payments.operations import set_actual
from controller.payments.refunds import Refund, refund
from controller.payments.stored import balances
from edge_agent.wire.facts import Picked
from edge_agent.wire.pick_facts import PickDamaged
from edge_agent.wire.prices import WEIGHED

REASON = "less was packed than was paid"


def is_measured(picked: Picked, item: Found) -> bool:
    """Whether a pick says how much it is (grams told by a person, a scale or the symbol), not how many packs."""
    if picked.measure is not None:
        return True
    key = SymbolKey(text=picked.symbol.text, gtin=picked.gtin)
    return item.numerator == item.denominator or measured_units(key.text) is not None or weighed_units(key) is not None


def units_of(picked: Picked | PickDamaged, item: Found, base_unit: str) -> int | None:
    """Base units of a pick; None: no whole number of them, or a weight of what is counted by the piece."""
    if picked.measure is None:
        return item.base_units(picked.quantity)
    return picked.measure if base_unit in WEIGHED else None


async def charge_packed(touched: Iterable[PickListNow]) -> None:
    """Orders of which these lists are packed are charged for what was, and for what is still to come as it was ordered.

    In the caller's transaction, with the orders locked and their lists written.
    """
    for order_id in sorted({one.order_id for one in touched if one.parcel is not None}):
        await charge(order_id, await _packed(order_id))


async def charge(order_id: int, quantities: Mapping[int, int]) -> None:
    """Charge for these base units, by order line; nothing happens when that is what is charged already.

    More than what its weighed goods may come to flags the order: a person decides, until then it is charged as it was.
    """
    rows = await fetch("SELECT id, quantity, actual FROM order_line WHERE order_id = ? AND NOT is_removed ORDER BY id", order_id)
    found: list[tuple[int | None, int]] = []
    for row in rows:
        new = quantities.get(row["id"], row["quantity"])
        actual = None if new == row["quantity"] else new
        if actual != row["actual"]:
            found.append((actual, row["id"]))
    if not found:
        return
    try:
        async with savepoint():
            for actual, line_id in found:
                await execute("UPDATE order_line SET actual = ? WHERE id = ?", actual, line_id)
            counted = await recount(order_id)
            if order_id in await balances([order_id]):
                await set_actual(order_id, counted.payable_minor)
    except OverTolerance as error:
        words = f"weighed goods come to {error.actual} minor units, {error.most} at most were agreed"
        await set_flag(order_id, FlagKind.PRICE_ANOMALY, words)
    except OrderEnded:
        return  # it was cancelled: its goods are put back, its money is on its way


async def _packed(order_id: int) -> dict[int, int]:
    """Base units to charge, by order line: what lies in parcels, what is promised beside them, and what waits for goods."""
    rows = await fetch(
        "SELECT o.id, o.wanting + COALESCE((SELECT SUM(COALESCE((SELECT SUM(CASE WHEN c.id IS NOT NULL OR p.is_short THEN p.picked "
        "ELSE p.quantity END) FROM pick_line p JOIN pick_list l ON l.id = p.pick_list_id "
        "LEFT JOIN parcel c ON c.pick_list_id = l.id WHERE p.line_key = a.line_key AND l.state <> 'withdrawn'), a.quantity)) "
        "FROM order_allocation a WHERE a.order_line_id = o.id AND NOT a.is_ended), 0) AS charged "
        "FROM order_line o WHERE o.order_id = ? AND NOT o.is_removed ORDER BY o.id",
        order_id,
    )
    return {row["id"]: int(row["charged"]) for row in rows}


async def paid_for(order_ids: Collection[int]) -> None:
    """All of these orders is out: what is authorised is captured; whoever took the goods themselves has paid what was left.

    In the caller's transaction.
    """
    here = set(await taken_here(order_ids))
    for order_id in sorted(order_ids):
        await (deliver if order_id in here else leave)(order_id)


async def give_back(order_ids: Collection[int]) -> None:
    """These orders are handed over: what was paid beyond what is due goes back.  In the caller's transaction."""
    for order_id, balance in sorted((await balances(order_ids)).items()):
        over = balance.sums.refundable - balance.due_minor
        if over > 0 and not balance.is_ended and await _is_less(order_id):
            await refund(order_id, Refund(amount_minor=over, reason=REASON))


async def _is_less(order_id: int) -> bool:
    """Whether something of it is charged for less than was ordered; else a person gave too much, and a person decides."""
    sql = "SELECT id FROM order_line WHERE order_id = ? AND actual IS NOT NULL AND NOT is_removed LIMIT 1"
    return bool(await fetch(sql, order_id))
