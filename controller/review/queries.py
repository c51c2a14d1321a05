"""Cases and clocks as they are stored, for lists, one order's page and the report."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import msgspec

from controller.db import Row, among, fetch, listing
from controller.errors import NotFound
from controller.orders.flags import FlagKind, blocking
from controller.orders.numbers import ORDERS
from controller.review.clocks import ClockKind
from controller.review.judging import Stored
from controller.review.rules import Outcome
from controller.review.states import CaseState

_CASE = (
    "SELECT c.*, o.site, o.channel, o.reference, o.currency, o.total_minor, o.placed_at, o.state AS order_state "
    "FROM review_case c JOIN sales_order o ON o.id = c.order_id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCase:
    """`outcome` None: no rule held.  `asks`: what is to be asked of the customer, as `field:flaw`."""

    id: int
    order: str
    order_id: int
    order_state: str
    site: str | None
    channel: str
    reference: str
    currency: str
    total_minor: int
    placed_at: datetime
    state: CaseState
    outcome: Outcome | None
    needs_finance: bool
    table: int | None
    stored: Stored
    asks: list[str]
    flags: list[FlagKind]
    placed_by: str
    claimed_by: str | None
    claimed_at: datetime | None
    service_by: str | None
    decided_by: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredClock:
    """It runs while `ended_at` is None; `told`: 1 near, 2 over."""

    order: str
    kind: ClockKind
    site: str | None
    began_at: datetime
    near_at: datetime
    due_at: datetime
    ended_at: datetime | None
    told: int
    is_void: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How a kind of deadline was kept in a time: of `ended` clocks `within` were; `p50` and `p90` in seconds.

    `running` now, `over` of them missed already.
    """

    kind: ClockKind
    ended: int
    within: int
    p50: int | None
    p90: int | None
    running: int
    over: int

    @property
    def share(self) -> int | None:
        """Basis points that were within, rounded down; None: none ended."""
        return self.within * 10_000 // self.ended if self.ended else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which cases; `outcome` empty: any, `no_rule`: where none held."""

    state: CaseState = CaseState.SERVICE
    outcome: str = ""
    q: str = ""
    mine: str = ""


async def cases(wanted: Wanted, *, after: int, limit: int, sites: Collection[str] | None) -> list[StoredCase]:
    """The oldest first."""
    where, params = _where(wanted, sites)
    rows = await fetch(f"{_CASE} WHERE c.id > ? AND {where} ORDER BY c.id LIMIT ?", after, *params, limit)
    return await _with_flags(rows)


async def numbers(wanted: Wanted, *, limit: int, sites: Collection[str] | None) -> list[str]:
    """The numbers of the orders that `cases` would list, the oldest first."""
    where, params = _where(wanted, sites)
    rows = await fetch(
        f"SELECT c.order_id FROM review_case c JOIN sales_order o ON o.id = c.order_id WHERE {where} ORDER BY c.id LIMIT ?",
        *(*params, limit),
    )
    return [ORDERS.number(row["order_id"]) for row in rows]


async def counts(sites: Collection[str] | None) -> dict[CaseState, int]:
    """How many wait for whom."""
    seen, params = _seen(sites)
    rows = await fetch(
        "SELECT c.state, COUNT(*) AS n FROM review_case c JOIN sales_order o ON o.id = c.order_id "
        f"WHERE c.state IN ('service', 'finance', 'held') AND {seen} GROUP BY c.state",
        *params,
    )
    return {CaseState(row["state"]): row["n"] for row in rows}


async def case(order_no: str) -> StoredCase:
    """Raises NotFound."""
    rows = await fetch(f"{_CASE} WHERE c.order_id = ?", ORDERS.row_id(order_no))
    if not rows:
        raise NotFound("review of order", order_no)
    return (await _with_flags(rows))[0]


async def clocks_of(order_no: str) -> list[StoredClock]:
    """All that ran or run for an order, the oldest first."""
    rows = await fetch("SELECT * FROM order_clock WHERE order_id = ? ORDER BY id", ORDERS.row_id(order_no))
    return [_clock(row) for row in rows]


async def running(*, kind: str, after: int, limit: int, sites: Collection[str] | None) -> list[tuple[int, StoredClock]]:
    """Clocks that run and were told of, oldest first, with their ids."""
    seen, params = _seen(sites, "c")
    some, kinds = ("AND c.kind = ?", [kind]) if kind else ("", [])
    rows = await fetch(
        f"SELECT c.* FROM order_clock c WHERE c.id > ? AND c.ended_at IS NULL AND c.told > 0 AND {seen} {some} "
        "ORDER BY c.id LIMIT ?",
        *(after, *params, *kinds, limit),
    )
    return [(row["id"], _clock(row)) for row in rows]


