"""The rules of waves over HTTP: read, changed, tried before they are stored."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from controller.errors import NotFound
from controller.http.routing import PLAIN, Call, Permission, Route, number
from controller.orders.states import Delivery
from controller.sites.queries import site as site_of
from controller.waves import rules
from controller.waves.composing import preview
from controller.waves.policies import Composed, Match, Out, Test
from controller.waves.rules import WHAT, Rule
from controller.waves.states import Mode, Shape, Timing

T = TypeVar("T")
Name = Annotated[str, Meta(min_length=1, max_length=80, pattern=PLAIN)]
Word = Annotated[str, Meta(min_length=1, max_length=40, pattern=PLAIN)]
Words = Annotated[list[Word], Meta(max_length=rules.MOST_WORDS)]
Count = Annotated[int, Meta(ge=1, le=10**9)]
MOST_SHOWN = 200


class MatchBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an order's part must be like; what is empty or null is not asked."""

    channels: Words = []
    deliveries: Annotated[list[Delivery], Meta(max_length=10)] = []
    carriers: Words = []
    services: Words = []
    shapes: Annotated[list[Shape], Meta(max_length=10)] = []
    zones: Words = []
    due_minutes: Count | None = None


class RuleBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`times` of the site's day, as `08:00`; `version`: of the rule as it was read, 0 for a new one."""

    name: Name
    priority: Annotated[int, Meta(ge=0, le=10_000)] = 100
    active: bool = True
    match: MatchBody = MatchBody()
    mode: Mode = Mode.SINGLE
    totes: Annotated[int, Meta(ge=1, le=rules.MOST_TOTES)] = 1
    max_lists: Annotated[int, Meta(ge=1, le=rules.MOST_LISTS)] = 50
    max_lines: Count | None = None
    max_units: Count | None = None
    timing: Timing = Timing.HAND
    every_minutes: Annotated[int, Meta(ge=1, le=1440)] | None = None
    times: Annotated[list[Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)")]], Meta(max_length=24)] = []
    waiting: Annotated[int, Meta(ge=1, le=rules.MOST_LISTS)] | None = None
    releases: bool = False
    version: Annotated[int, Meta(ge=0, le=2**53)] = 0


class RuleView(Struct, frozen=True, kw_only=True):
    """`due_at`: when it composes next by itself, null: it does not by time."""

    id: int
    site: str
    name: str
    priority: int
    active: bool
    match: MatchBody
    mode: Mode
    totes: int
    max_lists: int
    max_lines: int | None
    max_units: int | None
    timing: Timing
    every_minutes: int | None
    times: list[str]
    waiting: int | None
    releases: bool
    due_at: datetime | None
    version: int


class Rules(Struct, frozen=True, kw_only=True):
    """In the order in which they are asked: the first that fits takes an order."""

    items: list[RuleView]


class PreviewBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`draft`: as if it were among the rules; with `id`, in place of that one.  Without a draft: the rules as they are."""

    draft: RuleBody | None = None
    id: Annotated[int, Meta(ge=0, le=2**53)] = 0


class PlannedView(Struct, frozen=True, kw_only=True):
    """A wave to be; `orders` are the first 200 of it."""

    rule: str
    mode: Mode
    lists: int
    lines: int
    units: int
    clusters: int
    due_at: datetime | None
    because: list[Test]
    orders: list[str]


class LeftOutView(Struct, frozen=True, kw_only=True):
    """`fails`: for each rule the first condition that the order does not meet; `detail`: flags, or the wave or rule it is about."""

    order: str
    why: Out
    detail: str
    fails: dict[str, Test]


class PreviewView(Struct, frozen=True, kw_only=True):
    """`left_out` are the first 200 of `left_out_count`; `why` counts them by reason."""

    waves: list[PlannedView]
    left_out: list[LeftOutView]
    left_out_count: int
    why: dict[str, int]


class Removed(Struct, frozen=True, kw_only=True):
    id: int


async def listing(call: Call[None]) -> Rules:
    await site_of(call.path["site"])
    return Rules(items=[rule_view(one) for one in await rules.rules(call.path["site"])])


async def add(call: Call[RuleBody]) -> RuleView:
    return rule_view(await rules.put_rule(_rule(call.body, call.path["site"], 0)))


async def change(call: Call[RuleBody]) -> RuleView:
    return rule_view(await rules.put_rule(_rule(call.body, call.path["site"], _id(call))))


async def remove(call: Call[None]) -> Removed:
    await rules.remove_rule(_id(call), site=call.path["site"])
    return Removed(id=_id(call))


async def show_preview(call: Call[PreviewBody]) -> PreviewView:
    site, draft = call.path["site"], call.body.draft
    await site_of(site)
    return preview_view(await preview(site, draft=None if draft is None else _rule(draft, site, call.body.id)))


def _id(call: Call[T]) -> int:
    """Raises NotFound."""
    text = call.path["id"]
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise NotFound(WHAT, text[:40])
    return number(text, "id")


def _rule(body: RuleBody, site: str, rule_id: int) -> Rule:
    asked = body.match
    match = Match(
        channels=tuple(asked.channels),
        deliveries=tuple(asked.deliveries),
        carriers=tuple(asked.carriers),
        services=tuple(asked.services),
        shapes=tuple(asked.shapes),
        zones=tuple(asked.zones),
        due_minutes=asked.due_minutes,
    )
    same = {name: getattr(body, name) for name in RuleBody.__struct_fields__ if name not in ("active", "match", "times")}
    times = tuple(time.fromisoformat(word) for word in body.times)
    return Rule(id=rule_id, site=site, is_active=body.active, match=match, times=times, **same)


def rule_view(rule: Rule) -> RuleView:
    asked = rule.match
    match = MatchBody(
        channels=list(asked.channels),
        deliveries=list(asked.deliveries),
        carriers=list(asked.carriers),
        services=list(asked.services),
        shapes=list(asked.shapes),
        zones=list(asked.zones),
        due_minutes=asked.due_minutes,
    )
    same = {name: getattr(rule, name) for name in RuleView.__struct_fields__ if name not in ("active", "match", "times")}
    return RuleView(active=rule.is_active, match=match, times=[f"{turn:%H:%M}" for turn in rule.times], **same)


def preview_view(found: Composed) -> PreviewView:
    counted: dict[str, int] = {}
    for left in found.left_out:
        counted[left.why.value] = counted.get(left.why.value, 0) + 1
    waves = [
        PlannedView(
            rule=wave.rule.name,
            mode=wave.rule.mode,
            lists=len(wave.members),
            lines=sum(one.part.lines for one in wave.members),
            units=sum(one.part.units for one in wave.members),
            clusters=wave.members[-1].cluster,
            due_at=wave.due_at,
            because=list(wave.members[0].because),
            orders=[one.part.order for one in wave.members[:MOST_SHOWN]],
        )
        for wave in found.waves
    ]
    left_out = [
        LeftOutView(order=one.part.order, why=one.why, detail=one.detail, fails=dict(one.fails))
        for one in found.left_out[:MOST_SHOWN]
    ]
    return PreviewView(waves=waves, left_out=left_out, left_out_count=len(found.left_out), why=counted)


_BASE = "/api/v1/sites/{site}/wave-rules"
_EXAMPLE = RuleBody(
    name="single items, sent today",
    priority=10,
    match=MatchBody(deliveries=[Delivery.SHIPPING], shapes=[Shape.SINGLE_ITEM], due_minutes=240),
    mode=Mode.CLUSTER,
    totes=12,
    max_lists=120,
    timing=Timing.AT,
    times=["08:00", "11:30", "14:30"],
    releases=True,
)

ROUTES = [
    Route(
        "GET",
        _BASE,
        listing,
        permission=Permission.FULFILMENT_READ,
        reply=Rules,
        summary="The rules by which a site's waves are composed, in their order",
    ),
    Route(
        "POST",
        _BASE,
        add,
        permission=Permission.WAVES_MANAGE,
        body=RuleBody,
        reply=RuleView,
        summary="Add a rule of waves",
        example=_EXAMPLE,
    ),
    Route(
        "PUT",
        f"{_BASE}/{{id}}",
        change,
        permission=Permission.WAVES_MANAGE,
        body=RuleBody,
        reply=RuleView,
        summary="Change a rule of waves; `version` is the one that was read",
        example=_EXAMPLE,
    ),
    Route(
        "DELETE",
        f"{_BASE}/{{id}}",
        remove,
        permission=Permission.WAVES_MANAGE,
        reply=Removed,
        summary="Remove a rule of waves; what it composed stays",
    ),
    Route(
        "POST",
        "/api/v1/sites/{site}/wave-preview",
        show_preview,
        permission=Permission.WAVES_MANAGE,
        body=PreviewBody,
        reply=PreviewView,
        summary="What composing would do now, with the reasons; nothing is stored",
        example=PreviewBody(draft=_EXAMPLE),
    ),
]
