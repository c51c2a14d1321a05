"""Prices and weights inside an EAN-13: numbers that a shop, or its country, lays out as it likes, by rules it is told.

A rule is the symbol's 13 digits, one letter for each that varies::

    21IIIIIVPPPPC      prefix 21, item number of 5, verifier, price of 4, check digit
    28IIIIIWWWWWC      prefix 28, item number of 5, weight of 5 in grams, check digit

`I` item number, `P` price in minor units, `W` weight in grams, `Q` count, `V` the verifier of the price or weight field, `X` any
digit, `C` the check digit, last.  Where the field counts in other steps, ``*10`` or ``*100`` or ``/10`` follows
(``24IIIIIWWWWWC*10``: weights in steps of 10 g).  A UPC-A is taken with the 0 before it that makes it an EAN-13: ``02IIIIIVPPPPC``.

Source: GS1 General Specifications, sections 2.1.12 (restricted circulation numbers), 7.9.2 to 7.9.4 (verifiers for 4 and 5 digits).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from drivers.symbols.gtin import check_digit

_LENGTH = 13
_RULE = re.compile(r"(?P<digits>[0-9]{1,7}[IPWQVX]+C)(?P<step>\*10|\*100|/10)?", re.ASCII)
_STEPS = {"*10": Decimal(10), "*100": Decimal(100), "/10": Decimal("0.1"), None: Decimal(1)}
# What each digit weighs (section 7.9.2): 2- and 3 and 5+ and 5-.
_TWO_MINUS, _THREE, _FIVE_PLUS, _FIVE_MINUS = "0246891357", "0369258147", "0516273849", "0594837261"
_FOUR = (_TWO_MINUS, _TWO_MINUS, _THREE, _FIVE_MINUS)
_FIVE = (_FIVE_PLUS, _TWO_MINUS, _FIVE_MINUS, _FIVE_PLUS, _TWO_MINUS)


class BadRule(ValueError):
    """A rule that cannot be; the message says why."""


@dataclass(frozen=True, slots=True)
class VariableMeasure:
    """What such a number holds: the item, and its price in minor units, weight in grams, or count.

    `base`: the number with zeros for all that is not prefix or item, and the check digit of that: what a catalogue lists it under.
    """

    item: str
    base: str
    price: int | None = None
    grams: Decimal | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class VariableRule:
    """One rule; made by `parse_rule`."""

    digits: str
    step: Decimal = Decimal(1)

    @property
    def prefix(self) -> str:
        return self.digits.rstrip("IPWQVXC")


def parse_rule(text: str) -> VariableRule:
    """Raises BadRule."""
    found = _RULE.fullmatch(text)
    if found is None or len(found["digits"]) != _LENGTH:
        raise BadRule(f"{text!r}: a rule is 13 long: the prefix's digits, then letters of I, P, W, Q, V, X, then C: 21IIIIIVPPPPC")
    digits = found["digits"]
    for letter in "IPWQV":
        if letter * digits.count(letter) not in digits:
            raise BadRule(f"{text!r}: the digits of {letter} stand together")
    values = [letter for letter in "PWQ" if letter in digits]
    if "I" not in digits or len(values) != 1:
        raise BadRule(f"{text!r}: a rule has an item number (I) and one of price (P), weight (W), count (Q)")
    if "V" in digits and (digits.count("V") != 1 or digits.count(values[0]) not in (4, 5)):
        raise BadRule(f"{text!r}: there is a verifier (V), of one digit, for fields of 4 and 5 digits only")
    if found["step"] == "/10" and values != ["W"]:
        raise BadRule(f"{text!r}: only weights have steps below one")
    return VariableRule(digits, _STEPS[found["step"]])


def verifier(digits: str) -> str:
    """The verifier of a price or weight field.  Raises ValueError for other than 4 or 5 digits."""
    if len(digits) not in (4, 5):
        raise ValueError(f"there is no verifier for {len(digits)} digits")
    weights = _FOUR if len(digits) == 4 else _FIVE
    total = sum(int(weight[int(digit)]) for digit, weight in zip(digits, weights, strict=True))
    if len(digits) == 4:
        return str(total * 3 % 10)
    return str(_FIVE_MINUS.index(str(-total % 10)))


def fits(rule: VariableRule, ean13: str) -> bool:
    """Whether a number is of this rule's kind: its prefix."""
    return ean13.startswith(rule.prefix)


def read_variable(rule: VariableRule, ean13: str) -> VariableMeasure | None:
    """What a number of this rule's kind holds; None if its verifier is wrong.  The check digit is taken as checked."""

    def part(letter: str) -> str:
        return "".join(digit for digit, each in zip(ean13, rule.digits, strict=True) if each == letter)

    price, weight, count = part("P"), part("W"), part("Q")
    if "V" in rule.digits and verifier(price or weight or count) != part("V"):
        return None
    stem = "".join(
        digit if each == "I" or each.isdigit() else "0" for digit, each in zip(ean13[:-1], rule.digits[:-1], strict=True)
    )
    return VariableMeasure(
        item=part("I"),
        base=stem + check_digit(stem),
        price=int(int(price) * rule.step) if price else None,
        grams=Decimal(weight) * rule.step if weight else None,
        count=int(int(count) * rule.step) if count else None,
    )
