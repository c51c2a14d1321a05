"""Adjusting: CORRECT, a reason by its command, the bin, then items (+1, or digits before one): one `adjusted` each.

FOUND adds, every other reason takes away.  Reason and bin hold until others are scanned.  Where the station's profile asks for a
manager, nothing is booked before a manager's badge was read in this task.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from drivers.symbols.commands import DIGITS, Command
from edge_agent.stations import amounts
from edge_agent.stations.goods import goods_of
from edge_agent.stations.model import Feedback, Item, Person, Pressed, Scanned, ok, unknown, wrong
from edge_agent.stations.reasons import OF_STOCK, buttons, named, reason_args, reason_of
from edge_agent.stations.station import Activity, Done, Idle, Says, Station, Took
from edge_agent.wire.facts import FactDraft, ReadAs, Retracted
from edge_agent.wire.goods_facts import Adjusted
from edge_agent.wire.roles import Role

_ADDS: Final = OF_STOCK[Command.FOUND]
_MAY: Final = frozenset({Role.MANAGER.value, Role.ADMIN.value})


class Adjusting(Activity, Struct, frozen=True, kw_only=True, omit_defaults=True, tag="adjusting"):
    """Stock is set right.  `approved_by`: the manager whose badge was read; `doubted`: a bin that nobody knows."""

    reason: str | None = None
    bin: str | None = None
    number: int = 0
    items: int = 0
    approved_by: str | None = None
    doubted: str | None = None


def begin() -> Done:
    return Done(activity=Adjusting(), feedback=ok("adjust_reason"))


def scan(now: Adjusting, read: Scanned) -> Done:
    text = read.symbol.text
    is_goods = read.gtin is not None or isinstance(read.item, Item)
    if now.reason is None:
        return Done(activity=now, feedback=wrong("adjust_reason_first", symbol=text))
    if not is_goods and (now.bin is None or read.known.is_bin is True):
        return _bin(now, text, read)
    if now.bin is None:
        return Done(activity=now, feedback=wrong("need_bin_not_item", symbol=text))
    approved = _approval(now, read)
    if approved is None:
        return Done(activity=now, feedback=wrong("adjust_manager"))
    return _book(now, now.bin, now.reason, approved, read)


def finish(now: Adjusting, _: Pressed) -> Done:
    return Done(activity=Idle(), feedback=ok("adjust_done", items=now.items))


def control(now: Adjusting, pressed: Pressed) -> Done | None:
    reason = reason_of(pressed.control, OF_STOCK)
    if reason is not None:
        code = "adjust_bin" if now.bin is None else "adjust_item"
        feedback = ok(code, bin=now.bin or "", **reason_args(reason))
        return Done(activity=replace(now, reason=reason), feedback=feedback)
    told = amounts.typed(now.number, pressed)
    return None if told is None else Done(activity=replace(now, number=told.number), feedback=told.feedback)


def badge(now: Adjusting, person: Person) -> Done | None:
    """A manager's badge allows it, until the task ends; who works here is not changed by it."""
    if now.approved_by is not None or _MAY.isdisjoint(person.roles):
        return None
    return Done(activity=replace(now, approved_by=person.id), feedback=ok("adjust_allowed", person=person.name))


def undo(now: Activity, took: Took, reading: str) -> Done:
    after = replace(now, items=max(0, now.items - 1)) if isinstance(now, Adjusting) else now
    feedback = ok("undone_adjusted", what=took.what, bin=took.document or "")
    return Done(activity=after, feedback=feedback, facts=(FactDraft(data=Retracted(fact=UUID(reading), kind=Adjusted.name)),))


def _bin(now: Adjusting, place: str, read: Scanned) -> Done:
    if read.known.is_bin is False and now.doubted != place:
        return Done(activity=replace(now, doubted=place), feedback=wrong("bin_unknown", symbol=place), read_as=ReadAs.PLACE)
    feedback = ok("adjust_item", bin=place, **reason_args(now.reason or ""))
    return Done(activity=replace(now, bin=place, doubted=None), feedback=feedback, read_as=ReadAs.PLACE)


