"""Orders that could go in one parcel: of one customer, to one place, from one site, none released, soon after one another.

How soon is a channel's own; what somebody set aside is not proposed again.  Merging itself is `orders/linking.py`'s.
"""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from controller import events
from controller.customers.order_addresses import stored_addresses
from controller.db import Row, among, execute, execute_many, fetch, listing, now
from controller.errors import Rejected
from controller.orders.merged_charges import shipping_charges
from controller.orders.numbers import ORDERS

HOURS = 24
"""How far apart orders of a channel may be, unless somebody says otherwise."""
MOST_HOURS = 720
_LOOKED_AT = 1000
_OPEN = "o.customer_id IS NOT NULL AND o.delivery = 'shipping' AND o.state IN ('in_review', 'on_hold', 'approved')"
_UNRELEASED = "NOT EXISTS (SELECT 1 FROM order_allocation a WHERE a.order_id = o.id AND a.is_released AND NOT a.is_ended)"


class BadWindow(Rejected):
    code = "bad_merge_window"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """An order of a suggestion; `units`: base units of its lines; `shipping_minor`: what it charges for shipping."""

    id: int
    channel: str
    reference: str
    state: str
    placed_at: datetime
    due_at: datetime | None
    currency: str
    total_minor: int
    lines: int
    units: int
    shipping_minor: int = 0

    @property
    def no(self) -> str:
        return ORDERS.number(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One parcel would do for these orders; the oldest first.  `site` None: it is sourced."""

    customer_id: int
    site: str | None
    rows: list[Proposed]

    @property
    def orders(self) -> list[str]:
        return [row.no for row in self.rows]

    @property
    def shipping_minor(self) -> int:
        """What one order charges for shipping: the highest of them."""
        return max(row.shipping_minor for row in self.rows)

    @property
    def uncharged_minor(self) -> int:
        """Shipping that is not charged any more, if all are merged."""
        return sum(row.shipping_minor for row in self.rows) - self.shipping_minor

    @property
    def saved(self) -> int:
        """Parcels that are not sent."""
        return len(self.rows) - 1


@dataclass(frozen=True, slots=True)
class Window:
    channel: str
    hours: int


async def merge_suggestions(*, sites: Collection[str] | None, limit: int = 50) -> list[Suggestion]:
    """Those with an order at `sites`; None: all."""
    seen, ids = (
        ("", [])
        if sites is None
        else (
            f"AND EXISTS (SELECT 1 FROM order_site s WHERE s.order_id = o.id AND {among('s.site')})",
            [listing(sorted(sites))],
        )
    )
    several = (
        "AND (SELECT COUNT(*) FROM sales_order t WHERE t.customer_id = o.customer_id AND t.delivery = 'shipping' "
        "AND t.state IN ('in_review', 'on_hold', 'approved')) > 1"
    )
    return (await _of(f"{seen} {several}", ids))[:limit]


async def suggested_with(order_id: int) -> list[str]:
    """The other orders of the suggestion that an order is in."""
    rows = await fetch("SELECT customer_id FROM sales_order WHERE id = ?", order_id)
    if not rows or rows[0]["customer_id"] is None:
        return []
    no = ORDERS.number(order_id)
    found = await _of("AND o.customer_id = ?", [rows[0]["customer_id"]])
    return [other for each in found if no in each.orders for other in each.orders if other != no]


async def _of(condition: str, values: Sequence[object]) -> list[Suggestion]:
    rows = await fetch(
        "SELECT o.id, o.customer_id, o.site, o.region, o.currency, o.min_remaining_days, o.channel, o.reference, o.state, "
        "o.placed_at, o.due_at, o.total_minor FROM sales_order o "
        f"WHERE {_OPEN} AND {_UNRELEASED} {condition} ORDER BY o.customer_id, o.placed_at, o.id LIMIT ?",
        *(*values, _LOOKED_AT),
    )
    places = await stored_addresses([row["id"] for row in rows])
    together: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if row["id"] in places:
            alike = (row["site"], row["region"], row["currency"], row["min_remaining_days"], places[row["id"]].place_hash)
            together[row["customer_id"], *alike].append(row)
    hours = {window.channel: window.hours for window in await windows()}
    groups = [group for each in together.values() for group in _soon_after(each, hours)]
    aside = await _set_aside([row["id"] for group in groups for row in group])
    return await _shown([group for group in groups if not _pairs(group) <= aside])


def _soon_after(rows: Sequence[Row], hours: Mapping[str, int]) -> Iterator[list[Row]]:
    """Each but the first at most so long after the one before; two orders at least."""
    group: list[Row] = []
    for row in rows:
        apart = timedelta(hours=min(hours.get(row["channel"], HOURS), hours.get(group[-1]["channel"], HOURS) if group else HOURS))
        if group and (not apart or row["placed_at"] - group[-1]["placed_at"] > apart):
            if len(group) > 1:
                yield group
            group = []
        group.append(row)
    if len(group) > 1:
        yield group


def _pairs(rows: Sequence[Row]) -> set[tuple[int, int]]:
    ids = sorted(row["id"] for row in rows)
    return set(combinations(ids, 2))


async def _set_aside(ids: Sequence[int]) -> set[tuple[int, int]]:
    rows = await fetch(f"SELECT one_id, other_id FROM merge_set_aside WHERE {among('one_id')}", listing(ids))
    return {(row["one_id"], row["other_id"]) for row in rows}


async def _shown(groups: Sequence[Sequence[Row]]) -> list[Suggestion]:
    counts = await fetch(
        "SELECT order_id, COUNT(*) AS n, SUM(quantity) AS units FROM order_line "
        f"WHERE {among('order_id')} AND NOT is_removed GROUP BY order_id",
        listing(row["id"] for group in groups for row in group),
    )
    lines = {row["order_id"]: (int(row["n"]), int(row["units"])) for row in counts}
    shipping = await shipping_charges([row["id"] for group in groups for row in group])
    names = ("id", "channel", "reference", "state", "placed_at", "due_at", "currency", "total_minor")
    return [
        Suggestion(
            customer_id=group[0]["customer_id"],
            site=group[0]["site"],
            rows=[
                Proposed(
                    **{name: row[name] for name in names},
                    lines=lines.get(row["id"], (0, 0))[0],
                    units=lines.get(row["id"], (0, 0))[1],
                    shipping_minor=shipping.get(row["id"], 0),
                )
                for row in group
            ],
        )
        for group in groups
    ]


async def set_aside(orders: Collection[str]) -> None:
    """These stay parcels of their own: nobody is asked again.  Twice is once.  Raises NotFound (no number of an order)."""
    pairs = combinations(sorted({ORDERS.row_id(no) for no in orders}), 2)
    await execute_many(
        "INSERT INTO merge_set_aside (one_id, other_id, said_at, said_by) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (one_id, other_id) DO NOTHING",
        [(one, other, now(), events.actor().actor) for one, other in pairs],
    )


async def set_window(channel: str, hours: int) -> None:
    """How far apart orders of a channel may be to be proposed; 0: none are.  Raises BadWindow."""
    if not 0 <= hours <= MOST_HOURS or not 0 < len(channel) <= 40 or not channel.isprintable():
        raise BadWindow(f"a channel, and 0 to {MOST_HOURS} hours")
    await execute(
        "INSERT INTO merge_window (channel, hours, changed_at, changed_by) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (channel) DO UPDATE SET hours = excluded.hours, changed_at = excluded.changed_at, "
        "changed_by = excluded.changed_by",
        *(channel, hours, now(), events.actor().actor),
    )


async def windows() -> list[Window]:
    """Those that somebody set, in order of their channels."""
    return [Window(row["channel"], row["hours"]) for row in await fetch("SELECT channel, hours FROM merge_window ORDER BY channel")]
