"""Commitments of stock to order lines, and what people book by hand.  `move` is in `controller.stock.ledger`.

Grants are conditional UPDATEs in key order, with a CHECK behind them; nothing is read before it is decided.
"""

# ruff: noqa: S608 -- what is put into the texts is column names and placeholders; values are parameters
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from controller import db, events
from controller.errors import NotFound, Rejected
from controller.sites.models import PHYSICAL, LocationKind
from controller.stock.events import StockReserved
from controller.stock.ledger import BadQuantity, move
from controller.stock.policies import Move
from controller.stock.states import Hold, Reason

__all__ = ["BadQuantity", "InsufficientStock", "Move", "Reason", "ReserveLine", "move", "release", "reserve"]


class InsufficientStock(Rejected):
    """`available` is what could still be promised, in base units."""

    code = "insufficient_stock"

    def __init__(self, sku: str, wanted: int, available: int) -> None:
        super().__init__(f"{wanted} of {sku} are wanted, {available} are available")
        self.sku = sku
        self.wanted = wanted
        self.available = available


class BadAdjustment(Rejected):
    code = "bad_adjustment"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveLine:
    """`line_key` is the order line's own, for ever; `quantity` in base units."""

    line_key: str
    sku_id: int
    quantity: int


async def reserve(lines: Sequence[ReserveLine], *, site_id: str) -> None:
    """Hold stock for order lines: all of them, or InsufficientStock.  A line that has a hold already keeps it.

    Records StockReserved per line.  Raises BadQuantity, InsufficientStock: let it end the transaction around.
    """
    bad = next((line for line in lines if line.quantity <= 0), None)
    if bad is not None:
        raise BadQuantity(bad.quantity)
    if not lines:
        return
    async with db.transaction():
        new = await _insert_holds(lines, site_id)
        wanted: Counter[int] = Counter()
        for line in new:
            wanted[line.sku_id] += line.quantity
        for sku_id, quantity in sorted(wanted.items()):
            granted = await db.execute(
                "UPDATE availability SET reserved = reserved + ? WHERE sku_id = ? AND site_id = ? "
                "AND on_hand - reserved - allocated - quarantined >= ?",
                quantity,
                sku_id,
                site_id,
                quantity,
            )
            if not granted:
                raise await _insufficient(sku_id, site_id, quantity)
        told = [(StockReserved(sku_id=line.sku_id, quantity=line.quantity), line.line_key) for line in new]
        await events.record_many(told, site=site_id)


async def _insert_holds(lines: Sequence[ReserveLine], site_id: str) -> list[ReserveLine]:
    """Insert the holds; the unique key on the line decides which are new."""
    instant = db.now()
    values = [(line.line_key, line.sku_id, site_id, line.quantity, Hold.RESERVED.value, instant) for line in lines]
    places = ", ".join(["(?, ?, ?, ?, 0, ?, ?)"] * len(values))
    rows = await db.fetch(
        "INSERT INTO reservation (line_key, sku_id, site_id, quantity, consumed, state, created_at) "
        f"VALUES {places} ON CONFLICT (line_key) DO NOTHING RETURNING line_key",
        *(value for row in values for value in row),
    )
    inserted = {row["line_key"] for row in rows}
    return [line for line in lines if line.line_key in inserted]


async def _insufficient(sku_id: int, site_id: str, wanted: int) -> Exception:
    rows = await db.fetch(
        "SELECT s.code, COALESCE(a.on_hand - a.reserved - a.allocated - a.quarantined, 0) AS free "
        "FROM sku s LEFT JOIN availability a ON a.sku_id = s.id AND a.site_id = ? WHERE s.id = ?",
        site_id,
        sku_id,
    )
    return InsufficientStock(rows[0]["code"], wanted, rows[0]["free"]) if rows else NotFound("SKU", sku_id)


async def release(line_keys: Iterable[str]) -> None:
    """Give back what these lines still hold; a line without an open hold is left as it is."""
    await _end(line_keys, Hold.RELEASED)


async def allocate(line_keys: Iterable[str]) -> None:
    """Reserved -> allocated; a line in another state is left as it is."""
    await _end(line_keys, Hold.ALLOCATED)


