"""Handing over: SEND, a carrier's manifest or a customer's pick-up code, then the barcode of each parcel: one `handed_over` each.

Without a manifest each parcel is taken as it comes.  With one, a parcel that is not on it is asked once more; what is recalled or
flagged stays here.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from drivers.symbols.commands import Command
from edge_agent.stations import own_papers
from edge_agent.stations.model import Feedback, Known, Pressed, Scanned, duplicate, ok, wrong
from edge_agent.stations.station import Activity, Done, Idle, Line, Says, Segment, Station, Took
from edge_agent.wire.facts import FactDraft, HandedOver, ReadAs
from edge_agent.wire.open_parcels import OpenHandOver, ParcelLine
from edge_agent.wire.open_work import Head


class HandingOver(Activity, Struct, frozen=True, kw_only=True, omit_defaults=True, tag="handing_over"):
    """Somebody takes parcels.  `last` is the parcel scanned last, so that it is not handed over twice by a slow hand.

    `list`: the manifest, or the order of a pick-up code, that they take; `gone`: the parcels of it that are handed over.
    `doubted`: one that is not on it, and goes when it is scanned once more.
    """

    parcels: int = 0
    last: str | None = None
    list: str | None = None
    gone: tuple[str, ...] = ()
    doubted: str | None = None


def begin() -> Done:
    return Done(activity=HandingOver(), feedback=ok("send_parcel"))


def scan(now: HandingOver, read: Scanned) -> Done:
    text, known = read.symbol.text, read.known.document
    if isinstance(known, OpenHandOver) and now.list is None:
        return _taken_up(now, known, text)
    if read.gtin is not None:
        return Done(activity=now, feedback=wrong("need_parcel", symbol=text))
    if now.list is not None and isinstance(known, OpenHandOver):
        return _against(now, known, read)
    if own_papers.is_no_parcel(text):
        return Done(activity=now, feedback=wrong("send_unknown", symbol=text), read_as=ReadAs.DOCUMENT)
    parcel = _number(text)
    if parcel == now.last:
        return Done(activity=now, feedback=duplicate("already_handed_over", parcel=parcel), read_as=ReadAs.DOCUMENT)
    return _gone(now, parcel, read)


def _number(text: str) -> str:
    """A parcel's number as it is written; a carrier's label is the controller's to look up."""
    return text.upper() if own_papers.is_parcel(text) else text


def _taken_up(now: HandingOver, listed: OpenHandOver, text: str) -> Done:
    """A manifest or a pick-up code begins, or is scanned again for the next one."""
    code = "send_manifest" if listed.title else "send_customer"
    feedback = ok(code, list=listed.number, who=listed.title, parcels=len(listed.lines))
    after = replace(now, list=listed.number, gone=(), doubted=None, last=None)
    return Done(
        activity=after, feedback=feedback, read_as=ReadAs.DOCUMENT, took=Took(station="handing_over", what=text, key="list")
    )


def _against(now: HandingOver, listed: OpenHandOver, read: Scanned) -> Done:
    text = read.symbol.text
    if text in (listed.number, listed.code):
        return Done(activity=now, feedback=duplicate("document_again", symbol=text), read_as=ReadAs.DOCUMENT)
    line = next((each for each in listed.lines if text in (each.parcel, each.symbol)), None)
    if line is None and own_papers.is_no_parcel(text):
        return Done(activity=now, feedback=wrong("send_other_paper", symbol=text, list=listed.number), read_as=ReadAs.DOCUMENT)
    parcel = _number(text) if line is None else line.parcel
    if parcel == now.last or parcel in now.gone:
        return Done(activity=now, feedback=duplicate("already_handed_over", parcel=parcel), read_as=ReadAs.DOCUMENT)
    stays = None if line is None else _stays(line)
    if stays is not None:
        return Done(activity=replace(now, doubted=None), feedback=stays, read_as=ReadAs.DOCUMENT)
    if line is None and now.doubted != parcel:
        feedback = wrong("not_on_list", parcel=parcel, list=listed.number)
        return Done(activity=replace(now, doubted=parcel), feedback=feedback, read_as=ReadAs.DOCUMENT)
    return _gone(now, parcel, read, listed)


