"""Tables of the fleet.  They exist for schema and migrations; reads and writes are SQL, in the files beside this one."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class Box(Model):
    """A store computer.  `site` here is the truth; `session` is that of its latest birth, so that a stale will is known as one."""

    id = fields.CharField(max_length=40, primary_key=True)
    site = fields.CharField(max_length=40)
    name = fields.CharField(max_length=200)
    link = fields.CharField(max_length=8, default="offline")
    session = fields.UUIDField(null=True)
    boot = fields.TextField(null=True)
    since = fields.DatetimeField(null=True)
    last_seen = fields.DatetimeField(null=True)
    description = fields.TextField(null=True)
    waiting = fields.BigIntField(null=True)
    oldest_at = fields.DatetimeField(null=True)
    disk_free = fields.BigIntField(null=True)
    created_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "box"


class BoxCertificate(Model):
    """A certificate that lets a box in, by its serial number (hexadecimal); revoked ones stay."""

    serial = fields.CharField(max_length=40, primary_key=True)
    box = fields.CharField(max_length=40, db_index=True)
    not_after = fields.DatetimeField()
    registered_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "box_certificate"


class Device(Model):
    """A peripheral of a box, as the box describes it and last reported it; `faults` is a JSON list of {code, message}."""

    no = fields.BigIntField(primary_key=True)
    box = fields.CharField(max_length=40)
    id = fields.CharField(max_length=40)
    kind = fields.TextField(default="")
    model = fields.TextField(default="")
    address = fields.TextField(default="")
    state = fields.CharField(max_length=8, default="unknown")
    faults = fields.TextField(default="[]")
    since = fields.DatetimeField(null=True)
    described = fields.BooleanField(default=False)

    class Meta:
        table = "device"
        unique_together = (("box", "id"),)


class Alert(Model):
    """What a box (or the controller about it, keys beginning with `ctl-`) wants a person to know, while it holds."""

    no = fields.BigIntField(primary_key=True)
    box = fields.CharField(max_length=40)
    key = fields.CharField(max_length=40)
    code = fields.TextField()
    message = fields.TextField()
    at = fields.DatetimeField()

    class Meta:
        table = "alert"
        unique_together = (("box", "key"),)


class StoredFact(Model):
    """Every fact of a known box, once per identity.  `payload` is its `data` as it came; `undated`: its clock was not right."""

    id = fields.UUIDField(primary_key=True)
    box = fields.CharField(max_length=40)
    epoch = fields.UUIDField()
    stream = fields.CharField(max_length=6)
    seq = fields.BigIntField()
    name = fields.CharField(max_length=40)
    version = fields.BigIntField()
    site = fields.CharField(max_length=40)
    station = fields.CharField(max_length=40, null=True)
    device = fields.CharField(max_length=40, null=True)
    person = fields.TextField(null=True)
    boot = fields.TextField()
    mono_ms = fields.BigIntField()
    at = fields.DatetimeField()
    occurred_at = fields.DatetimeField()
    uncertain_ms = fields.BigIntField(null=True)
    undated = fields.BooleanField(default=False)
    received_at = fields.DatetimeField()
    replay = fields.BooleanField(default=False)
    payload = fields.TextField()
    outcome = fields.CharField(max_length=8, default="applied")
    code = fields.TextField(null=True)
    detail = fields.TextField(null=True)
    waits_for = fields.TextField(null=True)
    due = fields.BooleanField(default=False)

    class Meta:
        table = "fact"
        unique_together = (("box", "epoch", "stream", "seq"),)


class FactAgain(Model):
    """A fact that its box sent under a second identity (a salvaged outbox gives new numbers): known, without a second effect."""

    no = fields.BigIntField(primary_key=True)
    fact = fields.UUIDField()
    box = fields.CharField(max_length=40)
    epoch = fields.UUIDField()
    stream = fields.CharField(max_length=6)
    seq = fields.BigIntField()
    received_at = fields.DatetimeField()

    class Meta:
        table = "fact_again"
        unique_together = (("box", "epoch", "stream", "seq"),)


class RejectedMessage(Model):
    """What could not become a fact, for inspection: once per content, counted; the newest 10,000 are kept."""

    digest = fields.CharField(max_length=64, primary_key=True)
    topic = fields.TextField()
    payload = fields.BinaryField()
    code = fields.TextField()
    detail = fields.TextField()
    first_at = fields.DatetimeField()
    last_at = fields.DatetimeField()
    times = fields.BigIntField(default=1)

    class Meta:
        table = "rejected_message"


class BoxClock(Model):
    """When a box's clock became right in one boot: at `mono_ms` (CLOCK_BOOTTIME) it was `at`, within `error_ms`."""

    no = fields.BigIntField(primary_key=True)
    box = fields.CharField(max_length=40)
    boot = fields.TextField()
    mono_ms = fields.BigIntField()
    at = fields.DatetimeField()
    error_ms = fields.BigIntField()

    class Meta:
        table = "box_clock"
        unique_together = (("box", "boot"),)


