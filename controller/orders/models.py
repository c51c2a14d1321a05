"""Tables of orders.  Numbers that people see come from ids (`controller/orders/numbers.py`)."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import check


class Order(Model):
    """Table `sales_order`.  `reference` is the channel's own number of it, unique there.  No personal data (docs/adr/0004).

    `min_remaining_days`: how long what expires must still keep when it is picked; None: as each SKU says.
    """

    id = fields.BigIntField(primary_key=True)
    site = fields.CharField(max_length=40)
    channel = fields.CharField(max_length=40)
    reference = fields.CharField(max_length=64)
    pickup_code = fields.CharField(max_length=16)
    currency = fields.CharField(max_length=3)
    total_minor = fields.BigIntField()
    state = fields.CharField(max_length=16)
    placed_at = fields.DatetimeField()
    min_remaining_days = fields.IntField(null=True)

    class Meta:
        table = "sales_order"
        unique_together = (("channel", "reference"),)
        indexes = (("state", "id"), ("site", "id"))


class OrderLine(Model):
    """Table `order_line`.  `quantity` in base units; `unit_price_minor` is the price of `price_per` of them (1, or 100 g or ml).

    SKU code, names and unit as they were when it was placed.  `is_short`: a picker found less than was promised.
    """

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField("controller.Order", related_name="lines")
    position = fields.IntField()
    sku_id = fields.BigIntField()
    sku = fields.CharField(max_length=64)
    name_zh = fields.CharField(max_length=200)
    name_en = fields.CharField(max_length=200)
    base_unit = fields.CharField(max_length=16)
    quantity = fields.BigIntField()
    unit_price_minor = fields.BigIntField()
    price_per = fields.IntField()
    amount_minor = fields.BigIntField()
    is_short = fields.BooleanField(default=False)

    class Meta:
        table = "order_line"
        unique_together = (("order_id", "position"),)


EXTRA_SQL = (
    check("sales_order", "sales_order_total", "NEW.total_minor >= 0"),
    check("order_line", "order_line_amounts", "NEW.quantity > 0 AND NEW.unit_price_minor >= 0 AND NEW.price_per > 0"),
)
