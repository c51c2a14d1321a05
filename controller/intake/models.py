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

    `code` and `detail`: why it is not placed, without a word of it; `source`: webhook, api, file.  `buyer_hashes`: keyed hashes of
    what its buyer can be known by, with spaces between; of what is no order, empty.
    """

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=40)
    digest = fields.CharField(max_length=64, unique=True)
    sealed = fields.TextField()
    buyer_hashes = fields.TextField(db_default="")
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
    """Table `intake_marketplace`: one that is asked for its orders every so many seconds; `sealed`: the token to ask with.

    `polled_at`: when it answered, or failed to, the last time; `found`: how many orders were new then.
    """

    channel = fields.CharField(max_length=40, primary_key=True)
    url = fields.CharField(max_length=300)
    sealed = fields.TextField()
    every_seconds = fields.IntField()
    is_active = fields.BooleanField()
    next_at = fields.DatetimeField()
    failures = fields.IntField()
    failed = fields.CharField(max_length=200, null=True)
    polled_at = fields.DatetimeField(null=True)
    found = fields.IntField(null=True)

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


class OrderFile(Model):
    """Table `order_file`: a file of orders, by the hash of its bytes, which are kept nowhere.

    `orders` of it can be taken, `handed` of those are raw orders already; `known` came before, `bad` cannot be taken.
    `missing`: goods that nobody mapped, as JSON, with how many orders wait for each.
    """

    id = fields.BigIntField(primary_key=True)
    hash = fields.CharField(max_length=64, unique=True)
    name = fields.CharField(max_length=200)
    state = fields.CharField(max_length=12)
    row_count = fields.BigIntField()
    orders = fields.BigIntField()
    known = fields.BigIntField()
    bad = fields.BigIntField()
    errors = fields.BigIntField()
    handed = fields.BigIntField(default=0)
    missing = fields.TextField()
    checked_at = fields.DatetimeField()
    checked_by = fields.CharField(max_length=128)
    started_at = fields.DatetimeField(null=True)
    started_by = fields.CharField(max_length=128, null=True)
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "order_file"
        indexes = (("state", "id"),)


class OrderFileOrder(Model):
    """Table `order_file_order`: an order of a file, sealed until it is a raw order, or the file is done with.

    `number`: among the file's orders; `row`: its first; `state`: new, known or bad.  `terms`: how it is paid, empty: elsewhere;
    `presale`: lines that may be promised before they arrive.  `buyer_hashes`: as of a raw order, while it is sealed here.
    """

    id = fields.CharField(max_length=32, primary_key=True)
    file_id = fields.BigIntField()
    number = fields.BigIntField()
    row = fields.BigIntField()
    row_count = fields.BigIntField()
    reference = fields.CharField(max_length=64)
    state = fields.CharField(max_length=8)
    units = fields.BigIntField()
    total_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    delivery = fields.CharField(max_length=16)
    terms = fields.CharField(max_length=12, db_default="")
    presale = fields.IntField(db_default=0)
    is_unmapped = fields.BooleanField()
    sealed = fields.TextField()
    buyer_hashes = fields.TextField(db_default="")
    raw_order_id = fields.BigIntField(null=True, db_index=True)

    class Meta:
        table = "order_file_order"
        unique_together = (("file_id", "number"),)
        indexes = (("file_id", "state", "number"),)


class OrderFileError(Model):
    """Table `order_file_error`: what is wrong with which row; `told`: the cell, where it is of no person."""

    id = fields.BigIntField(primary_key=True)
    file_id = fields.BigIntField()
    number = fields.BigIntField()
    row = fields.BigIntField()
    column_name = fields.CharField(max_length=20)
    code = fields.CharField(max_length=24)
    told = fields.CharField(max_length=64)

    class Meta:
        table = "order_file_error"
        unique_together = (("file_id", "number"),)


class MergeSetAside(Model):
    """Table `merge_set_aside`: two orders that could be one stay two, somebody said; `one_id` is the smaller id."""

    id = fields.BigIntField(primary_key=True)
    one_id = fields.BigIntField()
    other_id = fields.BigIntField()
    said_at = fields.DatetimeField()
    said_by = fields.CharField(max_length=128)

    class Meta:
        table = "merge_set_aside"
        unique_together = (("one_id", "other_id"),)


class MergeWindow(Model):
    """Table `merge_window`: orders of the channel that came at most so many hours apart are proposed to be merged; 0: none are."""

    channel = fields.CharField(max_length=40, primary_key=True)
    hours = fields.IntField()
    changed_at = fields.DatetimeField()
    changed_by = fields.CharField(max_length=128)

    class Meta:
        table = "merge_window"


EXTRA_SQL = ("CREATE INDEX IF NOT EXISTS raw_order_due ON raw_order (id) WHERE state = 'waiting'",)
