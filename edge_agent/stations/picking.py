"""Picking: PICK, the pick list's barcode, items (`picked` 1 each), SHORT (`pick_short` for all that is still open), DONE."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from drivers.symbols.commands import Command
from edge_agent.stations import recalled
from edge_agent.stations.goods import goods_of
from edge_agent.stations.model import Pressed, Scanned, duplicate, ok, wrong
from edge_agent.stations.station import Activity, Button, Done, Idle, Says, Station, Took
from edge_agent.wire.facts import Counted, FactDraft, Picked, PickShort, ReadAs, Retracted


class Picking(Activity, Struct, frozen=True, kw_only=True, tag="picking"):
    """Goods are fetched for a pick list."""

    pick_list: str | None = None
    items: int = 0
    is_empty_next: bool = False
    """The next code is a bin that nothing is left in."""


def begin() -> Done:
    return Done(activity=Picking(), feedback=ok("pick_list"))


def scan(now: Picking, read: Scanned) -> Done:
    text = read.symbol.text
    if now.pick_list is None and read.gtin is not None:
        return Done(activity=now, feedback=wrong("need_pick_list_not_item", symbol=text))
    if now.pick_list is None:
        return Done(activity=Picking(pick_list=text), feedback=ok("pick_ready", pick_list=text), read_as=ReadAs.DOCUMENT)
    if now.is_empty_next and read.gtin is None:
        return _empty(now, read)
    if text == now.pick_list:
        return Done(activity=now, feedback=duplicate("document_again", symbol=text), read_as=ReadAs.DOCUMENT)
    goods = goods_of(read)
    refused = recalled.refused(goods)
    if refused is not None:
        return Done(activity=now, feedback=refused)
    after = Picking(pick_list=now.pick_list, items=now.items + 1)  # who picks on has found some
    fact = Picked(
        pick_list=now.pick_list,
        symbol=read.symbol,
        gtin=read.gtin,
        quantity=1,
        lot=read.lot,
        expiry=read.expiry,
        serial=read.serial,
    )
    return Done(
        activity=after,
        feedback=recalled.to_look_at(goods, ok("picked", symbol=text, items=after.items, pick_list=now.pick_list)),
        facts=(FactDraft(data=fact, device=read.device),),
        took=Took(station="picking", what=text, document=now.pick_list, fact=Picked.name),
    )


def control(now: Picking, pressed: Pressed) -> Done | None:
    match pressed.control:
        case "short":
            return short(now, pressed)
        case "nothing" if now.pick_list is not None:
            return Done(activity=replace(now, is_empty_next=True), feedback=ok("pick_empty_bin"))
        case "undo" if now.is_empty_next:
            return Done(activity=replace(now, is_empty_next=False), feedback=ok("undone_empty_bin"))
        case _:
            return None


def short(now: Picking, by: Pressed) -> Done:
    if now.pick_list is None:
        return Done(activity=now, feedback=wrong("need_pick_list"))
    return Done(
        activity=now,
        feedback=ok("pick_short", pick_list=now.pick_list),
        facts=(FactDraft(data=PickShort(pick_list=now.pick_list), device=by.device),),
        took=Took(station="picking", what=now.pick_list, document=now.pick_list, fact=PickShort.name),
    )


def _empty(now: Picking, read: Scanned) -> Done:
    """A free count: whoever picks sees that the bin holds nothing any more."""
    place = read.symbol.text
    fact = Counted(bin=place, lines=[], empty=True)
    return Done(
        activity=replace(now, is_empty_next=False),
        feedback=ok("picked_empty", bin=place),
        facts=(FactDraft(data=fact, device=read.device),),
        read_as=ReadAs.PLACE,
        took=Took(station="picking", what=place, document=now.pick_list, fact=Counted.name),
    )


def finish(now: Picking, _: Pressed) -> Done:
    if now.pick_list is None:
        return Done(activity=now, feedback=wrong("need_pick_list"))
    return Done(activity=Idle(), feedback=ok("pick_done", pick_list=now.pick_list, items=now.items))


def undo(now: Activity, took: Took, reading: str) -> Done:
    """What was declared short is not taken back: a pick that comes later makes it smaller by itself."""
    pick_list = took.document or ""
    if took.fact == Counted.name:
        return Done(activity=now, feedback=wrong("undo_counted", bin=took.what))
    if took.fact != Picked.name:
        return Done(activity=now, feedback=wrong("undo_short", pick_list=pick_list))
    after = replace(now, items=max(0, now.items - 1)) if isinstance(now, Picking) and now.pick_list == pick_list else now
    fact = Retracted(fact=UUID(reading), kind=Picked.name)
    feedback = ok("undone_picked", what=took.what, pick_list=pick_list)
    return Done(activity=after, feedback=feedback, facts=(FactDraft(data=fact),))


STATION = Station(
    name="picking",
    command=Command.PICK,
    state=Picking,
    title=Says(en="Pick", zh="拣货"),
    words={
        "pick_list": Says(en="Picking. Scan the pick list's barcode.", zh="拣货。扫描拣货单条码。"),
        "pick_ready": Says(en="Pick list {pick_list}. Fetch and scan each item.", zh="拣货单 {pick_list}。取货并逐件扫描。"),
        "picked": Says(en="{symbol} — picked, {items} for {pick_list}", zh="{symbol} — 已拣,{pick_list} 共 {items} 件"),
        "pick_short": Says(
            en="Pick list {pick_list}: what is still open was marked short. Scan DONE to end, or go on.",
            zh="拣货单 {pick_list}:未拣的已记为缺货。扫 DONE 结束,或继续拣货。",
        ),
        "pick_done": Says(en="Pick list {pick_list} done: {items:item|items}.", zh="拣货单 {pick_list} 完成:{items} 件。"),
        "need_pick_list": Says(en="Scan the pick list's barcode first.", zh="先扫拣货单条码。"),
        "need_pick_list_not_item": Says(
            en="{symbol} is an item. Scan the pick list's barcode first, then the item again.",
            zh="{symbol} 是商品。先扫拣货单条码,再重扫商品。",
        ),
        "pick_empty_bin": Says(
            en="Which bin is empty? Scan its barcode; UNDO if none is.", zh="哪个货位空了?扫描货位条码;没有则扫 UNDO。"
        ),
        "picked_empty": Says(en="Bin {bin} is noted as empty. Go on.", zh="货位 {bin} 已记为空。继续拣货。"),
        "undone_empty_bin": Says(en="No bin is noted as empty.", zh="没有记录空货位。"),
        "undone_picked": Says(
            en="Taken back: {what} of pick list {pick_list}. Put it back into its bin.",
            zh="已撤销:拣货单 {pick_list} 的 {what}。把它放回原货位。",
        ),
        "undo_short": Says(
            en="Short on {pick_list} is not taken back. If you find the goods, scan them: they count.",
            zh="{pick_list} 的缺货记录不能撤销。找到商品后直接扫描,会计入拣货。",
        ),
    },
    begin=begin,
    scan=scan,
    finish=finish,
    control=control,
    controls=(Command.SHORT, Command.NOTHING),
    buttons=(
        Button("short", Says(en="Not enough on the shelf", zh="货架缺货")),
        Button("nothing", Says(en="The bin is empty now", zh="货位已空")),
    ),
    undo=undo,
    wants_item=True,
)