class ClosedEpoch(Model):
    """An outbox that ended: up to where it was known to be filled (`last_seq`, JSON by stream), and why."""

    no = fields.BigIntField(primary_key=True)
    box = fields.CharField(max_length=40)
    epoch = fields.UUIDField()
    last_seq = fields.TextField()
    salvaged = fields.BigIntField()
    reason = fields.TextField()
    closed_at = fields.DatetimeField()

    class Meta:
        table = "closed_epoch"
        unique_together = (("box", "epoch"),)


class PrintJob(Model):
    """A print job, born here or on a box.  `step` counts the box's edges; 0 while the box has not answered.

    `data` is the request's JSON; `document` what it is for (an order's number); `request_key` makes asking again harmless.
    `copy`: the paper is marked COPY.  `private`: whose personal data the box fetches as it prints (`controller/private_fields.py`);
    empty: none.  `device` is the printer that it is for, `printer` the one that holds it or printed it;
    `priority` from 0 (first) to 9.
    """

    id = fields.CharField(max_length=40, primary_key=True)
    box = fields.CharField(max_length=40)
    device = fields.CharField(max_length=40)
    template = fields.TextField()
    version = fields.TextField()
    data = fields.TextField()
    copies = fields.IntField(default=1)
    copy = fields.BooleanField(default=False)
    test = fields.BooleanField(default=False)
    priority = fields.IntField(default=5)
    state = fields.CharField(max_length=10)
    step = fields.BigIntField(default=0)
    proof = fields.CharField(max_length=10, null=True)
    printer = fields.CharField(max_length=40, null=True)
    fault = fields.TextField(null=True)
    document = fields.TextField(null=True)
    private = fields.CharField(max_length=80, db_default="")
    request_key = fields.CharField(max_length=200, unique=True, null=True)
    requested_by = fields.TextField()
    cancel_wanted = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    sent_at = fields.DatetimeField(null=True)
    changed_at = fields.DatetimeField()

    class Meta:
        table = "print_job"


class Command(Model):
    """A request to a box other than a print job: done at most once and only before `expires_at`; `code` is its one result."""

    id = fields.CharField(max_length=40, primary_key=True)
    box = fields.CharField(max_length=40)
    device = fields.CharField(max_length=40)
    name = fields.TextField()
    args = fields.TextField()
    state = fields.CharField(max_length=10, default="requested")
    code = fields.TextField(null=True)
    message = fields.TextField(null=True)
    requested_by = fields.TextField()
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "command"


class BoxTwin(Model):
    """The configuration that a box is to have (`document`, JSON; `version` 0: none was ever set), and the one that it reports."""

    box = fields.CharField(max_length=40, primary_key=True)
    version = fields.BigIntField(default=0)
    document = fields.TextField(null=True)
    hash = fields.CharField(max_length=64, default="")
    changed_at = fields.DatetimeField(null=True)
    changed_by = fields.TextField(null=True)
    sent_at = fields.DatetimeField(null=True)
    reported_version = fields.BigIntField(null=True)
    applied_version = fields.BigIntField(null=True)
    reported = fields.TextField(null=True)
    reported_at = fields.DatetimeField(null=True)

    class Meta:
        table = "box_twin"


class BoxTwinVersion(Model):
    """The latest versions of what a box was to be, with who wanted it so."""

    no = fields.BigIntField(primary_key=True)
    box = fields.CharField(max_length=40)
    version = fields.BigIntField()
    document = fields.TextField()
    changed_at = fields.DatetimeField()
    changed_by = fields.TextField()
    note = fields.TextField(null=True)

    class Meta:
        table = "box_twin_version"
        unique_together = (("box", "version"),)


EXTRA_SQL = (
    "CREATE INDEX IF NOT EXISTS box_revoked ON box (id) WHERE revoked_at IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS fact_parked ON fact (waits_for) WHERE outcome = 'parked'",
    "CREATE INDEX IF NOT EXISTS fact_rejected ON fact (id) WHERE outcome = 'rejected'",
    "CREATE INDEX IF NOT EXISTS fact_undated ON fact (box, boot) WHERE undated",
    "CREATE INDEX IF NOT EXISTS rejected_message_last ON rejected_message (last_at)",
    "CREATE INDEX IF NOT EXISTS print_job_requested ON print_job (box) WHERE state = 'requested'",
    "CREATE INDEX IF NOT EXISTS print_job_document ON print_job (document)",
    "CREATE INDEX IF NOT EXISTS print_job_open ON print_job (box) WHERE state NOT IN ('printed', 'failed', 'expired', 'cancelled')",
    "CREATE INDEX IF NOT EXISTS command_requested ON command (box) WHERE state = 'requested'",
)
"""Partial indexes keep the hot table `fact` at two keys per row."""
