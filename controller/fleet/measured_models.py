"""Tables of what boxes measure, log and collect about themselves: for people who look after them, never for the books."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class BoxTelemetry(Model):
    """The latest of a box: `document` as it came (JSON); `offset_ms`: by how much its clock was ahead of ours as it arrived."""

    box = fields.CharField(max_length=40, primary_key=True)
    at = fields.DatetimeField()
    offset_ms = fields.BigIntField()
    document = fields.TextField()

    class Meta:
        table = "box_telemetry"


class BoxPoint(Model):
    """What a box measured at the end of five minutes (`slot`: their number since 1970); the last day's are kept."""

    no = fields.BigIntField(primary_key=True)
    box = fields.CharField(max_length=40)
    slot = fields.BigIntField(db_index=True)
    waiting = fields.BigIntField()
    queued = fields.BigIntField()
    disk_free = fields.BigIntField()
    memory_free = fields.BigIntField(null=True)
    cpu_celsius = fields.BigIntField(null=True)
    loop_lag_ms = fields.BigIntField()
    offset_ms = fields.BigIntField()
    replica_age = fields.BigIntField(null=True)

    class Meta:
        table = "box_point"
        unique_together = (("box", "slot"),)


class BoxLog(Model):
    """A line of a box's log, WARNING or worse; the newest 1,000 of each box are kept.  `start` and `line`: its own number."""

    no = fields.BigIntField(primary_key=True)
    box = fields.CharField(max_length=40)
    start = fields.CharField(max_length=64)
    line = fields.BigIntField()
    at = fields.DatetimeField()
    received_at = fields.DatetimeField()
    level = fields.CharField(max_length=8)
    name = fields.TextField()
    message = fields.TextField()
    times = fields.BigIntField()

    class Meta:
        table = "box_log"
        unique_together = (("box", "start", "line"),)
        indexes = (("box", "no"),)


class Diagnostics(Model):
    """A bundle that a box made for a command and sent; kept for 7 days, the newest 10 of a box."""

    command = fields.CharField(max_length=40, primary_key=True)
    box = fields.CharField(max_length=40, db_index=True)
    received_at = fields.DatetimeField()
    size = fields.BigIntField()
    digest = fields.CharField(max_length=64)
    content = fields.BinaryField()

    class Meta:
        table = "diagnostics"
