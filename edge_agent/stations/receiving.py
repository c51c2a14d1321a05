"""Receiving: RECEIVE, the delivery's barcode (an order, a notice, any paper), then items: `received`; DONE: `receipt_closed`.

Digits before an item say how many.  Goods that are tracked are asked for their lot and expiry where the symbol has none.  BROKEN,
EXPIRED or SPOILED before an item: it is kept apart.  SHORT before an item: too little of it came.  STICKER: labels for what just
came.  DONE tells what is missing, where the box knows what should come, and closes at the second time.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from msgspec.structs import replace

from drivers.symbols.commands import DIGITS, Command
from edge_agent.stations import amounts, recalled, tallies
from edge_agent.stations.goods import Asked, Goods, Told, answered, ask, goods_of, missing, pressed_while_asked
from edge_agent.stations.lot_label import printed
from edge_agent.stations.model import Feedback, Item, Pressed, Scanned, duplicate, ok, unknown, wrong
from edge_agent.stations.reasons import DAMAGE, OF_GOODS, WHY_SHORT, reason_args, reason_of
from edge_agent.stations.receiving_state import BUTTONS, Came, Receiving, expected_lines, notes, offers, shows
from edge_agent.stations.receiving_words import WORDS
from edge_agent.stations.station import Activity, Done, Idle, Says, Station, Took
from edge_agent.stations.tallies import Tally
from edge_agent.wire.facts import FactDraft, ReadAs, ReceiptClosed, Received, Retracted, ShortLine
from edge_agent.wire.goods_facts import Condition
from edge_agent.wire.open_work import ExpectedLine, OpenReceipt

MOST_SHORT: Final = 300
"""Lines of a closing: more do not fit into a message, and the office knows what did not come all the same."""


def begin() -> Done:
    return Done(activity=Receiving(), feedback=ok("receive_document"))


def scan(now: Receiving, read: Scanned) -> Done:
    text = read.symbol.text
    if now.document is None and not now.without_paper:
        return _document(now, read)
    if now.asked is not None:
        return _after(now, now.asked, answered(now.asked, read), read)
    if text == now.document:
        return Done(activity=now, feedback=duplicate("document_again", symbol=text), read_as=ReadAs.DOCUMENT)
    goods = goods_of(read)
    if now.is_short_next:
        return _noted_short(now, goods)
    quantity = 1 if goods.tracking == "serial" else now.number or 1
    what = missing(goods)
    if what is not None:
        told = ask(goods, quantity, what)
        return Done(activity=replace(now, asked=told.asked, number=0), feedback=told.feedback or ok("left"))
    return _take(now, goods, quantity, read)


def finish(now: Receiving, by: Pressed) -> Done:
    if now.asked is not None:
        told = pressed_while_asked(now.asked, by)
        return _after(now, now.asked, told, by) if told is not None else Done(activity=now, feedback=wrong("no_task"))
    if now.document is None and not now.items:
        return Done(activity=Idle(), feedback=ok("left"))
    short = tallies.short_lines(expected_lines(by.known), now.tallies)
    if short and not now.is_summed:
        feedback = wrong("receipt_short", document=now.document or "", **tallies.short_args(short))
        return Done(activity=replace(now, is_summed=True), feedback=feedback)
    if not short and not now.items and not now.short:
        return Done(activity=Idle(), feedback=ok("left"))
    named = {line.symbol.text: line.reason for line in now.short}
    lines = [each for each in tallies.as_short(short, {}, now.why_short) if each.symbol.text not in named]
    fact = ReceiptClosed(document=now.document, short=[*now.short, *lines][:MOST_SHORT])
    code = "receipt_closed_short" if fact.short else "receipt_closed"
    feedback = ok(code, document=now.document or "—", items=now.items, short=len(fact.short))
    return Done(activity=Idle(), feedback=feedback, facts=(FactDraft(data=fact, device=by.device),))


def control(now: Receiving, pressed: Pressed) -> Done | None:
    if now.asked is not None:
        if pressed.control == "undo" and not now.asked.typed:
            return Done(activity=replace(now, asked=None), feedback=ok("undone_asked", **now.asked.goods.args))
        told = pressed_while_asked(now.asked, pressed)
        return _after(now, now.asked, told, pressed) if told is not None else None
    if pressed.control == "nothing" and now.document is None:
        return Done(activity=replace(now, without_paper=True), feedback=ok("receive_without"))
    if now.document is None and not now.without_paper:
        return None
    reason = reason_of(pressed.control, OF_GOODS)
    if reason is not None:
        return _reasoned(now, pressed.control, reason)
    match pressed.control:
        case "short":
            return Done(activity=replace(now, is_short_next=True, damage=None), feedback=ok("short_next"))
        case "sticker":
            return _labels(now, pressed)
        case "undo" if now.is_short_next or now.damage:
            return Done(activity=replace(now, is_short_next=False, damage=None), feedback=ok("undone_reason"))
        case _:
            return _numbered(now, pressed)


def undo(now: Activity, took: Took, reading: str) -> Done:
    """What is told after a delivery was checked still counts, and so does what is taken back."""
    if took.fact is None:
        return _short_undone(now, took)
    is_same = isinstance(now, Receiving) and now.document == took.document
    after: Activity = now
    if is_same and isinstance(now, Receiving):
        after = replace(now, items=max(0, now.items - 1), tallies=_less(now.tallies, took), is_summed=False)
    fact = Retracted(fact=UUID(reading), kind=Received.name)
    feedback = ok("undone_received", what=took.what, document=took.document or "—")
    return Done(activity=after, feedback=feedback, facts=(FactDraft(data=fact),))


def open_work(now: Receiving) -> Feedback | None:
    """Goods that wait for their lot are in nobody's books yet."""
    return wrong("asked_open", **now.asked.goods.args) if now.asked is not None else None


