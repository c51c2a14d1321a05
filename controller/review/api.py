"""Review over HTTP: what waits for whom, one order's case, and what people say of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Literal, TypeVar

from msgspec import Meta, Struct

from controller.errors import NotFound
from controller.http.routing import PLAIN, BadParameter, Call, Page, Permission, Route, page
from controller.orders import queries as orders
from controller.orders.flags import FlagKind
from controller.review import cases, queries
from controller.review.cases import MAX_REASON, MOST_AT_ONCE
from controller.review.clocks import ClockKind
from controller.review.judging import judge_again
from controller.review.prompts import prompt
from controller.review.queries import StoredCase, StoredClock, Wanted
from controller.review.rules import Match, OrderFacts, Outcome
from controller.review.states import WAITING, CaseState

B = TypeVar("B")
Words = Annotated[str, Meta(max_length=MAX_REASON, pattern=PLAIN)]
Reason = Annotated[str, Meta(min_length=1, max_length=MAX_REASON, pattern=PLAIN)]
Number = Annotated[str, Meta(pattern=r"^SO-[0-9]{6,18}$(?!\n)")]


class Approve(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`clear`: flags that are settled by this; they need the reason."""

    reason: Words = ""
    clear: Annotated[list[FlagKind], Meta(max_length=20)] = []


