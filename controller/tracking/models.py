"""Tables of tracking: only who tried too often."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import check


class LookUpFailures(Model):
    """How often looking up an order failed in a row.  `key`: an address, or a hash of the number that was typed."""

    key = fields.CharField(max_length=80, primary_key=True)
    failures = fields.IntField()
    failed_at = fields.DatetimeField(db_index=True)
    wait_until = fields.DatetimeField()

    class Meta:
        table = "look_up_failures"


EXTRA_SQL = (check("look_up_failures", "look_up_failures_positive", "NEW.failures > 0"),)
