"""What is said about taxes.  The subject is `tax:<region>`."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from controller.events import Event


class TaxRegionSet(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "tax_region_set"
    parent: str | None
    is_inclusive: bool
    level: str
    mode: str


class TaxRateSet(Event, frozen=True, kw_only=True):
    """`rate` as a rational: `13/100`."""

    name: ClassVar[str] = "tax_rate_set"
    tax_class: str
    code: str
    rate: str
    effective_from: datetime
    until: datetime | None


class TaxRateEnded(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "tax_rate_ended"
    tax_class: str
    code: str
    until: datetime
