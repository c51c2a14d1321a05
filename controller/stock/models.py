"""The ledger, and the two tables beside it that are updated in the same transaction (quantities in the SKU's base unit)."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.catalog.models import Sku
from controller.schema import append_only, check
from controller.sites.models import Location, Site


class StockMovement(Model):
    """One entry of the ledger, append-only: so much of a SKU went from one location to another, because of what."""

    id = fields.BigIntField(primary_key=True)
    sku_id = fields.BigIntField()
    from_location_id = fields.BigIntField()
    to_location_id = fields.BigIntField()
    quantity = fields.BigIntField()
    reason = fields.CharField(max_length=24)
    document = fields.CharField(max_length=512, null=True)
    fact_id = fields.UUIDField(null=True)
    person = fields.CharField(max_length=512, null=True)
    device = fields.CharField(max_length=128, null=True)
    occurred_at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "stock_movement"
        indexes = (("sku_id", "id"), ("from_location_id", "occurred_at"), ("to_location_id", "occurred_at"))


class Balance(Model):
    """Where it is.  `borrowed`: booked in from `discrepancy` because facts took more than was known here; a count settles it."""

    id = fields.BigIntField(primary_key=True)
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField("controller.Sku", related_name=False)
    location: fields.ForeignKeyRelation[Location] = fields.ForeignKeyField("controller.Location", related_name=False)
    on_hand = fields.BigIntField(default=0)
    borrowed = fields.BigIntField(default=0)

    class Meta:
        table = "balance"
        unique_together = (("sku_id", "location_id"),)
        indexes = (("location_id", "sku_id"),)


class Availability(Model):
    """The only row that grants: available = on_hand - reserved - allocated - quarantined, never below zero.

    `version`: of what boxes keep of it; NULL after every change of what is on hand (docs/adr/0016).
    """

    id = fields.BigIntField(primary_key=True)
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField("controller.Sku", related_name=False)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField("controller.Site", related_name=False)
    on_hand = fields.BigIntField(default=0)
    reserved = fields.BigIntField(default=0)
    allocated = fields.BigIntField(default=0)
    quarantined = fields.BigIntField(default=0)
    incoming = fields.BigIntField(default=0)
    version = fields.BigIntField(null=True)

    class Meta:
        table = "availability"
        unique_together = (("sku_id", "site_id"),)
        indexes = (("site_id", "sku_id"), ("site_id", "version", "sku_id"))


class Reservation(Model):
    """A commitment of stock to one order line, by `line_key`.  Open quantity = quantity - consumed."""

    id = fields.BigIntField(primary_key=True)
    line_key = fields.CharField(max_length=128, unique=True)
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField("controller.Sku", related_name=False)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField("controller.Site", related_name=False)
    quantity = fields.BigIntField()
    consumed = fields.BigIntField(default=0)
    state = fields.CharField(max_length=16)
    created_at = fields.DatetimeField()

    class Meta:
        table = "reservation"
        indexes = (("sku_id", "site_id", "state"),)


class CountMark(Model):
    """A bin was counted whole at this instant: what the ledger says of it as of then is pinned to what was found."""

    id = fields.BigIntField(primary_key=True)
    location: fields.ForeignKeyRelation[Location] = fields.ForeignKeyField("controller.Location", related_name=False)
    counted_at = fields.DatetimeField()
    document = fields.CharField(max_length=512)
    fact_id = fields.UUIDField(null=True)

    class Meta:
        table = "count_mark"
        unique_together = (("location_id", "counted_at", "document"),)


EXTRA_SQL = (
    "CREATE INDEX IF NOT EXISTS availability_changed ON availability (site_id, id) WHERE version IS NULL",
    append_only("stock_movement"),
    check("stock_movement", "stock_movement_positive", "NEW.quantity > 0 AND NEW.from_location_id <> NEW.to_location_id"),
    check("balance", "balance_not_negative", "NEW.on_hand >= 0 AND NEW.borrowed >= 0"),
    check(
        "availability",
        "availability_not_negative",
        "NEW.reserved >= 0 AND NEW.allocated >= 0 AND NEW.quarantined >= 0 AND NEW.incoming >= 0 "
        "AND NEW.on_hand - NEW.reserved - NEW.allocated - NEW.quarantined >= 0",
    ),
    check("reservation", "reservation_bounds", "NEW.quantity > 0 AND NEW.consumed >= 0 AND NEW.consumed <= NEW.quantity"),
)
