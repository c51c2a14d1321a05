"""Goods that a picker scans: whether they are wanted, into which tote, how many; too many and another lot are asked for twice."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from edge_agent.stations import recalled
from edge_agent.stations.goods import Goods, goods_of, measured
from edge_agent.stations.model import Feedback, Pressed, Scanned, Weighed, ok, unknown, wrong
from edge_agent.stations.picking_lines import (
    Stop,
    amount,
    best_first,
    goes_to,
    is_known,
    left_in,
    next_stop,
    of_goods,
    stops,
    taken,
)
from edge_agent.stations.picking_state import Held, InHand, Picking
from edge_agent.stations.reasons import reason_args
from edge_agent.stations.station import Done, Took
from edge_agent.wire.facts import FactDraft, Picked, ReadAs
from edge_agent.wire.pick_facts import PickDamaged


def taken_up(now: Picking, read: Scanned) -> Done:
    """An item was scanned."""
    goods = measured(goods_of(read), read.grams)
    refused = recalled.refused(goods)
    if refused is not None:
        return Done(activity=now, feedback=refused)
    now = replace(now, asks_empty=None, is_empty_next=False)
    along = stops(now, read.known)
    wanted = best_first(now, of_goods(along, goods), goods.lot)
    goods = replace(goods, unit=wanted[0].line.unit) if wanted and not goods.sku else goods
    is_wanted = bool(wanted) or not is_known(now, read.known) or not goods.sku
    if goods.is_by_weight and (is_wanted or now.damage is not None):
        if not now.number:
            return Done(activity=replace(now, weighing=goods, doubted=None), feedback=asks_weight(now, goods, read))
        now, goods = replace(now, number=0), replace(goods, measure=now.number)
    if now.damage is not None:
        return _damaged(now, goods, wanted, read)
    if not wanted and is_known(now, read.known) and goods.sku:
        code = "pick_not_wanted" if now.is_cluster else "pick_wrong_item"
        return Done(
            activity=now, feedback=wrong(code, pick_list=now.pick_list or "", **goods.args, **goes_to(next_stop(now, along), along))
        )
    if now.is_cluster:
        return _held(now, goods, wanted)
    packs = now.number or 1
    doubt = _doubt(now, goods, wanted, packs)
    if doubt is not None:
        return doubt
    return booked(now, now.lists[0], goods, packs, read)


def asks_weight(now: Picking, goods: Goods, by: Scanned | Pressed) -> Feedback:
    """How much of it the first list that wants it is to get."""
    wanted = next((stop for stop in of_goods(stops(now, by.known), goods) if stop.open), None)
    code = "pick_weigh_any" if wanted is None else "pick_weigh_volume" if goods.unit == "millilitre" else "pick_weigh"
    return ok(code, **({} if wanted is None else {"base_units": wanted.open}), **goods.args)


def weighed(now: Picking, goods: Goods, units: int, given: Scanned | Pressed | Weighed) -> Done:
    """Goods by weight, and what they weigh, in base units: booked, or in the picker's hand until their tote is scanned."""
    goods = replace(goods, measure=units)
    wanted = best_first(now, of_goods(stops(now, given.known), goods), goods.lot)
    if now.damage is not None:
        return _damaged(replace(now, weighing=None), goods, wanted, given)
    if now.is_cluster:
        return _held(replace(now, weighing=None), goods, wanted)
    doubt = _doubt(now, goods, wanted, 1)
    if doubt is not None:
        return doubt
    return booked(replace(now, weighing=None), now.lists[0], goods, 1, given)


