"""The opening stock: files as they came, line by line, with what is wrong with each (quantities in base units)."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class OpeningFile(Model):
    """A file by the hash of its bytes, so that sending it again is the same file.

    `applied` of its `good` lines are booked, in order of their numbers; `told_at`: when that last moved.
    """

    id = fields.BigIntField(primary_key=True)
    hash = fields.CharField(max_length=64, unique=True)
    name = fields.CharField(max_length=200)
    state = fields.CharField(max_length=12)
    lines = fields.BigIntField()
    good = fields.BigIntField()
    units = fields.BigIntField()
    occupied = fields.BigIntField()
    applied = fields.BigIntField(default=0)
    sites = fields.TextField()
    created_at = fields.DatetimeField()
    created_by = fields.CharField(max_length=128)
    confirmed_at = fields.DatetimeField(null=True)
    confirmed_by = fields.CharField(max_length=128, null=True)
    told_at = fields.DatetimeField(null=True)
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "opening_file"
        indexes = (("state", "id"),)


class OpeningLine(Model):
    """One line of it.  `error`: the code of what is wrong; empty: nothing, and the ids are set.  `there`: in the bin before."""

    id = fields.BigIntField(primary_key=True)
    file_id = fields.BigIntField()
    line = fields.BigIntField()
    site = fields.CharField(max_length=64)
    bin = fields.CharField(max_length=64)
    sku = fields.CharField(max_length=64)
    amount = fields.CharField(max_length=64)
    lot = fields.CharField(max_length=64)
    expiry = fields.CharField(max_length=32)
    cost = fields.CharField(max_length=32)
    error = fields.CharField(max_length=24, default="")
    sku_id = fields.BigIntField(null=True)
    location_id = fields.BigIntField(null=True)
    quantity = fields.BigIntField(null=True)
    cost_minor = fields.BigIntField(null=True)
    there = fields.BigIntField(default=0)

    class Meta:
        table = "opening_line"
        unique_together = (("file_id", "line"),)
        indexes = (("file_id", "error", "line"),)
