"""Tables of sourcing: what the company set, what was decided and why, what sites refused."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import check


class SourcingTerms(Model):
    """How a channel's orders (empty: everybody's) are sourced: `data` is a `settings.TermsSetting` as JSON."""

    channel = fields.CharField(max_length=40, primary_key=True)
    data = fields.TextField()
    changed_at = fields.DatetimeField()

    class Meta:
        table = "sourcing_terms"


class SourcingSite(Model):
    """Where a site is, in degrees × 1,000,000, and how many parts of orders it can do in a day; NULL: nobody said, any number."""

    site = fields.CharField(max_length=40, primary_key=True)
    latitude = fields.IntField(null=True)
    longitude = fields.IntField(null=True)
    capacity = fields.IntField(null=True)
    changed_at = fields.DatetimeField()

    class Meta:
        table = "sourcing_site"


class SourcingRank(Model):
    """How much a channel (empty: each) likes a site: lower is asked first, NULL: not for this channel."""

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=40, db_default="")
    site = fields.CharField(max_length=40)
    position = fields.IntField(null=True)

    class Meta:
        table = "sourcing_rank"
        unique_together = (("channel", "site"),)


class SourcingRate(Model):
    """What a parcel costs from a site (empty: any) to a zone (empty: any), in minor units: its first kilogram, each further one."""

    id = fields.BigIntField(primary_key=True)
    site = fields.CharField(max_length=40, db_default="")
    zone = fields.CharField(max_length=40, db_default="")
    first_minor = fields.BigIntField()
    more_minor = fields.BigIntField()

    class Meta:
        table = "sourcing_rate"
        unique_together = (("site", "zone"),)


class SourcingArea(Model):
    """Regions that begin with `prefix`: their zone of the freight table, and a point in their middle (NULL: not on the map)."""

    prefix = fields.CharField(max_length=40, primary_key=True)
    zone = fields.CharField(max_length=40, db_default="")
    latitude = fields.IntField(null=True)
    longitude = fields.IntField(null=True)

    class Meta:
        table = "sourcing_area"


class SourcingSafety(Model):
    """What a site (empty: each) would rather keep of a SKU (0: of each), in base units.  The narrowest holds."""

    id = fields.BigIntField(primary_key=True)
    site = fields.CharField(max_length=40, db_default="")
    sku_id = fields.BigIntField(db_default=0)
    quantity = fields.BigIntField()

    class Meta:
        table = "sourcing_safety"
        unique_together = (("site", "sku_id"),)


class SourcingStamp(Model):
    """One row that changes with every setting: what caches compare."""

    id = fields.BigIntField(primary_key=True)
    stamp = fields.BigIntField(db_default=0)

    class Meta:
        table = "sourcing_stamp"


class SourcingDecision(Model):
    """A decision about an order, as it was made: `plan` is a `plans.Plan` as JSON, `cause` what it was made for."""

    id = fields.BigIntField(primary_key=True)
    order_id = fields.BigIntField()
    cause = fields.CharField(max_length=16)
    reason = fields.CharField(max_length=200, db_default="")
    actor = fields.CharField(max_length=128)
    plan = fields.TextField()
    decided_at = fields.DatetimeField()

    class Meta:
        table = "sourcing_decision"
        indexes = (("order_id", "id"),)


class SourcingPart(Model):
    """A part of an order that was given to a site with a limit for the day."""

    id = fields.BigIntField(primary_key=True)
    site = fields.CharField(max_length=40)
    order_id = fields.BigIntField()
    given_at = fields.DatetimeField()

    class Meta:
        table = "sourcing_part"
        indexes = (("site", "given_at"),)


class SourcingRejection(Model):
    """A site would not do a line of an order: `quantity` of the allocation `line_key`, which ended then; `kind` is a reason."""

    id = fields.BigIntField(primary_key=True)
    order_id = fields.BigIntField()
    site = fields.CharField(max_length=40)
    line_key = fields.CharField(max_length=64, unique=True)
    position = fields.IntField()
    sku_id = fields.BigIntField()
    quantity = fields.BigIntField()
    kind = fields.CharField(max_length=16)
    note = fields.CharField(max_length=200, db_default="")
    actor = fields.CharField(max_length=128)
    rejected_at = fields.DatetimeField()

    class Meta:
        table = "sourcing_rejection"
        indexes = (("order_id", "id"), ("site", "id"))


EXTRA_SQL = (
    check("sourcing_site", "sourcing_site_capacity", "NEW.capacity IS NULL OR NEW.capacity >= 0"),
    check("sourcing_rate", "sourcing_rate_amounts", "NEW.first_minor >= 0 AND NEW.more_minor >= 0"),
    check("sourcing_safety", "sourcing_safety_quantity", "NEW.quantity >= 0"),
    check("sourcing_rejection", "sourcing_rejection_quantity", "NEW.quantity > 0"),
    "INSERT INTO sourcing_stamp (id, stamp) VALUES (1, 0) ON CONFLICT (id) DO NOTHING",
)
