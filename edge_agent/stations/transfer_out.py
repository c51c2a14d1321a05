"""Transfer out: OUTBOUND, the transfer's number (TR-…), items (+1 or digits before): `transfer_sent`; DONE: `transfer_closed`.

A bin's barcode before items says where they lay; a site's id where they go, if the office has not announced the transfer.  DONE
tells what is not sent yet, where the box knows what should go, and closes at the second time.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from drivers.symbols.commands import DIGITS, Command
from edge_agent.stations import amounts, recalled, tallies
from edge_agent.stations.goods import Goods, goods_of
from edge_agent.stations.model import Feedback, Item, Known, Pressed, Scanned, duplicate, ok, unknown, wrong
from edge_agent.stations.station import Activity, Done, Idle, Line, Says, Segment, Station, Took
from edge_agent.stations.tallies import Tally
from edge_agent.stations.transfer_numbers import closed, lines_of, opened
from edge_agent.wire.facts import FactDraft, ReadAs, Retracted
from edge_agent.wire.goods_facts import TransferEnd, TransferSent
from edge_agent.wire.open_work import ExpectedLine


class Sending(Activity, Struct, frozen=True, kw_only=True, omit_defaults=True, tag="transfer_out"):
    """Goods leave for another site; `bin`: where the next ones lie, `to`: the site that they go to; None: nobody said."""

    transfer: str | None = None
    items: int = 0
    number: int = 0
    bin: str | None = None
    to: str | None = None
    tallies: tuple[Tally, ...] = ()
    is_summed: bool = False


def begin() -> Done:
    return Done(activity=Sending(), feedback=ok("send_document"))


def scan(now: Sending, read: Scanned) -> Done:
    text = read.symbol.text
    if now.transfer is None:
        number, feedback = opened(read, is_outgoing=True)
        after = Sending(transfer=number) if number is not None else now
        return Done(activity=after, feedback=feedback, read_as=ReadAs.DOCUMENT if number is not None else ReadAs.ITEM)
    if text.upper() == now.transfer:
        return Done(activity=now, feedback=duplicate("document_again", symbol=text), read_as=ReadAs.DOCUMENT)
    place = _place(now, read) if read.gtin is None else None
    if place is not None:
        return place
    goods = goods_of(read)
    refused = recalled.refused(goods)
    return Done(activity=now, feedback=refused) if refused is not None else _send(now, now.transfer, goods, read)


def _place(now: Sending, read: Scanned) -> Done | None:
    """A bin that the next goods come from, or the site that they go to where the office has not said it; None: it is goods."""
    text = read.symbol.text
    if read.known.is_bin is True:
        return Done(activity=replace(now, bin=text), feedback=ok("send_from", bin=text), read_as=ReadAs.PLACE)
    name = next((name for site, name in read.known.sites if site == text.lower()), None)
    if name is None or isinstance(read.item, Item):
        return None
    return Done(activity=replace(now, to=text.lower()), feedback=ok("send_to", site=name), read_as=ReadAs.PLACE)


def _send(now: Sending, transfer: str, goods: Goods, read: Scanned) -> Done:
    quantity = now.number or 1
    fact = TransferSent(
        document=transfer,
        symbol=goods.symbol,
        gtin=goods.gtin,
        quantity=quantity,
        lot=goods.lot,
        expiry=goods.expiry,
        serial=goods.serial,
        bin=now.bin,
        to=now.to,
    )
    line = tallies.line_of(lines_of(read.known, is_outgoing=True), goods)
    units = goods.units(quantity)
    counted = tallies.added(now.tallies, goods.key, units, line.got if line is not None else 0)
    after = replace(now, items=now.items + quantity, number=0, tallies=counted, is_summed=False)
    took = Took(
        station="transfer_out", what=goods.what, document=transfer, fact=TransferSent.name, key=goods.key, quantity=units
    )  # fmt: skip
    facts = (FactDraft(data=fact, device=read.device),)
    return Done(activity=after, feedback=recalled.to_look_at(goods, _sent(after, goods, line)), facts=facts, took=took)


def _sent(now: Sending, goods: Goods, line: ExpectedLine | None) -> Feedback:
    args: dict[str, str | int] = goods.args | {"items": now.items, "document": now.transfer or ""}
    if goods.is_unknown:
        return unknown("sent_unknown", symbol=goods.what, document=now.transfer or "")
    if line is None:
        return ok("sent", **args)
    have = tallies.got(now.tallies, line)
    args |= {"got": have, "expected": line.expected, "over": have - line.expected}
    return ok("sent_over" if have > line.expected else "sent_of", **args)


def finish(now: Sending, by: Pressed) -> Done:
    if now.transfer is None:
        return Done(activity=Idle(), feedback=ok("left"))
    short = tallies.short_lines(lines_of(by.known, is_outgoing=True), now.tallies)
    if short and not now.is_summed:
        feedback = wrong("send_short", document=now.transfer, **tallies.short_args(short))
        return Done(activity=replace(now, is_summed=True), feedback=feedback)
    if not now.items and not short:
        return Done(activity=Idle(), feedback=ok("left"))
    feedback = ok("send_done", document=now.transfer, items=now.items)
    return Done(activity=Idle(), feedback=feedback, facts=(closed(now.transfer, TransferEnd.SENT, by),))


def control(now: Sending, pressed: Pressed) -> Done | None:
    if pressed.control == "undo" and now.bin is not None and not now.number:
        return Done(activity=replace(now, bin=None), feedback=ok("send_from_undone", bin=now.bin))
    told = amounts.typed(now.number, pressed) if now.transfer is not None else None
    return None if told is None else Done(activity=replace(now, number=told.number), feedback=told.feedback)


def undo(now: Activity, took: Took, reading: str) -> Done:
    after = now
    if isinstance(now, Sending) and now.transfer == took.document:
        less = tallies.added(now.tallies, took.key or took.what, -took.quantity, 0)
        after = replace(now, items=max(0, now.items - 1), tallies=less, is_summed=False)
    feedback = ok("undone_sent", what=took.what, document=took.document or "")
    return Done(activity=after, feedback=feedback, facts=(FactDraft(data=Retracted(fact=UUID(reading), kind=TransferSent.name)),))


def shows(now: Sending, known: Known) -> tuple[Segment, ...]:
    """What is to go; of a transfer that the office has not announced the sites that it may go to."""
    if now.transfer is None:
        return ()
    sites = tuple(Line(Says(name, name), site, symbol=site, is_done=site == now.to) for site, name in known.sites)
    return (*tallies.segments(lines_of(known, is_outgoing=True), now.tallies), *((Segment(GOES_TO, sites),) if sites else ()))


GOES_TO: Final = Says(en="Where does it go?", zh="调往哪里？")
BUTTONS: Final = (amounts.QUANTITY,)
STATION = Station(
    name="transfer_out",
    command=Command.OUTBOUND,
    state=Sending,
    title=Says(en="Transfer out", zh="调出"),
    words={
        "send_document": Says(en="Transfer out. Scan its number (TR-…).", zh="调出。扫描调拨单号（TR-…）。"),
        "send_from": Says(en="From bin {bin}. Scan each item.", zh="从货位 {bin} 取货。逐件扫描商品。"),
        "send_to": Says(en="It goes to {site}. Scan each item.", zh="调往 {site}。逐件扫描商品。"),
        "send_from_undone": Says(
            en="Bin {bin} is dropped: nobody says where the next items lie.", zh="货位 {bin} 已取消，下一件不记来源货位。"
        ),
        "sent": Says(en="{name} — sent, {items} on {document}.", zh="{name} — 已调出，{document} 共 {items} 件。"),
        "sent_of": Says(en="{name} — {got} of {expected} sent.", zh="{name} — 已调出 {got} / {expected}。"),
        "sent_over": Says(
            en="{name} — {got} of {expected} sent: {over} more than wanted. Saved; take them back with UNDO.",
            zh="{name} — 已调出 {got} / {expected}，多 {over} 件。已保存；放回则扫 UNDO。",
        ),
        "sent_unknown": Says(
            en="No article has code {symbol}. It goes with {document}; the office links it.",
            zh="没有商品使用条码 {symbol}。已随 {document} 调出，由办公室关联。",
        ),
        "send_short": Says(
            en="{document}: not sent: {pieces:piece|pieces} of {count:article|articles}: {lines}. "
            "DONE once more closes it, or scan on.",
            zh="{document}：{count} 种商品未调出 {pieces} 件：{lines}。再扫 DONE 结束；否则继续扫描。",
        ),
        "send_done": Says(en="Transfer {document} is on its way: {items:item|items}.", zh="调拨单 {document} 已发出：{items} 件。"),
        "undone_sent": Says(
            en="Taken back: {what} of {document}. Put it back into its bin.", zh="已撤销：{document} 的 {what}。放回原货位。"
        ),
    },
    begin=begin,
    scan=scan,
    finish=finish,
    control=control,
    controls=DIGITS,
    buttons=BUTTONS,
    undo=undo,
    wants_item=True,
    opens="transfers",
    document=lambda now: now.transfer,
    works_on=lambda head: head.is_outgoing,
    shows=shows,
    offers=lambda now: BUTTONS if now.transfer is not None else (),
)
