"""Counts over HTTP: plan, count, submit, and how far they are.  Deciding is in `review_api.py`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from controller import db
from controller.counts import planning, queries, sessions
from controller.counts.errors import BadCount, SamePerson
from controller.counts.facts import apply_counted
from controller.counts.planning import Plan
from controller.counts.queries import Session
from controller.counts.states import PartState, SessionKind
from controller.counts.views import (
    CountBinView,
    CountLineIn,
    CountNoteIn,
    CountPartIn,
    CountPlanIn,
    CountSubmitIn,
    CountView,
)
from controller.errors import NotFound
from controller.facts import FactIn, Parked, Rejected
from controller.http.routing import Call, Created, Page, Permission, Route, page
from edge_agent.wire.facts import Counted, CountLine
from edge_agent.wire.messages import Symbol


async def listing(call: Call[None]) -> Page[CountView]:
    rows = await queries.sessions(
        before=call.page.number() or None,
        limit=call.page.limit,
        site=call.query.get("site", ""),
        state=call.query.get("state", ""),
        q=call.query.get("q", ""),
        sites=call.actor.sites,
    )
    shown = page(rows, call.page, key=lambda row: row.id)
    return Page(items=[session_view(row) for row in shown.items], next=shown.next)


async def create(call: Call[CountPlanIn]) -> Created[CountView]:
    asked = call.body
    wanted = Plan(
        site=asked.site,
        kind=SessionKind(asked.kind),
        scope=asked.scope,
        bins=asked.bins,
        blind=asked.blind,
        counters=asked.counters,
        due_only=asked.due_only,
        most=asked.most,
    )
    number = await planning.plan(wanted)
    return Created(session_view(await queries.session(number)), location=f"/api/v1/counts/{number}")


async def show(call: Call[None]) -> CountView:
    return session_view(await seen(call))


async def seen(call: Call[Any]) -> Session:
    """The session that the path names, if the caller may see it.  Raises NotFound."""
    return await queries.session(call.path["no"], sites=call.actor.sites)


async def bins(call: Call[None]) -> Page[CountBinView]:
    found = await seen(call)
    rows = await queries.bins(found.id, after=call.page.number(), limit=call.page.limit)
    shown = page(rows, call.page, key=lambda row: row.id)
    return Page(items=[_bin(row) for row in shown.items], next=shown.next)


async def count(call: Call[CountPartIn]) -> CountView:
    """As if a station had told it; what a recount's own counter tells is refused."""
    found, told = await seen(call), call.body
    at = min(told.at, db.now()) if told.at else db.now()
    lines = [
        CountLine(
            symbol=Symbol(text=line.symbol),
            gtin=line.gtin,
            quantity=line.quantity,
            id=line.id,
            at=line.at,
            lot=line.lot,
            expiry=line.expiry,
            serial=line.serial,
        )
        for line in told.lines
    ]
    fact = FactIn(
        id=told.id,
        box="api",
        site_id=found.site,
        person=call.actor.name,
        data=Counted(bin=told.bin, lines=lines, session=found.no, round=told.round, began=told.began),
        occurred_at=at,
        told_at=at,
    )
    outcome = (await apply_counted([fact]))[0]
    if isinstance(outcome, Parked) and outcome.code == "unknown_bin":
        raise NotFound("bin", told.bin)
    if isinstance(outcome, Rejected):
        raise BadCount(outcome.detail)
    await _refuse_same_person(told.id, told.bin)
    return session_view(await queries.session(found.no))


async def _refuse_same_person(part: UUID, bin_: str) -> None:
    rows = await db.fetch("SELECT state FROM count_part WHERE fact_id = ?", part)
    if rows and rows[0]["state"] == PartState.REFUSED.value:
        raise SamePerson(bin_)


async def submit(call: Call[CountSubmitIn]) -> CountView:
    found = await seen(call)
    await sessions.submit(found.no, without_uncounted=call.body.without_uncounted)
    return session_view(await queries.session(found.no))


async def cancel(call: Call[CountNoteIn]) -> CountView:
    found = await seen(call)
    await sessions.cancel(found.no, reason=call.body.note)
    return session_view(await queries.session(found.no))


def session_view(row: Session) -> CountView:
    return CountView(**{name: getattr(row, name) for name in CountView.__struct_fields__})


def _bin(row: queries.Bin) -> CountBinView:
    return CountBinView(
        id=row.id,
        code=row.code,
        zone=row.zone,
        round=row.round,
        parts=row.parts,
        done_at=row.done_at,
        extra=row.extra,
        people=list(row.people),
    )


_SESSION = "/api/v1/counts/{no}"
_PLAN = CountPlanIn(site="s1", kind="class", scope="A", counters=1)
_PART = CountPartIn(
    id=UUID("0193a7c0-0000-7000-8000-000000000003"),
    bin="A-01",
    lines=[
        CountLineIn(
            symbol="4006381333931",
            quantity=5,
            id=UUID("0193a7c0-0000-7000-8000-0000000000a1"),
            at=datetime(2026, 11, 21, 7, 59, 41, tzinfo=UTC),
            lot="L-7",
        )
    ],
    began=datetime(2026, 11, 21, 7, 58, tzinfo=UTC),
)

ROUTES = [
    Route(
        "GET",
        "/api/v1/counts",
        listing,
        permission=Permission.COUNTS_READ,
        reply=Page[CountView],
        summary="List count sessions, the newest first",
        filters={
            "site": "only of this site",
            "state": "only in this state; `waiting`: all that are not over",
            "q": "a session's number, part of its scope, or a bin's code",
        },
    ),
    Route(
        "POST",
        "/api/v1/counts",
        create,
        permission=Permission.COUNTS_PLAN,
        body=CountPlanIn,
        reply=CountView,
        summary="Plan a count by class, by zone, by suspicion or of chosen bins",
        example=_PLAN,
    ),
    Route("GET", _SESSION, show, permission=Permission.COUNTS_READ, reply=CountView, summary="A count session and how far it is"),
    Route(
        "GET",
        f"{_SESSION}/bins",
        bins,
        permission=Permission.COUNTS_READ,
        reply=Page[CountBinView],
        summary="Bins of a count session, who counted them and when",
    ),
    Route(
        "POST",
        f"{_SESSION}/parts",
        count,
        permission=Permission.COUNTS_WRITE,
        body=CountPartIn,
        reply=CountView,
        summary="Tell what you counted of a bin; parts of several people add up",
        example=_PART,
    ),
    Route(
        "POST",
        f"{_SESSION}/submit",
        submit,
        permission=Permission.COUNTS_PLAN,
        body=CountSubmitIn,
        reply=CountView,
        summary="Count no more: book what is within tolerance, ask about the rest",
        example=CountSubmitIn(without_uncounted=True),
    ),
    Route(
        "POST",
        f"{_SESSION}/cancel",
        cancel,
        permission=Permission.COUNTS_PLAN,
        body=CountNoteIn,
        reply=CountView,
        summary="Cancel a count session: nothing of it is booked",
        example=CountNoteIn(note="Planned twice"),
    ),
]
