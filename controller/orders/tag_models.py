"""The table of tags on orders."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.orders.models import Order


class OrderTag(Model):
    """Table `order_tag`: a word that people put on an order to find it again; no personal data.  What became of it, events tell.

    `set_by`: an actor as events name them.
    """

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField("controller.Order", related_name=False)
    tag = fields.CharField(max_length=32)
    set_at = fields.DatetimeField()
    set_by = fields.CharField(max_length=128)

    class Meta:
        table = "order_tag"
        unique_together = (("order_id", "tag"),)
        indexes = (("tag", "order_id"),)
