"""The ledger, and the two tables beside it that are updated in the same transaction (quantities in the SKU's base unit)."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.catalog.models import Sku
from controller.schema import append_only, check
from controller.sites.models import Location, Site


class Lot(Model):
    """Pieces of a SKU that were made together.  `key` tells lots apart: the maker's code, or the expiry where no code is known.

    `expiry` is the earliest that was told of it, `latest_expiry` the latest: where they differ, somebody has to look.
    `cost_minor`: what `cost_quantity` base units of it cost when they were received, in minor units; 0 of 0 when nobody knows.
    A `blocked` lot is on hand and never granted.
    """

    id = fields.BigIntField(primary_key=True)
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField("controller.Sku", related_name=False)
    key = fields.CharField(max_length=80)
    code = fields.CharField(max_length=64, null=True)
    expiry = fields.DateField(null=True)
    latest_expiry = fields.DateField(null=True)
    cost_quantity = fields.BigIntField(db_default=0)
    cost_minor = fields.BigIntField(db_default=0)
    blocked = fields.BooleanField(db_default=False)
    created_at = fields.DatetimeField()

    class Meta:
        table = "lot"
        unique_together = (("sku_id", "key"),)
        indexes = (("expiry", "id"),)


class LotBlock(Model):
    """Why a lot is blocked: a row for each cause (`person`, `recall`, `expired`).  It is blocked while it has one."""

    id = fields.BigIntField(primary_key=True)
    lot: fields.ForeignKeyRelation[Lot] = fields.ForeignKeyField("controller.Lot", related_name=False)
    cause = fields.CharField(max_length=20)
    reason = fields.CharField(max_length=400)
    created_at = fields.DatetimeField()
    created_by = fields.CharField(max_length=128)

    class Meta:
        table = "lot_block"
        unique_together = (("lot_id", "cause"),)


class Serial(Model):
    """One piece of a SKU by its number.  `net`: how often it came less how often it left; above 1 it is in stock twice, an error.

    `location_id`: where its latest movement (`moved_at`) took it; 0 for none.
    """

    id = fields.BigIntField(primary_key=True)
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField("controller.Sku", related_name=False)
    serial = fields.CharField(max_length=64)
    lot_id = fields.BigIntField(db_default=0)
    location_id = fields.BigIntField(db_default=0)
    net = fields.BigIntField(db_default=0)
    moved_at = fields.DatetimeField()

    class Meta:
        table = "serial"
        unique_together = (("sku_id", "serial"),)
        indexes = (("location_id", "sku_id"),)


class StockMovement(Model):
    """One entry of the ledger, append-only: so much of a SKU went from one location to another, because of what.

    `lot_id` 0: of no known lot.  `approved_by`: who allowed what `person` did, a manager or whoever decided about a count.
    """

    id = fields.BigIntField(primary_key=True)
    sku_id = fields.BigIntField()
    from_location_id = fields.BigIntField()
    to_location_id = fields.BigIntField()
    lot_id = fields.BigIntField(db_default=0)
    serial = fields.CharField(max_length=64, null=True)
    quantity = fields.BigIntField()
    reason = fields.CharField(max_length=24)
    document = fields.CharField(max_length=512, null=True)
    fact_id = fields.UUIDField(null=True)
    person = fields.CharField(max_length=512, null=True)
    device = fields.CharField(max_length=128, null=True)
    approved_by = fields.CharField(max_length=512, null=True)
    occurred_at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "stock_movement"
        indexes = (("sku_id", "id"), ("from_location_id", "occurred_at"), ("to_location_id", "occurred_at"))


class Balance(Model):
    """Where it is, by lot (0: of no known lot; no foreign key).

    `borrowed`: booked in from `discrepancy` because facts took more than was known here; a count settles it.  It belongs to the SKU
    at the location and stands in the row of lot 0.
    """

    id = fields.BigIntField(primary_key=True)
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField("controller.Sku", related_name=False)
    location: fields.ForeignKeyRelation[Location] = fields.ForeignKeyField("controller.Location", related_name=False)
    lot_id = fields.BigIntField(db_default=0)
    on_hand = fields.BigIntField(default=0)
    borrowed = fields.BigIntField(default=0)

    class Meta:
        table = "balance"
        unique_together = (("sku_id", "location_id", "lot_id"),)
        indexes = (("location_id", "sku_id"), ("lot_id",))


class Availability(Model):
    """The only row that grants: available = on_hand - reserved - allocated - quarantined, never below zero.

    `quarantined`: what is in the site's quarantine place, and what is of blocked lots elsewhere at the site.
    `presale`: how much of what is still to come may be promised, `presold`: how much of that is.
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
    presale = fields.BigIntField(db_default=0)
    presold = fields.BigIntField(db_default=0)
    version = fields.BigIntField(null=True)

    class Meta:
        table = "availability"
        unique_together = (("sku_id", "site_id"),)
        indexes = (("site_id", "sku_id"), ("site_id", "version", "sku_id"))


