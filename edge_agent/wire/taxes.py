"""How a site taxes what it sells, as its boxes know it: terms and rates, from one instant to the next, so that they count alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Final

from msgspec import Meta, Struct

from edge_agent.wire.rounding import Mode
from edge_agent.wire.totals import Level, Rate, Terms

STANDARD: Final = "standard"
"""The class of goods that have no other, and of which a region always says something if it says anything."""
Share = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Whole = Annotated[int, Meta(ge=1, le=2**63 - 1)]


class SiteRate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A tax: `numerator / denominator` of what it is on; a compound one is also on those before it on its line."""

    code: str
    name: str
    numerator: Share
    denominator: Whole
    is_compound: bool = False

    @property
    def rate(self) -> Rate:
        value = Fraction(self.numerator, self.denominator)
        return Rate(code=self.code, name=self.name, value=value, is_compound=self.is_compound)


class SiteTaxes(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What holds from `since` on (None: already) until the next one begins: `rates` by class, in the order of a line.

    `step`: the smallest payable amount, in minor units.
    """

    region: str
    since: Annotated[datetime, Meta(tz=True)] | None = None
    is_inclusive: bool
    level: Level
    mode: Mode
    step: Whole = 1
    rates: dict[str, list[SiteRate]] = {}

    @property
    def terms(self) -> Terms:
        return Terms(is_inclusive=self.is_inclusive, level=self.level, mode=self.mode, step=self.step)

    def rates_of(self, tax_class: str) -> tuple[Rate, ...]:
        """A class that nothing is said of is taxed as standard."""
        return tuple(each.rate for each in self.rates.get(tax_class, self.rates.get(STANDARD, [])))


def percent_of(value: Fraction) -> str:
    """13/100 is `13`, 71/800 is `8.875`; what has no end is rounded to six places."""
    return f"{Decimal(value.numerator * 100) / value.denominator:.6f}".rstrip("0").rstrip(".")


def holding(taxes: Sequence[SiteTaxes], at: datetime | None) -> SiteTaxes | None:
    """Those of an instant; None: the box knows of none.  Where it does not know the time, those that held when they were told."""
    begun = [each for each in taxes if each.since is None or (at is not None and each.since <= at)]
    return max(begun, key=lambda each: (each.since is not None, each.since), default=None)
