"""What is bought: suppliers and what they sell, purchase orders and their answers, notices of goods on their way."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.catalog.models import Sku
from controller.schema import check
from controller.sites.models import Site


class Supplier(Model):
    """A company that sells to us; company data only, no person's name.

    `channel`: how orders reach it (email, http, file, hand), `address`: where.  `minimum_minor`: what an order must come to, in
    minor units of `currency`.  `order_days`: ISO weekdays on which it takes orders (`135`), empty: any.  `over_percent`: by how
    much more than ordered may come.  `min_days`: days of life that goods must have left.  `language` of its orders.
    """

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=64, unique=True)
    name = fields.CharField(max_length=200)
    channel = fields.CharField(max_length=8)
    address = fields.CharField(max_length=400)
    language = fields.CharField(max_length=8)
    currency = fields.CharField(max_length=3)
    lead_days = fields.IntField()
    minimum_minor = fields.BigIntField()
    order_days = fields.CharField(max_length=7)
    over_percent = fields.IntField()
    min_days = fields.IntField()
    active = fields.BooleanField(default=True)

    class Meta:
        table = "supplier"


class SupplierItem(Model):
    """A SKU as a supplier sells it: its own code, packs of `pack_numerator / pack_denominator` base units at `price_minor` each."""

    id = fields.BigIntField(primary_key=True)
    supplier: fields.ForeignKeyRelation[Supplier] = fields.ForeignKeyField("controller.Supplier", related_name=False)
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField("controller.Sku", related_name=False)
    their_code = fields.CharField(max_length=64)
    pack_numerator = fields.BigIntField()
    pack_denominator = fields.BigIntField()
    minimum_packs = fields.BigIntField()
    price_minor = fields.BigIntField(null=True)
    lead_days = fields.IntField(null=True)
    active = fields.BooleanField(default=True)

    class Meta:
        table = "supplier_item"
        unique_together = (("supplier_id", "sku_id"),)
        indexes = (("sku_id",),)


class PurchaseOrder(Model):
    """An order to a supplier, for one site.  `revision` counts what was sent.

    `rate_numerator / rate_denominator` minor units of the site's currency are one of `currency`; NULL: the two are the same, or
    nobody said (then what the goods cost is not known).  `reference`: their number of it.
    """

    id = fields.BigIntField(primary_key=True)
    supplier: fields.ForeignKeyRelation[Supplier] = fields.ForeignKeyField("controller.Supplier", related_name=False)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField("controller.Site", related_name=False)
    state = fields.CharField(max_length=16)
    currency = fields.CharField(max_length=3)
    rate_numerator = fields.BigIntField(null=True)
    rate_denominator = fields.BigIntField(null=True)
    origin = fields.CharField(max_length=64)
    note = fields.CharField(max_length=400)
    reference = fields.CharField(max_length=64, null=True)
    revision = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    created_by = fields.CharField(max_length=128)
    approved_at = fields.DatetimeField(null=True)
    approved_by = fields.CharField(max_length=128, null=True)
    sent_at = fields.DatetimeField(null=True)
    confirmed_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "purchase_order"
        indexes = (("state", "id"), ("site_id", "state", "id"), ("supplier_id", "id"), ("reference",))


class PurchaseOrderLine(Model):
    """So many packs of a SKU at a price each.  `units`: in base units; `received` of them came, `owed` of them are incoming."""

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[PurchaseOrder] = fields.ForeignKeyField("controller.PurchaseOrder", related_name=False)
    position = fields.IntField()
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField("controller.Sku", related_name=False)
    their_code = fields.CharField(max_length=64)
    pack_numerator = fields.BigIntField()
    pack_denominator = fields.BigIntField()
    packs = fields.BigIntField()
    units = fields.BigIntField()
    price_minor = fields.BigIntField(null=True)
    expected_on = fields.DateField(null=True)
    received = fields.BigIntField(default=0)
    owed = fields.BigIntField(default=0)
    closed = fields.BooleanField(default=False)

    class Meta:
        table = "purchase_order_line"
        unique_together = (("order_id", "sku_id"), ("order_id", "position"))
        indexes = (("sku_id", "order_id"),)


class Answer(Model):
    """A supplier's answer to an order: what it will send, when and at what price.  `source`: api, csv, http."""

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[PurchaseOrder] = fields.ForeignKeyField("controller.PurchaseOrder", related_name=False)
    state = fields.CharField(max_length=12)
    source = fields.CharField(max_length=8)
    reference = fields.CharField(max_length=64, null=True)
    came_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.CharField(max_length=128, null=True)

    class Meta:
        table = "purchase_answer"
        indexes = (("order_id", "id"), ("state", "id"))


