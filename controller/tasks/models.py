"""The table of tasks."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import check


class Task(Model):
    """Table `task`.  `site` None: of the whole chain.  `key` is unique among those that are open or claimed.

    `subject` is what it is about (an order's number, a bin's code), `arguments` JSON for its sentence, `times` how often it was
    asked for since it was opened.  `claimed_by`, `created_by` and `closed_by` are actors as events name them.
    """

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=40)
    severity = fields.SmallIntField()
    site = fields.CharField(max_length=40, null=True)
    key = fields.CharField(max_length=200)
    subject = fields.CharField(max_length=200)
    arguments = fields.TextField()
    state = fields.CharField(max_length=16)
    times = fields.IntField(default=1)
    due = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    created_by = fields.CharField(max_length=128)
    claimed_by = fields.CharField(max_length=128, null=True)
    claimed_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    closed_by = fields.CharField(max_length=128, null=True)
    reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "task"
        indexes = (("state", "id"), ("key",), ("subject", "kind"))


EXTRA_SQL = (
    "CREATE UNIQUE INDEX IF NOT EXISTS task_waiting_key ON task (key) WHERE state IN ('open', 'claimed')",
    "CREATE INDEX IF NOT EXISTS task_waiting ON task (severity, id) WHERE state IN ('open', 'claimed')",
    "CREATE INDEX IF NOT EXISTS task_waiting_at ON task (site, severity, id) WHERE state IN ('open', 'claimed')",
    check("task", "task_claimed", "(NEW.state <> 'claimed' OR NEW.claimed_by IS NOT NULL) AND NEW.times > 0"),
)
