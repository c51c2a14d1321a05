"""Where goods are sold from."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import check


class Shelf(Model):
    """The one place of a SKU at a site that sales and transfers take from when nobody says which.  `is_chosen`: by a person.

    While no bin holds the SKU it is the receiving place, and `unplaced` is what was taken from there (less what came back) until
    a bin is known: then that much is booked over, so that the order in which sales and deliveries are told makes no difference.
    """

    id = fields.BigIntField(primary_key=True)
    sku_id = fields.BigIntField()
    site_id = fields.CharField(max_length=40)
    location_id = fields.BigIntField()
    is_bin = fields.BooleanField()
    is_chosen = fields.BooleanField(db_default=False)
    unplaced = fields.BigIntField(db_default=0)

    class Meta:
        table = "shelf"
        unique_together = (("sku_id", "site_id"),)
        indexes = (("site_id", "location_id"),)


EXTRA_SQL = (
    "CREATE INDEX IF NOT EXISTS shelf_unknown ON shelf (id) WHERE NOT is_bin",
    check("shelf", "shelf_placed", "NEW.unplaced = 0 OR NOT NEW.is_bin"),
)