def into_tote(now: Picking, held: Held, read: Scanned) -> Done:
    """The tote's code, or its list's number, says where the goods were put; another tote that wants them will do, too."""
    text = read.symbol.text
    if text in (held.goods.symbol.text, held.goods.gtin):
        return Done(activity=now, feedback=_asks(now, held))
    one = now.in_tote(text.upper()) or now.in_tote(text)
    if one is None:
        return Done(activity=now, feedback=wrong("pick_other_tote", symbol=text, **_where(now, held), **held.goods.args))
    wanted = best_first(now, of_goods([stop for stop in stops(now, read.known) if stop.list == one], held.goods), held.goods.lot)
    if held.number and one.number != held.number and not any(stop.open for stop in wanted):
        feedback = wrong("pick_other_tote", symbol=text, **_where(now, held), **held.goods.args)
        return Done(activity=now, feedback=feedback, read_as=ReadAs.DOCUMENT)
    doubt = _doubt(now, held.goods, wanted, held.packs)
    if doubt is not None:
        return doubt
    return replace(booked(replace(now, held=None), one, held.goods, held.packs, read), read_as=ReadAs.DOCUMENT)


def renumbered(now: Picking, held: Held, number: int) -> Done:
    """Digits while goods are in hand: so many go into the tote."""
    if held.goods.measure is not None:
        held = replace(held, goods=replace(held.goods, measure=number))
        return Done(activity=replace(now, held=held, number=number), feedback=_asks(now, held))
    after = replace(now, held=replace(held, packs=number), number=number)
    return Done(activity=after, feedback=_asks(after, replace(held, packs=number)))


def put_down(now: Picking, held: Held) -> Done:
    return Done(activity=replace(now, held=None, number=0, doubted=None), feedback=ok("pick_put_down", **held.goods.args))


def booked(now: Picking, one: InHand, goods: Goods, packs: int, read: Scanned | Pressed | Weighed) -> Done:
    along = stops(now, read.known)
    wanted = best_first(now, of_goods([stop for stop in along if stop.list == one], goods), goods.lot)
    place = wanted[0].line.bin if wanted and wanted[0].room else now.bin
    fact = Picked(
        pick_list=one.number,
        symbol=goods.symbol,
        gtin=goods.gtin,
        quantity=packs,
        lot=goods.lot,
        expiry=goods.expiry,
        serial=goods.serial,
        bin=place or None,
        tote=one.tote or None,
        measure=goods.units(packs) if goods.measure is not None else None,
    )
    tallies, parts = taken(now, wanted, goods.units(packs))
    keys = [part.rpartition("=")[0] for part in parts.split()] if goods.measure is not None else []
    after = replace(
        now,
        items=now.items + packs,
        number=0,
        tallies=tallies,
        weighed=tuple(dict.fromkeys((*now.weighed, *keys))),
        doubted=None,
        is_summed=False,
        bin=place or now.bin,
        asks_empty=None,
    )
    after, feedback = _told(after, one, goods, read)
    took = Took(station="picking", what=goods.what, document=one.number, fact=Picked.name, key=parts or None, quantity=packs)
    return Done(
        activity=after,
        feedback=recalled.to_look_at(goods, feedback),
        facts=(FactDraft(data=fact, device=read.device),),
        took=took,
    )


def _told(now: Picking, one: InHand, goods: Goods, read: Scanned | Pressed | Weighed) -> tuple[Picking, Feedback]:
    """How far the article is on its list, and where to go next; whether the bin is empty, where the books say so."""
    along = stops(now, read.known)
    wanted = of_goods([stop for stop in along if stop.list == one], goods)
    if not wanted:
        args: dict[str, str | int] = {"symbol": goods.symbol.text, "items": now.items, "pick_list": one.number}
        return now, unknown("picked_unknown", **args) if goods.is_unknown else ok("picked", **args)
    got, all_ = sum(stop.got for stop in wanted), sum(stop.line.wanted for stop in wanted)
    much = amount(all_, goods.unit)
    told = {"wanted": all_} if goods.unit == "piece" else {"wanted_en": much.en, "wanted_zh": much.zh}
    args = {**goods.args, "got": got, **told, "pick_list": one.number, **goes_to(next_stop(now, along), along)}
    place = now.bin or ""
    if place and left_in(now, place, along) == 0 and not any(stop.open for stop in along if stop.line.bin == place):
        return replace(now, asks_empty=place), ok("picked_zero", bin=place, **args)
    return now, ok("picked_next" if any(stop.open for stop in along) else "picked_last", **args)