def _numbered(now: Receiving, pressed: Pressed) -> Done | None:
    told = amounts.typed(now.number, pressed)
    return None if told is None else Done(activity=replace(now, number=told.number), feedback=told.feedback)


def _document(now: Receiving, read: Scanned) -> Done:
    text = read.symbol.text
    if read.gtin is not None:
        return Done(activity=now, feedback=wrong("need_document", symbol=text))
    known = read.known.document
    after = Receiving(document=text)
    if isinstance(known, OpenReceipt):
        pieces = sum(max(0, line.expected - line.got) for line in known.lines)
        feedback = ok("receive_known", document=text, supplier=known.supplier, lines=len(known.lines), pieces=pieces)
        return Done(activity=after, feedback=feedback, read_as=ReadAs.DOCUMENT)
    return Done(activity=after, feedback=ok("receive_ready", document=text), read_as=ReadAs.DOCUMENT)


def _take(now: Receiving, goods: Goods, quantity: int, given: Scanned | Pressed) -> Done:
    damage = now.damage or (recalled.REASON if recalled.is_recalled(goods) else None)
    fact = Received(
        document=now.document,
        symbol=goods.symbol,
        gtin=goods.gtin,
        quantity=quantity,
        lot=goods.lot,
        expiry=goods.expiry,
        serial=goods.serial,
        condition=Condition.DAMAGED if damage else Condition.GOOD,
        reason=damage,
    )
    line = tallies.line_of(expected_lines(given.known), goods)
    counted = tallies.added(now.tallies, goods.key, goods.units(quantity), line.got if line is not None else 0)
    item = given.item if isinstance(given, Scanned) and isinstance(given.item, Item) else None
    after = replace(
        now,
        items=now.items + quantity,
        number=0,
        damage=None,
        asked=None,
        tallies=counted,
        latest=Came(goods=goods, quantity=quantity, item=item),
        is_summed=False,
    )
    return Done(
        activity=after,
        feedback=recalled.to_look_at(goods, _taken(after, goods, line, now.damage)),
        facts=(FactDraft(data=fact, device=given.device),),
        took=Took(
            station="receiving", what=goods.what, document=now.document, fact=Received.name, key=goods.key,
            quantity=goods.units(quantity),
        ),
    )  # fmt: skip


