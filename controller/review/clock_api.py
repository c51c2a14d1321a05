"""Deadlines of orders over HTTP: what is near or over, how they were kept, how long what may take, when sites work."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

from msgspec import Meta, Struct

from controller.db import now
from controller.http.routing import BadParameter, Call, Page, Permission, Route, number, page
from controller.review import opening, queries
from controller.review.api import ClockView, clock_view
from controller.review.clocks import ClockKind, Counts, Span, Term
from controller.review.opening import ANYWHERE, MAX_CLOSED, Opening

Seconds = Annotated[int, Meta(ge=0, le=90 * 86_400)]
Minute = Annotated[int, Meta(ge=0, le=1440)]
Site = Annotated[str, Meta(pattern=r"^([a-z0-9-]{1,40})?$(?!\n)")]
MOST_DAYS = 366


class TermView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`seconds` that it may take, told of `near_seconds` before the end; `counts`: always, or opening hours only."""

    kind: ClockKind
    seconds: Seconds
    near_seconds: Seconds
    counts: Counts = Counts.ALWAYS


class SpanView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Minutes of a local day; `weekday` 0 is Monday; 1440 is midnight at its end."""

    weekday: Annotated[int, Meta(ge=0, le=6)]
    opens: Minute
    closes: Minute


class Terms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a site; `site` empty: wherever nothing else is said.  Kinds that are left out are as elsewhere."""

    site: Site = ANYWHERE
    terms: Annotated[list[TermView], Meta(max_length=3)] = []
    hours: Annotated[list[SpanView], Meta(max_length=70)] = []
    closed: Annotated[list[date], Meta(max_length=MAX_CLOSED)] = []


class KeptView(Struct, frozen=True, kw_only=True):
    """How a kind of deadline was kept: of `ended` `within`; `share_bp` of them in basis points; medians in seconds; now `running`,
    `over` of them missed.
    """

    kind: ClockKind
    ended: int
    within: int
    share_bp: int | None
    p50_seconds: int | None
    p90_seconds: int | None
    running: int
    over: int


class Report(Struct, frozen=True, kw_only=True):
    since: datetime
    until: datetime
    kinds: list[KeptView]


async def listing(call: Call[None]) -> Page[ClockView]:
    kind = call.query.get("kind", "")
    if kind and kind not in set(ClockKind):
        raise BadParameter("kind", f"one of {', '.join(ClockKind)}")
    rows = await queries.running(kind=kind, after=call.page.number(), limit=call.page.limit, sites=call.actor.sites)
    views = [(place, clock_view(row)) for place, row in rows]
    shown = page(views, call.page, key=lambda each: each[0])
    return Page(items=[view for _, view in shown.items], next=shown.next)


async def report(call: Call[None]) -> Report:
    days = number(call.query.get("days", "30"), "days")
    if not 1 <= days <= MOST_DAYS:
        raise BadParameter("days", f"1 to {MOST_DAYS}")
    until = now()
    since = until - timedelta(days=days)
    rows = await queries.kept(since=since, until=until, sites=call.actor.sites)
    kinds = [
        KeptView(
            kind=row.kind,
            ended=row.ended,
            within=row.within,
            share_bp=row.share,
            p50_seconds=row.p50,
            p90_seconds=row.p90,
            running=row.running,
            over=row.over,
        )
        for row in rows
    ]
    return Report(since=since, until=until, kinds=kinds)


async def terms(call: Call[None]) -> Terms:
    site = call.query.get("site", ANYWHERE)
    await opening.check_site(site)
    said, hours = await opening.terms_said(site), await opening.opening_of(site)
    return Terms(
        site=site,
        terms=[
            TermView(
                kind=kind,
                seconds=int(term.length.total_seconds()),
                near_seconds=int(term.near.total_seconds()),
                counts=term.counts,
            )
            for kind, term in said.items()
        ],
        hours=[
            SpanView(weekday=weekday, opens=span.opens, closes=span.closes)
            for weekday, spans in sorted(hours.spans.items())
            for span in spans
        ],
        closed=list(hours.closed),
    )


async def put_terms(call: Call[Terms]) -> Terms:
    wanted = call.body
    said = {term.kind: term for term in wanted.terms}
    for kind in ClockKind:
        term = said.get(kind)
        await opening.set_term(wanted.site, kind, None if term is None else _term(term))
    spans: dict[int, list[Span]] = {}
    for span in wanted.hours:
        spans.setdefault(span.weekday, []).append(Span(span.opens, span.closes))
    await opening.set_opening(wanted.site, Opening(spans=spans, closed=wanted.closed))
    return wanted


def _term(view: TermView) -> Term:
    return Term(length=timedelta(seconds=view.seconds), near=timedelta(seconds=view.near_seconds), counts=view.counts)


ROUTES = [
    Route(
        "GET",
        "/api/v1/order-clocks",
        listing,
        permission=Permission.REVIEW_READ,
        reply=Page[ClockView],
        summary="List the deadlines of orders that are near or over",
        filters={"kind": "touch, problem or ship"},
    ),
    Route(
        "GET",
        "/api/v1/order-clocks/report",
        report,
        permission=Permission.REVIEW_READ,
        reply=Report,
        summary="How deadlines were kept: share within, medians and nine tenths",
        filters={"days": f"1 to {MOST_DAYS}; 30 if not said"},
    ),
    Route(
        "GET",
        "/api/v1/clock-terms",
        terms,
        permission=Permission.REVIEW_READ,
        reply=Terms,
        summary="How long what may take at a site, and when it works",
        filters={"site": "a site; not said: wherever nothing else is said"},
        whole_chain=True,
    ),
    Route(
        "PUT",
        "/api/v1/clock-terms",
        put_terms,
        permission=Permission.REVIEW_RULES,
        body=Terms,
        reply=Terms,
        summary="Say how long what may take at a site, and when it works; deadlines that run stay",
        example=Terms(
            site="s1",
            terms=[TermView(kind=ClockKind.TOUCH, seconds=1800, near_seconds=600, counts=Counts.OPENING)],
            hours=[SpanView(weekday=weekday, opens=540, closes=1080) for weekday in range(5)],
            closed=[date(2026, 12, 25)],
        ),
        whole_chain=True,
    ),
]
