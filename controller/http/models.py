"""Tables of the HTTP side: tokens and idempotency keys."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class ApiToken(Model):
    """Table `api_token`.  `hash` is the token's SHA-256 in hex; `permissions` and `sites` are JSON lists (`sites` null: all)."""

    hash = fields.CharField(max_length=64, primary_key=True)
    name = fields.CharField(max_length=100)
    permissions = fields.TextField()
    sites = fields.TextField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "api_token"


class IdempotencyKey(Model):
    """Table `idempotency`.  One answer per (actor, key), kept 7 days."""

    id = fields.BigIntField(primary_key=True)
    actor = fields.CharField(max_length=110)
    key = fields.CharField(max_length=200)
    route = fields.TextField()
    body_hash = fields.CharField(max_length=64)
    response = fields.TextField()
    created_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "idempotency"
        unique_together = (("actor", "key"),)
