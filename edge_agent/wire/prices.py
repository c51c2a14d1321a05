"""What a line costs, and what goods by weight may come to: one rule for box and controller."""

from __future__ import annotations

from typing import Final

WEIGHED: Final = ("gram", "millilitre")
"""Base units of goods that are weighed or measured out: what is ordered of them is an estimate."""
WEIGHED_PERCENT: Final = 10
"""By so much they may come to more or less than was ordered."""


def most_of(estimate: int) -> int:
    """Base units that weighed goods may come to."""
    return estimate + estimate * WEIGHED_PERCENT // 100


def is_near(units: int, estimate: int) -> bool:
    """Whether what was weighed is what was ordered, as far as anybody can weigh it out."""
    return 2 * estimate - most_of(estimate) <= units <= most_of(estimate)


def price_per(base_unit: str) -> int:
    """How many base units a price is for: one piece, 100 g, 100 ml."""
    return 1 if base_unit == "piece" else 100


def line_amount(quantity: int, unit_price_minor: int, per: int) -> int:
    """What so many base units cost, in minor units, rounded once, half up; `unit_price_minor` is for `per` of them."""
    return (2 * quantity * unit_price_minor + per) // (2 * per)