async def kept(*, since: datetime, until: datetime, sites: Collection[str] | None) -> list[Kept]:
    """Of each kind of deadline: how it was kept by what ended in a time, and what runs now."""
    return [await _kept(kind, since, until, sites) for kind in ClockKind]


async def _kept(kind: ClockKind, since: datetime, until: datetime, sites: Collection[str] | None) -> Kept:
    seen, params = _seen(sites, "c")
    where = f"c.kind = ? AND c.ended_at >= ? AND c.ended_at < ? AND NOT c.is_void AND {seen}"
    values = (kind.value, since, until, *params)
    ended = await fetch(
        f"SELECT COUNT(*) AS n, SUM(CASE WHEN c.ended_at <= c.due_at THEN 1 ELSE 0 END) AS within FROM order_clock c WHERE {where}",
        *values,
    )
    now = await fetch(
        "SELECT COUNT(*) AS n, SUM(CASE WHEN c.told = 2 THEN 1 ELSE 0 END) AS over FROM order_clock c "
        f"WHERE c.kind = ? AND c.ended_at IS NULL AND {seen}",
        *(kind.value, *params),
    )
    count = ended[0]["n"]

    async def at(hundredths: int) -> int | None:
        """The nearest rank: the smallest that so many percent are not above."""
        if not count:
            return None
        place = -(-count * hundredths // 100) - 1
        rows = await fetch(f"SELECT c.took FROM order_clock c WHERE {where} ORDER BY c.took LIMIT 1 OFFSET ?", *values, place)
        return int(rows[0]["took"])

    return Kept(
        kind=kind,
        ended=count,
        within=int(ended[0]["within"] or 0),
        p50=await at(50),
        p90=await at(90),
        running=now[0]["n"],
        over=int(now[0]["over"] or 0),
    )


def _where(wanted: Wanted, sites: Collection[str] | None) -> tuple[str, list[object]]:
    seen, params = _seen(sites)
    parts: list[str] = ["c.state = ?", seen]
    values: list[object] = [wanted.state.value, *params]
    if wanted.outcome == "no_rule":
        parts.append("c.outcome IS NULL")
    elif wanted.outcome:
        parts.append("c.outcome = ?")
        values.append(wanted.outcome)
    if wanted.mine:
        parts.append("c.claimed_by = ?")
        values.append(wanted.mine)
    if wanted.q:
        parts.append("(o.id = ? OR substr(o.reference, 1, ?) = ?)")
        values += [_id_or_none(wanted.q), len(wanted.q), wanted.q]
    return " AND ".join(parts), values


def _seen(sites: Collection[str] | None, name: str = "c") -> tuple[str, list[object]]:
    """Orders that have to do with one of these sites; None: somebody sees all."""
    if sites is None:
        return "1 = 1", []
    return f"EXISTS (SELECT 1 FROM order_site s WHERE s.order_id = {name}.order_id AND {among('s.site')})", [listing(sorted(sites))]


def _id_or_none(text: str) -> int | None:
    try:
        return ORDERS.row_id(text.upper())
    except NotFound:
        return None


async def _with_flags(rows: list[Row]) -> list[StoredCase]:
    flags = await blocking([row["order_id"] for row in rows])
    return [_case(row, flags.get(row["order_id"], [])) for row in rows]


def _case(row: Row, flags: list[FlagKind]) -> StoredCase:
    return StoredCase(
        id=row["id"],
        order=ORDERS.number(row["order_id"]),
        order_id=row["order_id"],
        order_state=row["order_state"],
        site=row["site"],
        channel=row["channel"],
        reference=row["reference"],
        currency=row["currency"],
        total_minor=row["total_minor"],
        placed_at=row["placed_at"],
        state=CaseState(row["state"]),
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        needs_finance=bool(row["needs_finance"]),
        table=row["review_table_id"],
        stored=msgspec.json.decode(row["judgement"], type=Stored),
        asks=msgspec.json.decode(row["asks"], type=list[str]),
        flags=flags,
        placed_by=row["placed_by"],
        claimed_by=row["claimed_by"],
        claimed_at=row["claimed_at"],
        service_by=row["service_by"],
        decided_by=row["decided_by"],
        reason=row["reason"],
    )


def _clock(row: Row) -> StoredClock:
    return StoredClock(
        order=ORDERS.number(row["order_id"]),
        kind=ClockKind(row["kind"]),
        site=row["site"],
        began_at=row["began_at"],
        near_at=row["near_at"],
        due_at=row["due_at"],
        ended_at=row["ended_at"],
        told=row["told"],
        is_void=bool(row["is_void"]),
    )
