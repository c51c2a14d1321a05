"""What the box knows of an item, as a person reads it: price, stock, pack, age; in each language from the same arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from edge_agent.stations.model import CHINESE, Item

_EXPONENTS: Final = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "BHD": 3, "KWD": 3, "OMR": 3, "TND": 3, "JOD": 3}
"""ISO 4217 exponents other than 2."""
_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000
_UNITS: Final = {"gram": {"en": " g", CHINESE: " 克"}, "millilitre": {"en": " ml", CHINESE: " 毫升"}}
_AGES: Final = {"d": "天", "h": "小时", "min": "分钟"}

Arguments = Mapping[str, str | int]
Money = Callable[[int, str], str]
"""Writes minor units of a currency."""


def item_arguments(item: Item) -> dict[str, str | int]:
    """What an answer needs to say all of an item, in any language; no stock where a blind count waits for it."""
    told: dict[str, str | int] = {
        "sku": item.sku,
        "name_en": item.name_en,
        "name_zh": item.name_zh,
        "unit": item.unit,
        "price_minor": item.price_minor,
        "currency": item.currency,
        "on_hand": item.on_hand,
        "numerator": item.numerator,
        "denominator": item.denominator,
    }
    if item.is_blind:
        del told["on_hand"]
    return told if item.age_ms is None else told | {"age_ms": item.age_ms}


def derived(args: Arguments, language: str, money: Money | None = None) -> dict[str, str]:
    """The placeholders `name`, `price`, `stock`, `age`, … of what `item_arguments` and others gave; `money` writes amounts."""
    found = {name: write(args, language) for name, (needs, write) in _DERIVED.items() if needs in args}
    if "price_minor" in args:
        found["price"] = _price(args, language, money or price)
    amounts = {name: args[f"{name}_minor"] for name in _AMOUNTS if f"{name}_minor" in args}
    return found | {name: (money or price)(int(minor), str(args["currency"])) for name, minor in amounts.items()}


def price(minor: int, currency: str) -> str:
    """An amount with its currency's code, such as ``CNY 4.20``: in letters that every line display and printer has."""
    exponent = _EXPONENTS.get(currency, 2)
    return f"{currency} {Decimal(minor).scaleb(-exponent):.{exponent}f}"


def priced_for(unit: str, language: str) -> str:
    """What the price of a measured item is for, such as ``100 g``; empty for one piece."""
    return f"100{_UNITS[unit][language]}" if unit in _UNITS else ""


def _name(args: Arguments, language: str) -> str:
    """In both languages, the reader's own first, and of how much it is if one scan is not one base unit."""
    names = [str(args["name_en"]), str(args["name_zh"])]
    name = " / ".join(dict.fromkeys(names if language != CHINESE else names[::-1]))
    if args["numerator"] == args["denominator"]:
        return name
    pack = f"{args['numerator']}" if args["denominator"] == 1 else f"{args['numerator']}/{args['denominator']}"
    if args["unit"] in _UNITS:
        pack = f"{pack}{_UNITS[str(args['unit'])][language]}"
        return f"{name}（{pack}）" if language == CHINESE else f"{name} ({pack})"
    return f"{name}（一件含 {pack}）" if language == CHINESE else f"{name} ({pack} in one)"


def _price(args: Arguments, language: str, money: Money) -> str:
    amount, measure = money(int(args["price_minor"]), str(args["currency"])), priced_for(str(args["unit"]), language)
    return f"{amount} / {measure}" if measure else amount


def _stock(args: Arguments, language: str) -> str:
    units = _UNITS.get(str(args["unit"]))
    return f"{args['on_hand']}{units[language] if units else ''}"


def _units(args: Arguments, language: str) -> str:
    units = _UNITS.get(str(args["unit"]))
    return f"{args['base_units']}{units[language] if units else ''}"


def _age(args: Arguments, language: str) -> str:
    """Rounded down, in the unit in which it is still told apart."""
    milliseconds = int(args["age_ms"])
    for unit, length in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE)):
        if milliseconds >= length * (2 if unit != "min" else 1):
            return f"{milliseconds // length} {_AGES[unit] if language == CHINESE else unit}"
    return f"0 {_AGES['min'] if language == CHINESE else 'min'}"


def _chosen(name: str) -> Callable[[Arguments, str], str]:
    """Of a text in both languages, the reader's."""
    return lambda args, language: str(args[f"{name}_zh" if language == CHINESE else f"{name}_en"])


_AMOUNTS: Final = ("amount", "due", "discount")
"""Placeholders whose minor units are told as `amount_minor`, … with the currency."""
_DERIVED: Final[Mapping[str, tuple[str, Callable[[Arguments, str], str]]]] = {
    "name": ("name_en", _name),
    "stock": ("on_hand", _stock),
    "age": ("age_ms", _age),
    "reason": ("reason_en", _chosen("reason")),
    "lines": ("lines_en", _chosen("lines")),
    "how": ("how_en", _chosen("how")),
    "who": ("who_en", _chosen("who")),
    "then": ("then_en", _chosen("then")),
    "wanted": ("wanted_en", _chosen("wanted")),
    "number": ("number_en", _chosen("number")),
    "units": ("base_units", _units),
}
