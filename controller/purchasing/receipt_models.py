"""What came: receipts, their lines and parts, and who said that it was all."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.purchasing.models import Notice, PurchaseOrder, Supplier
from controller.schema import check
from controller.sites.models import Site


class Receipt(Model):
    """What came at a site under one `document` (as it was scanned, empty: none) on one business day.

    It is made by the first fact of it, in whatever order they come.  `freight_minor` and so on: what it cost to get the goods here,
    in the site's currency; `spread`: over its lines by value, weight or quantity.
    """

    id = fields.BigIntField(primary_key=True)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField("controller.Site", related_name=False)
    document = fields.CharField(max_length=512)
    day = fields.DateField()
    state = fields.CharField(max_length=8)
    order: fields.ForeignKeyNullableRelation[PurchaseOrder] = fields.ForeignKeyField(
        "controller.PurchaseOrder", related_name=False, null=True
    )
    notice: fields.ForeignKeyNullableRelation[Notice] = fields.ForeignKeyField("controller.Notice", related_name=False, null=True)
    supplier: fields.ForeignKeyNullableRelation[Supplier] = fields.ForeignKeyField(
        "controller.Supplier", related_name=False, null=True
    )
    began_at = fields.DatetimeField()
    checked_at = fields.DatetimeField(null=True)
    freight_minor = fields.BigIntField(default=0)
    duty_minor = fields.BigIntField(default=0)
    other_minor = fields.BigIntField(default=0)
    spread = fields.CharField(max_length=8)

    class Meta:
        table = "receipt"
        unique_together = (("site_id", "document", "day"),)
        indexes = (("order_id", "id"), ("site_id", "id"), ("state", "id"))


class ReceiptLine(Model):
    """What came of a SKU, in base units.  `price_minor` for `price_units` base units, in the site's currency; NULL: nobody knows.

    `from_invoice`: the price is the supplier's invoice's, not the order's.  `short_reason`: why too little came, if somebody said.
    """

    id = fields.BigIntField(primary_key=True)
    receipt: fields.ForeignKeyRelation[Receipt] = fields.ForeignKeyField("controller.Receipt", related_name=False)
    sku_id = fields.BigIntField()
    good = fields.BigIntField(default=0)
    damaged = fields.BigIntField(default=0)
    price_minor = fields.BigIntField(null=True)
    price_units = fields.BigIntField(default=1)
    from_invoice = fields.BooleanField(default=False)
    landed_minor = fields.BigIntField(default=0)
    short_reason = fields.CharField(max_length=512, null=True)

    class Meta:
        table = "receipt_line"
        unique_together = (("receipt_id", "sku_id"),)


class ReceiptPart(Model):
    """Of a line, what came of one lot (0: of none that is known) in one condition, in base units; `reason`: why damaged goods are.

    What of a line's good goods stands in no part is of no known lot.
    The facts behind it are in the ledger, under the receipt's number.
    """

    id = fields.BigIntField(primary_key=True)
    receipt: fields.ForeignKeyRelation[Receipt] = fields.ForeignKeyField("controller.Receipt", related_name=False)
    sku_id = fields.BigIntField()
    lot_id = fields.BigIntField()
    condition = fields.CharField(max_length=8)
    reason = fields.CharField(max_length=200)
    units = fields.BigIntField()

    class Meta:
        table = "receipt_part"
        unique_together = (("receipt_id", "sku_id", "lot_id", "condition", "reason"),)


class ReceiptClosing(Model):
    """A person said that this was all; it holds for what came under the document up to its day."""

    id = fields.BigIntField(primary_key=True)
    fact_id = fields.UUIDField(unique=True)
    site_id = fields.CharField(max_length=40)
    document = fields.CharField(max_length=512)
    day = fields.DateField()
    closed_at = fields.DatetimeField()
    person = fields.CharField(max_length=512, null=True)

    class Meta:
        table = "receipt_closing"
        indexes = (("site_id", "document", "day"),)


EXTRA_SQL = (check("receipt_line", "receipt_line_not_negative", "NEW.good >= 0 AND NEW.damaged >= 0"),)
