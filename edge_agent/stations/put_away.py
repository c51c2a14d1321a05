"""Putting away: STORE, an item (+1 per scan, or digits before it), then the bin it goes to: one `put_away`.

The box tells where most of it lies; another bin is taken, too, and said.
"""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from drivers.symbols.commands import DIGITS, Command
from edge_agent.stations import amounts, recalled
from edge_agent.stations.goods import Goods, goods_of
from edge_agent.stations.model import Feedback, Item, Known, Pressed, Scanned, ok, unknown, wrong
from edge_agent.stations.station import Activity, Done, Idle, Line, Says, Segment, Station, Took
from edge_agent.wire.facts import FactDraft, PutAway, ReadAs, Retracted

_SUGGESTED = 3


class PuttingAway(Activity, Struct, frozen=True, kw_only=True, omit_defaults=True, tag="putting_away"):
    """`packs` of `goods` are in hand, on their way to a bin; `bins`: where most of them lie; `doubted`: one that nobody knows."""

    goods: Goods | None = None
    packs: int = 0
    number: int = 0
    bins: tuple[tuple[str, int], ...] = ()
    doubted: str | None = None
    items: int = 0


def begin() -> Done:
    return Done(activity=PuttingAway(), feedback=ok("put_item"))


def scan(now: PuttingAway, read: Scanned) -> Done:
    text = read.symbol.text
    is_goods = read.gtin is not None or isinstance(read.item, Item)
    if now.goods is None:
        return _taken_up(now, read) if is_goods or read.known.is_bin is not True else _need_item(now, text)
    if read.symbol == now.goods.symbol:
        return _taken_up(now, read)
    if is_goods:
        return Done(activity=now, feedback=wrong("put_bin_first", symbol=text, **now.goods.args))
    if read.known.is_bin is False and now.doubted != text:
        return Done(activity=replace(now, doubted=text), feedback=wrong("bin_unknown", symbol=text), read_as=ReadAs.PLACE)
    if recalled.is_recalled(now.goods) and not read.known.is_quarantine:
        refused = _not_quarantine(now, now.goods, read)
        if refused is not None:
            return refused
    return _put(now, now.goods, read)


def finish(now: PuttingAway, _: Pressed) -> Done:
    waits = open_work(now)
    return (
        Done(activity=now, feedback=waits) if waits is not None else Done(activity=Idle(), feedback=ok("put_done", items=now.items))
    )


def control(now: PuttingAway, pressed: Pressed) -> Done | None:
    told = amounts.typed(0 if now.goods is not None and pressed.control == "undo" else now.number, pressed)
    if told is None:
        return None
    if now.goods is not None and told.number:  # it is in hand: the number is how many of it
        return Done(
            activity=replace(now, packs=told.number, number=told.number),
            feedback=ok("put_number", number=told.number, **now.goods.args),
        )
    return Done(activity=replace(now, number=told.number), feedback=told.feedback)


def undo(now: Activity, took: Took, reading: str) -> Done:
    if took.fact is not None:
        fact = Retracted(fact=UUID(reading), kind=PutAway.name)
        feedback = ok("undone_put", what=took.what, bin=took.document or "")
        after = replace(now, items=max(0, now.items - took.quantity)) if isinstance(now, PuttingAway) else now
        return Done(activity=after, feedback=feedback, facts=(FactDraft(data=fact),))
    if not isinstance(now, PuttingAway) or now.goods is None or now.goods.symbol != took.symbol:
        return Done(activity=now, feedback=wrong("undo_not_possible", what=took.what))
    left = now.packs - took.quantity
    after = replace(now, packs=left) if left > 0 else PuttingAway(items=now.items)
    return Done(activity=after, feedback=ok("undone_taken_up", what=took.what, quantity=max(0, left)))


def open_work(now: PuttingAway) -> Feedback | None:
    return wrong("put_open", number=now.packs, **now.goods.args) if now.goods is not None else None


def shows(now: PuttingAway, _: Known) -> tuple[Segment, ...]:
    lines = tuple(Line(Says(code, code), code, _units(units), symbol=code) for code, units in now.bins)
    return (Segment(Says("Lies in", "所在货位"), lines),) if lines else ()


def _units(units: int) -> Says:
    """Nothing where a blind count waits."""
    return Says(str(units), str(units)) if units else Says("", "")


def _need_item(now: PuttingAway, text: str) -> Done:
    return Done(activity=now, feedback=wrong("put_need_item", bin=text), read_as=ReadAs.PLACE)


