"""The table of what people look at again and again."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class SavedView(Model):
    """Table `saved_view`: a way of looking at the list of orders, by its owner's name for it.

    `query`: filters, sorting and columns as the list's address has them; no personal data.  `role`: who else sees it, None: nobody.
    """

    id = fields.BigIntField(primary_key=True)
    owner = fields.CharField(max_length=128)
    name = fields.CharField(max_length=60)
    query = fields.CharField(max_length=1000)
    role = fields.CharField(max_length=16, null=True)
    saved_at = fields.DatetimeField()

    class Meta:
        table = "saved_view"
        unique_together = (("owner", "name"),)
        indexes = (("role", "id"),)
