"""The table of flags on orders."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.orders.models import Order
from controller.schema import check


class OrderFlag(Model):
    """Table `order_flag`.  A flag is set while `cleared_at` is None, and an order has one of a kind at a time; rows stay for ever.

    `set_by` and `cleared_by` are actors as events name them.
    """

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField("controller.Order", related_name="flags")
    kind = fields.CharField(max_length=32)
    reason = fields.CharField(max_length=200)
    set_at = fields.DatetimeField()
    set_by = fields.CharField(max_length=128)
    cleared_at = fields.DatetimeField(null=True)
    cleared_by = fields.CharField(max_length=128, null=True)
    clear_reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "order_flag"
        indexes = (("order_id", "id"),)


EXTRA_SQL = (
    "CREATE UNIQUE INDEX IF NOT EXISTS order_flag_set ON order_flag (order_id, kind) WHERE cleared_at IS NULL",
    "CREATE INDEX IF NOT EXISTS order_flag_waiting ON order_flag (kind, id) WHERE cleared_at IS NULL",
    check("order_flag", "order_flag_cleared", "(NEW.cleared_at IS NULL) = (NEW.clear_reason IS NULL)"),
)
