"""Finding orders among a million: which of them, in which way of looking, a page or a number or all of them.

Every page is read along an index, whatever the filters: in order of id, the newest or the oldest first, or by when it is due
(docs/operations.md has the figures).
"""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from controller.db import Engine, Row, among, engine, fetch, listing, utc
from controller.errors import NotFound
from controller.orders.flags import FlagKind
from controller.orders.models import IS_OPEN
from controller.orders.numbers import ORDERS
from controller.orders.states import OPEN, OrderState
from controller.payments.policies import PaymentState

COUNTED = 10_000
"""Above that, it is "more than"."""
_FEW_SITES = 12
"""So many are read one by one and put together; more of them hold so much of all orders that a page is soon full."""
_FEW_FOUND = 2_000
_LAST_SIGN = "\U0010ffff"


class Sort(StrEnum):
    """Which come first.  What is due soonest leaves out what is over, or is due at no time."""

    NEWEST = "newest"
    OLDEST = "oldest"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Way:
    """How a list is read along the ids: `sign` to what comes after a row, from `start` on."""

    sign: str
    order: str
    start: int


DOWN, UP = Way("<", "DESC", 2**62), Way(">", "ASC", 0)


@dataclass(frozen=True, slots=True)
class Which:
    """What another feature knows of orders: a condition about the row `o` of `sales_order`, a query for `order_id`, or both.

    A query names few beside all there ever were, along an index of its own: then the rest is looked up of those, and nothing else.
    """

    sql: str = ""
    params: tuple[object, ...] = ()
    ids: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which orders; None: whatever it is.

    `site`: one that has to do with it; `due_before`: still open, and due before then; `flag`: one that is set; `ids`: of those.
    `tag`: one that is on it, as `tags.plain` has it.
    `payment`: what its money comes to; `up_to`: none with a higher id; `which`: what another feature says of it.
    `q`: an order's number, its pick-up code, or the beginning of its reference.
    """

    state: OrderState | None = None
    site: str | None = None
    channel: str | None = None
    due_before: datetime | None = None
    flag: FlagKind | None = None
    tag: str | None = None
    customer_id: int | None = None
    ids: Collection[int] | None = None
    payment: PaymentState | None = None
    up_to: int | None = None
    which: Which | None = None
    q: str | None = None


async def page_of(wanted: Wanted, *, before: int | None, limit: int, sites: Collection[str] | None, way: Way = DOWN) -> list[Row]:
    """Rows of `sales_order`, newest first, below the id `before`; those that have to do with `sites` (None: all).

    `way` UP: oldest first, above that id.
    """
    places = _places(wanted, sites)
    if places == []:
        return []
    here = Place(way, before)
    if _is_rare_money(wanted):
        return await _by_money(wanted, here, limit, places)
    conditions, params = await _conditions(wanted, here)
    if places is None or len(places) > _FEW_SITES or _names_few(wanted):
        return await _filtered(conditions, params, places, here, limit)
    found: dict[int, Row] = {}
    for place in places:
        found |= {row["id"]: row for row in await _at(place, wanted, here, limit)}
    return sorted(found.values(), key=lambda row: int(row["id"]), reverse=way is DOWN)[:limit]


async def due_page(wanted: Wanted, *, after: tuple[datetime, int] | None, limit: int, sites: Collection[str] | None) -> list[Row]:
    """Rows of what is open and due at some time, the soonest first, behind `after` (an instant and an id)."""
    places = _places(wanted, sites)
    if places == []:
        return []
    conditions, params = await _conditions(wanted)
    conditions += f" AND {IS_OPEN.replace('state', 'o.state')} AND o.due_at IS NOT NULL"
    if after is not None:
        conditions += " AND (o.due_at, o.id) > (?, ?)"
        params += [utc(after[0]), after[1]]
    at, more = _seen(places)
    sql = f"SELECT o.* FROM sales_order o WHERE {conditions}{at} ORDER BY o.due_at, o.id LIMIT ?"
    return await fetch(sql, *params, *more, limit)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the list, and which way on."""

    way: Way = DOWN
    behind: int | None = None

    @property
    def id(self) -> int:
        return self.way.start if self.behind is None else self.behind


def _seen(places: Collection[str] | None) -> tuple[str, list[object]]:
    """That an order has to do with some sites."""
    if places is None:
        return "", []
    at = f" AND EXISTS (SELECT 1 FROM order_site s WHERE s.order_id = o.id AND {among('s.site')}{lazily()})"
    return at, [listing(places)]


