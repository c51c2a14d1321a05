"""`move` is the only writer of the ledger, of `balance`, and of the on-hand side of `availability` (docs/adr/0003)."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections.abc import Mapping, Sequence

from controller import db, events
from controller.errors import NotFound, Rejected
from controller.sites.models import PHYSICAL, LocationKind
from controller.sites.queries import Place, specials
from controller.stock.events import CommitmentWithdrawn, CountNeeded, StockMoved
from controller.stock.policies import Held, Mark, Move, Spot, changes, corrections, on_hand_changes, unexplained
from controller.stock.states import Hold

Granting = tuple[int, str]
"""A SKU at a site: one row of `availability`."""


class BadQuantity(Rejected):
    code = "bad_quantity"

    def __init__(self, quantity: int) -> None:
        super().__init__(f"quantity {quantity} is not above zero")
        self.quantity = quantity


async def move(moves: Sequence[Move]) -> None:
    """Book movements.  Physical: never refused for want of stock.

    What would go below zero is booked in from `discrepancy` (records CountNeeded); when less is left than is promised, the latest
    commitments are withdrawn (records CommitmentWithdrawn).  Movements from before a count that is booked already correct that
    count.  The result does not depend on the order of calls.  Records StockMoved once per site.
    Raises BadQuantity, NotFound (location); nothing is written then.
    """
    if not moves:
        return
    bad = next((move for move in moves if move.quantity <= 0), None)
    if bad is not None:
        raise BadQuantity(bad.quantity)
    async with db.transaction():
        places = await _places(moves)
        special = await specials(place.site_id for place in places.values())
        booked = [*moves, *await _corrections(moves, places, special)]
        for (site, kind), location in special.items():
            places.setdefault(location, Place(location, site, kind.value, kind))
        net = changes(booked, places)
        grants = await _lock(sorted({(sku, places[location].site_id) for sku, location in net}))
        before = await _held(net)
        after = {spot: before[spot].after(change) for spot, change in net.items()}
        lost = unexplained(booked, before, after, special, places)
        await _append([*booked, *lost])
        await _save(before, after)
        await _save_on_hand(grants, on_hand_changes(before, after, places))
        await _announce(booked, before, after, places)


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
) -> list[Move]:
    physical = [place.id for place in places.values() if place.kind in PHYSICAL]
    rows = await db.fetch(
        f"SELECT location_id, counted_at, document FROM count_mark WHERE {db.among('location_id')} AND counted_at >= ?",
        db.listing(physical),
        min(move.occurred_at for move in moves),
    )
    marks = [Mark(row["location_id"], row["counted_at"], row["document"]) for row in rows]
    if not marks:
        return []
    return corrections(moves, marks, {place.id: special[place.site_id, LocationKind.LOSS] for place in places.values()})


async def _lock(wanted: Sequence[Granting]) -> dict[Granting, db.Row]:
    """Lock the rows that grant, in key order; whoever changes a balance holds its row here."""
    found = await _granting(wanted)
    missing = [grant for grant in wanted if grant not in found]
    if not missing:
        return found
    await db.execute_many(
        "INSERT INTO availability (sku_id, site_id, on_hand, reserved, allocated, quarantined, incoming) "
        "VALUES (?, ?, 0, 0, 0, 0, 0) ON CONFLICT (sku_id, site_id) DO NOTHING",
        missing,
    )
    return await _granting(wanted)


async def _granting(wanted: Sequence[Granting]) -> dict[Granting, db.Row]:
    rows = await db.fetch(
        f"SELECT * FROM availability WHERE {db.among('sku_id')} AND {db.among('site_id')} ORDER BY sku_id, site_id"
        + db.for_update(),
        db.listing(sorted({sku for sku, _ in wanted})),
        db.listing(sorted({site for _, site in wanted})),
    )
    return {(row["sku_id"], row["site_id"]): row for row in rows}


async def _held(spots: Mapping[Spot, int]) -> dict[Spot, Held]:
    rows = await db.fetch(
        f"SELECT sku_id, location_id, on_hand, borrowed FROM balance WHERE {db.among('sku_id')} AND {db.among('location_id')}",
        db.listing(sorted({sku for sku, _ in spots})),
        db.listing(sorted({location for _, location in spots})),
    )
    found = {(row["sku_id"], row["location_id"]): Held(row["on_hand"], row["borrowed"]) for row in rows}
    return {spot: found.get(spot, Held()) for spot in spots}


_COLUMNS = (
    "sku_id",
    "from_location_id",
    "to_location_id",
    "quantity",
    "reason",
    "document",
    "fact_id",
    "person",
    "device",
    "occurred_at",
    "recorded_at",
)


async def _append(moves: Sequence[Move]) -> None:
    instant = db.now()
    rows = [
        (
            move.sku_id,
            move.from_location_id,
            move.to_location_id,
            move.quantity,
            move.reason.value,
            move.document,
            move.fact_id,
            move.person,
            move.device,
            move.occurred_at,
            instant,
        )
        for move in moves
    ]
    await db.insert_many("stock_movement", _COLUMNS, rows)


async def _save(before: Mapping[Spot, Held], after: Mapping[Spot, Held]) -> None:
    await db.execute_many(
        "INSERT INTO balance (sku_id, location_id, lot_id, on_hand, borrowed) VALUES (?, ?, 0, ?, ?) "
        "ON CONFLICT (sku_id, location_id, lot_id) DO UPDATE SET on_hand = excluded.on_hand, borrowed = excluded.borrowed",
        [(*spot, held.on_hand, held.borrowed) for spot, held in sorted(after.items()) if held != before[spot]],
    )


async def _save_on_hand(grants: Mapping[Granting, db.Row], net: Mapping[Granting, int]) -> None:
    """Withdraw first what can no longer be promised, in the same statement: the CHECK never sees a state in between."""
    taken: dict[Granting, dict[Hold, int]] = {}
    for grant, change in net.items():
        row = grants[grant]
        over = row["reserved"] + row["allocated"] + row["quarantined"] - row["on_hand"] - change
        if over > 0:
            taken[grant] = await _withdraw(grant, over)
    nothing: dict[Hold, int] = {}
    rows = []
    for grant, change in sorted(net.items()):
        row, away = grants[grant], taken.get(grant, nothing)
        on_hand = row["on_hand"] + change
        reserved = row["reserved"] - away.get(Hold.RESERVED, 0)
        allocated = row["allocated"] - away.get(Hold.ALLOCATED, 0)
        if change or away:
            rows.append((on_hand, reserved, allocated, min(row["quarantined"], on_hand - reserved - allocated), row["id"]))
    await db.execute_many(
        "UPDATE availability SET on_hand = ?, reserved = ?, allocated = ?, quarantined = ?, version = NULL WHERE id = ?", rows
    )


async def _withdraw(grant: Granting, over: int) -> dict[Hold, int]:
    """Take back the latest commitments until `over` base units are covered; how much of each state."""
    sku, site = grant
    rows = await db.fetch(
        "SELECT id, line_key, state, quantity - consumed AS still FROM reservation "
        "WHERE sku_id = ? AND site_id = ? AND state IN ('reserved', 'allocated') ORDER BY id DESC",
        sku,
        site,
    )
    taken: dict[Hold, int] = {}
    gone: list[tuple[str, int]] = []
    told: list[tuple[events.Event, str]] = []
    for row in rows:
        if sum(taken.values()) >= over:
            break
        state = Hold(row["state"])
        taken[state] = taken.get(state, 0) + row["still"]
        gone.append((Hold.WITHDRAWN.value, row["id"]))
        told.append((CommitmentWithdrawn(sku_id=sku, quantity=row["still"]), row["line_key"]))
    await db.execute_many("UPDATE reservation SET state = ? WHERE id = ?", gone)
    await events.record_many(told, site=site)
    return taken


async def _announce(
    moves: Sequence[Move], before: Mapping[Spot, Held], after: Mapping[Spot, Held], places: Mapping[int, Place]
) -> None:
    skus_of: dict[str, list[int]] = {}
    for move in moves:
        skus_of.setdefault(places[move.to_location_id].site_id, []).append(move.sku_id)
    for site, skus in skus_of.items():
        await events.record(StockMoved(movements=len(skus), skus=sorted(set(skus))[:20]), subject=site, site=site)
    for (sku, location), held in after.items():
        if held.borrowed > before[sku, location].borrowed:
            needed = CountNeeded(sku_id=sku, location_id=location, missing=held.borrowed)
            await events.record(needed, subject=str(location), site=places[location].site_id)
