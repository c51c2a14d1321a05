"""Picking: PICK, the pick list's barcode, items (`picked` 1 each), SHORT (`pick_short` for all that is still open), DONE."""

from __future__ import annotations

from edge_agent.stations.model import Done, Idle, Picking, Scanned, duplicate, ok, wrong
from edge_agent.wire.facts import FactDraft, Picked, PickShort, ReadAs


def begin() -> Done:
    return Done(activity=Picking(), feedback=ok("pick_list"))


def scan(now: Picking, read: Scanned) -> Done:
    text = read.symbol.text
    if now.pick_list is None and read.gtin is not None:
        return Done(activity=now, feedback=wrong("need_pick_list_not_item", symbol=text))
    if now.pick_list is None:
        return Done(activity=Picking(pick_list=text), feedback=ok("pick_ready", pick_list=text), read_as=ReadAs.DOCUMENT)
    if text == now.pick_list:
        return Done(activity=now, feedback=duplicate("document_again", symbol=text), read_as=ReadAs.DOCUMENT)
    after = Picking(pick_list=now.pick_list, items=now.items + 1)
    fact = Picked(pick_list=now.pick_list, symbol=read.symbol, gtin=read.gtin, quantity=1)
    return Done(
        activity=after,
        feedback=ok("picked", symbol=text, items=after.items, pick_list=now.pick_list),
        facts=(FactDraft(data=fact, device=read.device),),
    )


def short(now: Picking, device: str) -> Done:
    if now.pick_list is None:
        return Done(activity=now, feedback=wrong("need_pick_list"))
    fact = PickShort(pick_list=now.pick_list)
    feedback = ok("pick_short", pick_list=now.pick_list)
    return Done(activity=now, feedback=feedback, facts=(FactDraft(data=fact, device=device),))


def finish(now: Picking) -> Done:
    if now.pick_list is None:
        return Done(activity=now, feedback=wrong("need_pick_list"))
    return Done(activity=Idle(), feedback=ok("pick_done", pick_list=now.pick_list, items=now.items))