class Say(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Reason


class ApproveMany(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By their numbers, each by itself: one that cannot be approved stops no other."""

    orders: Annotated[list[Number], Meta(min_length=1, max_length=MOST_AT_ONCE)]
    reason: Words = ""


class NotApproved(Struct, frozen=True, kw_only=True):
    order: str
    code: str


class Approved(Struct, frozen=True, kw_only=True):
    """`refused`: those that were not approved, and why, as codes of errors."""

    approved: int
    refused: list[NotApproved]


class CaseView(Struct, frozen=True, kw_only=True):
    """`outcome` null: no rule held, so that a person looks; `flags` are those that hold it up now."""

    order: str
    site: str | None
    channel: str
    reference: str
    currency: str
    total_minor: int
    placed_at: datetime
    state: CaseState
    outcome: Outcome | None
    needs_finance: bool
    flags: list[FlagKind]
    claimed_by: str | None
    claimed_at: datetime | None
    reason: str | None


class ClockView(Struct, frozen=True, kw_only=True):
    """A deadline; it runs while `ended_at` is null.  `void`: it had no sense any more."""

    order: str
    kind: ClockKind
    began_at: datetime
    near_at: datetime
    due_at: datetime
    ended_at: datetime | None
    void: bool


class CaseDetail(Struct, frozen=True, kw_only=True):
    """`facts`: the order as the rules saw it; `matches`: those that held, and why; `prompt`: what to ask the customer."""

    case: CaseView
    facts: OrderFacts
    matches: list[Match]
    findings: dict[str, str]
    asks: list[str]
    prompt_en: str
    prompt_zh: str
    clocks: list[ClockView]


async def listing(call: Call[None]) -> Page[CaseView]:
    wanted = Wanted(
        state=_state(call.query.get("state", CaseState.SERVICE.value)),
        outcome=_outcome(call.query.get("outcome", "")),
        q=call.query.get("q", ""),
    )
    rows = await queries.cases(wanted, after=call.page.number(), limit=call.page.limit, sites=call.actor.sites)
    ids = {row.order: row.id for row in rows}
    return page([_view(row) for row in rows], call.page, key=lambda view: ids[view.order])


async def detail(call: Call[None]) -> CaseDetail:
    await _seen(call, call.path["no"])
    found = await queries.case(call.path["no"])
    return CaseDetail(
        case=_view(found),
        facts=found.stored.facts,
        matches=list(found.stored.matches),
        findings=found.stored.findings,
        asks=found.asks,
        prompt_en=prompt(found.asks, "en"),
        prompt_zh=prompt(found.asks, "zh-CN"),
        clocks=[clock_view(one) for one in await queries.clocks_of(found.order)],
    )


async def look_again(call: Call[None]) -> CaseView:
    await _seen(call, call.path["no"])
    await judge_again(call.path["no"])
    return _view(await queries.case(call.path["no"]))


def _claim(stage: CaseState) -> Callable[[Call[None]], Awaitable[CaseView]]:
    async def handle(call: Call[None]) -> CaseView:
        return await _said(call, lambda no: cases.claim(no, stage))

    return handle


def _give_back(stage: CaseState) -> Callable[[Call[None]], Awaitable[CaseView]]:
    async def handle(call: Call[None]) -> CaseView:
        return await _said(call, lambda no: cases.give_back(no, stage))

    return handle


def _approve(stage: CaseState) -> Callable[[Call[Approve]], Awaitable[CaseView]]:
    async def handle(call: Call[Approve]) -> CaseView:
        return await _said(call, lambda no: cases.approve(no, stage, reason=call.body.reason, clear=call.body.clear))

    return handle


def _hold(stage: CaseState) -> Callable[[Call[Say]], Awaitable[CaseView]]:
    async def handle(call: Call[Say]) -> CaseView:
        return await _said(call, lambda no: cases.hold(no, stage, reason=call.body.reason))

    return handle


def _refuse(stage: CaseState) -> Callable[[Call[Say]], Awaitable[CaseView]]:
    async def handle(call: Call[Say]) -> CaseView:
        return await _said(call, lambda no: cases.refuse(no, stage, reason=call.body.reason))

    return handle


def _approve_many(stage: CaseState) -> Callable[[Call[ApproveMany]], Awaitable[Approved]]:
    async def handle(call: Call[ApproveMany]) -> Approved:
        """Orders of other sites are not found, like orders that are not there.  Raises NotFound when none is."""
        wanted = list(dict.fromkeys(call.body.orders))
        seen = [no for no in wanted if await _is_seen(call, no)]
        if not seen:
            raise NotFound("order", wanted[0])
        refused = [NotApproved(order=no, code=NotFound.code) for no in wanted if no not in seen]
        done = await cases.approve_all(seen, stage, reason=call.body.reason)
        refused += [NotApproved(order=each.order, code=each.code) for each in done]
        return Approved(approved=len(wanted) - len(refused), refused=refused)

    return handle


async def resume(call: Call[Say]) -> CaseView:
    return await _said(call, lambda no: cases.resume(no, reason=call.body.reason))


async def _said(call: Call[B], verb: Callable[[str], Awaitable[object]]) -> CaseView:
    no = call.path["no"]
    await _seen(call, no)
    await verb(no)
    return _view(await queries.case(no))


async def _seen(call: Call[B], no: str) -> None:
    """Raises NotFound, for an order of other sites too."""
    if not (await orders.order(no)).is_seen_at(call.actor.sites):
        raise NotFound("order", no)


async def _is_seen(call: Call[B], no: str) -> bool:
    try:
        await _seen(call, no)
    except NotFound:
        return False
    return True


def _state(text: str) -> CaseState:
    if text not in WAITING:
        raise BadParameter("state", f"one of {', '.join(sorted(WAITING))}")
    return CaseState(text)


def _outcome(text: str) -> str:
    known = ("", "no_rule", *Outcome)
    if text not in known:
        raise BadParameter("outcome", f"one of {', '.join(known[1:])}")
    return text


def _view(row: StoredCase) -> CaseView:
    return CaseView(
        order=row.order,
        site=row.site,
        channel=row.channel,
        reference=row.reference,
        currency=row.currency,
        total_minor=row.total_minor,
        placed_at=row.placed_at,
        state=row.state,
        outcome=row.outcome,
        needs_finance=row.needs_finance,
        flags=row.flags,
        claimed_by=row.claimed_by,
        claimed_at=row.claimed_at,
        reason=row.reason,
    )


def clock_view(row: StoredClock) -> ClockView:
    return ClockView(
        order=row.order,
        kind=row.kind,
        began_at=row.began_at,
        near_at=row.near_at,
        due_at=row.due_at,
        ended_at=row.ended_at,
        void=row.is_void,
    )


_STAGES: tuple[tuple[CaseState, Permission, str], ...] = (
    (CaseState.SERVICE, Permission.REVIEW_SERVICE, "service"),
    (CaseState.FINANCE, Permission.REVIEW_FINANCE, "finance"),
)
_BASE = "/api/v1/reviews"
_SAY = Say(reason="no house number: the customer was asked")
Verb = Literal["claim", "give-back", "approve", "hold", "refuse"]


def _stage_routes(stage: CaseState, permission: Permission, name: str) -> list[Route]:
    """Each stage has its own routes: who may say something at one says nothing at the other."""

    def route(
        verb: Verb, handler: Callable[[Call[B]], Awaitable[object]], body: type[B] | None, summary: str, example: object
    ) -> Route:
        path = f"{_BASE}/{{no}}/{name}/{verb}"
        return Route("POST", path, handler, permission=permission, body=body, reply=CaseView, summary=summary, example=example)

    return [
        route("claim", _claim(stage), None, f"Look at an order at the stage of {name}: nobody else does meanwhile", None),
        route("give-back", _give_back(stage), None, f"Let somebody else look at an order at the stage of {name}", None),
        route("approve", _approve(stage), Approve, f"Approve an order at the stage of {name}", Approve(reason="known customer")),
        route("hold", _hold(stage), Say, f"Put an order on hold at the stage of {name}, with a reason", _SAY),
        route("refuse", _refuse(stage), Say, f"Refuse an order at the stage of {name}: it is cancelled", Say(reason="fraud")),
        Route(
            "POST",
            f"{_BASE}/{name}/approve",
            _approve_many(stage),
            permission=permission,
            body=ApproveMany,
            reply=Approved,
            summary=f"Approve many orders at the stage of {name}",
            example=ApproveMany(orders=["SO-100001", "SO-100002"]),
        ),
    ]


ROUTES = [
    Route(
        "GET",
        _BASE,
        listing,
        permission=Permission.REVIEW_READ,
        reply=Page[CaseView],
        summary="List the orders that wait for somebody's word, the oldest first",
        filters={
            "state": "service (if not said), finance or held",
            "outcome": "only those of which the rules said this; no_rule: those for which none held",
            "q": "an order's number, or the beginning of its reference",
        },
    ),
    Route(
        "GET",
        f"{_BASE}/{{no}}",
        detail,
        permission=Permission.REVIEW_READ,
        reply=CaseDetail,
        summary="What rules and checks said of an order and why, what to ask its customer, its deadlines",
    ),
    Route(
        "POST",
        f"{_BASE}/{{no}}/judge",
        look_again,
        permission=Permission.REVIEW_SERVICE,
        reply=CaseView,
        summary="Run checks and rules over an order again",
    ),
    *(route for stage in _STAGES for route in _stage_routes(*stage)),
    Route(
        "POST",
        f"{_BASE}/{{no}}/resume",
        resume,
        permission=Permission.REVIEW_SERVICE,
        body=Say,
        reply=CaseView,
        summary="What an order waited for has come: service looks again",
        example=Say(reason="the customer gave the house number"),
    ),
]
