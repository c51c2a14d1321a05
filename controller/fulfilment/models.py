"""Tables of fulfilment.  Quantities in base units, weights in grams."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import check


class PickList(Model):
    """Table `pick_list`: one site's part of an order; `attempt` counts from 1, when an earlier one was withdrawn or is done.

    `wave_id`: the wave that released it.  `claimed_by` (`person:` and their id, or `box:` and the box's where nobody signs in),
    `claimed_box`, `claimed_at` and `claim` (the fact's id): who has it in hand, where and since when; None: it is for whoever
    claims it first.  `tote`: the barcode of what it is picked into, until its parcel is packed.
    """

    id = fields.BigIntField(primary_key=True)
    order_id = fields.BigIntField()
    site = fields.CharField(max_length=40)
    attempt = fields.IntField(db_default=1)
    state = fields.CharField(max_length=16)
    released_at = fields.DatetimeField()
    wave_id = fields.BigIntField(null=True)
    claimed_by = fields.CharField(max_length=128, null=True)
    claimed_box = fields.CharField(max_length=40, null=True)
    claimed_at = fields.DatetimeField(null=True)
    claim = fields.CharField(max_length=36, null=True)
    tote = fields.CharField(max_length=64, null=True)

    class Meta:
        table = "pick_list"
        unique_together = (("order_id", "site", "attempt"),)
        indexes = (("state", "id"), ("site", "id"), ("wave_id", "id"))


class PickListLine(Model):
    """Table `pick_line`: see `policies.PickLine`."""

    id = fields.BigIntField(primary_key=True)
    pick_list: fields.ForeignKeyRelation[PickList] = fields.ForeignKeyField("controller.PickList", related_name="lines")
    order_line_id = fields.BigIntField()
    line_key = fields.CharField(max_length=64)
    sku_id = fields.BigIntField()
    location_id = fields.BigIntField()
    quantity = fields.BigIntField()
    picked = fields.BigIntField(default=0)
    out = fields.BigIntField(default=0)
    is_short = fields.BooleanField(default=False)
    lot_id = fields.BigIntField(db_default=0)
    is_other_lot = fields.BooleanField(db_default=False)
    estimate = fields.BigIntField(db_default=0)

    class Meta:
        table = "pick_line"
        indexes = (("pick_list_id", "id"), ("line_key",))


class PickClaim(Model):
    """Table `pick_claim`: each claim that was told, by its fact's id.  `is_lost`: somebody else had the list.

    `ended_at`: it was given back, which may have been told before the claim itself (then nothing else is known yet).
    """

    id = fields.CharField(max_length=36, primary_key=True)
    pick_list_id = fields.BigIntField()
    claimed_by = fields.CharField(max_length=128, null=True)
    box = fields.CharField(max_length=40, null=True)
    claimed_at = fields.DatetimeField(null=True)
    tote = fields.CharField(max_length=64, null=True)
    is_lost = fields.BooleanField(db_default=False)
    ended_at = fields.DatetimeField(null=True)
    ended_by = fields.CharField(max_length=128, null=True)

    class Meta:
        table = "pick_claim"
        indexes = (("pick_list_id", "claimed_at"),)


class PickBy(Model):
    """Table `pick_by`: who fetched something for a pick list, as `pick_list.claimed_by` names them, and when last."""

    id = fields.BigIntField(primary_key=True)
    pick_list_id = fields.BigIntField()
    picked_by = fields.CharField(max_length=128)
    last_at = fields.DatetimeField()

    class Meta:
        table = "pick_by"
        unique_together = (("pick_list_id", "picked_by"),)


class Parcel(Model):
    """Table `parcel`.  `grams` is a decimal number as text; `expected_grams` is None when a weight of its goods is not known.

    `reason`: why it weighs other than its goods, as whoever packed it said.
    """

    id = fields.BigIntField(primary_key=True)
    pick_list: fields.OneToOneRelation[PickList] = fields.OneToOneField("controller.PickList", related_name="parcel")
    site = fields.CharField(max_length=40)
    box = fields.CharField(max_length=40)
    state = fields.CharField(max_length=16)
    grams = fields.CharField(max_length=24)
    expected_grams = fields.BigIntField(null=True)
    weight_mismatch = fields.BooleanField(default=False)
    reason = fields.CharField(max_length=80, null=True)
    label_copies = fields.IntField(default=0)
    packed_at = fields.DatetimeField()
    handed_over_at = fields.DatetimeField(null=True)

    class Meta:
        table = "parcel"
        indexes = (("state", "id"), ("site", "id"))


IS_AT_WORK = "state IN ('open', 'picking', 'picked')"
"""As indexes and queries say it, in the same words: SQLite uses such an index only where its own condition stands in the query."""

EXTRA_SQL = (
    # whose goods are fetched now, among the pick lists of all times; with its order, so that no row is looked up for it
    f"CREATE INDEX IF NOT EXISTS pick_list_at_work ON pick_list (state, order_id) WHERE {IS_AT_WORK}",
    check(
        "pick_line",
        "pick_line_quantities",
        "NEW.quantity > 0 AND NEW.picked BETWEEN 0 AND NEW.quantity AND NEW.out BETWEEN 0 AND NEW.picked",
    ),
)
