"""Factors: NIST Handbook 44, Appendix C, table of units of mass."""

from __future__ import annotations

from decimal import Decimal

import pytest

from drivers.scales.units import GRAMS_PER, Unit, in_grams


@pytest.mark.parametrize(
    ("unit", "grams"),
    [
        ("kg", "1000"),
        ("g", "1"),
        ("mg", "0.001"),
        ("ug", "0.000001"),
        ("t", "1000000"),
        ("lb", "453.59237"),
        ("oz", "28.349523125"),
        ("ton", "907184.74"),
        ("ozt", "31.1034768"),
        ("dwt", "1.55517384"),
        ("gr", "0.06479891"),
        ("ct", "0.2"),
    ],
)
def test_factors_are_exact(unit: str, grams: str) -> None:
    assert GRAMS_PER[Unit(unit)] == Decimal(grams)


def test_every_unit_has_a_factor() -> None:
    assert set(GRAMS_PER) == set(Unit)


def test_there_is_no_negative_nought() -> None:
    assert str(in_grams(Decimal("-0.00"), Unit.G)) == "0.00"


def test_nothing_is_lost_on_the_way_to_grams() -> None:
    assert in_grams(Decimal("99999999.99999999"), Unit.OZ) == Decimal("2834952312.49999971650476875")
