"""The rules of review over HTTP: versions, what they leave open, what they would have said, and the limits of the checks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from controller.errors import NotFound
from controller.http.routing import PLAIN, BadParameter, Call, Created, Page, Permission, Route, number, page
from controller.review import limits, tables
from controller.review.analysis import Interval, Word, Words, analyse
from controller.review.policies import Limits
from controller.review.replay import MAX_DAYS, Replay, replay
from controller.review.rules import MAX_RULES, Condition, Field, Judgement, OrderFacts, Outcome, Rule, check_rules, judge
from controller.review.states import TableState
from controller.review.tables import MAX_NOTE, StoredTable

Edition = Annotated[int, Meta(ge=0, le=2**31 - 1)]
_BASE = "/api/v1/review-tables"


class NewDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`copied`: the version whose rules it begins with; null: none."""

    note: Annotated[str, Meta(min_length=1, max_length=MAX_NOTE, pattern=PLAIN)]
    copied: Annotated[int, Meta(ge=1, le=2**53)] | None = None


class PutRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`edition`: of which one the change was made.  Amounts in minor units; half-open: `at_least` included, `below` excluded."""

    edition: Edition
    rules: Annotated[list[Rule], Meta(max_length=MAX_RULES)]


class GoLive(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`replaces`: the version that is live now, null if there is none: if another one is, nothing happens."""

    edition: Edition
    replaces: Annotated[int, Meta(ge=1, le=2**53)] | None = None


class TableView(Struct, frozen=True, kw_only=True):
    id: int
    state: TableState
    note: str
    edition: int
    replaced: int | None
    created_at: datetime
    created_by: str
    live_at: datetime | None
    live_by: str | None
    rules: list[Rule]


class CellView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Part of a field: numbers from `low` to below `high`; or a word (`others`: any but these); or has all of `present` and none of
    `absent`.
    """

    low: int | None = None
    high: int | None = None
    word: str | None = None
    others: list[str] | None = None
    present: list[str] | None = None
    absent: list[str] | None = None


class GapView(Struct, frozen=True, kw_only=True):
    """Orders for which no rule holds; `example` is one of them."""

    where: dict[Field, list[CellView]]
    example: OrderFacts


class OverlapView(Struct, frozen=True, kw_only=True):
    """Two rules hold that say different things; `wins` of them decides.  Rules count from 1."""

    first: int
    second: int
    wins: int
    where: dict[Field, list[CellView]]
    example: OrderFacts


class AnalysisView(Struct, frozen=True, kw_only=True):
    """`idle`: rules that decide nothing.  `complete` false: there is more than is told."""

    gaps: list[GapView]
    overlaps: list[OverlapView]
    idle: list[int]
    complete: bool


class LimitsView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`edition` 0: nobody said any yet."""

    edition: Edition
    limits: Limits


async def listing(call: Call[None]) -> Page[TableView]:
    rows = await tables.tables(before=call.page.number() or None, limit=call.page.limit)
    return page([_view(row) for row in rows], call.page, key=lambda view: view.id)


async def detail(call: Call[None]) -> TableView:
    return _view(await tables.table(_id(call.path["id"])))


async def draft(call: Call[NewDraft]) -> Created[TableView]:
    made = await tables.make_draft(note=call.body.note, copied=call.body.copied)
    return Created(_view(await tables.table(made)), location=f"{_BASE}/{made}")


async def put(call: Call[PutRules]) -> TableView:
    await tables.put_rules(_id(call.path["id"]), call.body.rules, edition=call.body.edition)
    return _view(await tables.table(_id(call.path["id"])))


async def analysis(call: Call[None]) -> AnalysisView:
    found = analyse((await tables.table(_id(call.path["id"]))).rules)
    return AnalysisView(
        gaps=[GapView(where=_where(gap.box), example=gap.example) for gap in found.gaps],
        overlaps=[
            OverlapView(first=each.first, second=each.second, wins=each.wins, where=_where(each.box), example=each.example)
            for each in found.overlaps
        ],
        idle=list(found.idle),
        complete=found.complete,
    )


async def attempt(call: Call[OrderFacts]) -> Judgement:
    rules = (await tables.table(_id(call.path["id"]))).rules
    check_rules(rules)
    return judge(call.body, rules)


async def replayed(call: Call[None]) -> Replay:
    days = number(call.query.get("days", "30"), "days")
    if not 1 <= days <= MAX_DAYS:
        raise BadParameter("days", f"1 to {MAX_DAYS}")
    return await replay((await tables.table(_id(call.path["id"]))).rules, days=days)


async def go_live(call: Call[GoLive]) -> TableView:
    await tables.go_live(_id(call.path["id"]), edition=call.body.edition, replaces=call.body.replaces)
    return _view(await tables.table(_id(call.path["id"])))


async def undo(call: Call[None]) -> TableView:
    return _view(await tables.table(await tables.undo(_id(call.path["id"]))))


