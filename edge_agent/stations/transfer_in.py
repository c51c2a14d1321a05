"""Transfer in: INBOUND, the transfer's number (TR-…), items (+1 or digits before): `transfer_received`; DONE: `transfer_closed`.

BROKEN, EXPIRED or SPOILED before an item: it is kept apart.  DONE tells what is missing, where the box knows what should come, and
closes at the second time.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from drivers.symbols.commands import DIGITS, Command
from edge_agent.stations import amounts, recalled, tallies
from edge_agent.stations.goods import Goods, goods_of
from edge_agent.stations.model import Feedback, Known, Pressed, Scanned, duplicate, ok, unknown, wrong
from edge_agent.stations.reasons import DAMAGE, buttons, kept_apart, reason_args, reason_of
from edge_agent.stations.station import Activity, Done, Idle, Says, Segment, Station, Took
from edge_agent.stations.tallies import Tally
from edge_agent.stations.transfer_numbers import closed, lines_of, opened
from edge_agent.wire.facts import FactDraft, ReadAs, Retracted
from edge_agent.wire.goods_facts import Condition, TransferEnd, TransferReceived


class TakingIn(Activity, Struct, frozen=True, kw_only=True, omit_defaults=True, tag="transfer_in"):
    """Goods come from another site; `damage`: why the next one is kept apart."""

    transfer: str | None = None
    items: int = 0
    number: int = 0
    damage: str | None = None
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
    return _take(now, now.transfer, goods_of(read), read)


def finish(now: TakingIn, by: Pressed) -> Done:
    if now.transfer is None:
        return Done(activity=Idle(), feedback=ok("left"))
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


def _take(now: TakingIn, document: str, goods: Goods, read: Scanned) -> Done:
    quantity = now.number or 1
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


BUTTONS: Final = (amounts.QUANTITY, *buttons(DAMAGE))
STATION = Station(
    name="transfer_in",
    command=Command.INBOUND,
    state=TakingIn,
    title=Says(en="Transfer in", zh="调入"),
    words={
        "take_in_document": Says(en="Transfer in. Scan its number (TR-…).", zh="调入。扫描调拨单号(TR-…)。"),
        "take_in_done": Says(en="Transfer {document} has come: {items} items.", zh="调拨单 {document} 已收到:{items} 件。"),
        "transfer_to": Says(
            en="{document} to {partner}: {pieces} pieces of {articles} articles are to go. Scan each item.",
            zh="{document} 调往 {partner}:待发 {articles} 种商品共 {pieces} 件。逐件扫描商品。",
        ),
        "transfer_from": Says(
            en="{document} from {partner}: {pieces} pieces of {articles} articles are to come. Scan each item.",
            zh="{document} 来自 {partner}:待收 {articles} 种商品共 {pieces} 件。逐件扫描商品。",
        ),
        "transfer_goes": Says(
            en="{document} goes from here to {partner}. Scan OUTBOUND for it.",
            zh="{document} 是从这里调往 {partner} 的。扫 OUTBOUND 处理。",
        ),
        "transfer_comes": Says(
            en="{document} comes here from {partner}. Scan INBOUND for it.",
            zh="{document} 是从 {partner} 调来的。扫 INBOUND 处理。",
        ),
        "undone_taken_in": Says(en="Taken back: {what} of {document}.", zh="已撤销:{document} 的 {what}。"),
    },
    begin=begin,
    scan=scan,
    finish=finish,
    control=control,
    controls=(*DAMAGE, *DIGITS),
    buttons=BUTTONS,
    undo=undo,
    wants_item=True,
    opens="transfers",
    document=lambda now: now.transfer,
    works_on=lambda head: not head.is_outgoing,
    shows=shows,
    offers=lambda now: BUTTONS if now.transfer is not None else (),
    notes=lambda now: kept_apart(now.damage),
)