def _stays(line: ParcelLine) -> Feedback | None:
    """Why it is not handed over; None: it may be."""
    if line.recalled:
        return wrong("parcel_recalled", parcel=line.parcel, lots=", ".join(line.recalled))
    return wrong("parcel_held", parcel=line.parcel, order=line.order) if line.is_held else None


def _gone(now: HandingOver, parcel: str, read: Scanned, listed: OpenHandOver | None = None) -> Done:
    gone = (*now.gone, parcel) if listed is not None else ()
    after = replace(now, parcels=now.parcels + 1, last=parcel, gone=gone, doubted=None)
    code = "handed_over" if own_papers.is_parcel(parcel) else "handed_over_label"
    feedback = ok(code, parcel=parcel, parcels=after.parcels)
    if listed is not None:
        left = len(_left(after, listed))
        feedback = ok("handed_over_of", parcel=parcel, list=listed.number, left=left)
        if not left:
            feedback = ok("handed_over_all", parcel=parcel, list=listed.number)
            after = replace(after, list=None, gone=())
    return Done(
        activity=after,
        feedback=feedback,
        facts=(FactDraft(data=HandedOver(parcel=parcel), device=read.device),),
        read_as=ReadAs.DOCUMENT,
        took=Took(station="handing_over", what=parcel, fact=HandedOver.name),
    )


def _left(now: HandingOver, listed: OpenHandOver) -> list[ParcelLine]:
    return [line for line in listed.lines if line.parcel not in now.gone]


def finish(now: HandingOver, by: Pressed) -> Done:
    """DONE with parcels left names them, once; they go onto the carrier's next manifest."""
    listed = by.known.document
    if now.list is None or not isinstance(listed, OpenHandOver):
        return Done(activity=Idle(), feedback=ok("left"))
    left = _left(now, listed)
    if left and now.doubted != now.list:
        names = ", ".join(line.parcel for line in left[:3]) + (f" +{len(left) - 3}" if len(left) > 3 else "")
        return Done(activity=replace(now, doubted=now.list), feedback=wrong("send_left", list=now.list, parcels=names))
    return Done(activity=Idle(), feedback=ok("left"))


def undo(now: Activity, took: Took, _: str) -> Done:
    """The goods are out of the shop's hands: a scan does not bring them back.  A manifest that was only scanned is put aside."""
    if took.key == "list" and isinstance(now, HandingOver) and not now.gone:
        return Done(activity=replace(now, list=None, doubted=None), feedback=ok("send_parcel"))
    return Done(activity=now, feedback=wrong("undo_handed_over", parcel=took.what))


def shows(now: HandingOver, known: Known) -> tuple[Segment, ...]:
    """What is to be handed over, and what stays here."""
    listed = known.document
    if now.list is None or not isinstance(listed, OpenHandOver):
        return ()
    parts = (
        Segment(Says("To hand over", "待交接"), tuple(_line(each) for each in _left(now, listed) if _stays(each) is None)),
        Segment(Says("Stays here", "不可交接"), tuple(_line(each) for each in _left(now, listed) if _stays(each) is not None)),
        Segment(
            Says("Handed over", "已交接"), tuple(_line(each, is_done=True) for each in listed.lines if each.parcel in now.gone)
        ),
    )
    return tuple(part for part in parts if part.lines)


def _line(line: ParcelLine, *, is_done: bool = False) -> Line:
    why = Says("", "")
    if line.recalled:
        lots = ", ".join(line.recalled)
        why = Says(f"recalled: {lots}", f"已召回：{lots}")
    elif line.is_held:
        why = Says("held by a flag", "订单有标记，暂不放行")
    elif line.symbol:
        why = Says(line.symbol, line.symbol)
    is_wrong = bool(line.recalled or line.is_held) and not is_done
    return Line(Says(line.order, line.order), line.parcel, why, is_done=is_done, is_wrong=is_wrong)


def head_line(head: Head) -> Line:
    """A manifest by its carrier, an order that its customer comes for by its number."""
    name = Says(head.title, head.title) if head.title else Says("Customer", "顾客自提")
    return Line(name, head.number, symbol=head.number)


