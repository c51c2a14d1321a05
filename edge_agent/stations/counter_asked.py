"""What the counter asks of goods that are tracked: the lot, or the serial number, where the symbol says none."""

from __future__ import annotations

from msgspec.structs import replace

from edge_agent.stations.counter_lines import taken
from edge_agent.stations.counter_state import Asking, Counter
from edge_agent.stations.goods import Told, answered, pressed_while_asked
from edge_agent.stations.model import Pressed, Scanned, ok, wrong
from edge_agent.stations.station import Done


def answer(now: Counter, asking: Asking, read: Scanned) -> Done:
    """A scan, or what was typed at a screen."""
    return _after(now, asking, answered(asking.asked, read))


def pressed_meanwhile(now: Counter, asking: Asking, pressed: Pressed) -> Done:
    """Digits, DONE, NOTHING and UNDO are about what is asked; all else waits for it."""
    goods = asking.asked.goods
    if pressed.control == "undo" and not asking.asked.typed:
        return Done(activity=replace(now, asking=None), feedback=ok("undone_asked", **goods.args))
    told = pressed_while_asked(asking.asked, pressed)
    if told is None:
        return Done(activity=now, feedback=wrong("asked_open", **goods.args))
    return _after(now, asking, told)


def _after(now: Counter, asking: Asking, told: Told) -> Done:
    """When a lot expires is asked where goods come in, not of whoever buys them."""
    goods = told.goods
    if goods is None and told.asked is not None and told.asked.what == "expiry":
        goods = told.asked.goods
    if goods is not None:
        return taken(now, replace(asking.read, goods=goods))
    return Done(
        activity=replace(now, asking=replace(asking, asked=told.asked or asking.asked)), feedback=told.feedback or ok("left")
    )
