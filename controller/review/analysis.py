"""What a table of rules leaves open, where rules contradict each other, and which of them never decide.  Pure and exact.

Each field that the rules look at is cut into cells: numbers at every bound, words into those that are named and all others, fields
of several words into every combination of those that are named.  Within a cell all orders are alike for every rule, so that what
holds for the cells holds for all orders; nothing is sampled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TypeAlias

from msgspec import Struct, convert

from controller.review.rules import BOUNDS, DOMAINS, KINDS, UNKNOWN, Condition, Field, Kind, OrderFacts, Rule

MAX_TOLD = 50
"""Gaps and overlaps that are told; more are counted as `more`."""
MAX_STEPS = 20_000
"""Cells that are looked at before one says that it is too much to tell."""
MAX_COMBINED = 10
"""Words of a field of several words: they make up to 1,024 combinations."""
_LETTERS = "BCDEFGHIJKLMNOPQRSTUVWXYZA"
_GRADES = (Field.GRADE, Field.CREDIT)


class Interval(Struct, frozen=True):
    """Numbers from `low` (included) to below `high`; None: without end."""

    low: int
    high: int | None


class Word(Struct, frozen=True):
    """One word; None: any that is not `others`."""

    word: str | None
    others: tuple[str, ...] = ()


class Words(Struct, frozen=True):
    """Has all of `present`, none of `absent`; whatever else does not matter."""

    present: tuple[str, ...]
    absent: tuple[str, ...]


Cell: TypeAlias = Interval | Word | Words
Box: TypeAlias = Mapping[Field, Sequence[Cell]]
"""Orders, field by field; a field that is not named may hold anything."""


class Gap(Struct, frozen=True, kw_only=True):
    """Orders for which no rule holds; `example` is one of them."""

    box: dict[Field, tuple[Cell, ...]]
    example: OrderFacts


class Overlap(Struct, frozen=True, kw_only=True):
    """Orders for which two rules hold that say different things; `wins` of them decides.  Rules count from 1."""

    first: int
    second: int
    wins: int
    box: dict[Field, tuple[Cell, ...]]
    example: OrderFacts


class Analysis(Struct, frozen=True, kw_only=True):
    """`idle`: rules that decide nothing, as stricter ones hold wherever they do.  `complete` false: it was too much to tell all."""

    gaps: tuple[Gap, ...]
    overlaps: tuple[Overlap, ...]
    idle: tuple[int, ...]
    complete: bool = True

    @property
    def is_clean(self) -> bool:
        return self.complete and not self.gaps


class _TooMuchError(Exception):
    """The table falls into more parts than can be told."""


class _Space:
    """The fields that some rules look at, with their cells, and which of them each rule takes."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.fields = [field for field in Field if any(field == each.field for rule in rules for each in rule.conditions)]
        self.cells = {
            field: _cells(field, [c for rule in rules for c in rule.conditions if c.field == field]) for field in self.fields
        }
        self.taken: list[dict[Field, frozenset[int]]] = [
            {
                each.field: frozenset(place for place, cell in enumerate(self.cells[each.field]) if _takes(each, cell))
                for each in rule.conditions
            }
            for rule in rules
        ]
        self._steps = 0

    def open(self, rules: Sequence[int], box: dict[Field, tuple[int, ...]] | None = None) -> Iterator[dict[Field, tuple[int, ...]]]:
        """The parts of a box (by places of cells) that none of these rules takes; they have nothing in common."""
        yield from self._open(self.fields, rules, box or {})

    def _open(
        self, fields: Sequence[Field], rules: Sequence[int], within: Mapping[Field, tuple[int, ...]]
    ) -> Iterator[dict[Field, tuple[int, ...]]]:
        self._steps += 1 + sum(len(self.cells[field]) for field in fields[:1])
        if self._steps > MAX_STEPS:
            raise _TooMuchError
        if any(not any(field in self.taken[rule] for field in fields) for rule in rules):
            return
        if not rules or not fields:
            yield {field: within[field] for field in fields if field in within}
            return
        field, rest = fields[0], fields[1:]
        alike: dict[tuple[int, ...], list[int]] = {}
        for place in within.get(field, range(len(self.cells[field]))):
            left = tuple(rule for rule in rules if place in self.taken[rule].get(field, (place,)))
            alike.setdefault(left, []).append(place)
        for left, places in alike.items():
            for part in self._open(rest, left, within):
                yield {field: tuple(places), **part} if len(places) < len(self.cells[field]) else part

    def common(self, one: int, other: int) -> dict[Field, tuple[int, ...]] | None:
        """What two rules both take; None: nothing."""
        box: dict[Field, tuple[int, ...]] = {}
        for field in self.fields:
            every = frozenset(range(len(self.cells[field])))
            both = self.taken[one].get(field, every) & self.taken[other].get(field, every)
            if not both:
                return None
            if both != every:
                box[field] = tuple(sorted(both))
        return box

    def shown(self, box: Mapping[Field, tuple[int, ...]]) -> dict[Field, tuple[Cell, ...]]:
        return {field: _joined([self.cells[field][place] for place in places]) for field, places in box.items()}


