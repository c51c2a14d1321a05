"""Which parts go into which wave, and why each is where it is.  Pure: the same parts and rules give the same waves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from controller.orders.states import Delivery
from controller.waves.states import Mode, Shape

MOST_WAVES = 20
"""Of one rule, composed at once."""


class Test(StrEnum):
    """What a rule asks of a part."""

    __test__ = False  # for pytest: it is no test

    CHANNEL = "channel"
    DELIVERY = "delivery"
    CARRIER = "carrier"
    SERVICE = "service"
    SHAPE = "shape"
    ZONE = "zone"
    DUE = "due"


class Out(StrEnum):
    """Why a part is in no wave.  `TOO_LARGE`: by itself it has more lines or units than a wave of its rule takes.

    `NEXT_TURN`: its rule makes `MOST_WAVES` at once.
    """

    FLAGGED = "flagged"
    NOT_ARRIVED = "not_arrived"
    IN_WAVE = "in_wave"
    TOO_LARGE = "too_large"
    NO_RULE = "no_rule"
    NEXT_TURN = "next_turn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A part: what of an order is promised from a site and on no pick list.  `units` in base units.

    `goods`: the ids of its SKUs; `zones`: where in the site each of them can be fetched.  `carrier`, `service`: by whom it would go
    by the rules of shipping; empty: nobody knows, or it is not sent.  `blocked`: why it cannot be released now.
    """

    order_id: int
    order: str
    channel: str
    delivery: Delivery
    lines: int
    units: int
    placed_at: datetime
    due_at: datetime | None = None
    goods: tuple[int, ...] = ()
    zones: tuple[frozenset[str], ...] = ()
    carrier: str = ""
    service: str = ""
    blocked: Out | None = None
    detail: str = ""

    @property
    def shape(self) -> Shape:
        if self.lines > 1:
            return Shape.MULTI_LINE
        return Shape.SINGLE_ITEM if self.units == 1 else Shape.SINGLE_LINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a part must be like; empty and None: it may be anything.

    `zones`: each of its articles can be fetched in one of them.  `due_minutes`: it is promised by then, or earlier.
    """

    channels: tuple[str, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    carriers: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    shapes: tuple[Shape, ...] = ()
    zones: tuple[str, ...] = ()
    due_minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A rule as composing sees it; see `models.WaveRule`."""

    id: int
    name: str
    match: Match = field(default_factory=Match)
    mode: Mode = Mode.SINGLE
    totes: int = 1
    max_lists: int = 50
    max_lines: int | None = None
    max_units: int | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A part in a wave: its cluster, from 1, and which conditions of the rule it met."""

    part: Waiting
    cluster: int
    because: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """A wave to be: in the order in which its lists are served."""

    rule: Terms
    members: tuple[Member, ...]

    @property
    def due_at(self) -> datetime | None:
        return min((one.part.due_at for one in self.members if one.part.due_at), default=None)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """`fails`: for each rule, by name, the first condition that the part does not meet."""

    part: Waiting
    why: Out
    detail: str = ""
    fails: tuple[tuple[str, Test], ...] = ()


@dataclass(frozen=True, slots=True)
class Composed:
    waves: tuple[Planned, ...]
    left_out: tuple[LeftOut, ...]


def compose(parts: Sequence[Waiting], rules: Sequence[Terms], *, at: datetime) -> Composed:
    """Waves by `rules` in their order; the first that a part fits takes it.  What is due first is served first."""
    taken: dict[int, list[Waiting]] = {rule.id: [] for rule in rules}
    left: list[LeftOut] = []
    for part in sorted(parts, key=_urgency):
        verdict = _judge(part, rules, at)
        if isinstance(verdict, LeftOut):
            left.append(verdict)
        else:
            taken[verdict.id].append(part)
    waves: list[Planned] = []
    for rule in rules:
        filled = _filled(rule, taken[rule.id])
        waves += [_planned(rule, members) for members in filled[:MOST_WAVES]]
        left += [LeftOut(part, Out.NEXT_TURN, rule.name) for members in filled[MOST_WAVES:] for part in members]
    return Composed(tuple(waves), tuple(left))


def _urgency(part: Waiting) -> tuple[bool, datetime, datetime, int]:
    """What is due first; what nobody promised a time for comes after it, the oldest first."""
    return (part.due_at is None, part.due_at or part.placed_at, part.placed_at, part.order_id)


def _judge(part: Waiting, rules: Sequence[Terms], at: datetime) -> Terms | LeftOut:
    if part.blocked:
        return LeftOut(part, part.blocked, part.detail)
    fails: list[tuple[str, Test]] = []
    too_large = ""
    for rule in rules:
        test = failed(part, rule.match, at)
        if test is not None:
            fails.append((rule.name, test))
        elif _exceeds(rule, part.lines, part.units):
            too_large = too_large or rule.name
        else:
            return rule
    if too_large:
        return LeftOut(part, Out.TOO_LARGE, too_large, tuple(fails))
    return LeftOut(part, Out.NO_RULE, "", tuple(fails))


def failed(part: Waiting, match: Match, at: datetime) -> Test | None:
    """The first condition that a part does not meet; None: it meets all."""
    meets: dict[Test, bool] = {
        Test.CHANNEL: part.channel in match.channels,
        Test.DELIVERY: part.delivery in match.deliveries,
        Test.CARRIER: part.carrier in match.carriers,
        Test.SERVICE: part.service in match.services,
        Test.SHAPE: part.shape in match.shapes,
        Test.ZONE: bool(part.zones) and all(not zones.isdisjoint(match.zones) for zones in part.zones),
        Test.DUE: part.due_at is not None
        and (match.due_minutes is None or part.due_at <= at + timedelta(minutes=match.due_minutes)),
    }
    return next((test for test in asked(match) if not meets[test]), None)


def asked(match: Match) -> tuple[Test, ...]:
    """The conditions that a rule has."""
    wanted: dict[Test, bool] = {
        Test.CHANNEL: bool(match.channels),
        Test.DELIVERY: bool(match.deliveries),
        Test.CARRIER: bool(match.carriers),
        Test.SERVICE: bool(match.services),
        Test.SHAPE: bool(match.shapes),
        Test.ZONE: bool(match.zones),
        Test.DUE: match.due_minutes is not None,
    }
    return tuple(test for test in Test if wanted[test])


def _exceeds(rule: Terms, lines: int, units: int) -> bool:
    return (rule.max_lines is not None and lines > rule.max_lines) or (rule.max_units is not None and units > rule.max_units)


def _filled(rule: Terms, parts: Sequence[Waiting]) -> list[list[Waiting]]:
    """One wave after the other, each until the next part does not go in: what is due first leaves first."""
    waves: list[list[Waiting]] = []
    lines = units = 0
    for part in parts:
        is_full = not waves or len(waves[-1]) == rule.max_lists or _exceeds(rule, lines + part.lines, units + part.units)
        if is_full:
            waves.append([])
            lines = units = 0
        waves[-1].append(part)
        lines, units = lines + part.lines, units + part.units
    return waves


def _planned(rule: Terms, parts: Sequence[Waiting]) -> Planned:
    """In a cluster, parts of like goods come next to each other: one walk serves several."""
    because = asked(rule.match)
    if rule.mode is Mode.SINGLE:
        return Planned(rule, tuple(Member(part, number, because) for number, part in enumerate(parts, 1)))
    alike = sorted(parts, key=lambda part: (part.goods, _urgency(part)))
    return Planned(rule, tuple(Member(part, 1 + place // rule.totes, because) for place, part in enumerate(alike)))