STATION = Station(
    name="handing_over",
    command=Command.SEND,
    state=HandingOver,
    title=Says(en="Hand over", zh="交接"),
    words={
        "send_parcel": Says(
            en="Handing over. Scan the carrier's manifest or the customer's pick-up code, or each parcel that is taken.",
            zh="交接。扫描承运人的交接单或顾客的取货码，也可逐个扫描取走的包裹。",
        ),
        "send_manifest": Says(
            en="{list} of {who}: {parcels} parcels. Scan each that the carrier takes.",
            zh="{who} 的交接单 {list}：{parcels} 个包裹。逐个扫描承运人取走的包裹。",
        ),
        "send_customer": Says(
            en="Order {list}: {parcels} parcels to collect. Scan each.", zh="订单 {list}：{parcels} 个包裹待取。逐个扫描。"
        ),
        "handed_over": Says(en="Parcel {parcel} handed over, {parcels} in all.", zh="包裹 {parcel} 已交接，共 {parcels} 个。"),
        "handed_over_label": Says(
            en="Label {parcel} handed over, {parcels} in all. This box does not know it; if it is no parcel of ours, you are told.",
            zh="标签 {parcel} 已交接，共 {parcels} 个。本机没有它的资料；如果不是本店的包裹，会另行提示。",
        ),
        "send_refused": Says(
            en="{what} is no parcel of this shop: its hand-over was not booked. Look at its label and scan that.",
            zh="{what} 不是本店的包裹，交接没有记账。看清包裹标签后重扫。",
        ),
        "send_refused_recalled": Says(
            en="RECALLED: parcel {what} was not handed over. Take it back and bring it to quarantine.",
            zh="已召回：包裹 {what} 没有交接。取回并送到隔离区。",
        ),
        "send_unknown": Says(
            en="This box does not know {symbol} yet. Scan each parcel's own label instead: nothing was handed over.",
            zh="本机还没有 {symbol} 的资料，没有交接。改为逐个扫描包裹上的标签。",
        ),
        "send_other_paper": Says(
            en="{symbol} is no parcel. First finish {list}: scan its parcels, or DONE.",
            zh="{symbol} 不是包裹。先完成 {list}：扫描包裹，或扫 DONE。",
        ),
        "handed_over_of": Says(
            en="Parcel {parcel} handed over. {left} of {list} are left.", zh="包裹 {parcel} 已交接，{list} 还有 {left} 个。"
        ),
        "handed_over_all": Says(
            en="Parcel {parcel} handed over: all of {list} is out. Scan the next manifest, or DONE.",
            zh="包裹 {parcel} 已交接，{list} 全部交完。扫描下一张交接单，或扫 DONE。",
        ),
        "not_on_list": Says(
            en="Parcel {parcel} is not on {list}. Put it back, or scan it once more to hand it over all the same.",
            zh="包裹 {parcel} 不在 {list} 上。放回原处；确实要交接就再扫一次。",
        ),
        "parcel_recalled": Says(
            en="RECALLED: parcel {parcel} holds lot {lots}. It stays here. Bring it to quarantine.",
            zh="已召回：包裹 {parcel} 内有批次 {lots}，不能交接，送到隔离区。",
        ),
        "parcel_held": Says(
            en="Parcel {parcel} stays here: order {order} is flagged. The office clears it.",
            zh="包裹 {parcel} 不能交接：订单 {order} 有标记，由办公室处理。",
        ),
        "send_left": Says(
            en="{parcels} of {list} is still here. Scan it, or DONE again to leave it for the next time.",
            zh="{list} 还有 {parcels} 未交接。继续扫描，或再扫 DONE 留到下次。",
        ),
        "already_handed_over": Says(
            en="Parcel {parcel} was handed over just now. Not added.", zh="包裹 {parcel} 刚才已交接，没有重复计入。"
        ),
        "need_parcel": Says(en="{symbol} is an item. Scan the parcel's barcode.", zh="{symbol} 是商品。扫描包裹条码。"),
        "undo_handed_over": Says(
            en="Parcel {parcel} was handed over: its goods are booked out and this is not taken back here. Ask the office.",
            zh="包裹 {parcel} 已交接，商品已出库，不能在这里撤销。联系办公室处理。",
        ),
    },
    rejects={"unknown_parcel": "send_refused", "lot_recalled": "send_refused_recalled"},
    begin=begin,
    scan=scan,
    finish=finish,
    undo=undo,
    opens="hand_overs",
    document=lambda now: now.list,
    shows=shows,
    head_line=head_line,
)
