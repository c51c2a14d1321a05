"""What a count session's document says of a bin, and its bins as the page lists them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge_agent.stations.station import Line, Says, Segment
from edge_agent.wire.open_work import CountBin, Document, OpenCount
from edge_agent.wire.order_facts import OrderTemplate


def in_session(document: Document | OrderTemplate | None, place: str) -> CountBin | None:
    return next((each for each in document.bins if each.bin == place), None) if isinstance(document, OpenCount) else None


def clock_time(at: datetime, time_zone: str) -> str:
    """Hours and minutes as the clock on the site's wall shows them."""
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"{at.astimezone(UTC):%H:%M} UTC"
    return f"{at.astimezone(zone):%H:%M}"


def segments(bins: Sequence[CountBin], done: Sequence[str], unmatched: Sequence[str], in_hand: str | None) -> tuple[Segment, ...]:
    """Uncounted, unmatched, counted: of the session's bins, of what this box counted besides, and of codes that nobody knows."""
    planned = {each.bin for each in bins}
    is_done = {each.bin: each.is_counted or each.bin in done for each in bins}
    uncounted = tuple(
        Line(Says(each.bin, each.bin), each.bin, _round(each), symbol="" if each.bin == in_hand else each.bin)
        for each in bins
        if not is_done[each.bin]
    )
    counted = tuple(
        Line(Says(each.bin, each.bin), each.bin, Says(each.name, each.name), is_done=True) for each in bins if is_done[each.bin]
    )
    more = tuple(Line(Says(each, each), each, Says("not planned", "计划外"), is_done=True) for each in done if each not in planned)
    codes = tuple(Line(Says(each, each), each, is_wrong=True) for each in unmatched)
    parts = (
        Segment(Says("Uncounted", "未盘"), uncounted),
        Segment(Says("Unmatched", "未匹配"), codes),
        Segment(Says("Counted", "已盘"), (*counted, *more)),
    )
    return tuple(part for part in parts if part.lines)


def _round(of: CountBin) -> Says:
    return Says(f"recount {of.round}", f"第 {of.round} 次复盘") if of.round > 1 else Says("", "")
