"""What happens to prices and label batches."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from controller.events import Event


class PriceScheduled(Event, frozen=True, kw_only=True):
    """A SKU (the subject) will cost this from an instant on.  `scope`: a site, empty for the chain."""

    name: ClassVar[str] = "price_scheduled"
    scope: str
    kind: str
    price_minor: int
    currency: str
    effective_from: datetime
    until: datetime | None


class PricesImported(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "prices_imported"
    prices: int


class PriceCancelled(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "price_cancelled"
    scope: str
    effective_from: datetime


class PriceInForce(Event, frozen=True, kw_only=True):
    """A SKU (the subject) costs this now; `at` is the instant from which it does, however late that was noticed."""

    name: ClassVar[str] = "price_in_force"
    scope: str
    before_minor: int
    price_minor: int
    currency: str
    at: datetime


class LabelBatchChanged(Event, frozen=True, kw_only=True):
    """The subject is the batch's number; `open`: labels that are not confirmed."""

    name: ClassVar[str] = "label_batch_changed"
    state: str
    open: int
