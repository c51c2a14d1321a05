"""Tables of intake.  What a channel sent is sealed: it names people (docs/adr/0038)."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class IntakeSecret(Model):
    """Table `intake_secret`: what a channel signs with, sealed.  Two may hold at a time, while one is changed for the other."""

    id = fields.CharField(max_length=32, primary_key=True)
    channel = fields.CharField(max_length=40)
    sealed = fields.TextField()
    made_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "intake_secret"
        indexes = (("channel", "ended_at"),)


class IntakeNonce(Model):
    """Table `intake_nonce`: what a channel signed once, it signs once."""

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=40)
    nonce = fields.CharField(max_length=64)
    seen_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "intake_nonce"
        unique_together = (("channel", "nonce"),)


class RawOrder(Model):
    """Table `raw_order`: bytes as they came, sealed (`sealed` is base64 under the seal); `digest` names them, once per channel.

    `code` and `detail`: why it is not placed, without a word of it; `source`: webhook, api, file.
    """

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=40)
    digest = fields.CharField(max_length=64, unique=True)
    sealed = fields.TextField()
    source = fields.CharField(max_length=16)
    reference = fields.CharField(max_length=64, null=True)
    state = fields.CharField(max_length=16)
    code = fields.CharField(max_length=64, null=True)
    detail = fields.CharField(max_length=300, null=True)
    order_id = fields.BigIntField(null=True)
    received_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()
    attempts = fields.IntField(db_default=0)

    class Meta:
        table = "raw_order"
        indexes = (("state", "id"), ("channel", "reference"))


class IntakeMarketplace(Model):
    """Table `intake_marketplace`: one that is asked for its orders every so many seconds; `sealed`: the token to ask with."""

    channel = fields.CharField(max_length=40, primary_key=True)
    url = fields.CharField(max_length=300)
    sealed = fields.TextField()
    every_seconds = fields.IntField()
    is_active = fields.BooleanField()
    next_at = fields.DatetimeField()
    failures = fields.IntField()
    failed = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "intake_marketplace"


class IntakeCursor(Model):
    """Table `intake_cursor`: how far the orders of a marketplace that is asked were fetched."""

    channel = fields.CharField(max_length=40, primary_key=True)
    place = fields.CharField(max_length=200)
    moved_at = fields.DatetimeField()

    class Meta:
        table = "intake_cursor"


class RawMissing(Model):
    """Table `raw_missing`: goods that a raw order names and nobody mapped; mapping them lets it go on."""

    id = fields.BigIntField(primary_key=True)
    raw_order: fields.ForeignKeyRelation[RawOrder] = fields.ForeignKeyField("controller.RawOrder", related_name="missing")
    channel = fields.CharField(max_length=40)
    goods = fields.CharField(max_length=100)

    class Meta:
        table = "raw_missing"
        unique_together = (("raw_order_id", "goods"),)
        indexes = (("channel", "goods"),)


class GoodsMapping(Model):
    """Table `goods_mapping`: what a channel calls `goods` is `units` base units of a SKU of ours."""

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=40)
    goods = fields.CharField(max_length=100)
    sku = fields.CharField(max_length=64)
    units = fields.BigIntField()
    changed_at = fields.DatetimeField()
    changed_by = fields.CharField(max_length=128)

    class Meta:
        table = "goods_mapping"
        unique_together = (("channel", "goods"),)


EXTRA_SQL = ("CREATE INDEX IF NOT EXISTS raw_order_due ON raw_order (id) WHERE state = 'waiting'",)
