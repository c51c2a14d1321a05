"""What moves for a transfer: through the in-transit place of the site that will receive, each booking once by its key."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from controller import db
from controller.sites.models import LocationKind
from controller.sites.queries import special
from controller.stock.operations import Move, Reason, move
from controller.transfers.policies import Kind, Teller
from controller.transfers.records import better, expect_elsewhere

_REASONS = {
    Kind.SENT: Reason.TRANSFER_SENT,
    Kind.KEPT: Reason.TRANSFER_SENT,
    Kind.RECEIVED: Reason.TRANSFER_RECEIVED,
    Kind.DAMAGED: Reason.TRANSFER_RECEIVED,
    Kind.LOST: Reason.TRANSFER_LOST,
    Kind.FOUND: Reason.TRANSFER_FOUND,
}
INTO_TRANSIT = frozenset({Kind.SENT, Kind.FOUND})


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """`units` of a SKU between transit and `place`, the other end.  `key` is unique for ever; `fact_id` when a fact told it."""

    key: str
    kind: Kind
    sku_id: int
    units: int
    place: int
    occurred_at: datetime
    lot_id: int = 0
    serial: str | None = None
    fact_id: UUID | None = None
    person: str | None = None
    device: str | None = None
    reason: str | None = None


async def tell_sites(row: db.Row, teller: Teller, *, from_site: str | None = None, to_site: str | None = None) -> db.Row:
    """Somebody says between which sites a locked transfer is; what its goods went through follows.  The row as it is then.

    The office is believed before who sends, who sends before who receives; of two of a kind the one that comes first by its name:
    so that the order in which they say it makes no difference.
    """
    row = dict(row)
    if better(row, "from", teller, from_site):
        before = transit_site(row)
        await db.execute("UPDATE transfer SET from_site = ?, from_rank = ? WHERE id = ?", from_site, teller.rank, row["id"])
        row |= {"from_site": from_site, "from_rank": teller.rank}
        await _reroute(row, before)
    if to_site is not None and better(row, "to", teller, to_site):
        before = transit_site(row)
        await expect_elsewhere(row, to_site)
        await db.execute("UPDATE transfer SET to_site = ?, to_rank = ? WHERE id = ?", to_site, teller.rank, row["id"])
        row |= {"to_site": to_site, "to_rank": teller.rank}
        await _reroute(row, before)
    return row


def transit_site(row: db.Row) -> str | None:
    """Whose in-transit place the goods are in: the receiving site's; while nobody knows that, the sender's."""
    site: str | None = row["to_site"] or row["from_site"]
    return site


async def _reroute(row: db.Row, before: str | None) -> None:
    """What is booked went through another transit than was thought: the same, as of the same times, through the right one."""
    after = transit_site(row)
    if before is None or after is None or before == after:
        return
    old, new = await special(before, LocationKind.TRANSIT), await special(after, LocationKind.TRANSIT)
    rows = await db.fetch("SELECT * FROM transfer_booking WHERE transfer_id = ? AND NOT is_undone ORDER BY id", row["id"])
    moves = []
    for booked in rows:
        came_in = booked["to_location_id"] == old
        if not came_in and booked["from_location_id"] != old:
            continue
        ends = (old, new) if came_in else (new, old)
        moves.append(_move(booked, ends[0], ends[1], Reason.RELOCATED, row["number"]))
    for column in ("from_location_id", "to_location_id"):
        await db.execute(
            f"UPDATE transfer_booking SET {column} = ? WHERE transfer_id = ? AND {column} = ? AND NOT is_undone",
            new,
            row["id"],
            old,
        )
    await move(moves)


async def book(row: db.Row, bookings: Sequence[Booking]) -> None:
    """Book movements of a locked transfer; a key that is known already is passed by."""
    site = transit_site(row)
    if site is None:
        raise RuntimeError(f"transfer {row['number']} has no site at all: whoever books says which")
    transit = await special(site, LocationKind.TRANSIT)
    moves = []
    for booking in bookings:
        ends = (booking.place, transit) if booking.kind in INTO_TRANSIT else (transit, booking.place)
        made = await db.execute(
            "INSERT INTO transfer_booking (key, transfer_id, kind, sku_id, quantity, lot_id, serial, from_location_id, "
            "to_location_id, occurred_at, person, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
            *(booking.key, row["id"], booking.kind.value, booking.sku_id, booking.units, booking.lot_id, booking.serial, *ends),
            *(db.utc(booking.occurred_at), booking.person, booking.reason),
        )
        if made:
            moves.append(_booked(booking, ends, row["number"]))
    await move(moves)


async def not_booked(bookings: Sequence[Booking]) -> list[Booking]:
    """Those whose key is not known yet, each once."""
    keys = db.listing(sorted({booking.key for booking in bookings}))
    known = {row["key"] for row in await db.fetch(f"SELECT key FROM transfer_booking WHERE {db.among('key')}", keys)}
    return [booking for booking in {each.key: each for each in bookings}.values() if booking.key not in known]


def _booked(booking: Booking, ends: tuple[int, int], number: str) -> Move:
    return Move(
        sku_id=booking.sku_id,
        from_location_id=ends[0],
        to_location_id=ends[1],
        quantity=booking.units,
        reason=_REASONS[booking.kind],
        occurred_at=booking.occurred_at,
        document=number,
        fact_id=booking.fact_id,
        person=booking.person,
        device=booking.device,
        lot_id=booking.lot_id,
        serial=booking.serial,
    )


def _move(booked: db.Row, source: int, target: int, reason: Reason, number: str) -> Move:
    return Move(
        sku_id=booked["sku_id"],
        from_location_id=source,
        to_location_id=target,
        quantity=booked["quantity"],
        reason=reason,
        occurred_at=booked["occurred_at"],
        document=number,
        person=booked["person"],
        lot_id=booked["lot_id"],
        serial=booked["serial"],
    )


async def booked_under(key: str) -> db.Row | None:
    """A booking that stands, with its transfer's number."""
    rows = await db.fetch(
        "SELECT b.*, t.number FROM transfer_booking b JOIN transfer t ON t.id = b.transfer_id WHERE b.key = ? AND NOT b.is_undone",
        key,
    )
    return rows[0] if rows else None


async def undo(booked: db.Row, fact_id: UUID, person: str | None) -> None:
    """Take a booking of a locked transfer back, as of its own time."""
    if await db.execute("UPDATE transfer_booking SET is_undone = ? WHERE id = ? AND NOT is_undone", True, booked["id"]):
        back = _move(booked, booked["from_location_id"], booked["to_location_id"], Reason.TRANSFER_SENT, booked["number"])
        await move([back.reversed(Reason.RETRACTED, fact_id, person)])
