"""Prices with their instants, what is in force now at sites that differ from the chain, and label batches (minor units)."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import check


class Price(Model):
    """Table `price`: from `effective_from` on, a SKU costs this, for one piece, 100 g or 100 ml.

    `scope` is a site, or "" for the chain.  A `promotion` ends at `until`; a regular price (`until` None) holds until the next one.
    `is_begun` and `is_ended`: the follower has made it so.  `cancelled_at`: it never was, or was taken back.
    """

    id = fields.BigIntField(primary_key=True)
    sku_id = fields.BigIntField()
    scope = fields.CharField(max_length=40)
    kind = fields.CharField(max_length=12)
    price_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    effective_from = fields.DatetimeField()
    until = fields.DatetimeField(null=True)
    note = fields.CharField(max_length=200, null=True)
    is_begun = fields.BooleanField(db_default=False)
    is_ended = fields.BooleanField(db_default=False)
    created_at = fields.DatetimeField()
    created_by = fields.CharField(max_length=128)
    cancelled_at = fields.DatetimeField(null=True)
    cancelled_by = fields.CharField(max_length=128, null=True)

    class Meta:
        table = "price"
        indexes = (("sku_id", "effective_from"),)


class SitePrice(Model):
    """Table `site_price`: what a SKU costs now at a site where that is not the chain's price (`sku.price_minor`)."""

    id = fields.BigIntField(primary_key=True)
    sku_id = fields.BigIntField()
    site_id = fields.CharField(max_length=40)
    price_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)

    class Meta:
        table = "site_price"
        unique_together = (("sku_id", "site_id"),)
        indexes = (("site_id", "sku_id"),)


class LabelBatch(Model):
    """Table `label_batch`: the shelf labels that a site needs from an instant on.  `number`: ours, or what a box told."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=64, unique=True)
    site_id = fields.CharField(max_length=40, null=True)
    effective_at = fields.DatetimeField(null=True)
    state = fields.CharField(max_length=12)
    is_announced = fields.BooleanField()
    is_in_force = fields.BooleanField(db_default=False)
    created_at = fields.DatetimeField()
    printed_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    version = fields.BigIntField(null=True)

    class Meta:
        table = "label_batch"
        unique_together = (("site_id", "effective_at"),)
        indexes = (("site_id", "state"), ("state", "id"))


class LabelLine(Model):
    """Table `label_line`: one SKU's label, with the price that stands on it.  `prints`: how often it was sent to a printer."""

    id = fields.BigIntField(primary_key=True)
    batch: fields.ForeignKeyRelation[LabelBatch] = fields.ForeignKeyField("controller.LabelBatch", related_name=False)
    sku_id = fields.BigIntField()
    price_minor = fields.BigIntField(null=True)
    currency = fields.CharField(max_length=3, null=True)
    prints = fields.IntField(db_default=0)
    confirmed_at = fields.DatetimeField(null=True)
    confirmed_by = fields.CharField(max_length=512, null=True)

    class Meta:
        table = "label_line"
        unique_together = (("batch_id", "sku_id"),)
        indexes = (("sku_id",),)


EXTRA_SQL = (
    "CREATE UNIQUE INDEX IF NOT EXISTS price_instant ON price (sku_id, scope, kind, effective_from) WHERE cancelled_at IS NULL",
    "CREATE INDEX IF NOT EXISTS price_to_begin ON price (effective_from) WHERE NOT is_begun AND cancelled_at IS NULL",
    "CREATE INDEX IF NOT EXISTS price_to_end ON price (until) WHERE NOT is_ended AND until IS NOT NULL AND cancelled_at IS NULL",
    check("price", "price_sane", "NEW.price_minor >= 0 AND (NEW.until IS NULL OR NEW.until > NEW.effective_from)"),
)
