"""What a carrier is to us: asked for prices and labels by our key, told what it takes away, asked where things are.

CarrierError
├── NotAsked     it surely never heard of it: asking again is safe
├── Refused      it said no, for good, and why
├── Uncertain    nobody knows whether it did it: it is asked by our key, never for a second one
└── Later        it has it and answers later
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from controller.customers.addresses import Address
from controller.shipping.choosing import Goods
from controller.shipping.states import ShipmentAction


class CarrierError(Exception):
    """Base.  The message is for people and holds no personal data."""


class NotAsked(CarrierError):
    pass


class Refused(CarrierError):
    pass


class Uncertain(CarrierError):
    pass


class Later(CarrierError):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelWanted:
    """`key` is ours and stays the same however often we ask; `to` is told to nobody but the carrier."""

    key: str
    shipment: str
    order: str
    service: str
    goods: Goods
    currency: str
    to: Address = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bought:
    """A label: its number, what it cost in minor units (None: it did not say), and how the carrier sorts it."""

    tracking_no: str
    price_minor: int | None = None
    route: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a service of it would cost, in minor units."""

    service: str
    price_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What it told of a number.  `key` tells one telling from another; `action` None: it changes nothing."""

    tracking_no: str
    key: str
    action: ShipmentAction | None
    occurred_at: datetime
    text: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestPaper:
    """What it takes away: our number, whence, when, and the numbers on the labels."""

    number: str
    site: str
    day: date
    tracking_nos: Sequence[str]


class CarrierApi(Protocol):
    """Each call is bounded in time.  All raise CarrierErrors and nothing else."""

    async def quote(self, goods: Goods) -> Sequence[Quote]:
        """Prices that are better than those in our table; none where it has no opinion."""
        ...

    async def buy(self, wanted: LabelWanted) -> Bought:
        """Asking twice under a key is asking once, if the carrier keeps its word; we do not rely on it."""
        ...

    async def find(self, key: str) -> Bought | None:
        """What was bought under our key; None: it is sure that nothing was.  Uncertain: it cannot say."""
        ...

    async def void(self, key: str, tracking_no: str) -> None:
        """Doing it twice is once."""
        ...

    async def track(self, tracking_nos: Sequence[str]) -> Sequence[Seen]: ...

    async def manifest(self, paper: ManifestPaper) -> str:
        """Its own reference; doing it twice is once."""
        ...


MEANING = {
    "accepted": ShipmentAction.MOVE,
    "in_transit": ShipmentAction.MOVE,
    "out_for_delivery": ShipmentAction.BRING,
    "delivered": ShipmentAction.DELIVER,
    "exception": ShipmentAction.FAIL,
    "returned": ShipmentAction.RETURN,
}
"""What the words of carriers mean to us; other words are kept and change nothing."""
