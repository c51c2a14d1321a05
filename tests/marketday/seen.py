"""What an onlooker sees of the orders: the tables, read from outside, as often as somebody looks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from controller.fulfilment.numbers import PARCELS, PICK_LISTS
from controller.fulfilment.states import PickListState
from controller.orders.numbers import ORDERS
from controller.orders.states import OrderState
from controller.shipping.states import ShipmentState
from controller.tracking.nodes import Axes, Node, Part, current
from tests.shopday.invariants import Query, Row


@dataclass
class SeenList:
    """A pick list, its parcel, its shipment."""

    id: int
    site: str
    state: PickListState
    lines: list[tuple[str, int]] = field(default_factory=list)
    parcel: int | None = None
    parcel_state: str = ""
    shipment: Row | None = None

    @property
    def no(self) -> str:
        return PICK_LISTS.number(self.id)

    @property
    def parcel_no(self) -> str:
        return PARCELS.number(self.parcel or 0)

    @property
    def part(self) -> Part:
        found = None if self.shipment is None else ShipmentState(self.shipment["state"])
        return Part(pick_list=self.state, shipment=found, is_handed_over=self.parcel_state == "handed_over")


@dataclass
class Seen:
    """An order."""

    id: int
    channel: str
    reference: str
    state: OrderState
    is_sent: bool
    flags: set[str] = field(default_factory=set)
    case: str = ""
    lists: list[SeenList] = field(default_factory=list)
    is_allocated: bool = False
    wanting: int = 0
    due: Row | None = None
    captured: int = 0

    @property
    def no(self) -> str:
        return ORDERS.number(self.id)

    @property
    def node(self) -> Node:
        """Where its projection must say that it is."""
        parts = [one.part for one in self.lists]
        return current(
            Axes(
                order=self.state,
                is_allocated=self.is_allocated,
                is_flagged=bool(self.flags),
                is_sent=self.is_sent,
                parts=parts,
            )
        )

    @property
    def standing(self) -> list[SeenList]:
        return [one for one in self.lists if one.state is not PickListState.WITHDRAWN]


def _in(values: Iterable[object]) -> str:
    """For an SQL text; all are ours, and there is one at least."""
    return ", ".join(f"'{value}'" if isinstance(value, str) else str(value) for value in values) or "NULL"


async def look(query: Query, references: Sequence[str]) -> dict[str, Seen]:
    """By reference; those that are no order yet are left out."""
    rows = await query(f"SELECT * FROM sales_order WHERE reference IN ({_in(references)})")
    found = {
        row["id"]: Seen(
            row["id"], row["channel"], row["reference"], OrderState(row["state"]), is_sent=row["delivery"] == "shipping"
        )
        for row in rows
    }
    ids = _in(found)
    for row in await query(f"SELECT order_id, kind FROM order_flag WHERE cleared_at IS NULL AND order_id IN ({ids})"):
        found[row["order_id"]].flags.add(row["kind"])
    for row in await query(f"SELECT order_id, state FROM review_case WHERE order_id IN ({ids})"):
        found[row["order_id"]].case = row["state"]
    for row in await query(f"SELECT DISTINCT order_id FROM order_allocation WHERE NOT is_ended AND order_id IN ({ids})"):
        found[row["order_id"]].is_allocated = True
    for row in await query(f"SELECT order_id, SUM(wanting) AS n FROM order_line WHERE order_id IN ({ids}) GROUP BY order_id"):
        found[row["order_id"]].wanting = int(row["n"])
    for row in await query(f"SELECT * FROM order_due WHERE order_id IN ({ids})"):
        found[row["order_id"]].due = row
    for row in await query(
        f"SELECT order_id, SUM(captured_minor - refunded_minor) AS n FROM payment WHERE order_id IN ({ids}) GROUP BY order_id"
    ):
        found[row["order_id"]].captured = int(row["n"])
    await _lists(query, found, ids)
    return {one.reference: one for one in found.values()}


async def _lists(query: Query, found: dict[int, Seen], ids: str) -> None:
    lists: dict[int, SeenList] = {}
    for row in await query(f"SELECT id, order_id, site, state FROM pick_list WHERE order_id IN ({ids}) ORDER BY id"):
        lists[row["id"]] = SeenList(row["id"], row["site"], PickListState(row["state"]))
        found[row["order_id"]].lists.append(lists[row["id"]])
    mine = _in(lists)
    wanted: dict[int, dict[str, int]] = defaultdict(dict)
    for row in await query(
        f"SELECT p.pick_list_id, l.sku, p.quantity FROM pick_line p JOIN order_line l ON l.id = p.order_line_id "
        f"WHERE p.pick_list_id IN ({mine}) ORDER BY p.id"
    ):
        wanted[row["pick_list_id"]][row["sku"]] = wanted[row["pick_list_id"]].get(row["sku"], 0) + row["quantity"]
    for list_id, lines in wanted.items():
        lists[list_id].lines = list(lines.items())
    parcels: dict[str, SeenList] = {}
    for row in await query(f"SELECT id, pick_list_id, state FROM parcel WHERE pick_list_id IN ({mine})"):
        one = lists[row["pick_list_id"]]
        one.parcel, one.parcel_state = row["id"], row["state"]
        parcels[one.parcel_no] = one
    for row in await query(f"SELECT * FROM shipment WHERE state <> 'void' AND order_id IN ({ids}) ORDER BY id"):
        parcels[row["parcel_no"]].shipment = row
