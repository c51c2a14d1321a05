"""Transfer in: INBOUND, the transfer's number (TR-…), items (+1 or digits before): `transfer_received`; DONE: `transfer_closed`.

Goods that are tracked are asked for their lot and expiry where the symbol has none.  BROKEN, EXPIRED or SPOILED before an item: it
is kept apart.  DONE tells what is missing, where the box knows what should come, and closes at the second time.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from drivers.symbols.commands import DIGITS, Command
from edge_agent.stations import amounts, recalled, tallies
from edge_agent.stations.goods import Asked, Goods, Told, answered, ask, goods_of, missing, pressed_while_asked
from edge_agent.stations.model import Feedback, Known, Pressed, Scanned, duplicate, ok, unknown, wrong
from edge_agent.stations.reasons import DAMAGE, buttons, kept_apart, reason_args, reason_of
from edge_agent.stations.station import Activity, Button, Done, Idle, Says, Segment, Station, Took
from edge_agent.stations.tallies import Tally
from edge_agent.stations.transfer_numbers import closed, lines_of, opened
from edge_agent.wire.facts import FactDraft, ReadAs, Retracted
from edge_agent.wire.goods_facts import Condition, TransferEnd, TransferReceived


class TakingIn(Activity, Struct, frozen=True, kw_only=True, omit_defaults=True, tag="transfer_in"):
    """Goods come from another site; `damage`: why the next one is kept apart; `asked`: an item that waits for its lot or expiry."""

    transfer: str | None = None
    items: int = 0
    number: int = 0
    damage: str | None = None
    asked: Asked | None = None
    tallies: tuple[Tally, ...] = ()
    is_summed: bool = False


def begin() -> Done:
    return Done(activity=TakingIn(), feedback=ok("take_in_document"))


def scan(now: TakingIn, read: Scanned) -> Done:
    text = read.symbol.text
    if now.transfer is None:
        number, feedback = opened(read, is_outgoing=False)
        after = TakingIn(transfer=number) if number is not None else now
        return Done(activity=after, feedback=feedback, read_as=ReadAs.DOCUMENT if number is not None else ReadAs.ITEM)
    if text.upper() == now.transfer:
        return Done(activity=now, feedback=duplicate("document_again", symbol=text), read_as=ReadAs.DOCUMENT)
    if now.asked is not None:
        return _after(now, now.asked, answered(now.asked, read), read)
    goods = goods_of(read)
    quantity = 1 if goods.tracking == "serial" else now.number or 1
    what = missing(goods)
    if what is None:
        return _take(now, goods, quantity, read)
    told = ask(goods, quantity, what)
    return Done(activity=replace(now, asked=told.asked, number=0), feedback=told.feedback or ok("left"))


def finish(now: TakingIn, by: Pressed) -> Done:
    if now.transfer is None:
        return Done(activity=Idle(), feedback=ok("left"))
    if now.asked is not None:
        told = pressed_while_asked(now.asked, by)
        return _after(now, now.asked, told, by) if told is not None else Done(activity=now, feedback=wrong("no_task"))
    short = tallies.short_lines(lines_of(by.known, is_outgoing=False), now.tallies)
    if short and not now.is_summed:
        feedback = wrong("receipt_short", document=now.transfer, **tallies.short_args(short))
        return Done(activity=replace(now, is_summed=True), feedback=feedback)
    if not now.items and not short:
        return Done(activity=Idle(), feedback=ok("left"))
    feedback = ok("take_in_done", document=now.transfer, items=now.items)
    return Done(activity=Idle(), feedback=feedback, facts=(closed(now.transfer, TransferEnd.RECEIVED, by),))


def control(now: TakingIn, pressed: Pressed) -> Done | None:
    if now.transfer is None:
        return None
    if now.asked is not None:
        if pressed.control == "undo" and not now.asked.typed:
            return Done(activity=replace(now, asked=None), feedback=ok("undone_asked", **now.asked.goods.args))
        answer = pressed_while_asked(now.asked, pressed)
        return _after(now, now.asked, answer, pressed) if answer is not None else None
    reason = reason_of(pressed.control, DAMAGE)
    if reason is not None:
        return Done(activity=replace(now, damage=reason), feedback=ok("damage_next", **reason_args(reason)))
    if pressed.control == "undo" and now.damage is not None and not now.number:
        return Done(activity=replace(now, damage=None), feedback=ok("undone_reason"))
    told = amounts.typed(now.number, pressed)
    return None if told is None else Done(activity=replace(now, number=told.number), feedback=told.feedback)


def undo(now: Activity, took: Took, reading: str) -> Done:
    after = now
    if isinstance(now, TakingIn) and now.transfer == took.document:
        less = tallies.added(now.tallies, took.key or took.what, -took.quantity, 0)
        after = replace(now, items=max(0, now.items - 1), tallies=less, is_summed=False)
    fact = Retracted(fact=UUID(reading), kind=TransferReceived.name)
    feedback = ok("undone_taken_in", what=took.what, document=took.document or "")
    return Done(activity=after, feedback=feedback, facts=(FactDraft(data=fact),))


def shows(now: TakingIn, known: Known) -> tuple[Segment, ...]:
    return tallies.segments(lines_of(known, is_outgoing=False), now.tallies) if now.transfer is not None else ()


def open_work(now: TakingIn) -> Feedback | None:
    """Goods that wait for their lot are in nobody's books yet."""
    return wrong("asked_open", **now.asked.goods.args) if now.asked is not None else None


