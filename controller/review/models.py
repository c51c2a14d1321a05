"""Tables of review: tables of rules, an order's case, the limits of the automatic checks."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.orders.models import Order
from controller.schema import check


class ReviewTable(Model):
    """Table `review_table`: a version of the rules.  `edition` counts its changes; `replaced`: the one that was live before it."""

    id = fields.BigIntField(primary_key=True)
    state = fields.CharField(max_length=16)
    note = fields.CharField(max_length=200)
    edition = fields.IntField(default=1)
    replaced = fields.BigIntField(null=True)
    created_at = fields.DatetimeField()
    created_by = fields.CharField(max_length=128)
    live_at = fields.DatetimeField(null=True)
    live_by = fields.CharField(max_length=128, null=True)

    class Meta:
        table = "review_table"


class ReviewRule(Model):
    """Table `review_rule`.  `conditions` is JSON as `controller/review/rules.py` reads it; `position` counts from 1."""

    id = fields.BigIntField(primary_key=True)
    review_table: fields.ForeignKeyRelation[ReviewTable] = fields.ForeignKeyField("controller.ReviewTable", related_name="rules")
    position = fields.IntField()
    name = fields.CharField(max_length=80)
    outcome = fields.CharField(max_length=16)
    conditions = fields.TextField()

    class Meta:
        table = "review_rule"
        unique_together = (("review_table_id", "position"),)


class ReviewCase(Model):
    """Table `review_case`: where an order is on its way past the people who look at it.

    `outcome`: what the rules said, None: none held; `needs_finance`: service passes it on.  `judgement` JSON: the facts, the rules
    that held, and why.  `asks`: codes of what is to be asked of the customer.  `placed_by`: who made the order; they do not approve
    it.  No personal data.
    """

    id = fields.BigIntField(primary_key=True)
    order: fields.OneToOneRelation[Order] = fields.OneToOneField("controller.Order", related_name="review_case")
    state = fields.CharField(max_length=16)
    outcome = fields.CharField(max_length=16, null=True)
    needs_finance = fields.BooleanField()
    review_table_id = fields.BigIntField(null=True)
    judgement = fields.TextField()
    asks = fields.TextField()
    placed_by = fields.CharField(max_length=128)
    opened_at = fields.DatetimeField()
    claimed_by = fields.CharField(max_length=128, null=True)
    claimed_at = fields.DatetimeField(null=True)
    service_by = fields.CharField(max_length=128, null=True)
    service_at = fields.DatetimeField(null=True)
    decided_by = fields.CharField(max_length=128, null=True)
    decided_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "review_case"


class ReviewLimits(Model):
    """Table `review_limits`, one row: when the automatic checks flag an order.  Basis points and minor units; None: never."""

    id = fields.IntField(primary_key=True, generated=False)
    price_above_bp = fields.IntField(null=True)
    price_below_bp = fields.IntField(null=True)
    discount_bp = fields.IntField(null=True)
    ratings = fields.CharField(max_length=80)
    arrears_minor = fields.BigIntField(null=True)
    address = fields.BooleanField()
    edition = fields.IntField()

    class Meta:
        table = "review_limits"


class ReviewStamp(Model):
    """Table `review_stamp`, one row: changes with rules, limits and terms of clocks; what whoever remembers them compares."""

    id = fields.IntField(primary_key=True, generated=False)
    stamp = fields.CharField(max_length=32)

    class Meta:
        table = "review_stamp"


EXTRA_SQL = (
    "CREATE UNIQUE INDEX IF NOT EXISTS review_table_live ON review_table (state) WHERE state = 'live'",
    "CREATE INDEX IF NOT EXISTS review_case_waiting ON review_case (state, id) WHERE state IN ('service', 'finance', 'held')",
    check("review_table", "review_table_edition", "NEW.edition > 0"),
    check("review_rule", "review_rule_position", "NEW.position > 0"),
    check("review_limits", "review_limits_one", "NEW.id = 1"),
    "INSERT INTO review_stamp (id, stamp) VALUES (1, 'new') ON CONFLICT (id) DO NOTHING",
)
