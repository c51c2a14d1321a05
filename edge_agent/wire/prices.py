"""What a line costs: one rule for the box that tells it at the counter and for the controller that charges it."""

from __future__ import annotations


def price_per(base_unit: str) -> int:
    """How many base units a price is for: one piece, 100 g, 100 ml."""
    return 1 if base_unit == "piece" else 100


def line_amount(quantity: int, unit_price_minor: int, per: int) -> int:
    """What so many base units cost, in minor units, rounded once, half up; `unit_price_minor` is for `per` of them."""
    return (2 * quantity * unit_price_minor + per) // (2 * per)