class Reservation(Model):
    """A commitment of stock to one order line, by `line_key`.  Open quantity = quantity - consumed.

    `presold` of it has not arrived yet.  `document`: what the line belongs to (an order, a cart); `channel`: who sells it;
    `expires_at`: given back then, None: never.
    """

    id = fields.BigIntField(primary_key=True)
    line_key = fields.CharField(max_length=128, unique=True)
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField("controller.Sku", related_name=False)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField("controller.Site", related_name=False)
    quantity = fields.BigIntField()
    consumed = fields.BigIntField(default=0)
    presold = fields.BigIntField(db_default=0)
    state = fields.CharField(max_length=16)
    document = fields.CharField(max_length=80, db_default="")
    channel = fields.CharField(max_length=40, db_default="")
    expires_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "reservation"
        indexes = (("sku_id", "site_id", "state"), ("document", "id"))


class Channel(Model):
    """Who sells: an online shop, a marketplace, the tills.  Orders name it by its code."""

    code = fields.CharField(max_length=40, primary_key=True)
    name_en = fields.CharField(max_length=80)
    name_zh = fields.CharField(max_length=80)
    created_at = fields.DatetimeField()

    class Meta:
        table = "channel"


class ChannelBuffer(Model):
    """How many base units a channel leaves to the others: of a SKU (0: each) at a site (empty: each).  The narrowest holds."""

    id = fields.BigIntField(primary_key=True)
    channel: fields.ForeignKeyRelation[Channel] = fields.ForeignKeyField("controller.Channel", related_name=False)
    sku_id = fields.BigIntField(db_default=0)
    site = fields.CharField(max_length=40, db_default="")
    quantity = fields.BigIntField()
    changed_at = fields.DatetimeField()

    class Meta:
        table = "channel_buffer"
        unique_together = (("channel_id", "sku_id", "site"),)


class CountMark(Model):
    """What a count says of a bin, by its `document` (docs/adr/0006, 0033).

    `kind` pins: what the ledger says as of `counted_at` is what was found, for one SKU, or (`sku_id` 0) for all of which the
    document has no mark of their own.  leaves: the document says nothing of this SKU.  watch: counted and not booked yet;
    `touched`: a movement from before it came since.  `until`: when the bin was done; no mark matters to what happened after it.
    """

    id = fields.BigIntField(primary_key=True)
    location: fields.ForeignKeyRelation[Location] = fields.ForeignKeyField("controller.Location", related_name=False)
    sku_id = fields.BigIntField(db_default=0)
    kind = fields.CharField(max_length=8, db_default="pins")
    counted_at = fields.DatetimeField()
    until = fields.DatetimeField()
    document = fields.CharField(max_length=512)
    fact_id = fields.UUIDField(null=True)
    touched = fields.BooleanField(db_default=False)

    class Meta:
        table = "count_mark"
        unique_together = (("location_id", "document", "sku_id", "kind"),)
        indexes = (("location_id", "until"), ("document", "location_id"))


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
    check("availability", "availability_presale", "NEW.presold >= 0 AND NEW.presold <= NEW.presale"),
    check(
        "reservation",
        "reservation_bounds",
        "NEW.quantity > 0 AND NEW.consumed >= 0 AND NEW.presold >= 0 AND NEW.consumed + NEW.presold <= NEW.quantity",
    ),
    "CREATE INDEX IF NOT EXISTS reservation_of_carts ON reservation (created_at) WHERE SUBSTR(document, 1, 5) = 'cart:'",
    "CREATE INDEX IF NOT EXISTS reservation_expiring ON reservation (expires_at) WHERE expires_at IS NOT NULL",
    check("channel_buffer", "channel_buffer_not_negative", "NEW.quantity >= 0"),
)
