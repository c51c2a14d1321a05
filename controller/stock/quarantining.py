"""Goods that a scan puts into quarantine come from where they lie, not from the receiving place."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from controller import db
from controller.stock.policies import Move


async def from_where_it_lies(moves: Sequence[Move], quarantines: Collection[int]) -> list[Move]:
    """Movements into these places taken from where the books have the goods; all others as they are.

    Where no lot was told, it is the one of the SKU that is recalled and lies there.  The place that a movement names is the first
    to give, then the others in the order of their codes; what the books have nowhere is taken from the place it names.
    """
    found: list[Move] = []
    for each in moves:
        found += [each] if each.to_location_id not in quarantines else await _split(each)
    return found


async def _split(move: Move) -> list[Move]:
    rows = await _lying(move)
    lots = [row["lot_id"] for row in rows if row["is_recalled"]]
    lot = move.lot_id or (lots[0] if lots else 0)
    parts: list[Move] = []
    still = move.quantity
    for row in (row for row in rows if row["lot_id"] == lot):
        part = min(still, row["on_hand"])
        if part > 0:
            parts.append(replace(move, from_location_id=row["location_id"], quantity=part, lot_id=lot))
            still -= part
    return [*parts, replace(move, quantity=still, lot_id=lot)] if still else parts


async def _lying(move: Move) -> list[db.Row]:
    return await db.fetch(
        "SELECT b.location_id, b.lot_id, b.on_hand, CASE WHEN r.id IS NULL THEN 0 ELSE 1 END AS is_recalled FROM balance b "
        "JOIN location l ON l.id = b.location_id JOIN location q ON q.site_id = l.site_id "
        "LEFT JOIN recall r ON r.lot_id = b.lot_id AND r.state = 'open' "
        "WHERE q.id = ? AND b.sku_id = ? AND b.on_hand > 0 AND l.kind IN ('bin', 'receiving', 'packing') "
        "ORDER BY CASE WHEN b.location_id = ? THEN 0 ELSE 1 END, l.code, b.lot_id",
        *(move.to_location_id, move.sku_id, move.from_location_id),
    )
