"""Tables of people.  What is in them of a person, and what of it leaves for boxes: docs/adr/0020."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import check


class Person(Model):
    """Someone who works here.  `id` is what facts and events carry, for ever; `name` is told apart by `name_key`, its folded form.

    `badge_hash`: SHA-256 in hex of the badge's text; `pin_hash` and `password_hash`: argon2id verifiers.
    `version`: of what boxes keep of them; NULL after every change of it, their roles included (docs/adr/0016).
    """

    id = fields.CharField(max_length=14, primary_key=True)
    name = fields.CharField(max_length=80)
    name_key = fields.CharField(max_length=160, unique=True)
    language = fields.CharField(max_length=8)
    active = fields.BooleanField(default=True)
    badge_hash = fields.CharField(max_length=64, null=True, unique=True)
    pin_hash = fields.CharField(max_length=160, null=True)
    password_hash = fields.CharField(max_length=160, null=True)
    created_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()
    version = fields.BigIntField(null=True)

    class Meta:
        table = "person"
        indexes = (("version", "id"),)


class PersonRole(Model):
    """A role that a person has at a site; without a site, in the whole chain."""

    id = fields.BigIntField(primary_key=True)
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField("controller.Person", related_name=False)
    role = fields.CharField(max_length=16)
    site: fields.ForeignKeyNullableRelation[Model] = fields.ForeignKeyField("controller.Site", related_name=False, null=True)

    class Meta:
        table = "person_role"
        indexes = (("person_id",), ("site_id", "person_id"))


class WebSession(Model):
    """A log-in at a browser.  `hash`: SHA-256 of the token that its cookie holds; `means` is how: `password` or `badge`.

    `seen_at` is written at most once a minute.
    """

    id = fields.BigIntField(primary_key=True)
    hash = fields.CharField(max_length=64, unique=True)
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField("controller.Person", related_name=False)
    means = fields.CharField(max_length=8)
    address = fields.CharField(max_length=64)
    agent = fields.CharField(max_length=200)
    created_at = fields.DatetimeField()
    seen_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "web_session"
        indexes = (("person_id", "id"),)


class LoginFailures(Model):
    """How often a log-in failed in a row, by what was tried: `key` is the hash of a name or badge, or an address."""

    key = fields.CharField(max_length=80, primary_key=True)
    failures = fields.IntField()
    failed_at = fields.DatetimeField(db_index=True)
    wait_until = fields.DatetimeField()

    class Meta:
        table = "login_failures"


EXTRA_SQL = (
    "CREATE INDEX IF NOT EXISTS person_changed ON person (id) WHERE version IS NULL",
    "CREATE UNIQUE INDEX IF NOT EXISTS person_role_chain ON person_role (person_id, role) WHERE site_id IS NULL",
    "CREATE UNIQUE INDEX IF NOT EXISTS person_role_site ON person_role (person_id, role, site_id) WHERE site_id IS NOT NULL",
    check("person", "person_id_form", "NEW.id LIKE 'p-____________'"),
    check("login_failures", "login_failures_positive", "NEW.failures > 0"),
)
