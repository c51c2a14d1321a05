"""Reads of counts: sessions, and how far they are."""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller import db
from controller.counts.numbers import SESSIONS
from controller.counts.states import SessionKind, SessionState
from controller.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session and how far it is: bins in all and counted, rows that wait for a person, scans that nobody could read."""

    id: int
    no: str
    site: str
    kind: SessionKind
    scope: str
    blind: bool
    counters: int
    state: SessionState
    asked: str | None
    created_at: datetime
    created_by: str
    submitted_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    reason: str | None
    bins: int
    counted: int
    open_rows: int
    unmatched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """A bin of a session; `people`: who counted it in the round that counts."""

    id: int
    code: str
    zone: str
    round: int
    parts: int
    done_at: datetime | None
    extra: bool
    people: Sequence[str]


_BINS = "(SELECT COUNT(*) FROM count_bin b WHERE b.session_id = s.id)"
_COUNTED = "(SELECT COUNT(*) FROM count_bin b WHERE b.session_id = s.id AND b.parts >= s.counters)"
_OPEN = "(SELECT COUNT(*) FROM count_row r WHERE r.session_id = s.id AND r.state IN ('open', 'recount') AND r.variance <> 0)"
_UNMATCHED = "(SELECT COUNT(*) FROM count_line l WHERE l.session_id = s.id AND l.state IN ('unknown', 'bad'))"
_SESSION = (
    f"SELECT s.*, {_BINS} AS bins, {_COUNTED} AS counted, {_OPEN} AS open_rows, {_UNMATCHED} AS unmatched FROM count_session s "
)


async def sessions(
    *,
    before: int | None = None,
    limit: int = 50,
    site: str = "",
    state: str = "",
    q: str = "",
    sites: Collection[str] | None = None,
) -> list[Session]:
    """The newest first.  `state`: one, or `waiting` for all that are not over; `q`: a number, part of a scope, or a bin's code."""
    conditions, params = ["s.id < ?"], [before if before is not None else 2**62]
    values: list[object] = list(params)
    if site:
        conditions.append("s.site = ?")
        values.append(site)
    if state == "waiting":
        conditions.append("s.state IN ('planned', 'open', 'submitted', 'review')")
    elif state:
        conditions.append("s.state = ?")
        values.append(state)
    if q:
        conditions.append(
            "(s.id = ? OR LOWER(s.scope) LIKE ? OR EXISTS (SELECT 1 FROM count_bin b WHERE b.session_id = s.id AND b.code = ?))"
        )
        values += [_row_id(q), f"%{q.lower()}%", q]
    if sites is not None:
        conditions.append(db.among("s.site"))
        values.append(db.listing(sorted(sites)))
    rows = await db.fetch(f"{_SESSION} WHERE {' AND '.join(conditions)} ORDER BY s.id DESC LIMIT ?", *values, limit)
    return [_session(row) for row in rows]


def _row_id(q: str) -> int:
    try:
        return SESSIONS.row_id(q.upper())
    except NotFound:
        return 0


async def session(number: str, *, sites: Collection[str] | None = None) -> Session:
    """Raises NotFound, for one of another site, too."""
    rows = await db.fetch(f"{_SESSION} WHERE s.id = ?", SESSIONS.row_id(number))
    if not rows or (sites is not None and rows[0]["site"] not in sites):
        raise NotFound("count session", number)
    return _session(rows[0])


def _session(row: db.Row) -> Session:
    plain = (
        "id",
        "site",
        "scope",
        "counters",
        "asked",
        "created_at",
        "created_by",
        "submitted_at",
        "closed_at",
        "closed_by",
        "reason",
    )
    counts = ("bins", "counted", "open_rows", "unmatched")
    return Session(
        no=SESSIONS.number(row["id"]),
        kind=SessionKind(row["kind"]),
        state=SessionState(row["state"]),
        blind=bool(row["blind"]),
        **{name: row[name] for name in plain},
        **{name: _whole(row[name]) for name in counts},
    )


def _whole(value: Any) -> Any:
    """PostgreSQL sums whole numbers as decimals."""
    return int(value)


async def bins(session_id: int, *, after: int = 0, limit: int = 50, to_recount: bool = False) -> list[Bin]:
    """In the order in which they were planned; `to_recount`: only those that wait to be counted again."""
    which = " AND b.round > 1 AND b.done_at IS NULL" if to_recount else ""
    rows = await db.fetch(
        f"SELECT b.*, l.zone FROM count_bin b JOIN location l ON l.id = b.location_id WHERE b.session_id = ? AND b.id > ?{which} "
        "ORDER BY b.id LIMIT ?",
        *(session_id, after, limit),
    )
    rounds = {row["id"]: row["round"] for row in rows}
    people: dict[int, dict[str, None]] = defaultdict(dict)
    for part in await db.fetch(
        f"SELECT bin_id, round, person FROM count_part WHERE {db.among('bin_id')} AND state = 'counts' ORDER BY id",
        db.listing([row["id"] for row in rows]),
    ):
        if part["person"] and part["round"] == rounds[part["bin_id"]]:
            people[part["bin_id"]][part["person"]] = None
    told = ("id", "code", "zone", "round", "parts", "done_at")
    return [Bin(extra=bool(row["extra"]), people=list(people[row["id"]]), **{name: row[name] for name in told}) for row in rows]
