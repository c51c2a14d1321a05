"""Handing over: SEND, then the barcode of each parcel that the carrier takes: one `handed_over` each."""

from __future__ import annotations

from msgspec import Struct

from drivers.symbols.commands import Command
from edge_agent.stations.model import Pressed, Scanned, duplicate, ok, wrong
from edge_agent.stations.station import Activity, Done, Idle, Says, Station, Took
from edge_agent.wire.facts import FactDraft, HandedOver, ReadAs


class HandingOver(Activity, Struct, frozen=True, kw_only=True, tag="handing_over"):
    """The carrier takes parcels.  `last` is the parcel scanned last, so that it is not handed over twice by a slow hand."""

    parcels: int = 0
    last: str | None = None


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
        took=Took(station="handing_over", what=text),
    )


def finish(_: HandingOver, __: Pressed) -> Done:
    return Done(activity=Idle(), feedback=ok("left"))


def undo(now: Activity, took: Took, _: str) -> Done:
    """The goods are out of the shop's hands: a scan does not bring them back."""
    return Done(activity=now, feedback=wrong("undo_handed_over", parcel=took.what))


STATION = Station(
    name="handing_over",
    command=Command.SEND,
    state=HandingOver,
    title=Says(en="Hand over", zh="交接"),
    words={
        "send_parcel": Says(en="Handing over. Scan each parcel that the carrier takes.", zh="交接。逐个扫描承运人取走的包裹。"),
        "handed_over": Says(en="Parcel {parcel} handed over, {parcels} in all.", zh="包裹 {parcel} 已交接,共 {parcels} 个。"),
        "already_handed_over": Says(
            en="Parcel {parcel} was handed over just now. Not added.", zh="包裹 {parcel} 刚才已交接,没有重复计入。"
        ),
        "need_parcel": Says(en="{symbol} is an item. Scan the parcel's barcode.", zh="{symbol} 是商品。扫描包裹条码。"),
        "undo_handed_over": Says(
            en="Parcel {parcel} was handed over: its goods are booked out and this is not taken back here. Ask the office.",
            zh="包裹 {parcel} 已交接,商品已出库,不能在这里撤销。联系办公室处理。",
        ),
    },
    begin=begin,
    scan=scan,
    finish=finish,
    undo=undo,
)
