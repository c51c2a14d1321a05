"""Tables of print templates."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class PrintTemplate(Model):
    """Table `print_template`: one row per content, never changed.  `version` is the hex SHA-256 of `body`."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=40)
    version = fields.CharField(max_length=64)
    kind = fields.CharField(max_length=16)
    body = fields.TextField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "print_template"
        unique_together = (("name", "version"),)


class CurrentTemplate(Model):
    """Table `current_template`: which version new jobs of a name are printed with."""

    name = fields.CharField(max_length=40, primary_key=True)
    version = fields.CharField(max_length=64)

    class Meta:
        table = "current_template"
