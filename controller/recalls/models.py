"""Recalls of lots, and what each site had to do."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import check
from controller.stock.models import Lot


class Recall(Model):
    """Table `recall`.  One is open for a lot at a time.  Who and why, at its beginning and at its end."""

    id = fields.BigIntField(primary_key=True)
    lot: fields.ForeignKeyRelation[Lot] = fields.ForeignKeyField("controller.Lot", related_name=False)
    reason = fields.CharField(max_length=200)
    state = fields.CharField(max_length=16)
    created_at = fields.DatetimeField()
    created_by = fields.CharField(max_length=128)
    ended_at = fields.DatetimeField(null=True)
    ended_by = fields.CharField(max_length=128, null=True)
    ended_reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "recall"
        indexes = (("lot_id", "id"),)


class RecallSite(Model):
    """What was on hand of the lot at a site when it was recalled: `found` base units, in `bins` (JSON: base units by code).

    `cleared_at`: since then nothing of it is outside quarantine there.
    """

    id = fields.BigIntField(primary_key=True)
    recall: fields.ForeignKeyRelation[Recall] = fields.ForeignKeyField("controller.Recall", related_name=False)
    site = fields.CharField(max_length=40)
    found = fields.BigIntField()
    bins = fields.TextField()
    cleared_at = fields.DatetimeField(null=True)

    class Meta:
        table = "recall_site"
        unique_together = (("recall_id", "site"),)


EXTRA_SQL = (
    "CREATE UNIQUE INDEX IF NOT EXISTS recall_open_lot ON recall (lot_id) WHERE state = 'open'",
    check("recall_site", "recall_site_found", "NEW.found >= 0"),
)
