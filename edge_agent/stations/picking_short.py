"""What is not on the shelf: one article, by its scan or where the picker is, or all that is still open; and bins that are empty."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from edge_agent.stations.goods import goods_of
from edge_agent.stations.model import Pressed, Scanned, ok, wrong
from edge_agent.stations.picking_lines import Stop, amount, goes_to, next_stop, of_goods, stops
from edge_agent.stations.picking_state import Picking
from edge_agent.stations.station import Done, Took
from edge_agent.wire.facts import Counted, FactDraft, PickShort, ReadAs
from edge_agent.wire.messages import Symbol


def asked(now: Picking, by: Pressed) -> Done:
    """SHORT: which article; a second one: what the picker was sent for.  All of it at once where the box knows no lines."""
    along = stops(now, by.known)
    here = next_stop(now, along)
    if not along:
        return everything(now, by)
    if here is None:
        return Done(activity=now, feedback=ok("pick_nothing_open"))
    if now.is_short_next:
        return _declared(now, [stop for stop in along if stop.open and stop.place == here.place], by)
    after = replace(now, is_short_next=True, damage=None, number=0)
    return Done(activity=after, feedback=ok("pick_short_which", **goes_to(here, along)))


def scanned(now: Picking, read: Scanned) -> Done:
    """The article that is missing."""
    goods = goods_of(read)
    wanted = [stop for stop in of_goods(stops(now, read.known), goods) if stop.open]
    if not wanted:
        return Done(activity=now, feedback=wrong("pick_short_not_open", **goods.args))
    here = [stop for stop in wanted if stop.line.bin == now.bin]
    return _declared(now, here or wanted, read)


def everything(now: Picking, by: Pressed) -> Done:
    """All that is still open of all lists in hand."""
    along = stops(now, by.known)
    known = {stop.list.number for stop in along}
    open_now = {stop.list.number for stop in along if stop.open}
    numbers = [one.number for one in now.lists if one.number in open_now or one.number not in known]
    facts = tuple(FactDraft(data=PickShort(pick_list=number, reason=now.why_short), device=by.device) for number in numbers)
    name = now.pick_list or ""
    return Done(
        activity=_after(now, along),
        feedback=ok("pick_short", pick_list=name),
        facts=facts,
        took=Took(station="picking", what=name, document=name, fact=PickShort.name),
    )


def empty(now: Picking, place: str, given: Scanned | Pressed) -> Done:
    """A free count: whoever picks sees that the bin holds nothing any more."""
    return Done(
        activity=replace(now, is_empty_next=False, asks_empty=None),
        feedback=ok("picked_empty", bin=place),
        facts=(FactDraft(data=Counted(bin=place, lines=[], empty=True), device=given.device),),
        read_as=ReadAs.PLACE,
        took=Took(station="picking", what=place, document=now.pick_list, fact=Counted.name),
    )


def _declared(now: Picking, missing: list[Stop], by: Scanned | Pressed) -> Done:
    """A fact for each list that wants it; the shelf is as empty for the one as for the other."""
    facts: dict[tuple[str, str], FactDraft] = {}
    for stop in missing:
        line = stop.line
        fact = PickShort(
            pick_list=stop.list.number,
            symbol=Symbol(text=line.symbol or line.sku),
            gtin=line.gtin,
            bin=line.bin or None,
            reason=now.why_short,
        )
        facts[stop.list.number, line.bin] = FactDraft(data=fact, device=by.device)
    after = _after(now, missing)
    line = missing[0].line
    names: dict[str, str | int] = {"name_en": line.name_en or line.name_zh, "name_zh": line.name_zh or line.name_en}
    along = stops(after, by.known)
    code = "pick_short_line" if any(stop.open for stop in along) else "pick_short_last"
    units = sum(stop.open for stop in missing)
    much = amount(units, line.unit)
    args: dict[str, str | int] = {
        "unit": line.unit,
        "numerator": 1,
        "denominator": 1,
        **({"number": units} if line.unit == "piece" else {"number_en": much.en, "number_zh": much.zh}),
    }
    return Done(
        activity=after,
        feedback=ok(code, **names, **args, **goes_to(next_stop(after, along), along)),
        facts=tuple(facts.values()),
        took=Took(station="picking", what=line.sku, document=missing[0].list.number, fact=PickShort.name),
    )


def _after(now: Picking, missing: Iterable[Stop]) -> Picking:
    short = tuple(dict.fromkeys((*now.short, *(stop.key for stop in missing if stop.open))))
    return replace(now, is_short_next=False, why_short=None, short=short, is_summed=False, asks_empty=None)
