"""`move` is the only writer of the ledger, of `balance`, and of the on-hand side of `availability` (docs/adr/0003)."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from controller import bulk, db, events
from controller.errors import NotFound, Rejected
from controller.sites.models import PHYSICAL, LocationKind
from controller.sites.queries import Place, specials
from controller.stock.booking import Booked, Sites, book
from controller.stock.events import CountNeeded, StockMoved
from controller.stock.granting import lock, save
from controller.stock.lot_policies import LotFacts
from controller.stock.policies import (
    NO_LOT,
    Cell,
    Correction,
    Held,
    Mark,
    Move,
    Spot,
    changes,
    corrections,
    level_changes,
)
from controller.stock.serials import follow
from controller.stock.states import MarkKind


class BadQuantity(Rejected):
    code = "bad_quantity"

    def __init__(self, quantity: int) -> None:
        super().__init__(f"quantity {quantity} is not above zero")
        self.quantity = quantity


class BadSerial(Rejected):
    code = "bad_serial"

    def __init__(self, serial: str, quantity: int) -> None:
        super().__init__(f"serial {serial} with quantity {quantity}: it names one piece")
        self.serial = serial
        self.quantity = quantity


async def move(moves: Sequence[Move]) -> None:
    """Book movements.  Physical: never refused for want of stock.

    What would go below zero is booked in from `discrepancy` (records CountNeeded); when less is left than is promised, the latest
    commitments are withdrawn (records CommitmentWithdrawn).  Movements from before a count that is booked already correct that
    count.  What is on hand of a SKU at a location does not depend on the order of calls; which lots it is, is the best that is
    known (`controller.stock.lot_policies`).  Records StockMoved once per site, SerialTwice.
    Raises BadQuantity, BadSerial, NotFound (location); nothing is written then.
    """
    if not moves:
        return
    _refuse_bad(moves)
    async with db.transaction():
        places = await _places(moves)
        special = await specials(place.site_id for place in places.values())
        corrected = await _corrections(moves, places, special)
        for (site, kind), location in special.items():
            places.setdefault(location, Place(location, site, kind.value, kind))
        net = changes([*moves, *(each.move for each in corrected)], places)
        grants = await lock(sorted({(sku, places[location].site_id) for sku, location in net}))
        rows = await _balances(net)
        known = await _lots(moves, rows)
        booked = book(moves, corrected, rows, known, Sites(places, special))
        await append(booked.entries)
        await _save(booked)
        blocked = {lot for lot, facts in known.items() if facts.blocked}
        await save(grants, level_changes(booked.before, booked.after, places, blocked))
        if any(each.serial for each in moves):
            await follow(moves, places)
        await _announce(booked, places)


def _refuse_bad(moves: Sequence[Move]) -> None:
    bad = next((move for move in moves if move.quantity <= 0), None)
    if bad is not None:
        raise BadQuantity(bad.quantity)
    odd = next((move for move in moves if move.serial and move.quantity != 1), None)
    if odd is not None:
        raise BadSerial(odd.serial or "", odd.quantity)


async def _places(moves: Sequence[Move]) -> dict[int, Place]:
    wanted = {move.from_location_id for move in moves} | {move.to_location_id for move in moves}
    # the lock makes a count and a movement of its location take turns: whoever comes second sees the other's mark or entries
    rows = await db.fetch(
        f"SELECT * FROM location WHERE {db.among('id')} ORDER BY id" + db.for_key_share(), db.listing(sorted(wanted))
    )
    found = {row["id"]: Place(row["id"], row["site_id"], row["code"], LocationKind(row["kind"])) for row in rows}
    if missing := wanted - found.keys():
        raise NotFound("location", min(missing))
    return found


async def _corrections(
    moves: Sequence[Move], places: Mapping[int, Place], special: Mapping[tuple[str, LocationKind], int]
) -> list[Correction]:
    physical = [place.id for place in places.values() if place.kind in PHYSICAL]
    rows = await db.fetch(
        "SELECT id, location_id, sku_id, kind, counted_at, document, touched FROM count_mark "
        f"WHERE {db.among('location_id')} AND until >= ? AND (sku_id = 0 OR {db.among('sku_id')})",
        db.listing(physical),
        min(move.occurred_at for move in moves),
        db.listing(sorted({move.sku_id for move in moves})),
    )
    if not rows:
        return []
    marks = [Mark(row["location_id"], row["counted_at"], row["document"], row["sku_id"], MarkKind(row["kind"])) for row in rows]
    if waiting := [row["id"] for row in rows if row["kind"] == MarkKind.WATCH.value and not row["touched"]]:
        await db.execute(f"UPDATE count_mark SET touched = ? WHERE {db.among('id')}", True, db.listing(waiting))
    return corrections(moves, marks, {place.id: special[place.site_id, LocationKind.LOSS] for place in places.values()})


async def _balances(spots: Iterable[Spot]) -> dict[Cell, Held]:
    """What is there, by lot."""
    source, params = bulk.wanted({"sku_id": "bigint", "location_id": "bigint"}, sorted(set(spots)))
    rows = await db.fetch(
        f"SELECT b.sku_id, b.location_id, b.lot_id, b.on_hand, b.borrowed FROM {source} CROSS JOIN balance b "
        "WHERE b.sku_id = w.sku_id AND b.location_id = w.location_id AND (b.on_hand > 0 OR b.borrowed > 0)",
        *params,
    )
    return {(row["sku_id"], row["location_id"], row["lot_id"]): Held(row["on_hand"], row["borrowed"]) for row in rows}


async def _lots(moves: Iterable[Move], rows: Iterable[Cell]) -> dict[int, LotFacts]:
    """The lots that may be touched, held until the end of the transaction: whoever blocks one waits, or was before."""
    wanted = {move.lot_id for move in moves} | {lot for _, _, lot in rows}
    wanted -= {0, NO_LOT}
    if not wanted:
        return {}
    found = await db.fetch(
        f"SELECT id, expiry, blocked FROM lot WHERE {db.among('id')} ORDER BY id" + db.for_key_share(), db.listing(sorted(wanted))
    )
    known = {row["id"]: LotFacts(row["expiry"], bool(row["blocked"])) for row in found}
    if missing := wanted - known.keys():
        raise NotFound("lot", min(missing))
    return known


_COLUMNS = (
    "sku_id",
    "from_location_id",
    "to_location_id",
    "lot_id",
    "serial",
    "quantity",
    "reason",
    "document",
    "fact_id",
    "person",
    "device",
    "approved_by",
    "occurred_at",
    "recorded_at",
)


async def append(moves: Sequence[Move]) -> None:
    """Write entries as they are.  For `move`, and for a manager who makes the entries say what is there (`stock.settling`)."""
    instant = db.now()
    rows = [
        (
            move.sku_id,
            move.from_location_id,
            move.to_location_id,
            move.lot_id,
            move.serial,
            move.quantity,
            move.reason.value,
            move.document,
            move.fact_id,
            move.person,
            move.device,
            move.approved_by,
            move.occurred_at,
            instant,
        )
        for move in moves
    ]
    await db.insert_many("stock_movement", _COLUMNS, rows)


async def _save(booked: Booked) -> None:
    await bulk.save(
        "balance",
        ("sku_id", "location_id", "lot_id", "on_hand", "borrowed"),
        [(*cell, held.on_hand, held.borrowed) for cell, held in sorted(booked.after.items()) if held != booked.before[cell]],
        "ON CONFLICT (sku_id, location_id, lot_id) DO UPDATE SET on_hand = excluded.on_hand, borrowed = excluded.borrowed",
    )


async def _announce(booked: Booked, places: Mapping[int, Place]) -> None:
    skus_of: dict[str, list[int]] = {}
    for move in booked.entries:
        skus_of.setdefault(places[move.to_location_id].site_id, []).append(move.sku_id)
    for site, skus in skus_of.items():
        await events.record(StockMoved(movements=len(skus), skus=sorted(set(skus))[:20]), subject=site, site=site)
    needed = [
        CountNeeded(sku_id=sku, location_id=location, missing=held.borrowed)
        for (sku, location, lot), held in booked.after.items()
        if held.borrowed > booked.before[sku, location, lot].borrowed
    ]
    needed += [
        CountNeeded(sku_id=sku, location_id=location, missing=quantity, lot_id=lot)
        for (sku, location, lot), quantity in booked.turned.items()
    ]
    by_site: dict[str, list[tuple[CountNeeded, str]]] = {}
    for event in needed:
        by_site.setdefault(places[event.location_id].site_id, []).append((event, str(event.location_id)))
    for site, told in by_site.items():
        await events.record_many(told, site=site)