def analyse(rules: Sequence[Rule]) -> Analysis:
    """Gaps and overlaps of a table, and rules that decide nothing."""
    if any(len(words) > MAX_COMBINED for words in _combined(rules).values()):
        return Analysis(gaps=(), overlaps=(), idle=(), complete=False)
    space, complete = _Space(rules), True
    gaps: list[Gap] = []
    idle: list[int] = []
    try:
        for box in space.open(range(len(rules))):
            if len(gaps) == MAX_TOLD:
                complete = False
                break
            gaps.append(Gap(box=space.shown(box), example=_example(space.shown(box))))
        idle = [place + 1 for place in range(len(rules)) if _is_idle(space, rules, place)]
    except _TooMuchError:
        complete = False
    overlaps = list(_overlaps(space, rules))
    return Analysis(
        gaps=tuple(gaps),
        overlaps=tuple(overlaps[:MAX_TOLD]),
        idle=tuple(idle),
        complete=complete and len(overlaps) <= MAX_TOLD,
    )


def _combined(rules: Sequence[Rule]) -> dict[Field, set[str]]:
    found: dict[Field, set[str]] = {}
    for condition in (condition for rule in rules for condition in rule.conditions):
        if KINDS[condition.field] is Kind.WORDS:
            found.setdefault(condition.field, set()).update(condition.values)
    return found


def _overlaps(space: _Space, rules: Sequence[Rule]) -> Iterator[Overlap]:
    for one, other in combinations(range(len(rules)), 2):
        if rules[one].outcome is rules[other].outcome:
            continue
        box = space.common(one, other)
        if box is None:
            continue
        wins = max((one, other), key=lambda place: rules[place].outcome.strictness)
        shown = space.shown(box)
        yield Overlap(first=one + 1, second=other + 1, wins=wins + 1, box=shown, example=_example(shown))


def _is_idle(space: _Space, rules: Sequence[Rule], place: int) -> bool:
    """Rules that win against it hold wherever it does."""
    before = [
        other
        for other, rule in enumerate(rules)
        if rule.outcome.strictness > rules[place].outcome.strictness or (rule.outcome is rules[place].outcome and other < place)
    ]
    box = {field: tuple(sorted(places)) for field, places in space.taken[place].items()}
    if any(not places for places in box.values()):
        return True
    return next(space.open(before, box), None) is None if before else False


def _cells(field: Field, conditions: Sequence[Condition]) -> list[Cell]:
    if KINDS[field] is Kind.NUMBER:
        low, high = BOUNDS[field]
        cuts = {bound for each in conditions for bound in (each.at_least, each.below) if bound is not None}
        starts = sorted({low, *(cut for cut in cuts if cut > low and (high is None or cut < high))})
        return [Interval(start, end) for start, end in zip(starts, [*starts[1:], high], strict=True)]
    named = tuple(sorted({word for each in conditions for word in each.values}))
    if KINDS[field] is Kind.WORDS:
        subsets = [some for size in range(len(named) + 1) for some in combinations(named, size)]
        return [Words(some, tuple(word for word in named if word not in some)) for some in subsets]
    if field in DOMAINS:
        return [Word(word) for word in DOMAINS[field]]
    return [*(Word(word) for word in named), Word(None, named)]


def _takes(condition: Condition, cell: Cell) -> bool:
    match cell:
        case Interval(low, _):
            return (condition.at_least is None or low >= condition.at_least) and (condition.below is None or low < condition.below)
        case Word(word, _):
            return (word in condition.values) is not condition.is_not
        case Words(present, _):
            return set(present).isdisjoint(condition.values) is condition.is_not


def _joined(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """The same, with intervals that touch put together."""
    joined: list[Cell] = []
    for cell in cells:
        last = joined[-1] if joined else None
        if isinstance(cell, Interval) and isinstance(last, Interval) and last.high == cell.low:
            joined[-1] = Interval(last.low, cell.high)
        else:
            joined.append(cell)
    return tuple(joined)


def _example(box: Box) -> OrderFacts:
    """An order in the box; what the box leaves open is as ordinary as can be."""
    numbers = {field.value: cells[0].low for field, cells in box.items() if isinstance(cells[0], Interval)}
    words = {field: _word(field, cells) for field, cells in box.items() if isinstance(cells[0], Word)}
    several = {field.value: cells[0].present for field, cells in box.items() if isinstance(cells[0], Words)}
    first = words.pop(Field.FIRST_ORDER, "no") == "yes"
    return _facts({**numbers, **{field.value: word for field, word in words.items()}, **several}, is_first=first)


def _facts(values: Mapping[str, object], *, is_first: bool) -> OrderFacts:
    return convert({"amount": 0, "currency": "CNY", **values, "first_order": is_first}, OrderFacts)


def _word(field: Field, cells: Sequence[Cell]) -> str:
    for cell in cells:
        if isinstance(cell, Word) and cell.word is not None:
            return cell.word
    others = {word for cell in cells if isinstance(cell, Word) for word in cell.others}
    if field in _GRADES:
        return next((letter for letter in _LETTERS if letter not in others), UNKNOWN)
    if field is Field.CURRENCY:
        return next(code for code in ("CNY", "EUR", "USD", "XXX", "XTS") if code not in others or code == "XTS")
    return UNKNOWN if UNKNOWN not in others else next(f"other-{number}" for number in range(200) if f"other-{number}" not in others)
