"""Packing: BOXUP, the pick list's barcode, then the parcel's weight at rest: one `packed`; then the next pick list."""

from __future__ import annotations

from msgspec import Struct

from drivers.symbols.commands import Command
from edge_agent.stations.model import Pressed, Scanned, Weighed, duplicate, ok, wrong
from edge_agent.stations.station import Activity, Done, Idle, Says, Station, Took
from edge_agent.wire.facts import FactDraft, Packed, ReadAs


class Packing(Activity, Struct, frozen=True, kw_only=True, tag="packing"):
    """A pick list's goods go into a parcel; with `pick_list` set, its weight is waited for."""

    pick_list: str | None = None


def begin() -> Done:
    return Done(activity=Packing(), feedback=ok("pack_list"))


def scan(now: Packing, read: Scanned) -> Done:
    text = read.symbol.text
    if now.pick_list is None and read.gtin is not None:
        return Done(activity=now, feedback=wrong("need_pick_list_not_item", symbol=text))
    if now.pick_list is None:
        took = Took(station="packing", what=text)
        return Done(activity=Packing(pick_list=text), feedback=ok("pack_weigh", pick_list=text), read_as=ReadAs.DOCUMENT, took=took)
    if text == now.pick_list:
        return Done(activity=now, feedback=duplicate("document_again", symbol=text), read_as=ReadAs.DOCUMENT)
    return Done(activity=now, feedback=wrong("need_weight", symbol=text, pick_list=now.pick_list))


def awaits_weight(now: Packing) -> bool:
    return now.pick_list is not None


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
        took=Took(station="packing", what=now.pick_list, fact=Packed.name),
    )


def finish(now: Packing, _: Pressed) -> Done:
    if now.pick_list is not None:
        return Done(activity=now, feedback=wrong("pack_weigh", pick_list=now.pick_list))
    return Done(activity=Idle(), feedback=ok("left"))


def undo(now: Activity, took: Took, _: str) -> Done:
    """A list that still waits for its weight is put aside.  A packed parcel has its number and its label: the office's matter."""
    if took.fact is None and isinstance(now, Packing) and now.pick_list == took.what:
        return Done(activity=Packing(), feedback=ok("undone_pack_list", pick_list=took.what))
    return Done(activity=now, feedback=wrong("undo_packed", pick_list=took.what))


STATION = Station(
    name="packing",
    command=Command.BOXUP,
    state=Packing,
    title=Says(en="Pack", zh="打包"),
    words={
        "pack_list": Says(en="Packing. Scan the pick list's barcode.", zh="打包。扫描拣货单条码。"),
        "pack_weigh": Says(
            en="Pick list {pick_list}. Put the closed parcel on the scale.", zh="拣货单 {pick_list}。把封好的包裹放到秤上。"
        ),
        "pack_empty_scale": Says(
            en="The scale shows {grams} g. Put the closed parcel of {pick_list} on it.",
            zh="秤显示 {grams} 克。把 {pick_list} 封好的包裹放上去。",
        ),
        "packed": Says(
            en="Pick list {pick_list} packed: {grams} g. Scan the next pick list, or STOP.",
            zh="拣货单 {pick_list} 已打包:{grams} 克。扫描下一张拣货单,或扫 STOP。",
        ),
        "need_weight": Says(
            en="{symbol} was saved, but {pick_list} waits for its weight. Put the parcel on the scale, or scan STOP.",
            zh="{symbol} 已保存,但 {pick_list} 还没称重。把包裹放到秤上,或扫 STOP。",
        ),
        "undone_pack_list": Says(
            en="Taken back: pick list {pick_list} is not packed. Scan a pick list.",
            zh="已撤销:拣货单 {pick_list} 未打包。扫描拣货单。",
        ),
        "undo_packed": Says(
            en="The parcel of {pick_list} has its number and its label and cannot be taken back here. Ask the office.",
            zh="{pick_list} 的包裹已有包裹号和面单,不能在这里撤销。联系办公室处理。",
        ),
    },
    begin=begin,
    scan=scan,
    finish=finish,
    undo=undo,
    weigh=weigh,
    awaits_weight=awaits_weight,
)
