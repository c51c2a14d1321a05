"""Units of mass in grams, all exact.

Sources: the pound is 0.45359237 kg and the carat 200 mg by definition (international pound, 1959; CGPM 1907); ounce, grain,
pennyweight, troy ounce and short ton follow from the pound (NIST Handbook 44, Appendix C).

The tael is left out on purpose: it is 37.5 g, 37.799 g, 37.429 g or 50 g, by country and trade, and a scale that says "tl" does not
say which.  A driver whose scale names a unit that is not here refuses the weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType


class Unit(StrEnum):
    """What a scale's number counts."""

    KG = "kg"
    G = "g"
    MG = "mg"
    UG = "ug"
    TONNE = "t"
    LB = "lb"
    OZ = "oz"
    SHORT_TON = "ton"
    TROY_OZ = "ozt"
    PENNYWEIGHT = "dwt"
    GRAIN = "gr"
    CARAT = "ct"


_LB = Decimal("453.59237")
_GRAIN = _LB / 7000  # 0.06479891, exact

GRAMS_PER: Mapping[Unit, Decimal] = MappingProxyType(
    {
        Unit.KG: Decimal(1000),
        Unit.G: Decimal(1),
        Unit.MG: Decimal("0.001"),
        Unit.UG: Decimal("0.000001"),
        Unit.TONNE: Decimal(1_000_000),
        Unit.LB: _LB,
        Unit.OZ: _LB / 16,
        Unit.SHORT_TON: _LB * 2000,
        Unit.TROY_OZ: _GRAIN * 480,
        Unit.PENNYWEIGHT: _GRAIN * 24,
        Unit.GRAIN: _GRAIN,
        Unit.CARAT: Decimal("0.2"),
    }
)

UNIT_OF_LETTERS: Mapping[bytes, Unit] = MappingProxyType(
    {
        b"kg": Unit.KG,
        b"g": Unit.G,
        b"mg": Unit.MG,
        b"t": Unit.TONNE,
        b"lb": Unit.LB,
        b"oz": Unit.OZ,
        b"ozt": Unit.TROY_OZ,
        b"ct": Unit.CARAT,
        b"gn": Unit.GRAIN,
        b"dwt": Unit.PENNYWEIGHT,
    }
)
"""How Adam and A&D write them (AZextra manual; A&D standard format), in small letters."""


def in_grams(number: Decimal, unit: Unit) -> Decimal:
    """`number` of `unit` as grams, to the last digit (exact up to 16 digits of `number`)."""
    return number * GRAMS_PER[unit] + 0  # + 0: a scale's "-0.00" is nought
