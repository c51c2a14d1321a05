"""Pick lists as a transaction works on them: locked, in memory, written back once."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from controller.db import Row, among, execute, execute_many, fetch, listing
from controller.documents.numbers import Series
from controller.errors import NotFound
from controller.fulfilment.numbers import PARCELS, PICK_LISTS
from controller.fulfilment.policies import PickLine
from controller.fulfilment.states import PICK_LIST, ParcelState, PickListAction, PickListState
from controller.orders.numbers import ORDERS
from controller.orders.operations import lock
from controller.states import advance


@dataclass(slots=True, kw_only=True)
class ParcelNow:
    """A parcel; `expected_grams` is None while a weight is missing in the catalogue."""

    id: int
    state: ParcelState
    box: str
    grams: Decimal
    expected_grams: int | None
    weight_mismatch: bool
    handed_over_at: datetime | None

    @property
    def no(self) -> str:
        return PARCELS.number(self.id)


@dataclass(slots=True, kw_only=True)
class PickListNow:
    """A pick list with its lines and its parcel; `changed` holds the lines to write back."""

    id: int
    order_id: int
    site: str
    attempt: int
    state: PickListState
    lines: list[PickLine]
    parcel: ParcelNow | None
    changed: dict[int, PickLine] = field(default_factory=dict)
    parcel_changed: bool = False

    @property
    def no(self) -> str:
        return PICK_LISTS.number(self.id)

    @property
    def order_no(self) -> str:
        return ORDERS.number(self.order_id)

    @property
    def key(self) -> str:
        """What a parked fact waits for until this list is picked."""
        return f"pick_list:{self.no}"

    @property
    def has_goods(self) -> bool:
        return any(line.picked for line in self.lines)

    @property
    def is_done(self) -> bool:
        """Nothing more can come of it: what was fetched is out, the rest was declared short; or it was withdrawn."""
        is_nothing = not self.has_goods and self.parcel is None
        return (
            self.state is PickListState.WITHDRAWN or self.is_delivered or (is_nothing and all(one.is_short for one in self.lines))
        )

    @property
    def is_delivered(self) -> bool:
        """Its parcel is out, and nothing more can come."""
        is_out = self.parcel is not None and self.parcel.state is ParcelState.HANDED_OVER
        return is_out and all(line.is_done for line in self.lines)

    @property
    def can_be_packed(self) -> bool:
        """All of it is fetched, and it is something; a withdrawn one may be packed whatever it holds, to be put back."""
        return self.state is PickListState.WITHDRAWN or (self.state is PickListState.PICKED and self.has_goods)

    def take(self, action: PickListAction) -> None:
        """Raises IllegalTransition."""
        self.state = advance(PICK_LIST, self.state, action)


async def by_number(numbers: Iterable[str]) -> dict[str, PickListNow]:
    """The pick lists that exist among these, with their orders locked."""
    ids = _ids(PICK_LISTS, numbers)
    rows = await fetch(f"SELECT id, order_id FROM pick_list WHERE {among('id')}", listing(ids))
    return {found.no: found for found in await _locked({row["id"]: row["order_id"] for row in rows})}


async def by_parcel(numbers: Iterable[str]) -> dict[str, PickListNow]:
    """The pick lists of the parcels that exist among these, by the parcel's number, with their orders locked."""
    ids = _ids(PARCELS, numbers)
    rows = await fetch(
        f"SELECT l.id, l.order_id FROM pick_list l JOIN parcel p ON p.pick_list_id = l.id WHERE {among('p.id')}", listing(ids)
    )
    found = await _locked({row["id"]: row["order_id"] for row in rows})
    return {one.parcel.no: one for one in found if one.parcel}


async def by_order(order_id: int, *, site: str | None = None) -> list[PickListNow]:
    """All pick lists of an order (of a site of it), the withdrawn ones too, the oldest first; the order is locked."""
    await lock([order_id])
    rows = await fetch("SELECT id, order_id, site FROM pick_list WHERE order_id = ?", order_id)
    return await _locked({row["id"]: row["order_id"] for row in rows if site in (None, row["site"])})


def _ids(series: Series, numbers: Iterable[str]) -> set[int]:
    ids: set[int] = set()
    for number in set(numbers):
        try:
            ids.add(series.row_id(number))
        except NotFound:
            continue  # it stays without a list, which the caller tells
    return ids


_LINES = "SELECT p.*, o.base_unit FROM pick_line p JOIN order_line o ON o.id = p.order_line_id"


async def _locked(orders: dict[int, int]) -> list[PickListNow]:
    """Pick lists by id (keys), read after their orders (values) are locked."""
    if not orders:
        return []
    await lock(orders.values())
    wanted = listing(orders)
    lists = await fetch(f"SELECT * FROM pick_list WHERE {among('id')} ORDER BY id", wanted)
    parcels = {row["pick_list_id"]: row for row in await fetch(f"SELECT * FROM parcel WHERE {among('pick_list_id')}", wanted)}
    lines: dict[int, list[PickLine]] = {list_id: [] for list_id in orders}
    for row in await fetch(f"{_LINES} WHERE {among('p.pick_list_id')} ORDER BY p.id", wanted):
        lines[row["pick_list_id"]].append(_line(row))
    return [_list(row, lines[row["id"]], parcels.get(row["id"])) for row in lists]


def _list(row: Row, lines: list[PickLine], parcel: Row | None) -> PickListNow:
    return PickListNow(
        id=row["id"],
        order_id=row["order_id"],
        site=row["site"],
        attempt=row["attempt"],
        state=PickListState(row["state"]),
        lines=lines,
        parcel=_parcel(parcel) if parcel else None,
    )


def _line(row: Row) -> PickLine:
    return PickLine(
        id=row["id"],
        order_line_id=row["order_line_id"],
        line_key=row["line_key"],
        sku_id=row["sku_id"],
        location_id=row["location_id"],
        quantity=row["quantity"],
        picked=row["picked"],
        out=row["out"],
        is_short=bool(row["is_short"]),
        lot_id=row["lot_id"],
        is_other_lot=bool(row["is_other_lot"]),
        base_unit=row["base_unit"],
        estimate=row["estimate"],
    )


def _parcel(row: Row) -> ParcelNow:
    return ParcelNow(
        id=row["id"],
        state=ParcelState(row["state"]),
        box=row["box"],
        grams=Decimal(row["grams"]),
        expected_grams=row["expected_grams"],
        weight_mismatch=bool(row["weight_mismatch"]),
        handed_over_at=row["handed_over_at"],
    )


async def write(lists: Collection[PickListNow]) -> None:
    """Write back what changed; the orders are locked, so nobody else changed it since."""
    lines = [line for one in lists for line in one.changed.values()]
    await execute_many(
        "UPDATE pick_line SET quantity = ?, estimate = ?, picked = ?, out = ?, is_short = ?, is_other_lot = ? WHERE id = ?",
        [(line.quantity, line.estimate, line.picked, line.out, line.is_short, line.is_other_lot, line.id) for line in lines],
    )
    await execute_many(
        "UPDATE pick_list SET state = ? WHERE id = ? AND state <> ?", [(one.state.value, one.id, one.state.value) for one in lists]
    )
    for one in lists:
        if one.parcel and one.parcel_changed:
            await _write_parcel(one.parcel)


async def _write_parcel(parcel: ParcelNow) -> None:
    await execute(
        "UPDATE parcel SET state = ?, expected_grams = ?, weight_mismatch = ?, handed_over_at = ? WHERE id = ?",
        parcel.state.value,
        parcel.expected_grams,
        parcel.weight_mismatch,
        parcel.handed_over_at,
        parcel.id,
    )