def _not_quarantine(now: PuttingAway, goods: Goods, read: Scanned) -> Done | None:
    """A recalled lot goes to no other bin; None: nobody knows the bins here, and it was scanned twice."""
    text = read.symbol.text
    if read.known.is_bin is None and now.doubted == text:
        return None
    feedback = wrong("recalled_no_bin", symbol=text, lot=goods.lot or "", **goods.args)
    return Done(activity=replace(now, doubted=text), feedback=feedback, read_as=ReadAs.PLACE)


def _taken_up(now: PuttingAway, read: Scanned) -> Done:
    goods = goods_of(read)
    more = 1 if now.goods is not None else now.number or 1
    packs = now.packs + more
    bins = read.item.bins[:_SUGGESTED] if isinstance(read.item, Item) else ()
    after = PuttingAway(goods=goods, packs=packs, bins=bins, items=now.items)
    took = Took(station="put_away", what=goods.what, symbol=goods.symbol, quantity=more)
    args = goods.args | {"number": packs}
    if recalled.is_recalled(goods):
        return Done(activity=replace(after, bins=()), feedback=unknown("recalled_in_hand", lot=goods.lot or "", **args), took=took)
    if bins:
        return Done(activity=after, feedback=ok("put_where", bin=bins[0][0], **args), took=took)
    return Done(activity=after, feedback=ok("put_anywhere", **args), took=took)


def _put(now: PuttingAway, goods: Goods, read: Scanned) -> Done:
    place = read.symbol.text
    fact = PutAway(
        bin=place,
        symbol=goods.symbol,
        gtin=goods.gtin,
        quantity=now.packs,
        lot=goods.lot,
        expiry=goods.expiry,
        serial=goods.serial,
    )
    is_other = bool(now.bins) and place not in [code for code, _ in now.bins]
    code = "put_other" if is_other else "put"
    args = goods.args | {"number": now.packs, "bin": place}
    return Done(
        activity=PuttingAway(items=now.items + now.packs),
        feedback=ok(code, usual=now.bins[0][0], **args) if is_other else ok(code, **args),
        facts=(FactDraft(data=fact, device=read.device),),
        read_as=ReadAs.PLACE,
        took=Took(station="put_away", what=goods.what, document=place, fact=PutAway.name, quantity=now.packs),
    )


STATION = Station(
    name="put_away",
    command=Command.STORE,
    state=PuttingAway,
    title=Says(en="Put away", zh="上架"),
    words={
        "put_item": Says(
            en="Putting away. Scan an item, then the bin it goes to. DONE ends.",
            zh="上架。扫描商品，再扫要放的货位。扫 DONE 结束。",
        ),
        "put_where": Says(
            en="{name}, {number}: put it into bin {bin} and scan it.", zh="{name}，{number} 件：放到货位 {bin} 并扫描货位。"
        ),
        "put_anywhere": Says(
            en="{name}, {number}: put it into a bin and scan that. None has it yet.",
            zh="{name}，{number} 件：放到任一货位并扫描。目前没有货位存放它。",
        ),
        "put_number": Says(en="{name}: {number}. Scan the bin.", zh="{name}：{number} 件。扫描货位。"),
        "put": Says(en="{name}: {number} in bin {bin}.", zh="{name}：{number} 件已放入货位 {bin}。"),
        "put_other": Says(
            en="{name}: {number} in bin {bin}. It mostly lies in {usual}; that is fine, too.",
            zh="{name}：{number} 件已放入货位 {bin}。平时主要在 {usual}，放这里也可以。",
        ),
        "put_bin_first": Says(
            en="{symbol} was not taken: first scan the bin for {name}, or UNDO.",
            zh="{symbol} 没有记录：先扫 {name} 的货位，或扫 UNDO。",
        ),
        "put_need_item": Says(en="{bin} is a bin. Scan the item first.", zh="{bin} 是货位。先扫商品。"),
        "put_open": Says(
            en="{name}, {number} in hand: scan their bin, or UNDO.", zh="{name}，手上有 {number} 件：扫描货位，或扫 UNDO。"
        ),
        "put_done": Says(en="Put away: {items:item|items}.", zh="上架完成：{items} 件。"),
        "undone_put": Says(
            en="Taken back: {what} is not in bin {bin}. Bring it back to the dock.",
            zh="已撤销：{what} 不在货位 {bin}。把它放回收货区。",
        ),
        "undone_taken_up": Says(en="Taken back: {what}. {quantity} in hand.", zh="已撤销：{what}。手上还有 {quantity} 件。"),
    },
    begin=begin,
    scan=scan,
    finish=finish,
    control=control,
    controls=DIGITS,
    buttons=(amounts.QUANTITY,),
    undo=undo,
    open_work=open_work,
    wants_item=True,
    opens="bins",
    shows=shows,
)
