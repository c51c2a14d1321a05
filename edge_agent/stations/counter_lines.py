"""Lines of an order at the counter: from items, weights, templates; changed and taken out again."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final, assert_never

from msgspec.structs import replace

from edge_agent.stations import recalled
from edge_agent.stations.counter_state import Asking, Basket, BasketLine, Counter, Read, Weighing
from edge_agent.stations.counter_words import how
from edge_agent.stations.goods import Ask, Goods, ask, goods_of
from edge_agent.stations.item_words import item_arguments
from edge_agent.stations.model import Feedback, Item, Missing, Scanned, Weighed, ok, unknown, wrong
from edge_agent.stations.station import Done, Took
from edge_agent.wire.facts import ReadAs
from edge_agent.wire.messages import Symbol
from edge_agent.wire.order_facts import BUILT_IN, MOST_LINES, OrderTemplate, Shortcut, TemplateLine

_BUILT_IN: Final = {preset.number: preset for preset in BUILT_IN}
_PREFIXES: Final = ("OT-", "OP-")
_WEIGHED: Final = "gram"


def shortcut(now: Counter, read: Scanned) -> Done | None:
    """A template or a preset was scanned; None: neither."""
    text = read.symbol.text.upper()
    found = read.known.document
    if isinstance(found, OrderTemplate) and found.kind == "template":
        return _template(now, found, read)
    if isinstance(found, OrderTemplate):
        return _preset(now, Shortcut(number=found.number, title=found.title, kind="preset", pays=found.pays, goes=found.goes))
    if text in _BUILT_IN:
        return _preset(now, _BUILT_IN[text])
    if text.startswith(_PREFIXES) and read.gtin is None and not isinstance(read.item, Item):
        return Done(activity=now, feedback=unknown("counter_template_unknown", symbol=text), read_as=ReadAs.DOCUMENT)
    return None


def scanned_item(now: Counter, read: Scanned) -> Done:
    match read.item:
        case Item() as item:
            return _item(now, item, read)
        case Missing.UNKNOWN:
            feedback = unknown("counter_unknown", symbol=read.symbol.text)
        case Missing.SEVERAL:
            feedback = wrong("lookup_several", symbol=read.symbol.text)
        case Missing.NO_CATALOGUE | None:
            feedback = wrong("lookup_no_catalogue")
        case Missing.LATE:
            feedback = wrong("lookup_late", symbol=read.symbol.text)
        case _ as never:
            assert_never(never)
    return Done(activity=now, feedback=feedback)


def weighed_goods(now: Counter, weighed: Weighed) -> Done:
    """What was scanned last lies on the scale.  Scales tell finer than whole grams; a gram is what stock is counted in."""
    waiting = now.weighing
    if waiting is None:
        return Done(activity=now, feedback=wrong("counter_no_line"))
    grams = _whole(weighed.weight.grams)
    if grams <= 0:
        feedback = wrong("counter_scale_empty", grams=str(weighed.weight.grams), **waiting.goods.args)
        return Done(activity=now, feedback=feedback)
    line = BasketLine(key=weighed.id, goods=waiting.goods, price_minor=waiting.price_minor, measure=grams)
    return _added(replace(now, weighing=None), line, waiting.currency, 1)


def corrected(now: Counter, number: int) -> Done:
    """The selected line is so many from now on; without a number, the next item that is scanned is the one to correct."""
    line = now.basket.line(now.basket.selected)
    if line is None:
        return Done(activity=now, feedback=wrong("counter_no_line"))
    if not number:
        return Done(activity=replace(now, is_correcting=True), feedback=ok("counter_correct"))
    if line.goods.serial is not None and number > 1:
        return Done(activity=replace(now, number=0), feedback=wrong("counter_serial_one", **line.goods.args))
    line = replace(line, quantity=number) if line.is_counted else replace(line, measure=number)
    after = replace(now, basket=now.basket.with_line(line), number=0, is_correcting=False)
    return Done(activity=after, feedback=_said("counter_changed", line, after.basket))


def taken_out(now: Counter) -> Done:
    line = now.basket.line(now.basket.selected)
    if line is None:
        return Done(activity=now, feedback=wrong("counter_no_line"))
    after = replace(now, basket=now.basket.without(line.key), number=0, is_correcting=False)
    return Done(activity=after, feedback=ok("counter_taken_out", **line.goods.args, **_due(after.basket)))


def _item(now: Counter, item: Item, read: Scanned) -> Done:
    goods = goods_of(read)
    if now.is_correcting:
        return _selected(now, goods)
    refused = recalled.refused(goods) or _sold_twice(now, goods) or _refusal(now.basket, item)
    if refused is not None:
        return Done(activity=now, feedback=refused)
    measure = _whole(read.grams) if read.grams is not None and item.unit == _WEIGHED else None
    wanted = Read(
        goods=goods, price_minor=item.price_minor, currency=item.currency, key=read.id, number=now.number, measure=measure
    )
    what = _unsaid(goods)
    if what is None:
        return taken(now, wanted)
    told = ask(goods, 1, what)
    asking = Asking(read=wanted, asked=told.asked) if told.asked is not None else None
    return Done(activity=replace(now, asking=asking, number=0), feedback=told.feedback or ok("left"))


def taken(now: Counter, read: Read) -> Done:
    """All is known of these goods that is asked of them: they are a line, or wait for the scale."""
    goods, number, measure = read.goods, read.number, read.measure
    refused = recalled.refused(goods) or _sold_twice(now, goods)
    if refused is not None:
        return Done(activity=replace(now, asking=None), feedback=refused)
    now = replace(now, asking=None)
    is_by_the_gram = goods.unit == _WEIGHED and goods.numerator == goods.denominator
    if is_by_the_gram and measure is None and not number:
        waiting = Weighing(goods=goods, price_minor=read.price_minor, currency=read.currency)
        return Done(activity=replace(now, weighing=waiting), feedback=ok("counter_weigh", **goods.args))
    packs = 1 if goods.serial is not None else number or 1
    if is_by_the_gram:
        measure = measure * packs if measure else packs
    elif measure is not None:
        measure *= packs
    line = BasketLine(key=read.key, goods=goods, price_minor=read.price_minor, quantity=1 if measure else packs, measure=measure)
    return _added(now, line, read.currency, packs)


def _unsaid(goods: Goods) -> Ask | None:
    """What is asked of goods before they are sold: whoever sells need not know when their lot expires."""
    if goods.tracking == "serial" and goods.serial is None:
        return "serial"
    return "lot" if goods.tracking == "lot" and goods.lot is None and goods.expiry is None else None


def _sold_twice(now: Counter, goods: Goods) -> Feedback | None:
    """A serial number names one piece: the same one again is a mistake, also in an order that was put aside."""
    if goods.serial is None:
        return None
    piece = (goods.key, goods.serial)
    for line in (line for basket in (now.basket, *now.parked) for line in basket.lines):
        if (line.goods.key, line.goods.serial) == piece:
            return wrong("counter_serial_twice", serial=goods.serial, **goods.args)
    return None


def _selected(now: Counter, goods: Goods) -> Done:
    line = next((line for line in reversed(now.basket.lines) if line.goods.key == goods.key), None)
    if line is None:
        return Done(activity=replace(now, is_correcting=False), feedback=wrong("counter_not_in_it", symbol=goods.what))
    after = replace(now, basket=replace(now.basket, selected=line.key), is_correcting=False)
    return Done(activity=after, feedback=ok("counter_selected", base_units=line.units, **goods.args))


def _refusal(basket: Basket, item: Item) -> Feedback | None:
    if not item.price_minor:
        return wrong("counter_unpriced", **item_arguments(item))
    if basket.currency and basket.currency != item.currency and basket.lines:
        return wrong("counter_currency", **item_arguments(item))
    return None


def _added(now: Counter, line: BasketLine, currency: str, packs: int) -> Done:
    """The same goods at the same price are one line, if they are counted."""
    same = next((each for each in now.basket.lines if _is_same(each, line)), None)
    if same is None and len(now.basket.lines) >= MOST_LINES:
        return Done(activity=now, feedback=wrong("counter_full", most=MOST_LINES))
    line = line if same is None else replace(same, quantity=same.quantity + packs)
    basket = replace(now.basket, currency=currency).with_line(line)
    took = Took(station="counter", what=line.goods.what, key=line.key, quantity=packs)
    feedback = recalled.to_look_at(line.goods, _said("counter_line", line, basket))
    return Done(activity=replace(now, basket=basket, number=0), feedback=feedback, took=took)


def _is_same(one: BasketLine, other: BasketLine) -> bool:
    if one.template or not (one.is_counted and other.is_counted):
        return False
    if one.goods.serial is not None or other.goods.serial is not None:
        return False
    return _sort(one) == _sort(other)


def _sort(line: BasketLine) -> tuple[object, ...]:
    goods = line.goods
    return goods.key, goods.numerator, line.price_minor, goods.lot, goods.expiry


def _template(now: Counter, template: OrderTemplate, read: Scanned) -> Done:
    """Digits before it: so many times."""
    times = now.number or 1
    currency = now.basket.currency if now.basket.lines else next((line.currency for line in template.lines if line.price_minor), "")
    sold = [line for line in template.lines if line.price_minor and line.currency == currency]
    if not sold:
        return Done(activity=now, feedback=wrong("counter_template_empty", title=template.title), read_as=ReadAs.DOCUMENT)
    if len(now.basket.lines) + len(sold) > MOST_LINES:
        return Done(activity=now, feedback=wrong("counter_full", most=MOST_LINES), read_as=ReadAs.DOCUMENT)
    basket = replace(now.basket, currency=currency, templates=(*now.basket.templates, template.number))
    for number, line in enumerate(sold):
        basket = basket.with_line(_from_template(line, f"{read.id}/{number}", times, template.number))
    feedback = ok("counter_template", title=template.title, added=len(sold), **_due(basket))
    took = Took(station="counter", what=template.title or template.number, key=f"{read.id}/", document=template.number)
    after = replace(now, basket=basket, number=0)
    return Done(activity=after, feedback=feedback, read_as=ReadAs.DOCUMENT, took=took)


def _from_template(line: TemplateLine, key: str, times: int, template: str) -> BasketLine:
    symbol = Symbol(text=line.symbol)
    goods = Goods(
        symbol=symbol,
        gtin=line.gtin,
        sku=line.sku,
        name_en=line.name_en,
        name_zh=line.name_zh,
        unit=line.unit,
        tax_class=line.tax_class,
    )
    units = line.quantity * times
    return BasketLine(key=key, goods=goods, price_minor=line.price_minor, measure=units, template=template)


def _preset(now: Counter, preset: Shortcut) -> Done:
    basket = replace(now.basket, pays=preset.pays, goes=preset.goes, preset=preset.number)
    says = how(preset.pays, preset.goes)
    feedback = ok("counter_preset", how_en=says.en, how_zh=says.zh)
    return Done(activity=replace(now, basket=basket), feedback=feedback, read_as=ReadAs.DOCUMENT)


def _said(code: str, line: BasketLine, basket: Basket) -> Feedback:
    return ok(code, base_units=line.units, amount_minor=line.amount_minor, **line.goods.args, **_due(basket))


def _due(basket: Basket) -> dict[str, str | int]:
    return {"due_minor": basket.due_minor, "currency": basket.currency}


def _whole(grams: Decimal) -> int:
    return int(grams.to_integral_value(ROUND_HALF_UP))