async def _filtered(conditions: str, params: list[object], places: Collection[str] | None, here: Place, limit: int) -> list[Row]:
    at, more = _seen(places)
    sql = f"SELECT o.* FROM sales_order o WHERE {conditions}{at} ORDER BY o.id {here.way.order} LIMIT ?"
    return await fetch(sql, *params, *more, limit)


def _names_few(wanted: Wanted) -> bool:
    """What is asked for is read from its own index, whatever the sites: each of theirs would be walked for what is rare there."""
    is_named = wanted.which is not None and bool(wanted.which.ids)
    return is_named or any(each is not None for each in (wanted.ids, wanted.due_before, wanted.flag, wanted.tag))


def _named(ids: str) -> str:
    """That an order is one of a query's.  PostgreSQL would rather read the whole table than look up ten thousand of it."""
    return f"o.id = ANY(ARRAY({ids}))" if engine() is Engine.POSTGRES else f"o.id IN ({ids})"


def _of_row(condition: str) -> str:
    return condition.replace("due_at", "o.due_at").replace("state", "o.state")


def lazily() -> str:
    """The end of a query in EXISTS: asked of each row that comes, until a page is full, and not of all there are beforehand."""
    return " OFFSET 0" if engine() is Engine.POSTGRES else ""


def _is_rare_money(wanted: Wanted) -> bool:
    """Most of a million orders are paid: those that are not are read along the index of money, unless a state has fewer."""
    return wanted.payment not in (None, PaymentState.CAPTURED) and wanted.state not in OPEN and wanted.ids is None


async def _by_money(wanted: Wanted, here: Place, limit: int, places: Collection[str] | None) -> list[Row]:
    conditions, params = await _conditions(replace(wanted, payment=None), here)
    at, more = _seen(places)
    return await fetch(
        f"SELECT o.* FROM order_due d {_then()} d.paid = ? AND d.order_id = o.id AND d.order_id {here.way.sign} ? "
        f"AND {conditions}{at} ORDER BY d.order_id {here.way.order} LIMIT ?",
        *(wanted.payment, here.id, *params, *more, limit),
    )


def _then() -> str:
    """SQLite goes through the tables of a CROSS JOIN from left to right (lang_select.html, section 2.1)."""
    return "CROSS JOIN sales_order o WHERE" if engine() is Engine.SQLITE else "JOIN sales_order o ON TRUE WHERE"


async def _at(place: str, wanted: Wanted, here: Place, limit: int) -> list[Row]:
    """One site's: along an index of its own."""
    mine, values = _of_site(wanted)
    conditions, params = await _conditions(replace(wanted, state=None, channel=None), here)
    return await fetch(
        f"SELECT o.* FROM order_site s {_then()} s.site = ?{mine} AND s.order_id = o.id AND s.order_id {here.way.sign} ? "
        f"AND {conditions} ORDER BY s.order_id {here.way.order} LIMIT ?",
        *(place, *values, here.id, *params, limit),
    )


def _places(wanted: Wanted, sites: Collection[str] | None) -> list[str] | None:
    if wanted.site is None:
        return None if sites is None else sorted(sites)
    return [wanted.site] if sites is None or wanted.site in sites else []


async def _conditions(wanted: Wanted, here: Place | None = None) -> tuple[str, list[object]]:
    """About the row `o`."""
    here = here or Place()
    conditions, params = [f"o.id {here.way.sign} ?"], list[object]([here.id])
    for column, value in (("state", wanted.state), ("channel", wanted.channel), ("customer_id", wanted.customer_id)):
        if value is not None:
            conditions.append(f"o.{column} = ?")
            params.append(value.value if isinstance(value, OrderState) else value)
    is_named = wanted.which is not None and bool(wanted.which.ids) and wanted.ids is None
    number = "o.id + 0" if is_named else "o.id"  # two lists of ids would be tried each with each
    if wanted.due_before is not None:
        is_due = f"due_at < ? AND {IS_OPEN}"
        is_first = engine() is Engine.POSTGRES and not is_named and wanted.ids is None and not wanted.q
        conditions.append(_named(f"SELECT id FROM sales_order WHERE {is_due}") if is_first else _of_row(is_due))
        params.append(utc(wanted.due_before))
    if wanted.flag is not None:
        conditions.append("o.id IN (SELECT order_id FROM order_flag WHERE kind = ? AND cleared_at IS NULL)")
        params.append(wanted.flag.value)
    if wanted.tag is not None:
        conditions.append("o.id IN (SELECT order_id FROM order_tag WHERE tag = ?)")
        params.append(wanted.tag)
    if wanted.ids is not None:
        conditions.append(among(number))
        params.append(listing(wanted.ids))
    if wanted.payment is not None:
        conditions.append("(SELECT d.paid FROM order_due d WHERE d.order_id = o.id) = ?")
        params.append(wanted.payment.value)
    if wanted.up_to is not None:
        conditions.append("o.id <= ?")
        params.append(wanted.up_to)
    if wanted.which is not None:
        among_those = f"o.id IN ({wanted.which.ids})"  # few were named already
        parts = [_named(wanted.which.ids) if is_named else among_those] if wanted.which.ids else []
        conditions += [*parts, wanted.which.sql] if wanted.which.sql else parts
        params += wanted.which.params
    if wanted.q:
        condition, more = await _text(wanted.q, number)
        conditions.append(condition)
        params += more
    return " AND ".join(conditions), params


