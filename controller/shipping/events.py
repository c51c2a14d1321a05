"""What is told of shipments.  The subject is the order's number, of a manifest its own; no personal data."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from controller.events import Event


class ShipmentMade(Event, frozen=True, kw_only=True):
    """A parcel is to go by this service."""

    name: ClassVar[str] = "shipment_made"
    shipment: str
    parcel: str
    carrier: str
    service: str


class LabelBought(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "label_bought"
    shipment: str
    carrier: str
    tracking_no: str
    price_minor: int | None
    currency: str


class LabelUncertain(Event, frozen=True, kw_only=True):
    """The carrier was asked and nobody knows what it did; it is asked by our key, never for a second one."""

    name: ClassVar[str] = "label_uncertain"
    shipment: str
    carrier: str
    error: str


class LabelRefusedByCarrier(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "label_refused_by_carrier"
    shipment: str
    carrier: str
    error: str


class LabelVoided(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "label_voided"
    shipment: str
    carrier: str
    reason: str


class ShipmentMoved(Event, frozen=True, kw_only=True):
    """It is in another state, as of `at` by the carrier's clock or ours."""

    name: ClassVar[str] = "shipment_moved"
    shipment: str
    state: str
    at: datetime


class ShipmentNoticed(Event, frozen=True, kw_only=True):
    """It is `late`, `silent` for too long, or probably `lost`."""

    name: ClassVar[str] = "shipment_noticed"
    shipment: str
    what: str
    days: int


class ManifestClosed(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "manifest_closed"
    carrier: str
    shipments: int


class CarrierChanged(Event, frozen=True, kw_only=True):
    """A setting of shipping: `what` (carrier, service, rule, trait) of `key`, before and after."""

    name: ClassVar[str] = "carrier_changed"
    what: str
    key: str
    before: str | None
    after: str | None
    reason: str