def _approval(now: Adjusting, read: Scanned) -> str | None:
    """Who allowed it: empty where nobody has to; None: somebody still has to.  A manager at work needs no other."""
    if now.approved_by is not None or not read.asks_manager:
        return now.approved_by or ""
    worker = read.worker
    return worker.id if worker is not None and not _MAY.isdisjoint(worker.roles) else None


def _book(now: Adjusting, place: str, reason: str, approved_by: str, read: Scanned) -> Done:
    goods, packs = goods_of(read), now.number or 1
    fact = Adjusted(
        bin=place,
        symbol=goods.symbol,
        gtin=goods.gtin,
        change=packs if reason == _ADDS else -packs,
        reason=reason,
        lot=goods.lot,
        expiry=goods.expiry,
        serial=goods.serial,
        approved_by=approved_by or None,
    )
    return Done(
        activity=replace(now, number=0, items=now.items + 1),
        feedback=_said(goods.is_unknown, fact, goods.args),
        facts=(FactDraft(data=fact, device=read.device),),
        took=Took(station="adjusting", what=goods.what, document=place, fact=Adjusted.name, quantity=packs),
    )


def _said(is_unknown: bool, fact: Adjusted, args: dict[str, str | int]) -> Feedback:  # noqa: FBT001 -- of one caller
    if is_unknown:
        return unknown("adjusted_unknown", symbol=fact.symbol.text, bin=fact.bin)
    return ok("adjusted", change=f"{fact.change:+d}", bin=fact.bin, **args, **reason_args(fact.reason))


BUTTONS: Final = (amounts.QUANTITY, *buttons(OF_STOCK))
STATION = Station(
    name="adjusting",
    command=Command.CORRECT,
    state=Adjusting,
    title=Says(en="Adjust", zh="调整库存"),
    words={
        "adjust_reason": Says(
            en="Adjusting. Scan the reason first: BROKEN, EXPIRED, SPOILED, STOLEN, LOST, FOUND, INHOUSE or OTHER.",
            zh="调整库存。先扫原因：BROKEN、EXPIRED、SPOILED、STOLEN、LOST、FOUND、INHOUSE 或 OTHER。",
        ),
        "adjust_reason_first": Says(
            en="{symbol} was not taken: scan the reason first, then the bin, then the item.",
            zh="{symbol} 没有记录：先扫原因，再扫货位，最后扫商品。",
        ),
        "adjust_bin": Says(en="{reason}. Scan the bin.", zh="{reason}。扫描货位。"),
        "adjust_item": Says(en="{reason}, bin {bin}. Scan each item.", zh="{reason}，货位 {bin}。逐件扫描商品。"),
        "adjust_manager": Says(
            en="Not booked: a manager's badge is needed. Have it scanned here, then scan the item again.",
            zh="没有记账：需要经理的工牌。让经理在这里扫工牌，再重扫商品。",
        ),
        "adjust_allowed": Says(en="{person} allows it. Scan the item again.", zh="{person} 已批准。重扫商品。"),
        "adjusted": Says(en="{name}: {change} in bin {bin} ({reason}).", zh="{name}：货位 {bin} {change}（{reason}）。"),
        "adjusted_unknown": Says(
            en="No article has code {symbol}. It is noted for bin {bin}; the office links it.",
            zh="没有商品使用条码 {symbol}。已记在货位 {bin}，由办公室关联。",
        ),
        "adjust_done": Says(en="Adjusted: {items:entry|entries}.", zh="调整完成：{items} 条。"),
        "undone_adjusted": Says(en="Taken back: {what} in bin {bin}.", zh="已撤销：货位 {bin} 的 {what}。"),
    },
    begin=begin,
    scan=scan,
    finish=finish,
    control=control,
    controls=(*OF_STOCK, *DIGITS),
    buttons=BUTTONS,
    undo=undo,
    badge=badge,
    wants_item=True,
    opens="bins",
    offers=lambda now: BUTTONS[0 if now.reason is not None else 1 :],
    notes=lambda now: (named(now.reason),) if now.reason is not None else (),
)
