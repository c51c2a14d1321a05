"""Tables of waves: the rules that compose them, the waves, and which orders' parts are in which (docs/adr/0045)."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import check


class WaveRule(Model):
    """Table `wave_rule`: which of a site's orders go into waves together, how many of them, and when.

    `matches` is JSON (`policies.Match`); a lower `priority` is asked first.  `totes`: lists that one person carries at once, of a
    cluster.  `max_lines`, `max_units` (base units): as many as one wave takes, None: any number.
    `timing`: hand, every (`every_minutes`), at (`at_times`, as `08:00 14:30` of the site's time), waiting (`waiting` orders).
    `releases`: a wave that is composed by time is released at once.  `due_at`: when it is to compose next, None: never by time.
    """

    id = fields.BigIntField(primary_key=True)
    site = fields.CharField(max_length=40)
    name = fields.CharField(max_length=80)
    priority = fields.IntField()
    is_active = fields.BooleanField()
    matches = fields.TextField()
    mode = fields.CharField(max_length=8)
    totes = fields.IntField(db_default=1)
    max_lists = fields.IntField()
    max_lines = fields.IntField(null=True)
    max_units = fields.BigIntField(null=True)
    timing = fields.CharField(max_length=8)
    every_minutes = fields.IntField(null=True)
    at_times = fields.CharField(max_length=200, db_default="")
    waiting = fields.IntField(null=True)
    releases = fields.BooleanField(db_default=False)
    due_at = fields.DatetimeField(null=True)
    version = fields.BigIntField(db_default=1)

    class Meta:
        table = "wave_rule"
        unique_together = (("site", "name"),)
        indexes = (("site", "priority", "id"),)


class Wave(Model):
    """Table `wave`.  `rule_id` and `rule`: what composed it, as it was called then.  `due_at`: the earliest of its orders.

    `closed_at`, `closed_by`, `reason`: of one that is cancelled; a wave is done by itself, at the last of its lists.
    """

    id = fields.BigIntField(primary_key=True)
    site = fields.CharField(max_length=40)
    rule_id = fields.BigIntField()
    rule = fields.CharField(max_length=80)
    mode = fields.CharField(max_length=8)
    totes = fields.IntField()
    state = fields.CharField(max_length=12)
    due_at = fields.DatetimeField(null=True)
    composed_at = fields.DatetimeField()
    composed_by = fields.CharField(max_length=128)
    released_at = fields.DatetimeField(null=True)
    released_by = fields.CharField(max_length=128, null=True)
    closed_at = fields.DatetimeField(null=True)
    closed_by = fields.CharField(max_length=128, null=True)
    reason = fields.CharField(max_length=200, db_default="")
    print_copies = fields.IntField(db_default=0)

    class Meta:
        table = "wave"
        indexes = (("site", "state", "id"), ("state", "id"))


class WavePart(Model):
    """Table `wave_part`: one site's part of an order in a wave, in the wave's order (`position`), in its cluster (from 1).

    `state`: waiting (of a composed wave), released (`pick_list_id` is its list), left_out (`why` and `detail`), given_back.
    `lines` and `units` (base units) as they were when it was composed.
    """

    id = fields.BigIntField(primary_key=True)
    wave_id = fields.BigIntField()
    order_id = fields.BigIntField()
    site = fields.CharField(max_length=40)
    position = fields.IntField()
    cluster = fields.IntField()
    state = fields.CharField(max_length=12)
    lines = fields.IntField()
    units = fields.BigIntField()
    why = fields.CharField(max_length=40, db_default="")
    detail = fields.CharField(max_length=200, db_default="")
    pick_list_id = fields.BigIntField(null=True)

    class Meta:
        table = "wave_part"
        unique_together = (("wave_id", "position"),)
        indexes = (("order_id", "site"), ("pick_list_id",))


EXTRA_SQL = (
    # a part waits in one wave: whoever composes second finds it taken
    "CREATE UNIQUE INDEX IF NOT EXISTS wave_part_waiting ON wave_part (order_id, site) WHERE state = 'waiting'",
    "CREATE INDEX IF NOT EXISTS wave_rule_due ON wave_rule (due_at) WHERE is_active AND due_at IS NOT NULL",
    check(
        "wave_rule",
        "wave_rule_limits",
        "NEW.totes > 0 AND NEW.max_lists > 0 AND COALESCE(NEW.max_lines, 1) > 0 AND COALESCE(NEW.max_units, 1) > 0 "
        "AND COALESCE(NEW.every_minutes, 1) > 0 AND COALESCE(NEW.waiting, 1) > 0",
    ),
)
