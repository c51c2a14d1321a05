"""What the counter's page shows: the order's lines, presets and templates as buttons, and what means something now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from edge_agent.stations.counter_state import BasketLine, Counter, Refund
from edge_agent.stations.counter_words import (
    AMOUNT,
    CONTINUE,
    CORRECT,
    GIVEN,
    HOLD,
    PAYS,
    PERCENT,
    QUANTITY,
    REASONS,
    TAKE_OUT,
    WITHOUT,
    called,
    how,
)
from edge_agent.stations.item_words import price, priced_for
from edge_agent.stations.model import CHINESE, ENGLISH, Known
from edge_agent.stations.reasons import named
from edge_agent.stations.station import Button, Line, Says, Segment
from edge_agent.wire.order_facts import BUILT_IN, Shortcut
from edge_agent.wire.taxes import percent_of

_KEYS: Final = 9
_UNITS: Final = {"gram": Says("g", "克"), "millilitre": Says("ml", "毫升")}


def offers(now: Counter) -> tuple[Button, ...]:
    """Of the buttons, those that mean something now."""
    if now.asking is not None:
        return (WITHOUT,)
    if now.weighing is not None:
        return ()
    if now.offer is not None:
        return REASONS if now.offer.reason is None else ()
    refunds = (GIVEN,) if now.refunds else ()
    if not now.basket.lines:
        return (*refunds, QUANTITY, CONTINUE) if now.parked else (*refunds, QUANTITY)
    return (QUANTITY, CORRECT, PERCENT, AMOUNT, TAKE_OUT, HOLD, *refunds)


def notes(now: Counter) -> tuple[Says, ...]:
    found = [how(now.basket.pays, now.basket.goes), *map(_to_give_back, now.refunds)]
    if now.asking is not None:
        asked = now.asking.asked.goods.args
        found.append(Says(f"{asked['name_en']} waits for an answer.", f"{asked['name_zh']} 等待补全。"))
    if now.weighing is not None:
        goods = now.weighing.goods
        name_en, name_zh = str(goods.args["name_en"]), str(goods.args["name_zh"])
        found.append(Says(f"{name_en} waits for the scale.", f"{name_zh} 等待称重。"))
    if now.is_correcting:
        found.append(Says("The next item chooses the line to correct.", "下一件商品用于选择要修改的行。"))
    if now.offer is not None:
        what = Says("its reason", "原因") if now.offer.reason is None else Says("a manager's badge", "经理工牌")
        found.append(Says(f"The discount waits for {what.en}.", f"优惠等待{what.zh}。"))
    return tuple(found)


def _to_give_back(refund: Refund) -> Says:
    amount, by = price(refund.amount_minor, refund.currency), PAYS[refund.by]
    return Says(
        f"To give back: {amount} of order {refund.reference} ({by.en}).", f"应退：订单 {refund.reference}，{amount}（{by.zh}）。"
    )


def shows(now: Counter, known: Known) -> tuple[Segment, ...]:
    presets = [each for each in known.shortcuts if each.kind == "preset"] or list(BUILT_IN)
    templates = [each for each in known.shortcuts if each.kind == "template"]
    segments = (
        Segment(Says("This order", "本单"), tuple(_line(line, now) for line in reversed(now.basket.lines)) + _beside(now)),
        Segment(Says("How it is paid and gets away", "付款和交货"), tuple(_presets(presets, now))),
        Segment(
            Says("Templates", "模板"),
            tuple(Line(Says(each.title, each.title), each.number, symbol=each.number) for each in templates),
        ),
    )
    return tuple(segment for segment in segments if segment.lines)


def _line(line: BasketLine, now: Counter) -> Line:
    goods, currency = line.goods, now.basket.currency
    unit = _UNITS.get(goods.unit, Says("", ""))
    amount, each = price(line.amount_minor, currency), price(line.price_minor, currency)
    told = [
        f"{line.units} {of}".strip() + f" × {each}" + (f" / {measure}" if measure else "") + f" = {amount}"
        for of, measure in ((unit.en, priced_for(goods.unit, ENGLISH)), (unit.zh, priced_for(goods.unit, CHINESE)))
    ]
    name = Says(str(goods.args["name_en"]), str(goods.args["name_zh"]))
    return Line(name, goods.sku, Says(*told), is_done=line.key == now.basket.selected)


def _beside(now: Counter) -> tuple[Line, ...]:
    """What else the sum is made of: a discount, taxes, what is rounded."""
    basket, found = now.basket, []
    if basket.discount is not None and basket.discount_minor:
        why = named(basket.discount.reason or "")
        found.append((Says(f"Discount: {why.en}", f"优惠：{why.zh}"), -basket.discount_minor))
    if basket.lines and basket.taxes is not None:
        totals = basket.totals
        word = Says("included", "含税") if basket.taxes.is_inclusive else Says("added", "加税")
        for each in totals.rates:
            name = f"{each.rate.name} {percent_of(each.rate.value)}%"
            found.append((Says(f"{name}, {word.en}", f"{word.zh}：{name}"), each.tax_minor))
        if totals.rounding_minor:
            found.append((Says("Rounding", "舍入"), totals.rounding_minor))
    return tuple(Line(says, "", Says(told, told)) for says, told in ((s, price(minor, basket.currency)) for s, minor in found))


def _presets(presets: Sequence[Shortcut], now: Counter) -> list[Line]:
    """The first nine have a key each."""
    return [
        Line(
            called(preset),
            preset.number,
            symbol=preset.number,
            is_done=preset.number == now.basket.preset,
            key=f"Alt+{number}" if number <= _KEYS else "",
        )
        for number, preset in enumerate(presets, 1)
    ]