def _held(now: Picking, goods: Goods, wanted: Sequence[Stop]) -> Done:
    """Into the first tote that wants them: what it wants, or as many as were typed."""
    first = next((stop for stop in wanted if stop.open), wanted[0] if wanted else None)
    by_list = _packs(goods, first, wanted) if first is not None and goods.measure is None else 1
    packs = now.number or by_list
    held = Held(goods=goods, packs=packs, number=first.list.number if first is not None else "")
    after = replace(now, held=held, number=0, doubted=None, bin=first.line.bin if first is not None else now.bin)
    return Done(activity=after, feedback=_asks(after, held))


def _packs(goods: Goods, first: Stop, wanted: Sequence[Stop]) -> int:
    units = sum(stop.open for stop in wanted if stop.list == first.list and stop.line.bin == first.line.bin)
    return max(1, units * goods.denominator // goods.numerator)


def _asks(now: Picking, held: Held) -> Feedback:
    if not held.number:
        return unknown("pick_any_tote", number=held.packs, **held.goods.args)
    return ok("pick_into", number=held.packs, **_where(now, held), **held.goods.args)


def _where(now: Picking, held: Held) -> dict[str, str]:
    one = now.of(held.number)
    return {"tote": (one.tote or one.number) if one is not None else "—", "pick_list": held.number or "—"}


def _doubt(now: Picking, goods: Goods, wanted: Sequence[Stop], packs: int) -> Done | None:
    """More than is wanted, or of another lot: not before it is told once more.  None: it is as it should be, or was told twice."""
    if not wanted:
        return None
    units, room = goods.units(packs), sum(stop.room for stop in wanted)
    lots = {stop.line.lot for stop in wanted if stop.room and stop.line.lot is not None}
    if units > room and goods.measure is not None:
        key = f"over/{goods.key}/{units}"
        feedback = wrong("pick_weight_over", base_units=room, **goods.args)
    elif units > room:
        key, args = f"over/{goods.key}/{packs}", {"got": sum(stop.got for stop in wanted), "over": units - room}
        feedback = wrong("pick_over", wanted=sum(stop.line.wanted for stop in wanted), number=packs, **args, **goods.args)
    elif goods.lot is not None and lots and goods.lot not in lots:
        key = f"lot/{goods.key}/{goods.lot}"
        feedback = wrong("pick_other_lot", lot=goods.lot, expected=", ".join(sorted(lots)), **goods.args)
    else:
        return None
    return None if now.doubted == key else Done(activity=replace(now, doubted=key), feedback=feedback)


def _damaged(now: Picking, goods: Goods, wanted: Sequence[Stop], given: Scanned | Pressed | Weighed) -> Done:
    """It goes to quarantine; the list wants another one."""
    one = wanted[0].list if wanted else now.lists[0]
    packs, reason = now.number or 1, now.damage or "other"
    place = now.bin or (wanted[0].line.bin if wanted else None)
    fact = PickDamaged(
        pick_list=one.number,
        symbol=goods.symbol,
        gtin=goods.gtin,
        quantity=packs,
        reason=reason,
        bin=place or None,
        lot=goods.lot,
        expiry=goods.expiry,
        serial=goods.serial,
        measure=goods.units(packs) if goods.measure is not None else None,
    )
    took = Took(station="picking", what=goods.what, document=one.number, fact=PickDamaged.name, quantity=packs)
    return Done(
        activity=replace(now, damage=None, number=0, doubted=None, is_summed=False),
        feedback=ok("pick_damaged", number=packs, pick_list=one.number, **goods.args, **reason_args(reason)),
        facts=(FactDraft(data=fact, device=given.device),),
        took=took,
    )
