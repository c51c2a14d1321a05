"""How much of what was expected came, or went: what the controller knew when this task began with it, and what was added here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from edge_agent.stations.goods import Goods
from edge_agent.stations.station import Line, Says, Segment
from edge_agent.wire.facts import ShortLine
from edge_agent.wire.messages import Symbol
from edge_agent.wire.open_work import ExpectedLine

NAMED: Final = 3
"""Lines that an answer names; the page shows all."""
MOST_TALLIES: Final = 400
"""Articles that a task keeps its own account of; what comes after them is booked all the same."""


class Tally(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base units of one article: `before` as the controller knew when this task began with it, `own` of this task."""

    key: str
    before: int = 0
    own: int = 0

    @property
    def got(self) -> int:
        return self.before + self.own


def added(tallies: tuple[Tally, ...], key: str, units: int, before: int) -> tuple[Tally, ...]:
    """With so many more (or, below zero, fewer) of an article; `before` holds for one that is new."""
    found = next((each for each in tallies if each.key == key), None)
    if found is None:
        return (*tallies, Tally(key=key, before=before, own=units)) if units > 0 and len(tallies) < MOST_TALLIES else tallies
    after = replace(found, own=max(0, found.own + units))
    return tuple(after if each is found else each for each in tallies)


def line_of(lines: Iterable[ExpectedLine], goods: Goods) -> ExpectedLine | None:
    return next((line for line in lines if line.sku == goods.sku), None) if goods.sku else None


def got(tallies: Sequence[Tally], line: ExpectedLine) -> int:
    """Whichever knows of more: this task, or the controller, who may have heard of it by now."""
    own = next((each.got for each in tallies if each.key == line.sku), 0)
    return max(own, line.got)


def short_lines(lines: Iterable[ExpectedLine], tallies: Sequence[Tally]) -> list[tuple[ExpectedLine, int]]:
    """Those of which too little came, with how much is missing."""
    found = [(line, line.expected - got(tallies, line)) for line in lines]
    return [(line, missing) for line, missing in found if missing > 0]


def short_args(short: Sequence[tuple[ExpectedLine, int]]) -> dict[str, str | int]:
    """`{count}` articles, `{pieces}` in all, and the first of them by name."""
    more = f" +{len(short) - NAMED}" if len(short) > NAMED else ""
    return {
        "count": len(short),
        "pieces": sum(missing for _, missing in short),
        "lines_en": ", ".join(f"{line.name_en or line.name_zh} ({missing})" for line, missing in short[:NAMED]) + more,
        "lines_zh": "、".join(f"{line.name_zh or line.name_en}({missing})" for line, missing in short[:NAMED]) + more,
    }


def as_short(short: Sequence[tuple[ExpectedLine, int]], reasons: Mapping[str, str], every: str | None) -> list[ShortLine]:
    """For the fact: `reasons` by SKU, `every` for those without one."""
    return [
        ShortLine(symbol=Symbol(text=line.symbol or line.sku), gtin=line.gtin, reason=reasons.get(line.sku, every))
        for line, _ in short
    ]


def segments(lines: Sequence[ExpectedLine], tallies: Sequence[Tally]) -> tuple[Segment, ...]:
    """Open, and complete or over; each with how many of how many."""
    known = {line.sku for line in lines}
    shown = [_line(line, got(tallies, line)) for line in lines]
    others = [
        Line(Says(each.key, each.key), each.key, _told(each.got, 0), is_wrong=True)
        for each in tallies
        if each.key not in known and each.own
    ]
    parts = (
        Segment(Says("Still to come", "待处理"), tuple(each for each in shown if not each.is_done)),
        Segment(Says("Not expected", "不在单上"), tuple(others)),
        Segment(Says("Complete", "已完成"), tuple(each for each in shown if each.is_done)),
    )
    return tuple(part for part in parts if part.lines)


def _line(line: ExpectedLine, have: int) -> Line:
    name = Says(line.name_en or line.name_zh, line.name_zh or line.name_en)
    return Line(name, line.sku, _told(have, line.expected), is_done=have >= line.expected, is_wrong=have > line.expected)


def _told(have: int, expected: int) -> Says:
    return Says(f"{have} of {expected}", f"{have} / {expected}") if expected else Says(f"{have}", f"{have}")
