"""The tables of cost: pools, their entries, and what each receipt's goods cost."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.catalog.models import Sku
from controller.schema import append_only, check
from controller.sites.models import Site


class SkuCost(Model):
    """Goods of a SKU at a site and on their way to it: `quantity` base units cost `value_minor`, `unknown` more nobody knows what.

    Minor units of the site's currency.  quantity + unknown = what the ledger had there as of the last entry that was valued;
    `unknown` is below zero only between goods that go and the loan that covers them.
    """

    id = fields.BigIntField(primary_key=True)
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField("controller.Sku", related_name=False)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField("controller.Site", related_name=False)
    quantity = fields.BigIntField(default=0)
    value_minor = fields.BigIntField(default=0)
    unknown = fields.BigIntField(default=0)

    class Meta:
        table = "sku_cost"
        unique_together = (("sku_id", "site_id"),)
        indexes = (("site_id", "sku_id"),)


class CostEntry(Model):
    """What one movement, or one correction (`movement_id` None), did to a pool; append-only.  The sums of a pool's are the pool.

    A correction's `difference_minor` is the part of it whose goods had left: it is booked as price difference, not to the pool.
    """

    id = fields.BigIntField(primary_key=True)
    sku_id = fields.BigIntField()
    site_id = fields.CharField(max_length=40)
    movement_id = fields.BigIntField(null=True)
    reason = fields.CharField(max_length=24)
    document = fields.CharField(max_length=512, null=True)
    quantity = fields.BigIntField()
    value_minor = fields.BigIntField()
    unknown = fields.BigIntField()
    difference_minor = fields.BigIntField(default=0)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "cost_entry"
        indexes = (("sku_id", "site_id", "id"), ("document",))


class CostBasis(Model):
    """What the goods of a receipt cost: `minor` for `units` base units, landed; NULL while nobody knows.

    `booked_units` of them are in the books, at `booked_minor` in all (`booked_unknown` of them at a cost that was not known then).
    """

    id = fields.BigIntField(primary_key=True)
    document = fields.CharField(max_length=512)
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField("controller.Sku", related_name=False)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField("controller.Site", related_name=False)
    minor = fields.BigIntField(null=True)
    units = fields.BigIntField(default=1)
    booked_units = fields.BigIntField(default=0)
    booked_minor = fields.BigIntField(default=0)
    booked_unknown = fields.BigIntField(default=0)

    class Meta:
        table = "cost_basis"
        unique_together = (("document", "sku_id", "site_id"),)


class CostCursor(Model):
    """One row: up to which entry the ledger is valued."""

    id = fields.BigIntField(primary_key=True)
    movement_id = fields.BigIntField()

    class Meta:
        table = "cost_cursor"


EXTRA_SQL = (
    "INSERT INTO cost_cursor (id, movement_id) VALUES (1, 0) ON CONFLICT (id) DO NOTHING",
    append_only("cost_entry"),
    check("sku_cost", "sku_cost_not_negative", "NEW.quantity >= 0 AND NEW.value_minor >= 0"),
    check("cost_basis", "cost_basis_sound", "NEW.units > 0 AND (NEW.minor IS NULL OR NEW.minor >= 0)"),
)
