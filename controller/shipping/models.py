"""Tables of shipping.  Money in minor units, weights in grams.  No personal data: addresses stay where they are sealed."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import append_only, check


class Carrier(Model):
    """`kind`: manual, file or http; `address`: a folder, or where its API is.  `silent_days`: no word for so long is a delay."""

    code = fields.CharField(max_length=40, primary_key=True)
    name_en = fields.CharField(max_length=80)
    name_zh = fields.CharField(max_length=80)
    kind = fields.CharField(max_length=8)
    address = fields.CharField(max_length=300, db_default="")
    silent_days = fields.IntField(db_default=2)
    is_active = fields.BooleanField(db_default=True)
    changed_at = fields.DatetimeField()

    class Meta:
        table = "carrier"


class CarrierService(Model):
    """What a carrier offers: prices (first kilogram, each further one), days, and what it takes.  `zone` empty: everywhere."""

    id = fields.BigIntField(primary_key=True)
    carrier = fields.CharField(max_length=40)
    code = fields.CharField(max_length=40)
    zone = fields.CharField(max_length=40, db_default="")
    name_en = fields.CharField(max_length=80)
    name_zh = fields.CharField(max_length=80)
    first_minor = fields.BigIntField()
    more_minor = fields.BigIntField(db_default=0)
    days = fields.IntField()
    max_grams = fields.BigIntField(null=True)
    max_value_minor = fields.BigIntField(null=True)
    takes_dangerous = fields.BooleanField(db_default=False)
    takes_cold = fields.BooleanField(db_default=False)
    is_active = fields.BooleanField(db_default=True)

    class Meta:
        table = "carrier_service"
        unique_together = (("carrier", "code", "zone"),)


class ShippingRule(Model):
    """Who of the services carries what; in order of `position`, the first that fits.  NULL and empty: whatever it is."""

    id = fields.BigIntField(primary_key=True)
    position = fields.IntField(unique=True)
    channel = fields.CharField(max_length=40, db_default="")
    zone = fields.CharField(max_length=40, db_default="")
    min_grams = fields.BigIntField(null=True)
    max_grams = fields.BigIntField(null=True)
    min_value_minor = fields.BigIntField(null=True)
    dangerous = fields.BooleanField(null=True)
    cold = fields.BooleanField(null=True)
    max_days = fields.IntField(null=True)
    carrier = fields.CharField(max_length=40, db_default="")
    service = fields.CharField(max_length=40, db_default="")
    goal = fields.CharField(max_length=8)

    class Meta:
        table = "shipping_rule"


class GoodsTrait(Model):
    """What carriers must know of a SKU."""

    sku_id = fields.BigIntField(primary_key=True, generated=False)
    dangerous = fields.BooleanField(db_default=False)
    cold = fields.BooleanField(db_default=False)

    class Meta:
        table = "shipping_trait"


class Shipment(Model):
    """One parcel with one label.  `why`: how the service was chosen, as JSON; `promised_on`: when it should arrive.

    `noticed`: what people were told of it last (late, silent, lost), empty: nothing.  `box`: where its label is printed.
    """

    id = fields.BigIntField(primary_key=True)
    parcel_no = fields.CharField(max_length=24)
    attempt = fields.IntField(db_default=1)
    order_id = fields.BigIntField()
    site = fields.CharField(max_length=40)
    box = fields.CharField(max_length=40)
    state = fields.CharField(max_length=20)
    carrier = fields.CharField(max_length=40, db_default="")
    service = fields.CharField(max_length=40, db_default="")
    zone = fields.CharField(max_length=40, db_default="")
    grams = fields.BigIntField()
    value_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    price_minor = fields.BigIntField(null=True)
    tracking_no = fields.CharField(max_length=64, null=True)
    route = fields.CharField(max_length=80, db_default="")
    why = fields.TextField()
    promised_on = fields.DateField(null=True)
    manifest_id = fields.BigIntField(null=True)
    label_copies = fields.IntField(db_default=0)
    noticed = fields.CharField(max_length=8, db_default="")
    created_at = fields.DatetimeField()
    handed_over_at = fields.DatetimeField(null=True)
    heard_at = fields.DatetimeField(null=True)
    delivered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "shipment"
        unique_together = (("parcel_no", "attempt"), ("carrier", "tracking_no"))
        indexes = (("order_id", "id"), ("state", "id"), ("site", "id"), ("manifest_id",))


class LabelPurchase(Model):
    """A label to be bought once.  `key` is ours, claimed before the carrier is asked; `next_at`: when it is looked at (again)."""

    id = fields.BigIntField(primary_key=True)
    shipment_id = fields.BigIntField(unique=True)
    key = fields.CharField(max_length=64, unique=True)
    carrier = fields.CharField(max_length=40)
    state = fields.CharField(max_length=12)
    tries = fields.IntField(db_default=0)
    error = fields.CharField(max_length=400, db_default="")
    next_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "label_purchase"
        indexes = (("state", "next_at"),)


class TrackingEvent(Model):
    """What a carrier told of a number, append-only; `seen_key` tells one telling from another.  `action`: what it means to us."""

    id = fields.BigIntField(primary_key=True)
    carrier = fields.CharField(max_length=40)
    tracking_no = fields.CharField(max_length=64)
    seen_key = fields.CharField(max_length=80)
    action = fields.CharField(max_length=12)
    text = fields.CharField(max_length=200, db_default="")
    place = fields.CharField(max_length=80, db_default="")
    occurred_at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()
    source = fields.CharField(max_length=12)

    class Meta:
        table = "tracking_event"
        unique_together = (("carrier", "tracking_no", "seen_key"),)


class Manifest(Model):
    """What a carrier takes away from a site in a day; `run` counts the drivers of a day."""

    id = fields.BigIntField(primary_key=True)
    carrier = fields.CharField(max_length=40)
    site = fields.CharField(max_length=40)
    day = fields.DateField()
    run = fields.IntField(db_default=1)
    state = fields.CharField(max_length=8)
    closed_at = fields.DatetimeField(null=True)
    closed_by = fields.CharField(max_length=128, null=True)
    reference = fields.CharField(max_length=80, db_default="")
    next_at = fields.DatetimeField(null=True)

    class Meta:
        table = "carrier_manifest"
        unique_together = (("carrier", "site", "day", "run"),)
        indexes = (("state", "id"),)


EXTRA_SQL = (
    append_only("tracking_event"),
    check("carrier_service", "carrier_service_bounds", "NEW.first_minor >= 0 AND NEW.more_minor >= 0 AND NEW.days >= 0"),
    check("shipment", "shipment_amounts", "NEW.grams >= 0 AND NEW.value_minor >= 0"),
    "CREATE UNIQUE INDEX IF NOT EXISTS carrier_manifest_open ON carrier_manifest (carrier, site) WHERE state = 'open'",
    "CREATE INDEX IF NOT EXISTS shipment_away ON shipment (id) WHERE delivered_at IS NULL AND heard_at IS NOT NULL",
)
