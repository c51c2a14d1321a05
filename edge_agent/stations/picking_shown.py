"""What the page of a station that picks shows: the open lists, the most urgent first; where to go; which tote is whose."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge_agent.stations import amounts
from edge_agent.stations.model import Known
from edge_agent.stations.picking_lines import Stop, amount, documents, pieces, stops
from edge_agent.stations.picking_state import Picking
from edge_agent.stations.reasons import DAMAGE, WHY_SHORT, buttons, kept_apart
from edge_agent.stations.station import Button, Line, Says, Segment
from edge_agent.wire.open_work import Head, OpenPick

_CLUSTER: Final = Button("cluster", Says(en="Several lists with totes", zh="多单播种（周转箱）"))
_SHORT: Final = Button("short", Says(en="Not enough on the shelf", zh="货架缺货"))
_EMPTY: Final = Button("nothing", Says(en="The bin is empty now", zh="货位已空"))
_WEIGHT: Final = Button("weight", Says(en="Its weight in grams", zh="重量（克）"), takes_number=True)
_VOLUME: Final = Button("volume", Says(en="How much it is, in millilitres", zh="容量（毫升）"), takes_number=True)
BUTTONS: Final = (amounts.QUANTITY, _WEIGHT, _VOLUME, _CLUSTER, _SHORT, *buttons(WHY_SHORT), _EMPTY, *buttons(DAMAGE))
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


def offers(now: Picking) -> tuple[Button, ...]:
    """Of the buttons, those that mean something now."""
    if not now.is_walking:
        return () if now.is_cluster or now.lists else (_CLUSTER,)
    if now.weighing is not None:
        return (_WEIGHT if now.weighing.unit == "gram" else _VOLUME,)
    if now.held is not None:
        return (amounts.QUANTITY,)
    if now.is_short_next:
        return (_SHORT, *buttons(WHY_SHORT), *(each for each in buttons(DAMAGE)))
    return (amounts.QUANTITY, _SHORT, _EMPTY, *buttons(DAMAGE))


def notes(now: Picking) -> tuple[Says, ...]:
    found = kept_apart(now.damage)
    if now.gone:
        gone = ", ".join(now.gone)
        found += (Says(f"Not yours any more: {gone}.", f"已不归你拣：{gone}。"),)
    if now.wants_tote is not None:
        found += (Says(f"Scan the tote for {now.wants_tote}.", f"扫描 {now.wants_tote} 的周转箱。"),)
    if now.is_short_next:
        found += (Says("The next item is noted as short.", "下一件将记为缺货。"),)
    if now.asks_empty is not None:
        found += (Says(f"Is bin {now.asks_empty} empty now?", f"货位 {now.asks_empty} 空了吗？"),)
    if now.weighing is not None:
        goods = now.weighing
        found += (Says(f"{goods.name_en or goods.what} waits for its weight.", f"{goods.name_zh or goods.what} 等待称重。"),)
    if now.held is not None:
        goods, one = now.held.goods, now.of(now.held.number)
        tote = one.tote or one.number if one is not None else "…"
        packs = f"{now.held.packs} ×"
        much = amount(goods.measure, goods.unit) if goods.measure is not None else Says(packs, packs)
        found += (Says(f"{much.en} {goods.name_en or goods.what} → {tote}", f"{much.zh} {goods.name_zh or goods.what} → {tote}"),)
    return found


def shows(now: Picking, known: Known) -> tuple[Segment, ...]:
    along, told = stops(now, known), documents(known)
    here = [one for one in now.lists if one.number in told]
    parts = (
        Segment(Says("To fetch", "待拣"), tuple(_line(now, stop) for stop in along if stop.open)),
        Segment(Says("Short", "缺货"), tuple(_line(now, stop) for stop in along if stop.is_short and not stop.is_done)),
        Segment(Says("Fetched", "已拣"), tuple(_line(now, stop) for stop in along if stop.is_done)),
        Segment(Says("In hand", "手上的拣货单"), tuple(_list(told[one.number], one.tote, along) for one in here)),
    )
    return tuple(part for part in parts if part.lines) if now.lists else ()


def head_line(head: Head) -> Line:
    """A list that can be taken: its order and wave, when it is due, who has it."""
    about = " · ".join(each for each in (head.order, head.wave) if each)
    due = _due(head)
    en = [*([f"due {due}"] if due else []), *([f"with {head.claimed_by}"] if head.claimed_by else [])]
    zh = [*([f"{due} 前"] if due else []), *([f"{head.claimed_by} 在拣"] if head.claimed_by else [])]
    return Line(Says(about, about), head.number, Says(" · ".join(en), " · ".join(zh)), symbol=head.number)


def first_due(head: Head) -> tuple[bool, datetime, str]:
    """Those that nobody has, by when they are due."""
    return bool(head.claimed_by), head.due_at or _LATEST, head.number


def _due(head: Head) -> str:
    if head.due_at is None:
        return ""
    try:
        zone = ZoneInfo(head.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = ZoneInfo("UTC")
    return f"{head.due_at.astimezone(zone):%m-%d %H:%M}"


def _line(now: Picking, stop: Stop) -> Line:
    line = stop.line
    name = Says(line.name_en or line.name_zh, line.name_zh or line.name_en)
    tote = [stop.list.tote or stop.list.number] if now.is_cluster else []
    lot = [line.lot] if line.lot else []
    expiry = [line.expiry.isoformat()] if line.expiry else []
    wanted = amount(line.wanted, line.unit)
    en = [line.bin or "—", f"{stop.got} of {wanted.en}", *lot, *expiry, *tote]
    zh = [line.bin or "—", f"{stop.got} / {wanted.zh}", *lot, *expiry, *tote]
    return Line(
        name, line.sku, Says(" · ".join(en), " · ".join(zh)), is_done=stop.is_done, is_wrong=stop.is_short and not stop.is_done
    )


def _list(pick: OpenPick, tote: str, along: list[Stop]) -> Line:
    open_ = pieces(stop for stop in along if stop.list.number == pick.number)
    told = [tote] if tote else []
    en, zh = [*told, f"{open_} to fetch"], [*told, f"还差 {open_}"]
    return Line(Says(pick.order, pick.order), pick.number, Says(" · ".join(en), " · ".join(zh)), is_done=not open_)
