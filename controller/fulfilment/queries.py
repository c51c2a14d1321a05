"""Pick lists and parcels as they are stored."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from controller.db import Row, among, fetch, listing
from controller.errors import NotFound
from controller.fulfilment.numbers import PARCELS, PICK_LISTS
from controller.fulfilment.states import ParcelState, PickListState
from controller.orders.numbers import ORDERS
from controller.stock.pickable import LotNow, lots_now


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPickList:
    """One site's part of an order; `parcel` once it is packed.  `claimed_by` as events name people; `tote`: it goes into that."""

    id: int
    order_id: int
    site: str
    attempt: int
    state: PickListState
    released_at: datetime
    parcel_id: int | None
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    tote: str | None = None

    @property
    def is_in_hand(self) -> bool:
        """Somebody has it, and something is to be fetched."""
        return self.claimed_by is not None and self.state in (PickListState.OPEN, PickListState.PICKING)

    @property
    def no(self) -> str:
        return PICK_LISTS.number(self.id)

    @property
    def order(self) -> str:
        return ORDERS.number(self.order_id)

    @property
    def parcel(self) -> str | None:
        return None if self.parcel_id is None else PARCELS.number(self.parcel_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPickLine:
    """Quantities in base units; `bin` is where to fetch it, `lot` and `expiry` what is expected there (None: nobody knows).

    `is_recalled`: that lot is recalled, take another one; `is_other_lot`: something of another lot was picked.
    """

    id: int
    sku: str
    name_zh: str
    name_en: str
    base_unit: str
    bin: str
    quantity: int
    picked: int
    is_short: bool
    lot: str | None = None
    expiry: date | None = None
    is_recalled: bool = False
    is_other_lot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredParcel:
    """`expected_grams` is None when the catalogue lacks a weight; `label_copies` counts how often its label was asked for.

    `reason`: why it weighs other than its goods, as whoever packed it said.
    """

    id: int
    pick_list_id: int
    order_id: int
    site: str
    box: str
    state: ParcelState
    grams: Decimal
    expected_grams: int | None
    weight_mismatch: bool
    reason: str | None
    label_copies: int
    packed_at: datetime
    handed_over_at: datetime | None

    @property
    def no(self) -> str:
        return PARCELS.number(self.id)


_LISTS = "SELECT l.*, p.id AS parcel_id FROM pick_list l LEFT JOIN parcel p ON p.pick_list_id = l.id"
_PARCELS = "SELECT p.*, l.order_id FROM parcel p JOIN pick_list l ON l.id = p.pick_list_id"


async def pick_list(no: str) -> StoredPickList:
    """Raises NotFound."""
    rows = await fetch(f"{_LISTS} WHERE l.id = ?", PICK_LISTS.row_id(no))
    if not rows:
        raise NotFound(PICK_LISTS.what, no)
    return _pick_list(rows[0])


async def pick_lists_of(order_no: str) -> list[StoredPickList]:
    """All that were released for an order, the withdrawn ones too, the oldest first."""
    rows = await fetch(f"{_LISTS} WHERE l.order_id = ? ORDER BY l.id", ORDERS.row_id(order_no))
    return [_pick_list(row) for row in rows]


async def pick_lists(
    *, after: int, limit: int, state: PickListState | None = None, sites: Iterable[str] | None = None
) -> list[StoredPickList]:
    """The oldest first, behind the id `after`: what waits longest is on top.  `sites` None: all of them."""
    rows = await fetch(
        f"{_LISTS} WHERE l.id > ? AND (? = '' OR l.state = ?) {_at('l.site', sites)} ORDER BY l.id LIMIT ?",
        *(after, state or "", state or "", *_sites(sites), limit),
    )
    return [_pick_list(row) for row in rows]


async def pick_lines(list_id: int) -> list[StoredPickLine]:
    """The lines of a list in walking order: by bin."""
    return (await lines_of([list_id]))[list_id]


async def lines_of(list_ids: Iterable[int]) -> dict[int, list[StoredPickLine]]:
    """The same of some lists, by list."""
    found: dict[int, list[StoredPickLine]] = {list_id: [] for list_id in list_ids}
    rows = await fetch(
        "SELECT p.id, p.pick_list_id, o.sku, o.name_zh, o.name_en, o.base_unit, b.code AS bin, p.quantity, p.picked, p.is_short, "
        "p.lot_id, p.is_other_lot FROM pick_line p JOIN order_line o ON o.id = p.order_line_id "
        f"JOIN location b ON b.id = p.location_id WHERE {among('p.pick_list_id')} ORDER BY b.code, p.id",
        listing(found),
    )
    lots = await lots_now(row["lot_id"] for row in rows)
    for row in rows:
        found[row["pick_list_id"]].append(_pick_line(row, lots.get(row["lot_id"])))
    return found


def _pick_line(row: Row, lot: LotNow | None) -> StoredPickLine:
    told = ("id", "sku", "name_zh", "name_en", "base_unit", "bin", "quantity", "picked")
    return StoredPickLine(
        is_short=bool(row["is_short"]),
        is_other_lot=bool(row["is_other_lot"]),
        lot=lot.name if lot else None,
        expiry=lot.expiry if lot else None,
        is_recalled=lot is not None and lot.recalled_at is not None,
        **{name: row[name] for name in told},
    )


async def parcel(no: str) -> StoredParcel:
    """Raises NotFound."""
    rows = await fetch(f"{_PARCELS} WHERE p.id = ?", PARCELS.row_id(no))
    if not rows:
        raise NotFound(PARCELS.what, no)
    return _parcel(rows[0])


async def parcels_of(order_no: str) -> dict[int, StoredParcel]:
    """The parcels of an order, by the ids of their pick lists."""
    rows = await fetch(f"{_PARCELS} WHERE l.order_id = ? ORDER BY p.id", ORDERS.row_id(order_no))
    return {row["pick_list_id"]: _parcel(row) for row in rows}


async def parcels(
    *, before: int | None, limit: int, state: ParcelState | None = None, sites: Iterable[str] | None = None
) -> list[StoredParcel]:
    """The newest first, below the id `before`.  `sites` None: all of them."""
    rows = await fetch(
        f"{_PARCELS} WHERE p.id < ? AND (? = '' OR p.state = ?) {_at('p.site', sites)} ORDER BY p.id DESC LIMIT ?",
        *(2**62 if before is None else before, state or "", state or "", *_sites(sites), limit),
    )
    return [_parcel(row) for row in rows]


def _at(column: str, sites: Iterable[str] | None) -> str:
    return "" if sites is None else f"AND {among(column)}"


def _sites(sites: Iterable[str] | None) -> list[object]:
    return [] if sites is None else [listing(sites)]


def _pick_list(row: Row) -> StoredPickList:
    return StoredPickList(
        id=row["id"],
        order_id=row["order_id"],
        site=row["site"],
        attempt=row["attempt"],
        state=PickListState(row["state"]),
        released_at=row["released_at"],
        parcel_id=row["parcel_id"],
        claimed_by=row["claimed_by"],
        claimed_at=row["claimed_at"],
        tote=row["tote"],
    )


def _parcel(row: Row) -> StoredParcel:
    return StoredParcel(
        id=row["id"],
        pick_list_id=row["pick_list_id"],
        order_id=row["order_id"],
        site=row["site"],
        box=row["box"],
        state=ParcelState(row["state"]),
        grams=Decimal(row["grams"]),
        expected_grams=row["expected_grams"],
        weight_mismatch=bool(row["weight_mismatch"]),
        reason=row["reason"],
        label_copies=row["label_copies"],
        packed_at=row["packed_at"],
        handed_over_at=row["handed_over_at"],
    )
