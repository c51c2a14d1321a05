"""What is charged beside goods when orders become one: one parcel is sent, so its shipping is paid once.  Fees are paid each.

The one order bears the highest shipping of all of them; the others' is not charged.  A merge remembers what its order charged by
itself, so that it can be as it was; what somebody says of the charges meanwhile stays.
"""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from controller.db import among, execute, fetch, listing
from controller.orders.states import Link
from controller.orders.totals import OrderCharge, kept_before, recount
from edge_agent.wire.totals import LineKind

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[OrderCharge]).decode


def together(own: Sequence[OrderCharge], others: Sequence[Sequence[OrderCharge]]) -> list[OrderCharge]:
    """Of orders that are one now.  Of equal shipping the order's own counts.  Pure."""
    everybody = [own, *others]
    best = max(everybody, key=shipping_of)  # the first of equals
    fees = [charge for charges in everybody for charge in charges if charge.kind is not LineKind.SHIPPING]
    return [charge for charge in best if charge.kind is LineKind.SHIPPING] + fees


def shipping_of(charges: Sequence[OrderCharge]) -> int:
    """Minor units."""
    return sum(charge.amount_minor for charge in charges if charge.kind is LineKind.SHIPPING)


async def charge_once(link_id: int, source: int, target: int) -> int:
    """The merge `link_id` of an order into another, with both locked: what is charged beside goods now.

    Minor units of shipping that nobody pays any more.
    """
    mine, theirs = await _charges(target), await _charges(source)
    own, before = await _own(target, but=link_id), [await _charges(one) for one in await _merged(target, but=link_id)]
    if own is None or not _alike(mine, together(own, before)):
        own = mine  # it is the first, or somebody said since what is charged
    uncharged = min(shipping_of(mine), shipping_of(theirs))
    await execute("UPDATE order_link SET charges = ?, uncharged_minor = ? WHERE id = ?", _encode(own).decode(), uncharged, link_id)
    if theirs:
        await recount(target, charges=together(mine, [theirs]))
    return uncharged


async def charge_apart(link_id: int, target: int) -> None:
    """The merge is undone: the one order charges what it would without the other.  With both orders locked."""
    merged, rest = await _merged(target), await _merged(target, but=link_id)
    rows = await fetch("SELECT charges FROM order_link WHERE id = ?", link_id)
    own = _decode(rows[0]["charges"]) if rows[0]["charges"] is not None else None
    if own is None or not _alike(await _charges(target), together(own, [await _charges(one) for one in merged])):
        return
    await recount(target, charges=together(own, [await _charges(one) for one in rest]))


def _alike(one: Sequence[OrderCharge], other: Sequence[OrderCharge]) -> bool:
    return sorted(map(_key, one)) == sorted(map(_key, other))


def _key(charge: OrderCharge) -> tuple[str, int, str]:
    return charge.kind.value, charge.amount_minor, charge.tax_class or ""


async def _own(target: int, *, but: int) -> list[OrderCharge] | None:
    """What the order charged before the first of its merges that still hold."""
    rows = await fetch(
        "SELECT charges FROM order_link WHERE to_order_id = ? AND kind = ? AND undone_at IS NULL AND charges IS NOT NULL "
        "AND id <> ? ORDER BY id DESC LIMIT 1",
        *(target, Link.MERGE.value, but),
    )
    return _decode(rows[0]["charges"]) if rows else None


async def _merged(target: int, *, but: int = 0) -> list[int]:
    """Orders that are in this one now."""
    rows = await fetch(
        "SELECT from_order_id FROM order_link WHERE to_order_id = ? AND kind = ? AND undone_at IS NULL AND id <> ? ORDER BY id",
        *(target, Link.MERGE.value, but),
    )
    return [int(row["from_order_id"]) for row in rows]


async def _charges(order_id: int) -> list[OrderCharge]:
    """As it was counted last; what was merged into another keeps its own, to be seen."""
    before = await kept_before(order_id)
    return [
        OrderCharge(kind=line.kind, amount_minor=line.amount_minor, tax_class=line.tax_class)
        for line in ([] if before is None else before.lines)
        if line.kind is not LineKind.GOODS
    ]


async def shipping_charges(order_ids: Collection[int]) -> dict[int, int]:
    """Minor units that each order charges for shipping, with the tax as its prices have it; none: it is left out."""
    rows = await fetch(
        "SELECT t.order_id, SUM(l.amount_minor) AS minor FROM order_total t JOIN order_total_line l ON l.total_id = t.id "
        f"WHERE {among('t.order_id')} AND l.kind = ? AND t.version = (SELECT MAX(n.version) FROM order_total n "
        "WHERE n.order_id = t.order_id) GROUP BY t.order_id",
        *(listing(order_ids), LineKind.SHIPPING.value),
    )
    return {row["order_id"]: int(row["minor"]) for row in rows}