def _after(now: TakingIn, asked: Asked, told: Told, given: Scanned | Pressed) -> Done:
    if told.goods is not None:
        return _take(replace(now, asked=None), told.goods, asked.quantity, given)
    return Done(activity=replace(now, asked=told.asked), feedback=told.feedback or ok("left"))


def _take(now: TakingIn, goods: Goods, quantity: int, read: Scanned | Pressed) -> Done:
    document = now.transfer or ""
    damage = now.damage or (recalled.REASON if recalled.is_recalled(goods) else None)
    fact = TransferReceived(
        document=document,
        symbol=goods.symbol,
        gtin=goods.gtin,
        quantity=quantity,
        lot=goods.lot,
        expiry=goods.expiry,
        serial=goods.serial,
        condition=Condition.DAMAGED if damage else Condition.GOOD,
        reason=damage,
    )
    line = tallies.line_of(lines_of(read.known, is_outgoing=False), goods)
    units = goods.units(quantity)
    counted = tallies.added(now.tallies, goods.key, units, line.got if line is not None else 0)
    after = replace(now, items=now.items + quantity, number=0, damage=None, tallies=counted, is_summed=False)
    got = (tallies.got(counted, line), line.expected) if line is not None else None
    took = Took(
        station="transfer_in", what=goods.what, document=document, fact=TransferReceived.name, key=goods.key, quantity=units
    )  # fmt: skip
    feedback = recalled.to_look_at(goods, _taken(after, document, goods, got, now.damage))
    return Done(activity=after, feedback=feedback, facts=(FactDraft(data=fact, device=read.device),), took=took)


def _taken(now: TakingIn, document: str, goods: Goods, got: tuple[int, int] | None, damage: str | None) -> Feedback:
    args: dict[str, str | int] = goods.args | {"items": now.items, "document": document}
    if recalled.is_recalled(goods):
        return recalled.kept_apart(goods)
    if damage is not None:
        return ok("received_damaged", **args, **reason_args(damage))
    if goods.is_unknown:
        return unknown("received_unknown", symbol=goods.what, document=document)
    if got is None:
        return ok("received", **args)
    args |= {"got": got[0], "expected": got[1], "over": got[0] - got[1]}
    return ok("received_over" if got[0] > got[1] else "received_of", **args)


BUTTONS: Final = (amounts.QUANTITY, *buttons(DAMAGE), Button("nothing", Says(en="None on it", zh="没有")))


def offers(now: TakingIn) -> tuple[Button, ...]:
    """Of the buttons, those that mean something now."""
    if now.transfer is None:
        return ()
    return BUTTONS[-1:] if now.asked is not None else BUTTONS[:-1]


STATION = Station(
    name="transfer_in",
    command=Command.INBOUND,
    state=TakingIn,
    title=Says(en="Transfer in", zh="调入"),
    words={
        "take_in_document": Says(en="Transfer in. Scan its number (TR-…).", zh="调入。扫描调拨单号（TR-…）。"),
        "take_in_done": Says(en="Transfer {document} has come: {items:item|items}.", zh="调拨单 {document} 已收到：{items} 件。"),
        "transfer_to": Says(
            en="{document} to {partner}: {pieces:piece|pieces} of {articles:article|articles} to go. Scan each item.",
            zh="{document} 调往 {partner}：待发 {articles} 种商品共 {pieces} 件。逐件扫描商品。",
        ),
        "transfer_from": Says(
            en="{document} from {partner}: {pieces:piece|pieces} of {articles:article|articles} to come. Scan each item.",
            zh="{document} 来自 {partner}：待收 {articles} 种商品共 {pieces} 件。逐件扫描商品。",
        ),
        "transfer_goes": Says(
            en="{document} goes from here to {partner}. Scan OUTBOUND for it.",
            zh="{document} 是从这里调往 {partner} 的。扫 OUTBOUND 处理。",
        ),
        "transfer_comes": Says(
            en="{document} comes here from {partner}. Scan INBOUND for it.",
            zh="{document} 是从 {partner} 调来的。扫 INBOUND 处理。",
        ),
        "undone_taken_in": Says(en="Taken back: {what} of {document}.", zh="已撤销：{document} 的 {what}。"),
    },
    begin=begin,
    scan=scan,
    finish=finish,
    control=control,
    controls=(*DAMAGE, Command.NOTHING, *DIGITS),
    buttons=BUTTONS,
    undo=undo,
    wants_item=True,
    opens="transfers",
    document=lambda now: now.transfer,
    works_on=lambda head: not head.is_outgoing,
    shows=shows,
    offers=offers,
    notes=lambda now: kept_apart(now.damage),
    open_work=open_work,
)
