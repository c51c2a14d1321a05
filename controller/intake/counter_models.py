"""Tables of orders that were made at a counter: which fact made which order, and what left over the counter at once."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class CounterOrder(Model):
    """Table `counter_order`.  `reference` is the box's own number, which its receipt bears; the order's is another one where a box
    that was set up anew has used it before.  `day`: the business day on which goods were taken away; None: they were not.
    """

    id = fields.BigIntField(primary_key=True)
    fact_id = fields.UUIDField(unique=True)
    order_id = fields.BigIntField(unique=True)
    box = fields.CharField(max_length=40)
    reference = fields.CharField(max_length=64)
    day = fields.DateField(null=True)

    class Meta:
        table = "counter_order"
        indexes = (("reference",),)


class CounterSold(Model):
    """Table `counter_sold`: base units of a SKU that left over the counter, and what they cost; None: nobody knows.

    `lot_id` 0: nobody said which lot; `serial`: the one piece that it is.
    """

    id = fields.BigIntField(primary_key=True)
    order_id = fields.BigIntField(db_index=True)
    sku_id = fields.BigIntField()
    units = fields.BigIntField()
    amount_minor = fields.BigIntField()
    cost_minor = fields.BigIntField(null=True)
    lot_id = fields.BigIntField(db_default=0)
    serial = fields.CharField(max_length=64, null=True)

    class Meta:
        table = "counter_sold"
