"""Tables of what is done to many orders at once."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class OrderBatch(Model):
    """Table `order_batch`: one verb for many orders, done in the background as whoever asked for it.

    `undoes`: the batch that it takes back, once.  `tag`: of what is done with a tag, which one.
    """

    id = fields.BigIntField(primary_key=True)
    action = fields.CharField(max_length=16)
    reason = fields.CharField(max_length=200)
    state = fields.CharField(max_length=16)
    actor = fields.CharField(max_length=128)
    total = fields.BigIntField()
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)
    undoes = fields.BigIntField(null=True, unique=True)
    tag = fields.CharField(max_length=32, null=True)

    class Meta:
        table = "order_batch"
        indexes = (("state", "id"),)


class OrderBatchItem(Model):
    """Table `order_batch_item`: one order of a batch; `outcome` None: still to be done.  `code` and `message` say why it failed."""

    id = fields.BigIntField(primary_key=True)
    batch: fields.ForeignKeyRelation[OrderBatch] = fields.ForeignKeyField("controller.OrderBatch", related_name=False)
    order_id = fields.BigIntField()
    outcome = fields.CharField(max_length=8, null=True)
    code = fields.CharField(max_length=40, null=True)
    message = fields.CharField(max_length=400, null=True)

    class Meta:
        table = "order_batch_item"
        unique_together = (("batch_id", "order_id"),)
        indexes = (("batch_id", "outcome", "id"),)
