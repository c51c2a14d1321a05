"""Orders as they are stored."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.db import Engine, Row, among, engine, fetch, listing
from controller.errors import NotFound, Rejected
from controller.orders.allocations import first_key
from controller.orders.listing import DOWN, UP, Sort, Wanted, due_page, page_of
from controller.orders.numbers import ORDERS
from controller.orders.states import Delivery, OrderState

line_key = first_key
EVERY = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOrder:
    """`total_minor` in minor units of `currency`.  `is_stock_short`: goods promised to it were not there, or were taken back.

    `site`: what the customer named; None: it was sourced, and `sites` says from where.  `version`: what `amend` wants back.
    """

    id: int
    site: str | None
    region: str | None
    channel: str
    reference: str
    pickup_code: str
    currency: str
    total_minor: int
    state: OrderState
    delivery: Delivery
    customer_id: int | None
    placed_at: datetime
    due_at: datetime | None
    is_stock_short: bool
    version: int
    sites: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    min_remaining_days: int | None = None

    @property
    def no(self) -> str:
        return ORDERS.number(self.id)

    def is_seen_at(self, sites: Iterable[str] | None) -> bool:
        """Whether it has to do with one of these sites; None: somebody sees all."""
        return sites is None or not set(self.sites).isdisjoint(sites)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLine:
    """`line_key` names the line's first goods to `stock`.  `wanting` of `quantity` is promised from nowhere yet.

    `is_short`: a picker found less; `is_withdrawn`: a physical fact took goods back.
    """

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
    presale: bool
    wanting: int
    is_short: bool
    is_withdrawn: bool
    actual: int | None = None

    @property
    def charged(self) -> int:
        """Base units that it is charged for: what was packed, once that is known, else what was ordered."""
        return self.quantity if self.actual is None else self.actual

    @property
    def line_key(self) -> str:
        return first_key(self.order_id, self.position)

    @property
    def lacks(self) -> bool:
        """Not all of it is there for the customer."""
        return self.is_short or self.is_withdrawn or self.wanting > 0


async def order(no: str) -> StoredOrder:
    """Raises NotFound."""
    rows = await fetch(f"SELECT o.*, {_marks()} FROM sales_order o WHERE o.id = ?", ORDERS.row_id(no))
    if not rows:
        raise NotFound("order", no)
    return _order(rows[0])


async def orders(
    *, before: int | None, limit: int, wanted: Wanted = EVERY, sites: Collection[str] | None = None
) -> list[StoredOrder]:
    """Newest first, below the id `before`, of these sites (None: all)."""
    return await _marked(await page_of(wanted, before=before, limit=limit, sites=sites))


async def sorted_orders(
    sort: Sort, *, after: str | None, limit: int, wanted: Wanted = EVERY, sites: Collection[str] | None = None
) -> list[StoredOrder]:
    """Behind what `cursor_of` says of the last one of a page.  Raises BadCursor."""
    if sort is Sort.DUE:
        rows = await due_page(wanted, after=_due_cursor(after), limit=limit, sites=sites)
    else:
        way, behind = UP if sort is Sort.OLDEST else DOWN, None if after is None else _id_cursor(after)
        rows = await page_of(wanted, before=behind, limit=limit, sites=sites, way=way)
    return await _marked(rows)


def cursor_of(order: StoredOrder, sort: Sort) -> str:
    return f"{order.due_at.isoformat()}_{order.id}" if sort is Sort.DUE and order.due_at else str(order.id)


class BadCursor(Rejected):
    code = "bad_cursor"


def _id_cursor(text: str) -> int:
    """Raises BadCursor."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadCursor("expected a cursor as an earlier page gave it")
    return int(text)


def _due_cursor(after: str | None) -> tuple[datetime, int] | None:
    """Raises BadCursor."""
    if after is None:
        return None
    instant, _, row_id = after.rpartition("_")
    try:
        due = datetime.fromisoformat(instant)
    except ValueError:
        due = None
    if due is None or due.tzinfo is None or not 1900 < due.year < 9000:
        raise BadCursor("expected a cursor as an earlier page gave it")
    return due, _id_cursor(row_id)


