"""Receiving: RECEIVE, the delivery's barcode, then items; each item scan is one `received` of quantity 1."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from drivers.symbols.commands import Command
from edge_agent.stations.model import Pressed, Scanned, duplicate, ok, wrong
from edge_agent.stations.station import Activity, Done, Idle, Says, Station, Took
from edge_agent.wire.facts import FactDraft, ReadAs, Received, Retracted


class Receiving(Activity, Struct, frozen=True, kw_only=True, tag="receiving"):
    """Goods come in against a delivery; `document` is None until its barcode was scanned."""

    document: str | None = None
    items: int = 0


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
        took=Took(station="receiving", what=text, document=now.document, fact=Received.name),
    )


def finish(_: Receiving, __: Pressed) -> Done:
    return Done(activity=Idle(), feedback=ok("left"))


def undo(now: Activity, took: Took, reading: str) -> Done:
    is_same = isinstance(now, Receiving) and now.document == took.document
    after = replace(now, items=max(0, now.items - 1)) if is_same and isinstance(now, Receiving) else now
    fact = Retracted(fact=UUID(reading), kind=Received.name)
    feedback = ok("undone_received", what=took.what, document=took.document or "")
    return Done(activity=after, feedback=feedback, facts=(FactDraft(data=fact),))


STATION = Station(
    name="receiving",
    command=Command.RECEIVE,
    state=Receiving,
    title=Says(en="Receive", zh="收货"),
    words={
        "receive_document": Says(en="Receiving. Scan the delivery's barcode.", zh="收货。扫描送货单条码。"),
        "receive_ready": Says(en="Delivery {document}. Scan each item.", zh="送货单 {document}。逐件扫描商品。"),
        "received": Says(en="{symbol} — received, {items} on {document}", zh="{symbol} — 已收货,{document} 共 {items} 件"),
        "need_document": Says(
            en="{symbol} is an item. Scan the delivery's barcode first, then the item again.",
            zh="{symbol} 是商品。先扫送货单条码,再重扫商品。",
        ),
        "undone_received": Says(en="Taken back: {what} on delivery {document}.", zh="已撤销:送货单 {document} 的 {what}。"),
    },
    begin=begin,
    scan=scan,
    finish=finish,
    undo=undo,
)
