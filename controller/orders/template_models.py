"""Tables of what makes orders at counters quick: goods that are often ordered together, and how an order is paid and gets away."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class OrderTemplate(Model):
    """Table `order_template`.  `site` None: for all.  `uses`: orders that were made with it.  One that is switched off stays."""

    id = fields.BigIntField(primary_key=True)
    title = fields.CharField(max_length=80)
    site = fields.CharField(max_length=40, null=True)
    is_active = fields.BooleanField(db_default=True)
    uses = fields.BigIntField(db_default=0)
    version = fields.BigIntField(db_default=1)
    changed_at = fields.DatetimeField()
    changed_by = fields.CharField(max_length=128)

    class Meta:
        table = "order_template"


class OrderTemplateLine(Model):
    """Table `order_template_line`: so many base units of a SKU."""

    id = fields.BigIntField(primary_key=True)
    template: fields.ForeignKeyRelation[OrderTemplate] = fields.ForeignKeyField("controller.OrderTemplate", related_name=False)
    position = fields.IntField()
    sku_id = fields.BigIntField()
    quantity = fields.BigIntField()

    class Meta:
        table = "order_template_line"
        unique_together = (("template_id", "position"),)


class OrderPreset(Model):
    """Table `order_preset`: `pays` and `goes` as `edge_agent.wire.order_facts` names them.

    `customer_id`: whose account it goes on; None: nobody's in particular.
    """

    id = fields.BigIntField(primary_key=True)
    title = fields.CharField(max_length=80)
    site = fields.CharField(max_length=40, null=True)
    pays = fields.CharField(max_length=16)
    goes = fields.CharField(max_length=16)
    customer_id = fields.BigIntField(null=True)
    is_active = fields.BooleanField(db_default=True)
    uses = fields.BigIntField(db_default=0)
    version = fields.BigIntField(db_default=1)
    changed_at = fields.DatetimeField()
    changed_by = fields.CharField(max_length=128)

    class Meta:
        table = "order_preset"
