"""Grants: holds of stock for order lines and carts.

A grant is a conditional UPDATE in key order, with a CHECK behind it; nothing is read before it is decided.
"""

# ruff: noqa: S608 -- what is put into the texts is placeholders and expressions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from controller import bulk, db, events
from controller.errors import Rejected
from controller.stock.channels import FREE_FOR, available_to_promise
from controller.stock.events import StockReserved
from controller.stock.holds import expire_here, open_lines, release
from controller.stock.ledger import BadQuantity
from controller.stock.presale import presell
from controller.stock.states import Hold


class InsufficientStock(Rejected):
    """`available` is what could still be promised, in base units."""

    code = "insufficient_stock"

    def __init__(self, sku: str, wanted: int, available: int) -> None:
        super().__init__(f"{wanted} of {sku} are wanted, {available} are available")
        self.sku = sku
        self.wanted = wanted
        self.available = available


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveLine:
    """`line_key` is the order line's own, for ever; `quantity` in base units.  `presale`: it may be promised before it arrives."""

    line_key: str
    sku_id: int
    quantity: int
    presale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Who sells (a channel's code, empty: nobody in particular), until when it is held (None: for good), and what it replaces.

    `instead_of`: a document (a cart) whose holds are given back in the same transaction, first.
    """

    channel: str = ""
    expires_at: datetime | None = None
    instead_of: str | None = None


_PLAIN = Terms()


async def reserve(lines: Sequence[ReserveLine], *, site_id: str, terms: Terms = _PLAIN) -> None:
    """Hold stock for order lines: all of them, or InsufficientStock.  A line that has a hold already keeps it.

    Records StockReserved per line.  Raises BadQuantity, InsufficientStock: let it end the transaction around.
    """
    bad = next((line for line in lines if line.quantity <= 0), None)
    if bad is not None:
        raise BadQuantity(bad.quantity)
    if not lines:
        return
    async with db.transaction():
        if terms.instead_of is not None:
            await _give_back(terms.instead_of, lines, site_id)
        new = await _insert_holds(lines, site_id, terms)
        asking = {line.line_key for line in new}
        wanted = _in_order(new)
        granted = await _take_all(wanted, site_id, terms.channel)
        for one in wanted:
            if one.presale_line or one.sku_id not in granted:
                await _grant(one, site_id, terms.channel, asking)
        told = [(StockReserved(sku_id=line.sku_id, quantity=line.quantity), line.line_key) for line in new]
        await events.record_many(told, site=site_id)


async def _give_back(document: str, lines: Sequence[ReserveLine], site_id: str) -> None:
    """All rows that this and what follows will change, locked in their order first."""
    await db.fetch(
        f"SELECT id FROM availability WHERE ({db.among('sku_id')} AND site_id = ?) OR (sku_id, site_id) IN "
        f"(SELECT sku_id, site_id FROM reservation WHERE document = ?) ORDER BY sku_id, site_id" + db.for_update(),
        *(db.listing(sorted({line.sku_id for line in lines})), site_id, document),
    )
    await release(await open_lines(document))


async def _insert_holds(lines: Sequence[ReserveLine], site_id: str, terms: Terms) -> list[ReserveLine]:
    """Insert the holds; the unique key on the line decides which are new."""
    instant = db.now()
    values = [
        (
            *(line.line_key, line.sku_id, site_id, line.quantity, Hold.RESERVED.value),
            *(document_of(line.line_key), terms.channel, terms.expires_at, instant),
        )
        for line in lines
    ]
    places = ", ".join(["(?, ?, ?, ?, 0, ?, ?, ?, ?, ?)"] * len(values))
    rows = await db.fetch_aside(
        "INSERT INTO reservation (line_key, sku_id, site_id, quantity, consumed, state, document, channel, expires_at, created_at) "
        f"VALUES {places} ON CONFLICT (line_key) DO NOTHING RETURNING line_key",
        *(value for row in values for value in row),
    )
    inserted = {row["line_key"] for row in rows}
    return [line for line in lines if line.line_key in inserted]


def document_of(line_key: str) -> str:
    """What a line belongs to: `SO-100001` of `SO-100001/1`."""
    return line_key.rpartition("/")[0][:80]


@dataclass(frozen=True, slots=True)
class _Wanted:
    sku_id: int
    quantity: int
    presale_line: str | None = None


def _in_order(lines: Iterable[ReserveLine]) -> list[_Wanted]:
    """By SKU: two lines of one SKU are one grant, those that may be presold one each, as they came."""
    plain: dict[int, int] = {}
    single: list[_Wanted] = []
    for line in lines:
        if line.presale:
            single.append(_Wanted(line.sku_id, line.quantity, line.line_key))
        else:
            plain[line.sku_id] = plain.get(line.sku_id, 0) + line.quantity
    return sorted([*(_Wanted(*pair) for pair in plain.items()), *single], key=lambda wanted: wanted.sku_id)


async def _take_all(wanted: Sequence[_Wanted], site_id: str, channel: str) -> set[int]:
    """Those SKUs that grant, in one statement for all of them: it locks their rows in their order, then takes what is free.

    None of a single one, nor where some may be presold: those are granted one by one, in the same order.
    """
    if len(wanted) < 2 or any(one.presale_line for one in wanted):
        return set()
    source, params = bulk.wanted({"sku_id": "bigint", "quantity": "bigint"}, [(one.sku_id, one.quantity) for one in wanted])
    rows = await db.fetch_aside(
        f"UPDATE availability SET reserved = reserved + s.wanted FROM (SELECT a.id, w.quantity AS wanted FROM {source} "
        "CROSS JOIN availability a WHERE a.sku_id = w.sku_id AND a.site_id = ? ORDER BY a.sku_id" + db.for_update("a") + ") s "
        f"WHERE availability.id = s.id AND {FREE_FOR} >= s.wanted RETURNING sku_id",
        *(*params, site_id, channel),
    )
    return {row["sku_id"] for row in rows}


async def _grant(wanted: _Wanted, site_id: str, channel: str, asking: Collection[str]) -> None:
    if await _take(wanted, site_id, channel):
        return
    if await expire_here(wanted.sku_id, site_id, spared=asking) and await _take(wanted, site_id, channel):
        return
    if wanted.presale_line and await presell(wanted.sku_id, site_id, wanted.presale_line, wanted.quantity):
        return
    found = await available_to_promise(wanted.sku_id, site_id, channel)
    raise InsufficientStock(found.sku, wanted.quantity, found.available)


async def _take(wanted: _Wanted, site_id: str, channel: str) -> bool:
    rows = await db.fetch_aside(
        f"UPDATE availability SET reserved = reserved + ? WHERE sku_id = ? AND site_id = ? AND {FREE_FOR} >= ? RETURNING sku_id",
        *(wanted.quantity, wanted.sku_id, site_id, channel, wanted.quantity),
    )
    return bool(rows)