def _taken(now: Receiving, goods: Goods, line: ExpectedLine | None, damage: str | None) -> Feedback:
    args = goods.args | {"items": now.items, "document": now.document or "—"}
    if recalled.is_recalled(goods):
        return recalled.kept_apart(goods)
    if damage is not None:
        return ok("received_damaged", **args, **reason_args(damage))
    if goods.is_unknown:
        return unknown("received_unknown", symbol=goods.symbol.text, document=now.document or "—")
    if line is None:
        return ok("received", **args)
    have = tallies.got(now.tallies, line)
    args |= {"got": have, "expected": line.expected, "over": have - line.expected}
    return ok("received_over" if have > line.expected else "received_of", **args)


def _after(now: Receiving, asked: Asked, told: Told, given: Scanned | Pressed) -> Done:
    if told.goods is not None:
        return _take(replace(now, asked=None), told.goods, asked.quantity, given)
    return Done(activity=replace(now, asked=told.asked), feedback=told.feedback or ok("left"))


def _reasoned(now: Receiving, pressed: str, reason: str) -> Done:
    """After the summary, or after SHORT, it says why goods are missing; before an item, why that is kept apart."""
    if now.is_summed or now.is_short_next:
        return Done(activity=replace(now, why_short=reason), feedback=ok("short_because", **reason_args(reason)))
    if reason_of(pressed, DAMAGE) is None:
        return Done(activity=now, feedback=wrong("not_here", command=pressed.upper()))
    return Done(activity=replace(now, damage=reason), feedback=ok("damage_next", **reason_args(reason)))


def _noted_short(now: Receiving, goods: Goods) -> Done:
    line = ShortLine(symbol=goods.symbol, gtin=goods.gtin, reason=now.why_short)
    others = tuple(each for each in now.short if each.symbol != goods.symbol)
    after = replace(now, is_short_next=False, why_short=None, short=(*others, line)[-tallies.MOST_TALLIES :])
    took = Took(station="receiving", what=goods.what, document=now.document, symbol=goods.symbol)
    return Done(activity=after, feedback=ok("short_noted", **goods.args), took=took)


def _short_undone(now: Activity, took: Took) -> Done:
    if not isinstance(now, Receiving) or now.document != took.document:
        return Done(activity=now, feedback=wrong("undo_receipt_closed", document=took.document or "—"))
    after = replace(now, short=tuple(each for each in now.short if each.symbol != took.symbol))
    return Done(activity=after, feedback=ok("undone_short_line", what=took.what))


def _less(counted: tuple[Tally, ...], took: Took) -> tuple[Tally, ...]:
    """Without what is taken back; found by the symbol where the box does not know the goods."""
    return tallies.added(counted, took.key or took.what, -took.quantity, 0)


def _labels(now: Receiving, pressed: Pressed) -> Done:
    if now.latest is None:
        return Done(activity=now, feedback=wrong("label_nothing_before"))
    came = now.latest
    after = replace(now, number=0)
    return printed(after, came.goods, now.number or came.quantity, pressed)


STATION = Station(
    name="receiving",
    command=Command.RECEIVE,
    state=Receiving,
    title=Says(en="Receive", zh="收货"),
    words=WORDS,
    controls=(*DAMAGE, Command.SHORT, *WHY_SHORT, Command.NOTHING, *DIGITS),
    buttons=BUTTONS,
    begin=begin,
    scan=scan,
    finish=finish,
    control=control,
    undo=undo,
    open_work=open_work,
    wants_item=True,
    opens="receipts",
    document=lambda now: now.document,
    shows=shows,
    offers=offers,
    notes=notes,
)
