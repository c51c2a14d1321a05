"""Receiving: RECEIVE, the delivery's barcode, then items; each item scan is one `received` of quantity 1."""

from __future__ import annotations

from edge_agent.stations.model import Done, Idle, Receiving, Scanned, duplicate, ok, wrong
from edge_agent.wire.facts import FactDraft, ReadAs, Received


def begin() -> Done:
    return Done(activity=Receiving(), feedback=ok("receive_document"))


def scan(now: Receiving, read: Scanned) -> Done:
    text = read.symbol.text
    if now.document is None and read.gtin is not None:
        return Done(activity=now, feedback=wrong("need_document", symbol=text))
    if now.document is None:
        return Done(activity=Receiving(document=text), feedback=ok("receive_ready", document=text), read_as=ReadAs.DOCUMENT)
    if text == now.document:
        return Done(activity=now, feedback=duplicate("document_again", symbol=text), read_as=ReadAs.DOCUMENT)
    after = Receiving(document=now.document, items=now.items + 1)
    fact = Received(document=now.document, symbol=read.symbol, gtin=read.gtin, quantity=1)
    return Done(
        activity=after,
        feedback=ok("received", symbol=text, items=after.items, document=now.document),
        facts=(FactDraft(data=fact, device=read.device),),
    )


def finish(_: Receiving) -> Done:
    return Done(activity=Idle(), feedback=ok("left"))
