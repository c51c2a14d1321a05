"""Packing: BOXUP, the pick list's barcode, then the parcel's weight at rest: one `packed`; then the next pick list."""

from __future__ import annotations

from edge_agent.stations.model import Done, Idle, Packing, Scanned, Weighed, duplicate, ok, wrong
from edge_agent.wire.facts import FactDraft, Packed, ReadAs


def begin() -> Done:
    return Done(activity=Packing(), feedback=ok("pack_list"))


def scan(now: Packing, read: Scanned) -> Done:
    text = read.symbol.text
    if now.pick_list is None and read.gtin is not None:
        return Done(activity=now, feedback=wrong("need_pick_list_not_item", symbol=text))
    if now.pick_list is None:
        return Done(activity=Packing(pick_list=text), feedback=ok("pack_weigh", pick_list=text), read_as=ReadAs.DOCUMENT)
    if text == now.pick_list:
        return Done(activity=now, feedback=duplicate("document_again", symbol=text), read_as=ReadAs.DOCUMENT)
    return Done(activity=now, feedback=wrong("need_weight", symbol=text, pick_list=now.pick_list))


def weigh(now: Packing, weighed: Weighed) -> Done | None:
    """None when no parcel is waited for.  A scale at or below zero holds no parcel: the last thing was just taken off it."""
    if now.pick_list is None:
        return None
    grams = weighed.weight.grams
    if grams <= 0:
        return Done(activity=now, feedback=wrong("pack_empty_scale", grams=str(grams), pick_list=now.pick_list))
    fact = Packed(pick_list=now.pick_list, weight=weighed.weight)
    return Done(
        activity=Packing(),
        feedback=ok("packed", pick_list=now.pick_list, grams=str(grams)),
        facts=(FactDraft(data=fact, device=weighed.device),),
    )


def finish(now: Packing) -> Done:
    if now.pick_list is not None:
        return Done(activity=now, feedback=wrong("pack_weigh", pick_list=now.pick_list))
    return Done(activity=Idle(), feedback=ok("left"))
