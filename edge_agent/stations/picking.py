"""Picking: PICK, a pick list's barcode, items in walking order (+1, or digits before), DONE.  CLUSTER: several, each with its tote.

Whoever scans a list has it in hand; somebody else's is taken by a second scan.  The station says where to go next, and refuses what
no list in hand wants.  Too many and another lot are booked when they are told twice.  SHORT, then the item, SHORT again or DONE:
there is too little of it, of what the picker was sent for, of all.  BROKEN, EXPIRED or SPOILED before an item: to quarantine.
NOTHING: the bin is empty, which the station asks by itself where the books say so.  Goods by weight wait for the scale, or for a
number.  With totes each item waits for its tote's code.
"""

from __future__ import annotations

from uuid import UUID

from msgspec.structs import replace

from drivers.symbols.commands import DIGITS, Command
from edge_agent.stations import amounts, picking_claims, picking_short, picking_taking, picking_weighing
from edge_agent.stations.model import Feedback, Item, Pressed, Scanned, duplicate, ok, wrong
from edge_agent.stations.picking_claims import NUMBER
from edge_agent.stations.picking_lines import documents, given_back, goes_to, is_known, missing_args, next_stop, stops
from edge_agent.stations.picking_shown import BUTTONS, first_due, head_line, notes, offers, shows
from edge_agent.stations.picking_state import Held, InHand, Picking
from edge_agent.stations.picking_words import WORDS
from edge_agent.stations.reasons import DAMAGE, OF_GOODS, WHY_SHORT, reason_args, reason_of
from edge_agent.stations.station import Activity, Done, Idle, Says, Station, Took
from edge_agent.wire.facts import Counted, FactDraft, Picked, PickShort, ReadAs, Retracted
from edge_agent.wire.pick_facts import PickClaimed, PickDamaged

__all__ = ["STATION", "Held", "InHand", "Picking"]


def begin() -> Done:
    return Done(activity=Picking(), feedback=ok("pick_list"))


def scan(now: Picking, read: Scanned) -> Done:
    now = replace(now, gone=())
    if not now.is_walking:
        return picking_claims.scan(now, read)
    others = _others(now, read)
    if others is not None:
        return others
    if now.weighing is not None:
        return picking_weighing.scan(now, now.weighing, read)
    if now.held is not None:
        return picking_taking.into_tote(now, now.held, read)
    text = read.symbol.text
    if now.is_empty_next and read.gtin is None:
        return picking_short.empty(now, text, read)
    if now.in_tote(text) is not None or now.of(text.upper()) is not None:
        return Done(activity=now, feedback=duplicate("document_again", symbol=text), read_as=ReadAs.DOCUMENT)
    if NUMBER.fullmatch(text):
        return Done(
            activity=now, feedback=wrong("pick_finish_first", symbol=text, pick_list=now.pick_list or ""), read_as=ReadAs.DOCUMENT
        )
    if read.gtin is None and not isinstance(read.item, Item) and _is_bin(now, read):
        return _at(replace(now, bin=text, asks_empty=None), read)
    return picking_short.scanned(now, read) if now.is_short_next else picking_taking.taken_up(now, read)


def control(now: Picking, pressed: Pressed) -> Done | None:
    now = replace(now, gone=())
    if not now.is_walking:
        return _while_gathering(now, pressed)
    if now.weighing is not None:
        return picking_weighing.control(now, now.weighing, pressed)
    if now.held is not None:
        return _while_held(now, now.held, pressed)
    reason = reason_of(pressed.control, OF_GOODS)
    if reason is not None:
        return _reasoned(now, pressed.control, reason)
    match pressed.control:
        case "short":
            return picking_short.asked(now, pressed)
        case "nothing" if now.asks_empty is not None:
            return picking_short.empty(now, now.asks_empty, pressed)
        case "nothing":
            return Done(activity=replace(now, is_empty_next=True), feedback=ok("pick_empty_bin"))
        case "undo" if now.is_empty_next:
            return Done(activity=replace(now, is_empty_next=False), feedback=ok("undone_empty_bin"))
        case "undo" if now.is_short_next or now.damage:
            after = replace(now, is_short_next=False, why_short=None, damage=None)
            return Done(activity=after, feedback=ok("undone_reason"))
        case _:
            return _numbered(now, pressed)


def finish(now: Picking, by: Pressed) -> Done:
    if not now.is_walking:
        return picking_claims.finish(now, by)
    if now.weighing is not None:
        return picking_weighing.finish(now, now.weighing, by)
    if now.held is not None:
        return Done(activity=now, feedback=_goods_in_hand(now.held))
    if now.is_short_next:
        return picking_short.everything(now, by)
    along = stops(now, by.known)
    if any(stop.open for stop in along) and not now.is_summed:
        feedback = wrong("pick_missing", pick_list=now.pick_list or "", **missing_args(along))
        return Done(activity=replace(now, is_summed=True), feedback=feedback)
    over = {one.number for one in now.lists if not any(stop.open for stop in along if stop.list == one)}
    whole = over & documents(by.known).keys()
    open_now = replace(now, lists=tuple(one for one in now.lists if one.number not in whole))
    feedback = ok("pick_done", pick_list=now.pick_list or "", items=now.items)
    return Done(activity=Idle(), feedback=feedback, facts=picking_claims.left(open_now))


