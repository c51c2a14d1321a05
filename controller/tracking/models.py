"""Tables of tracking: who tried too often, and the screens in stores that customers ask."""

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


class TerminalScreen(Model):
    """A screen in a store: `key_hash` of what it was set up with; `language`: what it goes back to when nobody is there.

    `asked` questions since `window_at`: how many it may ask in a while has an end.
    """

    id = fields.BigIntField(primary_key=True)
    site_id = fields.CharField(max_length=40)
    name = fields.CharField(max_length=60)
    language = fields.CharField(max_length=8)
    key_hash = fields.CharField(max_length=64, unique=True)
    created_at = fields.DatetimeField()
    created_by = fields.CharField(max_length=128)
    seen_at = fields.DatetimeField(null=True)
    window_at = fields.DatetimeField()
    asked = fields.IntField(db_default=0)

    class Meta:
        table = "terminal_screen"
        unique_together = (("site_id", "name"),)


EXTRA_SQL = (check("look_up_failures", "look_up_failures_positive", "NEW.failures > 0"),)
