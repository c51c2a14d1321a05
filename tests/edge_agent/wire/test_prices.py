"""What a line costs, against exact fractions."""

from __future__ import annotations

from fractions import Fraction
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.wire.prices import line_amount, price_per


@given(st.integers(0, 10**7), st.integers(0, 10**8), st.sampled_from(["piece", "gram", "millilitre"]))
def test_a_line_is_rounded_once_and_a_half_goes_up(quantity: int, price: int, unit: str) -> None:
    per = price_per(unit)
    assert line_amount(quantity, price, per) == floor(Fraction(quantity * price, per) + Fraction(1, 2))
