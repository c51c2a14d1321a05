"""Looking up: LOOKUP, then items: each is told with its name, its price, and the stock as last known with its age.  No facts."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, assert_never

from edge_agent.stations.model import Done, Feedback, Idle, Item, LookingUp, Missing, Scanned, ok, unknown, wrong

_EXPONENTS: Final = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "BHD": 3, "KWD": 3, "OMR": 3, "TND": 3, "JOD": 3}
"""ISO 4217 exponents other than 2."""
_UNITS: Final = {"gram": " g", "millilitre": " ml"}
_PRICED: Final = {"gram": " / 100 g", "millilitre": " / 100 ml"}
_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000


def begin() -> Done:
    return Done(activity=LookingUp(), feedback=ok("lookup_item"))


def scan(now: LookingUp, read: Scanned) -> Done:
    return Done(activity=now, feedback=_told(read))


def finish(_: LookingUp) -> Done:
    return Done(activity=Idle(), feedback=ok("left"))


def _told(read: Scanned) -> Feedback:
    symbol = read.symbol.text
    match read.item:
        case Item() as item:
            return _item(item)
        case Missing.UNKNOWN:
            return unknown("lookup_unknown", symbol=symbol)
        case Missing.SEVERAL:
            return wrong("lookup_several", symbol=symbol)
        case Missing.NO_CATALOGUE | None:
            return wrong("lookup_no_catalogue")
        case Missing.LATE:
            return wrong("lookup_late", symbol=symbol)
        case _ as never:
            assert_never(never)


def _item(item: Item) -> Feedback:
    told = {"sku": item.sku, "name": _name(item), "stock": f"{item.on_hand}{_UNITS.get(item.unit, '')}"}
    priced = {"price": _price(item)} if item.price_minor else {}
    if item.age_ms is None:
        return ok("lookup_found_once" if priced else "lookup_unpriced_once", **told, **priced)
    return ok("lookup_found" if priced else "lookup_unpriced", age=_age(item.age_ms), **told, **priced)


def _name(item: Item) -> str:
    """In both languages, and of how much it is if one scan is not one base unit."""
    name = item.name_en if item.name_en == item.name_zh else f"{item.name_en} / {item.name_zh}"
    if item.numerator == item.denominator:
        return name
    pack = f"{item.numerator}" if item.denominator == 1 else f"{item.numerator}/{item.denominator}"
    return f"{name} ({pack}{_UNITS[item.unit]})" if item.unit in _UNITS else f"{name} ({pack} in one)"


def _price(item: Item) -> str:
    exponent = _EXPONENTS.get(item.currency, 2)
    return f"{item.currency} {Decimal(item.price_minor).scaleb(-exponent):.{exponent}f}{_PRICED.get(item.unit, '')}"


def _age(milliseconds: int) -> str:
    """Rounded down, in the unit in which it is still told apart."""
    for unit, length in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE)):
        if milliseconds >= length * (2 if unit != "min" else 1):
            return f"{milliseconds // length} {unit}"
    return "0 min"