def undo(now: Activity, took: Took, reading: str) -> Done:
    """What was declared short is not taken back: a pick that comes later makes it smaller by itself."""
    number = took.document or ""
    if took.fact == Counted.name:
        return Done(activity=now, feedback=wrong("undo_counted", bin=took.what))
    if took.fact == PickClaimed.name and isinstance(now, Picking) and now.of(number) is not None:
        return picking_claims.unclaimed(now, took, reading)
    if took.fact not in (Picked.name, PickDamaged.name):
        return Done(activity=now, feedback=wrong("undo_short" if took.fact == PickShort.name else "undo_claim", pick_list=number))
    after = now
    if took.fact == Picked.name and isinstance(now, Picking) and now.of(number) is not None:
        items = max(0, now.items - took.quantity)
        after = replace(now, items=items, tallies=given_back(now.tallies, took.key or ""), is_summed=False, asks_empty=None)
    fact = Retracted(fact=UUID(reading), kind=took.fact)
    code = "undone_picked" if took.fact == Picked.name else "undone_damaged"
    return Done(activity=after, feedback=ok(code, what=took.what, pick_list=number), facts=(FactDraft(data=fact),))


def open_work(now: Picking) -> Feedback | None:
    """Goods in the picker's hand are in nobody's books yet."""
    if now.weighing is not None:
        return wrong("pick_weigh_open", **now.weighing.args)
    return _goods_in_hand(now.held) if now.held is not None else None


def _goods_in_hand(held: Held) -> Feedback:
    return wrong("pick_held", number=held.packs, **held.goods.args)


def _while_gathering(now: Picking, pressed: Pressed) -> Done | None:
    match pressed.control:
        case "cluster" if not now.is_cluster:
            return Done(activity=replace(now, is_cluster=True), feedback=ok("pick_cluster"))
        case "undo" if now.wants_tote is not None:
            return picking_claims.dropped(now)
        case "undo" if now.is_cluster and not now.lists:
            return Done(activity=replace(now, is_cluster=False), feedback=ok("pick_list"))
        case "short" | "nothing":
            return Done(activity=now, feedback=wrong("need_pick_list"))
        case _:
            return None


def _while_held(now: Picking, held: Held, pressed: Pressed) -> Done | None:
    if pressed.control == "undo":
        return picking_taking.put_down(now, held)
    told = amounts.typed(now.number, pressed)
    if told is None:
        is_task = pressed.control in ("short", "nothing", "cluster") or reason_of(pressed.control, OF_GOODS) is not None
        return Done(activity=now, feedback=_goods_in_hand(held)) if is_task else None
    if not told.number:
        return Done(activity=replace(now, number=0), feedback=told.feedback)
    return picking_taking.renumbered(now, held, told.number)


def _numbered(now: Picking, pressed: Pressed) -> Done | None:
    told = amounts.typed(now.number, pressed)
    return None if told is None else Done(activity=replace(now, number=told.number, asks_empty=None), feedback=told.feedback)


def _reasoned(now: Picking, pressed: str, reason: str) -> Done:
    """After SHORT it says why there is too little; before an item, why that is kept apart."""
    if now.is_short_next:
        return Done(activity=replace(now, why_short=reason), feedback=ok("pick_short_because", **reason_args(reason)))
    if reason_of(pressed, DAMAGE) is None:
        return Done(activity=now, feedback=wrong("not_here", command=pressed.upper()))
    return Done(activity=replace(now, damage=reason), feedback=ok("damage_next", **reason_args(reason)))


def _is_bin(now: Picking, read: Scanned) -> bool:
    return read.known.is_bin is True or any(stop.line.bin == read.symbol.text for stop in stops(now, read.known))


def _at(now: Picking, read: Scanned) -> Done:
    """A bin: what is to be fetched there, or where to go instead."""
    along = stops(now, read.known)
    here, place = next_stop(now, along), read.symbol.text
    if here is not None and here.line.bin == place:
        return Done(activity=now, feedback=ok("pick_here", **goes_to(here, along)), read_as=ReadAs.PLACE)
    code = "pick_at" if not is_known(now, read.known) else "pick_not_here"
    feedback = ok(code, bin=place) if code == "pick_at" else wrong(code, bin=place, **goes_to(here, along))
    return Done(activity=now, feedback=feedback, read_as=ReadAs.PLACE)


def _others(now: Picking, read: Scanned) -> Done | None:
    """Once for each list: the controller gave it to somebody else.  What was scanned is scanned again."""
    for number, pick in documents(read.known).items():
        one = now.of(number)
        if one is not None and number not in now.others and picking_claims.is_taken(one, pick, read):
            feedback = wrong("pick_lost", pick_list=number, who=pick.claimed_by)
            return Done(activity=replace(now, others=(*now.others, number)), feedback=feedback)
    return None


STATION = Station(
    name="picking",
    command=Command.PICK,
    state=Picking,
    title=Says(en="Pick", zh="拣货"),
    words=WORDS,
    begin=begin,
    scan=scan,
    finish=finish,
    control=control,
    controls=(Command.CLUSTER, Command.SHORT, Command.NOTHING, *DAMAGE, *WHY_SHORT, *DIGITS),
    buttons=BUTTONS,
    undo=undo,
    weigh=picking_weighing.weigh,
    awaits_weight=lambda now: now.weighing is not None and now.weighing.unit == "gram",
    open_work=open_work,
    wants_item=True,
    opens="picks",
    document=lambda now: now.lists[0].number if now.lists and now.is_walking else None,
    documents=lambda now: tuple(one.number for one in now.lists),
    shows=shows,
    offers=offers,
    notes=notes,
    leaves=picking_claims.left,
    facts=lambda now: tuple(one.claim for one in now.lists if one.claim),
    refused=picking_claims.refused,
    rejects={"over_pick": "pick_refused_over", "wrong_item": "pick_refused_wrong", "lot_recalled": "pick_refused_recalled"},
    head_line=head_line,
    first_due=first_due,
)