class AnswerLine(Model):
    """What the answer says of one line; what it does not say is as ordered."""

    id = fields.BigIntField(primary_key=True)
    answer: fields.ForeignKeyRelation[Answer] = fields.ForeignKeyField("controller.Answer", related_name=False)
    position = fields.IntField()
    packs = fields.BigIntField(null=True)
    price_minor = fields.BigIntField(null=True)
    expected_on = fields.DateField(null=True)

    class Meta:
        table = "purchase_answer_line"
        unique_together = (("answer_id", "position"),)


class Notice(Model):
    """A supplier's advance shipping notice under its own `number`.  Without an order, its goods count as incoming themselves."""

    id = fields.BigIntField(primary_key=True)
    supplier: fields.ForeignKeyRelation[Supplier] = fields.ForeignKeyField("controller.Supplier", related_name=False)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField("controller.Site", related_name=False)
    order: fields.ForeignKeyNullableRelation[PurchaseOrder] = fields.ForeignKeyField(
        "controller.PurchaseOrder", related_name=False, null=True
    )
    number = fields.CharField(max_length=64)
    expected_on = fields.DateField(null=True)
    closed = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()

    class Meta:
        table = "shipping_notice"
        unique_together = (("supplier_id", "number"),)
        indexes = (("site_id", "number"), ("order_id",))


class NoticeLine(Model):
    """So many base units of a SKU, of a lot if the notice says so.  `owed` of them count as incoming."""

    id = fields.BigIntField(primary_key=True)
    notice: fields.ForeignKeyRelation[Notice] = fields.ForeignKeyField("controller.Notice", related_name=False)
    position = fields.IntField()
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField("controller.Sku", related_name=False)
    units = fields.BigIntField()
    lot = fields.CharField(max_length=64, null=True)
    expiry = fields.DateField(null=True)
    owed = fields.BigIntField(default=0)

    class Meta:
        table = "shipping_notice_line"
        unique_together = (("notice_id", "position"),)
        indexes = (("sku_id", "notice_id"),)


class Sending(Model):
    """An order that is to reach its supplier, written in the transaction that decided it.

    `is_cancel`: it tells that the order, as it was sent, is not wanted any more.
    `message_id` is the same however often it is tried.  `next_at`: not before then; while somebody tries, until when it is theirs.
    """

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[PurchaseOrder] = fields.ForeignKeyField("controller.PurchaseOrder", related_name=False)
    revision = fields.IntField()
    is_cancel = fields.BooleanField(db_default=False)
    message_id = fields.CharField(max_length=80, unique=True)
    channel = fields.CharField(max_length=8)
    address = fields.CharField(max_length=400)
    state = fields.CharField(max_length=12)
    tries = fields.IntField(default=0)
    next_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)
    error = fields.CharField(max_length=400, null=True)

    class Meta:
        table = "purchase_sending"
        unique_together = (("order_id", "revision"),)
        indexes = (("state", "next_at"),)


EXTRA_SQL = (
    check("supplier_item", "supplier_item_sound", "NEW.pack_numerator > 0 AND NEW.pack_denominator > 0 AND NEW.minimum_packs > 0"),
    check("purchase_order_line", "purchase_order_line_sound", "NEW.units > 0 AND NEW.packs > 0 AND NEW.owed >= 0"),
    check("shipping_notice_line", "shipping_notice_line_sound", "NEW.units > 0 AND NEW.owed >= 0"),
)
