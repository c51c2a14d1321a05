"""Finding orders among a million: which of them, in which way of looking, a page or a number or all of them.

Every page is read along an index in order of id, the newest first, whatever the filters (docs/operations.md has the figures).
"""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from controller.db import Engine, Row, among, engine, fetch, listing, utc
from controller.errors import NotFound
from controller.orders.flags import FlagKind
from controller.orders.models import IS_OPEN
from controller.orders.numbers import ORDERS
from controller.orders.states import OrderState

COUNTED = 10_000
"""Above that, it is "more than"."""
_FEW_SITES = 12
"""So many are read one by one and put together; more of them hold so much of all orders that a page is soon full."""
_FEW_FOUND = 2_000
_LAST_SIGN = "\U0010ffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which orders; None: whatever it is.

    `site`: one that has to do with it; `due_before`: still open, and due before then; `flag`: one that is set; `ids`: of those.
    `q`: an order's number, its pick-up code, or the beginning of its reference.
    """

    state: OrderState | None = None
    site: str | None = None
    channel: str | None = None
    due_before: datetime | None = None
    flag: FlagKind | None = None
    customer_id: int | None = None
    ids: Collection[int] | None = None
    q: str | None = None


async def page_of(wanted: Wanted, *, before: int | None, limit: int, sites: Collection[str] | None) -> list[Row]:
    """Rows of `sales_order`, newest first, below the id `before`; those that have to do with `sites` (None: all)."""
    places = _places(wanted, sites)
    conditions, params = await _conditions(wanted, before)
    if places is None:
        return await fetch(f"SELECT o.* FROM sales_order o WHERE {conditions} ORDER BY o.id DESC LIMIT ?", *params, limit)
    if len(places) > _FEW_SITES:
        at = f"EXISTS (SELECT 1 FROM order_site s WHERE s.order_id = o.id AND {among('s.site')})"
        sql = f"SELECT o.* FROM sales_order o WHERE {conditions} AND {at} ORDER BY o.id DESC LIMIT ?"
        return await fetch(sql, *params, listing(places), limit)
    found: dict[int, Row] = {}
    for place in places:
        found |= {row["id"]: row for row in await _at(place, wanted, before, limit)}
    return sorted(found.values(), key=lambda row: -int(row["id"]))[:limit]


async def _at(place: str, wanted: Wanted, before: int | None, limit: int) -> list[Row]:
    """One site's: along an index of its own."""
    if wanted.ids is not None:
        conditions, params = await _conditions(wanted, before)
        at = "EXISTS (SELECT 1 FROM order_site s WHERE s.site = ? AND s.order_id = o.id)"
        sql = f"SELECT o.* FROM sales_order o WHERE {conditions} AND {at} ORDER BY o.id DESC LIMIT ?"
        return await fetch(sql, *params, place, limit)
    own = {"state": wanted.state and wanted.state.value, "channel": wanted.channel}
    mine = "".join(f" AND s.{name} = ?" for name, value in own.items() if value is not None)
    conditions, params = await _conditions(replace(wanted, state=None, channel=None), before)
    # SQLite goes through the tables of a CROSS JOIN from left to right (lang_select.html, section 2.1)
    join = "CROSS JOIN sales_order o WHERE" if engine() is Engine.SQLITE else "JOIN sales_order o ON TRUE WHERE"
    return await fetch(
        f"SELECT o.* FROM order_site s {join} s.site = ?{mine} AND s.order_id = o.id AND s.order_id < ? AND {conditions} "
        "ORDER BY s.order_id DESC LIMIT ?",
        *(place, *(value for value in own.values() if value is not None), 2**62 if before is None else before, *params, limit),
    )


def _places(wanted: Wanted, sites: Collection[str] | None) -> list[str] | None:
    if wanted.site is None:
        return None if sites is None else sorted(sites)
    return [wanted.site] if sites is None or wanted.site in sites else []


async def _conditions(wanted: Wanted, before: int | None = None) -> tuple[str, list[object]]:
    """About the row `o`."""
    conditions, params = ["o.id < ?"], list[object]([2**62 if before is None else before])
    for column, value in (("state", wanted.state), ("channel", wanted.channel), ("customer_id", wanted.customer_id)):
        if value is not None:
            conditions.append(f"o.{column} = ?")
            params.append(value.value if isinstance(value, OrderState) else value)
    if wanted.due_before is not None:
        conditions.append(f"o.due_at < ? AND {IS_OPEN.replace('state', 'o.state')}")
        params.append(utc(wanted.due_before))
    if wanted.flag is not None:
        conditions.append("o.id IN (SELECT order_id FROM order_flag WHERE kind = ? AND cleared_at IS NULL)")
        params.append(wanted.flag.value)
    if wanted.ids is not None:
        conditions.append(among("o.id"))
        params.append(listing(wanted.ids))
    if wanted.q:
        condition, more = await _text(wanted.q)
        conditions.append(condition)
        params += more
    return " AND ".join(conditions), params


async def _text(q: str) -> tuple[str, list[object]]:
    """A few are found by the index of references; where so many begin so that it would be slow, each page has some of them."""
    text = q.strip()
    reference = 'reference COLLATE "C"' if engine() is Engine.POSTGRES else "reference"
    ends = (text, text + _LAST_SIGN)
    found = await fetch(f"SELECT id FROM sales_order WHERE {reference} >= ? AND {reference} < ? LIMIT ?", *ends, _FEW_FOUND + 1)
    if len(found) > _FEW_FOUND:
        return "(substr(o.reference, 1, ?) = ?)", [len(text), text]
    by_code = await fetch("SELECT id FROM sales_order WHERE pickup_code = ? LIMIT ?", text.upper(), _FEW_FOUND)
    ids = {row["id"] for row in (*found, *by_code)} | {one for one in [_id_or_none(text)] if one is not None}
    return among("o.id"), [listing(sorted(ids))]


def _id_or_none(number: str) -> int | None:
    try:
        return ORDERS.row_id(number.upper())
    except NotFound:
        return None


async def matching(wanted: Wanted, sites: Collection[str] | None) -> tuple[str, list[object]]:
    """A query for the ids of all that match, as text and parameters."""
    conditions, params = await _conditions(wanted)
    places = _places(wanted, sites)
    if places is None:
        return f"SELECT o.id FROM sales_order o WHERE {conditions}", params
    at = f"EXISTS (SELECT 1 FROM order_site s WHERE s.order_id = o.id AND {among('s.site')})"
    return f"SELECT o.id FROM sales_order o WHERE {conditions} AND {at}", [*params, listing(places)]


async def count(wanted: Wanted, sites: Collection[str] | None, *, most: int = COUNTED) -> int:
    """How many match; `most` + 1: more than that."""
    sql, params = await matching(wanted, sites)
    rows = await fetch(f"SELECT COUNT(*) AS n FROM ({sql} LIMIT ?) found", *params, most + 1)
    return int(rows[0]["n"])


async def visible(order_ids: Sequence[int], sites: Collection[str] | None) -> list[int]:
    """Those of some orders that have to do with `sites` (None: all), and exist."""
    sql, params = await matching(Wanted(ids=order_ids), sites)
    return sorted(row["id"] for row in await fetch(sql, *params))