async def _marked(found: Sequence[Row]) -> list[StoredOrder]:
    """In the order in which they were found."""
    ids = [row["id"] for row in found]
    if not ids:
        return []
    rows = await fetch(f"SELECT o.*, {_marks()} FROM sales_order o WHERE {among('o.id')}", listing(ids))
    by_id = {row["id"]: row for row in rows}
    return [_order(by_id[one]) for one in ids if one in by_id]


_WITHDRAWN = (
    "SELECT DISTINCT a.order_line_id AS id, a.order_id FROM order_allocation a "
    "JOIN reservation r ON r.line_key = a.line_key AND r.state = 'withdrawn'"
)


def _marks() -> str:
    """Columns beside those of `sales_order o`: what is short, its sites, its tags (each on a line)."""
    joined, tags = ("group_concat(s.site, ' ')", "group_concat(t.tag, char(10))")
    if engine() is Engine.POSTGRES:
        joined, tags = ("string_agg(s.site, ' ' ORDER BY s.site)", "string_agg(t.tag, chr(10) ORDER BY t.tag)")
    return (
        "(EXISTS (SELECT 1 FROM order_line l WHERE l.order_id = o.id AND NOT l.is_removed AND (l.is_short OR l.wanting > 0)) "
        f"OR EXISTS ({_WITHDRAWN} WHERE a.order_id = o.id AND NOT a.is_ended)) AS lacks, "
        f"(SELECT {joined} FROM order_site s WHERE s.order_id = o.id) AS sites, "
        f"(SELECT {tags} FROM order_tag t WHERE t.order_id = o.id) AS tags"
    )


async def lines(order_ids: Iterable[int]) -> dict[int, list[StoredLine]]:
    """The lines of orders, by order, in their order; without those that were removed."""
    found: dict[int, list[StoredLine]] = {order_id: [] for order_id in order_ids}
    ids = listing(found)
    rows = await fetch(f"SELECT * FROM order_line WHERE {among('order_id')} AND NOT is_removed ORDER BY order_id, position", ids)
    taken = {row["id"] for row in await fetch(f"{_WITHDRAWN} WHERE {among('a.order_id')} AND NOT a.is_ended", ids)}
    for row in rows:
        found[row["order_id"]].append(_line(row, taken))
    return found


def _order(row: Row) -> StoredOrder:
    return StoredOrder(
        id=row["id"],
        site=row["site"],
        region=row["region"],
        channel=row["channel"],
        reference=row["reference"],
        pickup_code=row["pickup_code"],
        currency=row["currency"],
        total_minor=row["total_minor"],
        state=OrderState(row["state"]),
        delivery=Delivery(row["delivery"]),
        customer_id=row["customer_id"],
        placed_at=row["placed_at"],
        due_at=row["due_at"],
        is_stock_short=bool(row["lacks"]),
        version=row["version"],
        sites=tuple(sorted((row["sites"] or "").split())),
        tags=tuple(sorted((row["tags"] or "").split("\n"))) if row["tags"] else (),
        min_remaining_days=row["min_remaining_days"],
    )


def _line(row: Row, taken: set[int]) -> StoredLine:
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
        presale=bool(row["presale"]),
        wanting=row["wanting"],
        is_short=bool(row["is_short"]),
        is_withdrawn=row["id"] in taken,
        actual=row["actual"],
    )


async def taken_here(order_ids: Collection[int]) -> list[int]:
    """Those of some orders whose customers take the goods themselves: handed over is delivered."""
    if not order_ids:
        return []
    rows = await fetch(
        f"SELECT id FROM sales_order WHERE {among('id')} AND delivery <> ? ORDER BY id", listing(order_ids), Delivery.SHIPPING.value
    )
    return [row["id"] for row in rows]