async def _end(line_keys: Iterable[str], target: Hold) -> None:
    """Take open holds to `target`, and their quantities out of (or into) the columns that hold them, in key order."""
    sources = (Hold.RESERVED,) if target is Hold.ALLOCATED else (Hold.RESERVED, Hold.ALLOCATED)
    async with db.transaction():
        rows = await _lock_holds(line_keys, sources)
        if not rows:
            return
        changed: Counter[tuple[int, str, str]] = Counter()
        for row in rows:
            changed[row["sku_id"], row["site_id"], row["state"]] += row["quantity"] - row["consumed"]
        await db.execute_many("UPDATE reservation SET state = ? WHERE id = ?", [(target.value, row["id"]) for row in rows])
        for (sku_id, site_id, state), quantity in sorted(changed.items()):
            into = f", {target.value} = {target.value} + {quantity:d}" if target is Hold.ALLOCATED else ""
            await db.execute(
                f"UPDATE availability SET {state} = {state} - {quantity:d}{into} WHERE sku_id = ? AND site_id = ?", sku_id, site_id
            )


async def _lock_holds(line_keys: Iterable[str], states: Sequence[Hold]) -> list[db.Row]:
    """The open holds of some lines.  Their rows in `availability` are locked before them, as in `move`: one order for all."""
    keys = db.listing(sorted(set(line_keys)))
    await db.fetch(
        f"SELECT a.id FROM availability a WHERE (a.sku_id, a.site_id) IN (SELECT sku_id, site_id FROM reservation "
        f"WHERE {db.among('line_key')}) ORDER BY a.sku_id, a.site_id" + db.for_update(),
        keys,
    )
    wanted = ", ".join(f"'{state.value}'" for state in states)
    return await db.fetch(
        f"SELECT * FROM reservation WHERE {db.among('line_key')} AND state IN ({wanted}) ORDER BY id" + db.for_update(), keys
    )


async def consume(line_key: str, quantity: int) -> int:
    """Goods of a line leave: at most `quantity` base units of its hold end; how many did.

    Call it before the `move` that takes them out of the site, in the same transaction: the other way round the move would find
    less than is promised and withdraw a commitment.
    """
    if quantity <= 0:
        raise BadQuantity(quantity)
    async with db.transaction():
        for row in await _lock_holds([line_key], (Hold.RESERVED, Hold.ALLOCATED)):
            taken: int = min(quantity, row["quantity"] - row["consumed"])
            done = row["consumed"] + taken == row["quantity"]
            await db.execute(
                "UPDATE reservation SET consumed = consumed + ?, state = ? WHERE id = ?",
                taken,
                Hold.CONSUMED.value if done else row["state"],
                row["id"],
            )
            column = Hold(row["state"]).value
            await db.execute(
                f"UPDATE availability SET {column} = {column} - ? WHERE sku_id = ? AND site_id = ?",
                taken,
                row["sku_id"],
                row["site_id"],
            )
            return taken
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """`change` base units came to light (or are gone, below zero) at a location, because of `reason`: a code, or a person's words.

    `occurred_at`: None: now; `fact_id` and `device` when a station told it.
    """

    sku_id: int
    location_id: int
    change: int
    reason: str
    occurred_at: datetime | None = None
    fact_id: UUID | None = None
    device: str | None = None


async def adjust(adjustment: Adjustment, *, person: str | None, document: str | None = None) -> None:
    """Book a difference that somebody saw, against the site's loss.  Raises BadAdjustment, NotFound (location)."""
    if adjustment.change == 0 or not adjustment.reason.strip():
        raise BadAdjustment("an adjustment needs a change other than 0 and a reason")
    rows = await db.fetch(
        "SELECT l.kind, loss.id AS loss FROM location l JOIN location loss ON loss.site_id = l.site_id AND loss.kind = ? "
        "WHERE l.id = ?",
        LocationKind.LOSS.value,
        adjustment.location_id,
    )
    if not rows:
        raise NotFound("location", adjustment.location_id)
    if LocationKind(rows[0]["kind"]) not in PHYSICAL:
        raise BadAdjustment(f"location {adjustment.location_id} is virtual: adjust a bin")
    ends = (rows[0]["loss"], adjustment.location_id)
    source, target = ends if adjustment.change > 0 else ends[::-1]
    booked = Move(
        sku_id=adjustment.sku_id,
        from_location_id=source,
        to_location_id=target,
        quantity=abs(adjustment.change),
        reason=Reason.ADJUSTED,
        occurred_at=adjustment.occurred_at or db.now(),
        document=f"{document or 'adjustment'}: {adjustment.reason.strip()}"[:512],
        fact_id=adjustment.fact_id,
        person=person,
        device=adjustment.device,
    )
    await move([booked])
