"""How far the versions of what boxes keep have come, and in whose history."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class ReplicaVersion(Model):
    """One row: the latest version that was given to a change, and the stamp of the run of controllers in which it was given."""

    id = fields.BigIntField(primary_key=True)
    version = fields.BigIntField()
    stamp = fields.CharField(max_length=16)

    class Meta:
        table = "replica_version"


class ReplicaPast(Model):
    """A stamp of before, and the version that was reached when the next one took its place."""

    stamp = fields.CharField(max_length=16, primary_key=True)
    version = fields.BigIntField()
    ended_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "replica_past"


EXTRA_SQL = ("INSERT INTO replica_version (id, version, stamp) VALUES (1, 0, '') ON CONFLICT (id) DO NOTHING",)
