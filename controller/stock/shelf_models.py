"""Where goods are sold from."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class Shelf(Model):
    """The one place of a SKU at a site that sales and transfers take from when nobody says which.  `is_chosen`: by a person.

    While no bin holds the SKU it is the receiving place; once one does, what was taken from there is booked over, so that the order
    in which sales and deliveries are told makes no difference.
    """

    id = fields.BigIntField(primary_key=True)
    sku_id = fields.BigIntField()
    site_id = fields.CharField(max_length=40)
    location_id = fields.BigIntField()
    is_bin = fields.BooleanField()
    is_chosen = fields.BooleanField(db_default=False)

    class Meta:
        table = "shelf"
        unique_together = (("sku_id", "site_id"),)
        indexes = (("site_id", "location_id"),)


EXTRA_SQL = ("CREATE INDEX IF NOT EXISTS shelf_unknown ON shelf (id) WHERE NOT is_bin",)
