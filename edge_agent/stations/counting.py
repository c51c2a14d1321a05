"""Counting: COUNT, the bin's barcode, items (+1 per scan), DONE: one `counted` with all its lines; none: an empty bin."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from drivers.symbols.commands import Command
from edge_agent.stations.model import Feedback, Pressed, Scanned, duplicate, ok, wrong
from edge_agent.stations.station import Activity, Done, Idle, Says, Station, Took
from edge_agent.wire.facts import Counted, CountLine, FactDraft, ReadAs
from edge_agent.wire.messages import Symbol


class Counting(Activity, Struct, frozen=True, kw_only=True, tag="counting"):
    """One bin is counted, +1 per scan; `lines` holds each distinct symbol seen so far, in order of first sight."""

    bin: str | None = None
    lines: tuple[CountLine, ...] = ()

    @property
    def items(self) -> int:
        return sum(line.quantity for line in self.lines)


def begin() -> Done:
    return Done(activity=Counting(), feedback=ok("count_bin"))


def scan(now: Counting, read: Scanned) -> Done:
    text = read.symbol.text
    if now.bin is None and read.gtin is not None:
        return Done(activity=now, feedback=wrong("need_bin_not_item", symbol=text))
    if now.bin is None:
        return Done(activity=Counting(bin=text), feedback=ok("count_ready", bin=text), read_as=ReadAs.PLACE)
    if text == now.bin:
        return Done(activity=now, feedback=duplicate("document_again", symbol=text), read_as=ReadAs.PLACE)
    lines = _one_more(now.lines, read.symbol, read.gtin)
    quantity = next(line.quantity for line in lines if line.symbol == read.symbol)
    return Done(
        activity=replace(now, lines=lines),
        feedback=ok("counted_item", symbol=text, quantity=quantity, bin=now.bin),
        took=Took(station="counting", what=text, document=now.bin, symbol=read.symbol),
    )


def finish(now: Counting, by: Pressed) -> Done:
    if now.bin is None:
        return Done(activity=now, feedback=wrong("need_bin"))
    fact = Counted(bin=now.bin, lines=list(now.lines))
    feedback = ok("counted", bin=now.bin, items=now.items) if now.lines else ok("counted_empty", bin=now.bin)
    took = Took(station="counting", what=now.bin, document=now.bin)
    return Done(activity=Idle(), feedback=feedback, facts=(FactDraft(data=fact, device=by.device),), took=took)


def undo(now: Activity, took: Took, _: str) -> Done:
    """Only while the bin is still being counted: what was submitted is corrected by counting again."""
    lines = now.lines if isinstance(now, Counting) and now.bin == took.document else ()
    line = next((line for line in lines if line.symbol == took.symbol), None)
    if not isinstance(now, Counting) or line is None:
        return Done(activity=now, feedback=wrong("undo_counted", bin=took.document or ""))
    left = tuple(
        replace(one, quantity=one.quantity - 1) if one is line else one for one in lines if one is not line or one.quantity > 1
    )
    feedback = ok("undone_counted", what=took.what, quantity=line.quantity - 1, bin=now.bin or "")
    return Done(activity=replace(now, lines=left), feedback=feedback)


def open_work(now: Counting) -> Feedback | None:
    return wrong("count_open", bin=now.bin, items=now.items) if now.bin is not None and now.lines else None


def farewell(now: Counting) -> Feedback:
    return ok("left_count", bin=now.bin, items=now.items) if now.bin is not None and now.lines else ok("left")


def _one_more(lines: tuple[CountLine, ...], symbol: Symbol, gtin: str | None) -> tuple[CountLine, ...]:
    if any(line.symbol == symbol for line in lines):
        return tuple(replace(line, quantity=line.quantity + 1) if line.symbol == symbol else line for line in lines)
    return (*lines, CountLine(symbol=symbol, gtin=gtin, quantity=1))


STATION = Station(
    name="counting",
    command=Command.COUNT,
    state=Counting,
    title=Says(en="Count", zh="盘点"),
    words={
        "count_bin": Says(en="Counting. Scan the bin's barcode.", zh="盘点。扫描货位条码。"),
        "count_ready": Says(
            en="Bin {bin}. Scan each item, then DONE; DONE at once if the bin is empty.",
            zh="货位 {bin}。逐件扫描,扫完后扫 DONE;货位为空直接扫 DONE。",
        ),
        "counted_item": Says(en="{symbol} — {quantity} in bin {bin}", zh="{symbol} — 货位 {bin} 共 {quantity} 件"),
        "counted": Says(
            en="Bin {bin} counted: {items} items. Saved on this box.", zh="货位 {bin} 盘点完成:{items} 件。已存到本机。"
        ),
        "counted_empty": Says(en="Bin {bin} counted: empty. Saved on this box.", zh="货位 {bin} 盘点完成:空。已存到本机。"),
        "count_open": Says(
            en="Bin {bin} is still being counted ({items} items). Scan DONE to submit it, or STOP to leave it.",
            zh="货位 {bin} 还在盘点({items} 件)。扫 DONE 提交,或扫 STOP 放弃。",
        ),
        "left_count": Says(
            en="Left the count of bin {bin}: {items} items were not submitted. Scan COUNT to count it again.",
            zh="已退出货位 {bin} 的盘点:{items} 件未提交。扫 COUNT 重新盘点。",
        ),
        "need_bin": Says(en="Scan the bin's barcode first.", zh="先扫货位条码。"),
        "need_bin_not_item": Says(
            en="{symbol} is an item. Scan the bin's barcode first, then the item again.",
            zh="{symbol} 是商品。先扫货位条码,再重扫商品。",
        ),
        "undone_counted": Says(
            en="Taken back: one {what}. {quantity} left in bin {bin}.", zh="已撤销一件 {what}。货位 {bin} 还剩 {quantity} 件。"
        ),
        "undo_counted": Says(
            en="The count of bin {bin} is closed and cannot be taken back. Scan COUNT and count the bin again.",
            zh="货位 {bin} 的盘点已结束,不能撤销。扫 COUNT 重新盘点该货位。",
        ),
    },
    begin=begin,
    scan=scan,
    finish=finish,
    undo=undo,
    open_work=open_work,
    farewell=farewell,
)