async def discard(call: Call[None]) -> TableView:
    await tables.discard(_id(call.path["id"]))
    return _view(await tables.table(_id(call.path["id"])))


async def limits_now(_: Call[None]) -> LimitsView:
    found, edition = await limits.limits()
    return LimitsView(edition=edition, limits=found)


async def put_limits(call: Call[LimitsView]) -> LimitsView:
    edition = await limits.set_limits(call.body.limits, edition=call.body.edition)
    return LimitsView(edition=edition, limits=(await limits.limits())[0])


def _id(text: str) -> int:
    """Raises NotFound."""
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise NotFound(tables.WHAT, text[:40])
    return int(text)


def _where(box: dict[Field, tuple[Interval | Word | Words, ...]]) -> dict[Field, list[CellView]]:
    return {field: [_cell(cell) for cell in cells] for field, cells in box.items()}


def _cell(cell: Interval | Word | Words) -> CellView:
    match cell:
        case Interval(low, high):
            return CellView(low=low, high=high)
        case Word(None, others):
            return CellView(others=list(others))
        case Word(word, _):
            return CellView(word=word)
        case Words(present, absent):
            return CellView(present=list(present), absent=list(absent))


def _view(row: StoredTable) -> TableView:
    return TableView(
        id=row.id,
        state=row.state,
        note=row.note,
        edition=row.edition,
        replaced=row.replaced,
        created_at=row.created_at,
        created_by=row.created_by,
        live_at=row.live_at,
        live_by=row.live_by,
        rules=list(row.rules),
    )


_READ, _WRITE = Permission.REVIEW_READ, Permission.REVIEW_RULES
_RULES = [
    Rule(
        name="small, grade A",
        outcome=Outcome.PASS,
        conditions=(Condition(field=Field.AMOUNT, below=500_000), Condition(field=Field.GRADE, values=("A",))),
    ),
    Rule(
        name="sales manager",
        outcome=Outcome.SERVICE,
        conditions=(Condition(field=Field.AMOUNT, at_least=500_000, below=2_000_000),),
    ),
]

ROUTES = [
    Route(
        "GET", _BASE, listing, permission=_READ, reply=Page[TableView], summary="List the versions of the rules, the newest first"
    ),
    Route(
        "POST",
        _BASE,
        draft,
        permission=_WRITE,
        body=NewDraft,
        reply=TableView,
        summary="Begin a new version of the rules",
        example=NewDraft(note="campaign in December"),
        whole_chain=True,
    ),
    Route("GET", f"{_BASE}/{{id}}", detail, permission=_READ, reply=TableView, summary="One version of the rules"),
    Route(
        "PUT",
        f"{_BASE}/{{id}}/rules",
        put,
        permission=_WRITE,
        body=PutRules,
        reply=TableView,
        summary="Give a draft its rules",
        example=PutRules(edition=1, rules=_RULES),
        whole_chain=True,
    ),
    Route(
        "GET",
        f"{_BASE}/{{id}}/analysis",
        analysis,
        permission=_READ,
        reply=AnalysisView,
        summary="What the rules leave open, where they contradict each other, which of them decide nothing: exactly, with examples",
    ),
    Route(
        "POST",
        f"{_BASE}/{{id}}/try",
        attempt,
        permission=_WRITE,
        body=OrderFacts,
        reply=Judgement,
        summary="What the rules would say of an order, and why; nothing is changed",
        example=OrderFacts(amount=1_200_000, currency="CNY", grade="A", credit="C"),
        whole_chain=True,
    ),
    Route(
        "GET",
        f"{_BASE}/{{id}}/replay",
        replayed,
        permission=_READ,
        reply=Replay,
        summary="What the rules would have said of the orders of the last days, beside what is said now",
        filters={"days": f"1 to {MAX_DAYS}; 30 if not said"},
        whole_chain=True,
    ),
    Route(
        "POST",
        f"{_BASE}/{{id}}/go-live",
        go_live,
        permission=_WRITE,
        body=GoLive,
        reply=TableView,
        summary="Let these rules hold from now on",
        example=GoLive(edition=2, replaces=1),
        whole_chain=True,
    ),
    Route(
        "POST",
        f"{_BASE}/{{id}}/undo",
        undo,
        permission=_WRITE,
        reply=TableView,
        summary="Let the rules hold again that were live before these",
        whole_chain=True,
    ),
    Route(
        "POST",
        f"{_BASE}/{{id}}/discard",
        discard,
        permission=_WRITE,
        reply=TableView,
        summary="Drop a draft of the rules",
        whole_chain=True,
    ),
    Route(
        "GET",
        "/api/v1/review-limits",
        limits_now,
        permission=_READ,
        reply=LimitsView,
        summary="When the automatic checks flag an order",
    ),
    Route(
        "PUT",
        "/api/v1/review-limits",
        put_limits,
        permission=_WRITE,
        body=LimitsView,
        reply=LimitsView,
        summary="Say when the automatic checks flag an order",
        example=LimitsView(edition=0, limits=Limits()),
        whole_chain=True,
    ),
]
