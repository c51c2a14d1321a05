"""Transfers as people and boxes look for them."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from controller import db
from controller.errors import NotFound
from controller.transfers.policies import Kind
from controller.transfers.states import TransferState


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTransfer:
    """See `models.Transfer`; quantities are sums over its lines, of different SKUs, so a measure of size only."""

    id: int
    number: str
    from_site: str | None
    to_site: str | None
    state: TransferState
    is_announced: bool
    note: str | None
    proposal: str | None
    created_at: datetime
    created_by: str
    approved_at: datetime | None
    approved_by: str | None
    sent_closed_at: datetime | None
    received_closed_at: datetime | None
    lines: int
    quantity: int
    sent: int
    came: int
    open_units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTransferLine:
    """A SKU of a transfer, in base units; `in_transit` below zero: more came than left."""

    sku_id: int
    sku: str
    name_en: str
    name_zh: str
    base_unit: str
    quantity: int
    sent: int
    received: int
    damaged: int
    lost: int
    found: int

    @property
    def in_transit(self) -> int:
        return self.sent + self.found - self.received - self.damaged - self.lost


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBooking:
    """A movement for a transfer; `is_undone`: taken back, it counts for nothing."""

    kind: Kind
    sku: str
    quantity: int
    place: str
    site: str
    lot: str | None
    occurred_at: datetime
    person: str | None
    reason: str | None
    is_undone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which transfers: empty is all.  `q`: part of the number; `sku`: those with a line of it."""

    state: TransferState | None = None
    site: str = ""
    q: str = ""
    only_open: bool = False


OPEN = (TransferState.DRAFT, TransferState.APPROVED, TransferState.SHIPPING, TransferState.IN_TRANSIT, TransferState.RECEIVED_SHORT)
_SUMS = (
    "COUNT(l.id) AS lines, COALESCE(SUM(l.quantity), 0) AS quantity, COALESCE(SUM(l.sent), 0) AS sent, "
    "COALESCE(SUM(l.received + l.damaged), 0) AS came, "
    "COALESCE(SUM(l.sent + l.found - l.received - l.damaged - l.lost), 0) AS open_units"
)
_COLUMNS = (
    "t.id, t.number, t.from_site, t.to_site, t.state, t.is_announced, t.note, t.proposal, t.created_at, t.created_by, "
    "t.approved_at, t.approved_by, t.sent_closed_at, t.received_closed_at"
)
_SELECT = f"SELECT {_COLUMNS}, {_SUMS} FROM transfer t LEFT JOIN transfer_line l ON l.transfer_id = t.id"


async def transfers(
    asked: Asked, *, before: int | None = None, limit: int = 50, sites: Collection[str] | None = None
) -> list[StoredTransfer]:
    """The newest first; those that leave or reach one of `sites`, None: any."""
    conditions: list[str] = ["t.id < ?"]
    params: list[object] = [before if before is not None else 2**62]
    if asked.state is not None:
        conditions.append(f"t.state = '{asked.state.value}'")
    if asked.only_open:
        conditions.append(f"t.state IN ({', '.join(repr(state.value) for state in OPEN)})")
    if asked.site:
        conditions.append("(t.from_site = ? OR t.to_site = ?)")
        params += [asked.site, asked.site]
    if asked.q:
        conditions.append("LOWER(t.number) LIKE ?")
        params.append(f"%{asked.q.lower()}%")
    if sites is not None:
        conditions.append(f"({db.among('t.from_site')} OR {db.among('t.to_site')})")
        params += [db.listing(sorted(sites))] * 2
    rows = await db.fetch(
        f"{_SELECT} WHERE {' AND '.join(conditions)} GROUP BY {_COLUMNS} ORDER BY t.id DESC LIMIT ?", *params, limit
    )
    return [_stored(row) for row in rows]


async def transfer(number: str, *, sites: Collection[str] | None = None) -> StoredTransfer:
    """Raises NotFound, for one between other sites, too."""
    rows = await db.fetch(f"{_SELECT} WHERE t.number = ? GROUP BY {_COLUMNS}", number)
    if not rows or (sites is not None and not {rows[0]["from_site"], rows[0]["to_site"]} & set(sites)):
        raise NotFound("transfer", number)
    return _stored(rows[0])


async def lines(transfer_id: int) -> list[StoredTransferLine]:
    rows = await db.fetch(
        "SELECT l.sku_id, s.code AS sku, s.name_en, s.name_zh, s.base_unit, l.quantity, l.sent, l.received, l.damaged, l.lost, "
        "l.found FROM transfer_line l JOIN sku s ON s.id = l.sku_id WHERE l.transfer_id = ? ORDER BY s.code",
        transfer_id,
    )
    return [StoredTransferLine(**row) for row in rows]


async def bookings(transfer_id: int, *, limit: int = 500) -> list[StoredBooking]:
    """What was booked for it, the oldest first."""
    rows = await db.fetch(
        "SELECT b.kind, s.code AS sku, b.quantity, b.occurred_at, b.person, b.reason, b.is_undone, lot.code AS lot, "
        "l.code AS place, l.site_id AS site FROM transfer_booking b JOIN sku s ON s.id = b.sku_id "
        "JOIN location l ON l.id = CASE WHEN b.kind IN ('sent', 'found') THEN b.from_location_id ELSE b.to_location_id END "
        "LEFT JOIN lot ON lot.id = b.lot_id WHERE b.transfer_id = ? ORDER BY b.id LIMIT ?",
        *(transfer_id, limit),
    )
    return [StoredBooking(**{**row, "kind": Kind(row["kind"]), "is_undone": bool(row["is_undone"])}) for row in rows]


async def open_at(site_id: str, *, limit: int = 500) -> list[tuple[StoredTransfer, list[StoredTransferLine]]]:
    """What a site's stations work on: transfers that it is to send or to receive, with their lines."""
    working = ", ".join(f"'{state.value}'" for state in OPEN if state is not TransferState.DRAFT)
    rows = await db.fetch(
        f"{_SELECT} WHERE t.state IN ({working}) AND (t.from_site = ? OR t.to_site = ?) GROUP BY {_COLUMNS} ORDER BY t.id LIMIT ?",
        *(site_id, site_id, limit),
    )
    return [(_stored(row), await lines(row["id"])) for row in rows]


def _stored(row: db.Row) -> StoredTransfer:
    sums = {name: int(row[name]) for name in ("lines", "quantity", "sent", "came", "open_units")}
    state = {"state": TransferState(row["state"]), "is_announced": bool(row["is_announced"])}
    return StoredTransfer(**{**row, **sums, **state})
