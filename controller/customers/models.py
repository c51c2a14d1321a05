"""Tables of customers.  Who somebody is lies sealed; what is in clear beside it says nothing of who (docs/adr/0038)."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import check


class SealingKey(Model):
    """A key that seals (`seal`) or hashes (`hash`), wrapped by the master key `master` of the key file.

    `state`: one of each purpose is `current`; an `old` one opens what it sealed, until nothing is under it any more.
    """

    id = fields.CharField(max_length=16, primary_key=True)
    purpose = fields.CharField(max_length=8)
    state = fields.CharField(max_length=8)
    wrapped = fields.CharField(max_length=120)
    master = fields.CharField(max_length=16)
    made_at = fields.DatetimeField()
    old_at = fields.DatetimeField(null=True)
    unused_at = fields.DatetimeField(null=True)

    class Meta:
        table = "sealing_key"


class SealingPass(Model):
    """How far one column has been sealed anew under the keys named `target`; `place` is the last row's key."""

    name = fields.CharField(max_length=80, primary_key=True)
    target = fields.CharField(max_length=40)
    place = fields.CharField(max_length=80)
    resealed = fields.BigIntField(default=0)
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "sealing_pass"


class Customer(Model):
    """`sealed`: a `policies.Profile`, in one piece.  People see the id as a number, `CU-100001`.

    `name_bucket`: 14 bits of the keyed hash of the name.  `missing`: JSON list of `policies.Field`.  `merged_into`: who it
    turned out to be.  An erased one keeps its id and nothing else.
    """

    id = fields.BigIntField(primary_key=True)
    state = fields.CharField(max_length=8)
    merged_into = fields.BigIntField(null=True, db_index=True)
    sealed = fields.TextField(null=True)
    name_bucket = fields.IntField(null=True, db_index=True)
    language = fields.CharField(max_length=8, null=True)
    grade = fields.CharField(max_length=1, null=True)
    credit = fields.CharField(max_length=1, null=True)
    preferences = fields.TextField()
    missing = fields.TextField()
    completeness = fields.IntField()
    version = fields.IntField()
    created_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()
    erasure_asked_at = fields.DatetimeField(null=True)
    erased_at = fields.DatetimeField(null=True)

    class Meta:
        table = "customer"


class CustomerIdentity(Model):
    """By what a customer is known: a channel's id of them, a telephone number, an e-mail address; hashed and sealed.

    `is_shared`: another customer has it, too, and is who is found by it: a double, perhaps.
    """

    id = fields.CharField(max_length=32, primary_key=True)
    customer_id = fields.BigIntField(db_index=True)
    kind = fields.CharField(max_length=8)
    channel = fields.CharField(max_length=40)
    hash = fields.CharField(max_length=64)
    sealed = fields.TextField()
    is_shared = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()

    class Meta:
        table = "customer_identity"
        unique_together = (("customer_id", "kind", "channel", "hash"),)
        indexes = (("hash", "kind"),)


class CustomerNote(Model):
    """What somebody wrote about a customer; sealed, as it may say anything."""

    id = fields.CharField(max_length=32, primary_key=True)
    customer_id = fields.BigIntField(db_index=True)
    sealed = fields.TextField()
    made_at = fields.DatetimeField()
    made_by = fields.CharField(max_length=128)

    class Meta:
        table = "customer_note"


class CustomerMerge(Model):
    """`merged` turned out to be `kept`.  For taking it back: the identities that moved, the profile of `kept` before (sealed)."""

    id = fields.CharField(max_length=32, primary_key=True)
    kept = fields.BigIntField(db_index=True)
    merged = fields.BigIntField(db_index=True)
    reason = fields.CharField(max_length=24)
    moved = fields.TextField()
    sealed = fields.TextField(null=True)
    kept_version = fields.IntField()
    at = fields.DatetimeField()
    by = fields.CharField(max_length=128)
    undone_at = fields.DatetimeField(null=True)
    undone_by = fields.CharField(max_length=128, null=True)

    class Meta:
        table = "customer_merge"


class CustomersApart(Model):
    """Two who share something, and are two: no suggestion any more.  `one` < `other`."""

    id = fields.BigIntField(primary_key=True)
    one = fields.BigIntField()
    other = fields.BigIntField(db_index=True)
    at = fields.DatetimeField()
    by = fields.CharField(max_length=128)

    class Meta:
        table = "customers_apart"
        unique_together = (("one", "other"),)


class OrderAddress(Model):
    """Where an order goes to: `sealed` is an `addresses.Address`.  In clear: its region, what is wrong with it (JSON), no more.

    Hashes: of the telephone, of its last four digits with the order, of the whole place (for sending two orders as one).
    `latitude_tenths`, `longitude_tenths`: of its city or province, tenths of a degree.
    """

    order_id = fields.BigIntField(primary_key=True, generated=False)
    customer_id = fields.BigIntField(null=True, db_index=True)
    sealed = fields.TextField()
    country = fields.CharField(max_length=2)
    province = fields.CharField(max_length=64)
    city = fields.CharField(max_length=64)
    latitude_tenths = fields.IntField(null=True)
    longitude_tenths = fields.IntField(null=True)
    phone_hash = fields.CharField(max_length=64, null=True, db_index=True)
    last_four_hash = fields.CharField(max_length=64, null=True)
    place_hash = fields.CharField(max_length=64, db_index=True)
    problems = fields.TextField()
    version = fields.IntField()
    set_at = fields.DatetimeField()
    set_by = fields.CharField(max_length=128)

    class Meta:
        table = "order_address"


EXTRA_SQL = (
    "CREATE UNIQUE INDEX IF NOT EXISTS sealing_key_current ON sealing_key (purpose) WHERE state = 'current'",
    "CREATE UNIQUE INDEX IF NOT EXISTS customer_identity_owner ON customer_identity (kind, channel, hash) WHERE NOT is_shared",
    "CREATE INDEX IF NOT EXISTS customer_identity_shared ON customer_identity (id) WHERE is_shared",
    "CREATE INDEX IF NOT EXISTS customer_erasure_asked ON customer (id) WHERE erasure_asked_at IS NOT NULL AND erased_at IS NULL",
    check("sealing_key", "sealing_key_state", "NEW.state IN ('current', 'old') AND NEW.purpose IN ('seal', 'hash')"),
    check(
        "customer",
        "customer_state",
        "(NEW.state = 'active' AND NEW.sealed IS NOT NULL AND NEW.merged_into IS NULL) OR "
        "(NEW.state = 'merged' AND NEW.sealed IS NOT NULL AND NEW.merged_into IS NOT NULL) OR "
        "(NEW.state = 'erased' AND NEW.sealed IS NULL AND NEW.name_bucket IS NULL)",
    ),
    check("customer", "customer_completeness", "NEW.completeness BETWEEN 0 AND 100"),
    check("customers_apart", "customers_apart_order", "NEW.one < NEW.other"),
)