async def _text(q: str, number: str) -> tuple[str, list[object]]:
    """A few are found by the index of references; where so many begin so that it would be slow, each page has some of them."""
    text = q.strip()
    reference = 'reference COLLATE "C"' if engine() is Engine.POSTGRES else "reference"
    ends = (text, text + _LAST_SIGN)
    found = await fetch(f"SELECT id FROM sales_order WHERE {reference} >= ? AND {reference} < ? LIMIT ?", *ends, _FEW_FOUND + 1)
    if len(found) > _FEW_FOUND:
        return "(substr(o.reference, 1, ?) = ?)", [len(text), text]
    by_code = await fetch("SELECT id FROM sales_order WHERE pickup_code = ? LIMIT ?", text.upper(), _FEW_FOUND)
    ids = {row["id"] for row in (*found, *by_code)} | {one for one in [_id_or_none(text)] if one is not None}
    return among(number), [listing(sorted(ids))]


def _id_or_none(number: str) -> int | None:
    try:
        return ORDERS.row_id(number.upper())
    except NotFound:
        return None


async def matching(wanted: Wanted, sites: Collection[str] | None) -> tuple[str, list[object]]:
    """A query for the ids of all that match, as text and parameters."""
    is_rare = _is_rare_money(wanted)
    conditions, params = await _conditions(replace(wanted, payment=None) if is_rare else wanted)
    if is_rare:
        conditions += " AND o.id IN (SELECT order_id FROM order_due WHERE paid = ?)"
        params.append(wanted.payment)
    at, more = _seen(_places(wanted, sites))
    # the sites first: they leave the fewest to be looked at further
    return f"SELECT o.id FROM sales_order o WHERE TRUE{at} AND {conditions}", [*more, *params]


async def count(wanted: Wanted, sites: Collection[str] | None, *, most: int = COUNTED) -> int:
    """How many match; `most` + 1: more than that."""
    places = _places(wanted, sites)
    if places == []:  # a million orders would be walked to find that out
        return 0
    if places is not None and len(places) == 1 and wanted == Wanted(state=wanted.state, site=wanted.site, channel=wanted.channel):
        mine, values = _of_site(wanted)
        sql, params = f"SELECT s.order_id FROM order_site s WHERE s.site = ?{mine}", [places[0], *values]
    else:
        sql, params = await matching(wanted, sites)
    rows = await fetch(f"SELECT COUNT(*) AS n FROM ({sql} LIMIT ?) found", *params, most + 1)
    return int(rows[0]["n"])


def _of_site(wanted: Wanted) -> tuple[str, list[object]]:
    """What a site's own index says of an order: conditions about the row `s`, and their parameters."""
    own = {"state": wanted.state and wanted.state.value, "channel": wanted.channel}
    return "".join(f" AND s.{name} = ?" for name, value in own.items() if value is not None), [
        value for value in own.values() if value is not None
    ]


async def visible(order_ids: Sequence[int], sites: Collection[str] | None) -> list[int]:
    """Those of some orders that have to do with `sites` (None: all), and exist."""
    sql, params = await matching(Wanted(ids=order_ids), sites)
    return sorted(row["id"] for row in await fetch(sql, *params))


async def channels(most: int = 50) -> list[str]:
    """Those that ever brought an order, by name: one step along the index for each, however many orders it has."""
    rows = await fetch(
        "WITH RECURSIVE known(channel) AS (SELECT MIN(channel) FROM sales_order UNION ALL "
        "SELECT (SELECT MIN(o.channel) FROM sales_order o WHERE o.channel > known.channel) FROM known "
        "WHERE known.channel IS NOT NULL) "
        "SELECT channel FROM known WHERE channel IS NOT NULL LIMIT ?",
        most,
    )
    return [row["channel"] for row in rows]
