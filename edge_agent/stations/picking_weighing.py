"""Goods by weight: after the article its weight, by the station's scale, by a number, or by the weight that its label bears.

What was weighed is what is booked, and charged.  Near enough is all of it; what is more than anybody agreed to is told.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from edge_agent.stations import amounts, picking_taking
from edge_agent.stations.goods import Goods, goods_of, measured, plain, whole
from edge_agent.stations.model import Pressed, Scanned, Weighed, ok, wrong
from edge_agent.stations.picking_state import Picking
from edge_agent.stations.reasons import OF_GOODS, reason_of
from edge_agent.stations.station import Done

_TASKS: Final = ("short", "nothing", "cluster")


def scan(now: Picking, waiting: Goods, read: Scanned) -> Done:
    """Its label's weight, or the article once more; anything else waits."""
    goods = measured(goods_of(read), read.grams)
    if goods.key != waiting.key or not goods.sku:
        return Done(activity=now, feedback=wrong("pick_weigh_first", symbol=read.symbol.text, **waiting.args))
    if goods.measure is None:
        return Done(activity=now, feedback=picking_taking.asks_weight(now, waiting, read))
    return picking_taking.weighed(now, replace(waiting, symbol=goods.symbol, gtin=goods.gtin), goods.measure, read)


def weigh(now: Picking, given: Weighed) -> Done | None:
    """A scale at rest; None: nothing waits for it.  What is counted by volume is no scale's matter."""
    waiting = now.weighing
    if waiting is None or waiting.unit != "gram":
        return None
    grams = whole(given.weight.grams)
    if grams <= 0:
        return Done(activity=now, feedback=wrong("pick_scale_empty", grams=plain(given.weight.grams), **waiting.args))
    return picking_taking.weighed(now, waiting, grams, given)


def control(now: Picking, waiting: Goods, pressed: Pressed) -> Done | None:
    """A number says what it weighs; DONE ends the digits of barcodes."""
    if pressed.control == "undo" and not now.number:
        after = replace(now, weighing=None, doubted=None)
        return Done(activity=after, feedback=ok("pick_put_down", **waiting.args))
    if pressed.control in ("weight", "volume", "quantity"):
        number = pressed.number or 0
        if not 1 <= number <= amounts.MOST:
            return Done(activity=now, feedback=wrong("number_bad", most=amounts.MOST))
        return picking_taking.weighed(replace(now, number=0), waiting, number, pressed)
    told = amounts.typed(now.number, pressed)
    if told is None:
        is_task = pressed.control in _TASKS or reason_of(pressed.control, OF_GOODS) is not None
        return Done(activity=now, feedback=picking_taking.asks_weight(now, waiting, pressed)) if is_task else None
    after = replace(now, number=told.number)
    if not told.number:
        return Done(activity=after, feedback=told.feedback)
    return Done(activity=after, feedback=ok("pick_weight_typed", base_units=told.number, **waiting.args))


def finish(now: Picking, waiting: Goods, by: Pressed) -> Done:
    if not now.number:
        return Done(activity=now, feedback=picking_taking.asks_weight(now, waiting, by))
    return picking_taking.weighed(replace(now, number=0), waiting, now.number, by)
