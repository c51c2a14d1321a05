"""Handing over: SEND, then the barcode of each parcel that the carrier takes: one `handed_over` each."""

from __future__ import annotations

from edge_agent.stations.model import Done, HandingOver, Idle, Scanned, duplicate, ok, wrong
from edge_agent.wire.facts import FactDraft, HandedOver, ReadAs


def begin() -> Done:
    return Done(activity=HandingOver(), feedback=ok("send_parcel"))


def scan(now: HandingOver, read: Scanned) -> Done:
    text = read.symbol.text
    if read.gtin is not None:
        return Done(activity=now, feedback=wrong("need_parcel", symbol=text))
    if text == now.last:
        return Done(activity=now, feedback=duplicate("already_handed_over", parcel=text), read_as=ReadAs.DOCUMENT)
    after = HandingOver(parcels=now.parcels + 1, last=text)
    return Done(
        activity=after,
        feedback=ok("handed_over", parcel=text, parcels=after.parcels),
        facts=(FactDraft(data=HandedOver(parcel=text), device=read.device),),
        read_as=ReadAs.DOCUMENT,
    )


def finish(_: HandingOver) -> Done:
    return Done(activity=Idle(), feedback=ok("left"))
