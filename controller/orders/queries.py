"""Orders as they are stored."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.db import Row, among, fetch, listing
from controller.errors import NotFound
from controller.orders.numbers import ORDERS
from controller.orders.states import OrderState
from controller.stock.queries import withdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOrder:
    """`total_minor` in minor units of `currency`.  `is_stock_short`: goods promised to it were not there, or were taken back."""

    id: int
    site: str
    channel: str
    reference: str
    pickup_code: str
    currency: str
    total_minor: int
    state: OrderState
    placed_at: datetime
    is_stock_short: bool
    min_remaining_days: int | None = None

    @property
    def no(self) -> str:
        return ORDERS.number(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLine:
    """`line_key` names the line to `stock`.  `is_short`: a picker found less; `is_withdrawn`: a physical fact took goods back."""

    id: int
    order_id: int
    position: int
    sku_id: int
    sku: str
    name_zh: str
    name_en: str
    base_unit: str
    quantity: int
    unit_price_minor: int
    price_per: int
    amount_minor: int
    is_short: bool
    is_withdrawn: bool

    @property
    def line_key(self) -> str:
        return line_key(self.order_id, self.position)


def line_key(order_id: int, position: int) -> str:
    """The name under which `stock` holds goods for a line: `SO-100001/1`."""
    return f"{ORDERS.number(order_id)}/{position}"


async def order(no: str) -> StoredOrder:
    """Raises NotFound."""
    rows = await fetch("SELECT * FROM sales_order WHERE id = ?", ORDERS.row_id(no))
    if not rows:
        raise NotFound("order", no)
    return (await _with_flags(rows))[0]


async def orders(
    *,
    before: int | None,
    limit: int,
    state: OrderState | None = None,
    q: str | None = None,
    sites: Iterable[str] | None = None,
) -> list[StoredOrder]:
    """Newest first, below the id `before`, of these sites (None: all).

    `q`: an order's number, its pickup code, or the beginning of its reference.
    """
    conditions, params = ["1 = 1"], list[object]()
    if before is not None:
        conditions.append("id < ?")
        params.append(before)
    if state is not None:
        conditions.append("state = ?")
        params.append(state.value)
    if sites is not None:
        conditions.append(among("site"))
        params.append(listing(sites))
    if q:
        conditions.append("(id = ? OR pickup_code = ? OR substr(reference, 1, ?) = ?)")
        params += [_id_or_none(q), q.upper(), len(q), q]
    rows = await fetch(f"SELECT * FROM sales_order WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT ?", *params, limit)
    return await _with_flags(rows)


async def lines(order_ids: Iterable[int]) -> dict[int, list[StoredLine]]:
    """The lines of orders, by order, in their order."""
    found: dict[int, list[StoredLine]] = {order_id: [] for order_id in order_ids}
    rows = await fetch(f"SELECT * FROM order_line WHERE {among('order_id')} ORDER BY order_id, position", listing(found))
    taken = await withdrawn([line_key(row["order_id"], row["position"]) for row in rows])
    for row in rows:
        found[row["order_id"]].append(_line(row, taken))
    return found


async def _with_flags(rows: Sequence[Row]) -> list[StoredOrder]:
    found = await lines(row["id"] for row in rows)
    return [_order(row, found[row["id"]]) for row in rows]


def _order(row: Row, order_lines: Sequence[StoredLine]) -> StoredOrder:
    return StoredOrder(
        id=row["id"],
        site=row["site"],
        channel=row["channel"],
        reference=row["reference"],
        pickup_code=row["pickup_code"],
        currency=row["currency"],
        total_minor=row["total_minor"],
        state=OrderState(row["state"]),
        placed_at=row["placed_at"],
        is_stock_short=any(line.is_short or line.is_withdrawn for line in order_lines),
        min_remaining_days=row["min_remaining_days"],
    )


def _line(row: Row, taken: set[str]) -> StoredLine:
    return StoredLine(
        id=row["id"],
        order_id=row["order_id"],
        position=row["position"],
        sku_id=row["sku_id"],
        sku=row["sku"],
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        base_unit=row["base_unit"],
        quantity=row["quantity"],
        unit_price_minor=row["unit_price_minor"],
        price_per=row["price_per"],
        amount_minor=row["amount_minor"],
        is_short=bool(row["is_short"]),
        is_withdrawn=line_key(row["order_id"], row["position"]) in taken,
    )


def _id_or_none(number: str) -> int | None:
    try:
        return ORDERS.row_id(number.upper())
    except NotFound:
        return None
