"""What counts go by, over HTTP: what is due, suspected and open, classes, limits, reasons, and what was lost."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from msgspec.structs import asdict

from controller import db
from controller.counts import limits, planning
from controller.counts.limits import Reason
from controller.counts.open_work import open_sessions
from controller.counts.planning_views import (
    CountClasses,
    CountDueView,
    CountOpen,
    CountOpenBin,
    CountOpenView,
    CountPolicies,
    CountPolicyView,
    CountReasons,
    CountReasonView,
    CountSuspects,
    CountSuspectView,
    ShrinkageReport,
    ShrinkageView,
)
from controller.counts.policies import Policy
from controller.counts.shrinkage import shrinkage
from controller.http.routing import BadParameter, Call, Page, Permission, Route, page
from controller.sites.queries import site as site_of

_DAYS_ASKED = timedelta(days=30)
_EARLIEST = datetime.min.replace(tzinfo=UTC) + _DAYS_ASKED
"""Before that there is no instant so many days earlier."""


async def due(call: Call[None]) -> Page[CountDueView]:
    where = call.path["site"]
    await site_of(where)
    rows = (await planning.due_bins(where))[call.page.number() :]
    start = call.page.number()
    shown = page(list(enumerate(rows[: call.page.limit], start + 1)), call.page, key=lambda pair: pair[0])
    views = [CountDueView(code=d.code, zone=d.zone, abc=d.abc, counted_at=d.counted_at, due=d.due) for _, d in shown.items]
    return Page(items=views, next=shown.next)


async def waiting(call: Call[None]) -> CountOpen:
    await site_of(call.path["site"])
    return CountOpen(
        items=[
            CountOpenView(
                no=each.no,
                kind=each.kind,
                scope=each.scope,
                blind=each.blind,
                counters=each.counters,
                bins=[
                    CountOpenBin(code=b.code, round=b.round, counted=b.counted, not_by=list(b.not_by), expected=b.expected)
                    for b in each.bins
                ],
            )
            for each in await open_sessions(call.path["site"])
        ]
    )


async def suspects(call: Call[None]) -> CountSuspects:
    await site_of(call.path["site"])
    found = await planning.suspects(call.path["site"])
    return CountSuspects(items=[CountSuspectView(code=each.code, why=sorted(each.why)) for each in found])


async def classify(call: Call[None]) -> CountClasses:
    await site_of(call.path["site"])
    classes = await planning.classify_site(call.path["site"])
    of = Counter(classes.values())
    return CountClasses(a=of["A"], b=of["B"], c=of["C"])


async def policies(_call: Call[None]) -> CountPolicies:
    names = CountPolicyView.__struct_fields__
    return CountPolicies(
        items=[CountPolicyView(**{name: getattr(each, name) for name in names}) for each in await limits.policies()]
    )


async def put_policy(call: Call[CountPolicyView]) -> CountPolicyView:
    await limits.set_policy(Policy(**asdict(call.body)))
    return call.body


async def reasons(_call: Call[None]) -> CountReasons:
    found = await limits.reasons()
    return CountReasons(items=[CountReasonView(code=each.code, name_en=each.name_en, name_zh=each.name_zh) for each in found])


async def put_reason(call: Call[CountReasonView]) -> CountReasonView:
    told = call.body
    await limits.set_reason(Reason(told.code, told.name_en, told.name_zh), active=told.active)
    return told


async def lost(call: Call[None]) -> ShrinkageReport:
    where = call.path["site"]
    await site_of(where)
    until = _instant(call, "until", db.now())
    rows = await shrinkage(where, since=_instant(call, "since", max(until, _EARLIEST) - _DAYS_ASKED), until=until)
    names = ShrinkageView.__struct_fields__
    return ShrinkageReport(items=[ShrinkageView(**{name: getattr(row, name) for name in names}) for row in rows])


def _instant(call: Call[None], name: str, otherwise: datetime) -> datetime:
    if name not in call.query:
        return otherwise
    try:
        found = datetime.fromisoformat(call.query[name])
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise BadParameter(name, "a day or an instant in ISO 8601") from error


ROUTES = [
    Route(
        "GET",
        "/api/v1/sites/{site}/counts/due",
        due,
        permission=Permission.COUNTS_READ,
        reply=Page[CountDueView],
        summary="Bins by when they are to be counted next, what is due longest first",
    ),
    Route(
        "GET",
        "/api/v1/sites/{site}/counts/open",
        waiting,
        permission=Permission.COUNTS_READ,
        reply=CountOpen,
        summary="What is to be counted now, for whoever counts: blind sessions tell nothing of what is expected",
    ),
    Route(
        "GET",
        "/api/v1/sites/{site}/counts/suspects",
        suspects,
        permission=Permission.COUNTS_REVIEW,
        reply=CountSuspects,
        summary="Bins whose numbers are hard to believe, and why",
    ),
    Route(
        "POST",
        "/api/v1/sites/{site}/counts/classes",
        classify,
        permission=Permission.COUNTS_PLAN,
        reply=CountClasses,
        summary="Say anew which articles are A, B and C, by the value of what was sold in 90 days",
    ),
    Route(
        "GET",
        "/api/v1/sites/{site}/shrinkage",
        lost,
        permission=Permission.COUNTS_REVIEW,
        reply=ShrinkageReport,
        summary="What counts found missing or too many, at cost, by reason",
        filters={"since": "from this day or instant on; default: 30 days before `until`", "until": "up to this; default: now"},
    ),
    Route(
        "GET",
        "/api/v1/count-policies",
        policies,
        permission=Permission.COUNTS_REVIEW,
        reply=CountPolicies,
        summary="Limits and schedules of counts",
    ),
    Route(
        "PUT",
        "/api/v1/count-policies",
        put_policy,
        permission=Permission.COUNTS_APPROVE,
        whole_chain=True,
        body=CountPolicyView,
        reply=CountPolicyView,
        summary="Say the limits and the schedule of a site, a class, or all",
        example=CountPolicyView(site="s1", abc="A", value_minor=20_000, units=10, grams=500, approve_minor=100_000, days=30),
    ),
    Route(
        "GET",
        "/api/v1/count-reasons",
        reasons,
        permission=Permission.COUNTS_READ,
        reply=CountReasons,
        summary="Reasons for differences",
    ),
    Route(
        "PUT",
        "/api/v1/count-reasons",
        put_reason,
        permission=Permission.COUNTS_APPROVE,
        whole_chain=True,
        body=CountReasonView,
        reply=CountReasonView,
        summary="Add a reason, change its words, or take it out of the list",
        example=CountReasonView(code="pests", name_en="Pests", name_zh="虫鼠害"),
    ),
]
