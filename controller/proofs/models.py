"""What proves the ledger: its seals, and the reconciler's runs with what they found."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import append_only


class LedgerSeal(Model):
    """A block of entries in a chain of hashes, append-only: `hash` is SHA-256 over `previous` and the bytes of the entries.

    `entries` of them, from `first_id` to `last_id`.  `digests`: for each entry how far its id is from `first_id`, and the beginning
    of its own hash; they tell which entry was changed (`controller.proofs.seal_policies`).
    """

    number = fields.BigIntField(primary_key=True, generated=False)
    first_id = fields.BigIntField()
    last_id = fields.BigIntField()
    entries = fields.BigIntField()
    previous = fields.CharField(max_length=64)
    hash = fields.CharField(max_length=64)
    digests = fields.BinaryField()
    sealed_at = fields.DatetimeField()

    class Meta:
        table = "ledger_seal"


class StockSum(Model):
    """What entries changed of a SKU in a location, of a lot, on a day (UTC, as `2026-11-22`): `controller.stock.sums`."""

    id = fields.BigIntField(primary_key=True)
    sku_id = fields.BigIntField()
    location_id = fields.BigIntField()
    lot_id = fields.BigIntField()
    day = fields.CharField(max_length=10)
    quantity = fields.BigIntField()

    class Meta:
        table = "stock_sum"
        unique_together = (("sku_id", "location_id", "lot_id", "day"),)
        indexes = (("sku_id", "day"),)


class StockSumCursor(Model):
    """The last entry of a SKU that is in its sums; all before it are."""

    sku_id = fields.BigIntField(primary_key=True, generated=False)
    movement_id = fields.BigIntField()

    class Meta:
        table = "stock_sum_cursor"


class Reconciliation(Model):
    """A run of the reconciler over all numbers.  `finished_at` empty: it goes on, or was ended before it came through."""

    id = fields.BigIntField(primary_key=True)
    started_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)
    numbers = fields.BigIntField(default=0)
    differences = fields.BigIntField(default=0)

    class Meta:
        table = "reconciliation"


class ReconciliationDifference(Model):
    """A number that does not follow from the rows behind it; one is open per `key`.

    `kind` and the ids say which number.  `run_id` saw it last.  Nothing here changes stock: a manager may settle it.
    """

    id = fields.BigIntField(primary_key=True)
    run_id = fields.BigIntField()
    kind = fields.CharField(max_length=24)
    key = fields.CharField(max_length=160)
    sku_id = fields.BigIntField(default=0)
    site = fields.CharField(max_length=40, null=True)
    location_id = fields.BigIntField(default=0)
    lot_id = fields.BigIntField(default=0)
    stored = fields.BigIntField()
    expected = fields.BigIntField()
    state = fields.CharField(max_length=8)
    found_at = fields.DatetimeField()
    settled_at = fields.DatetimeField(null=True)
    settled_by = fields.CharField(max_length=128, null=True)
    how = fields.CharField(max_length=8, null=True)

    class Meta:
        table = "reconciliation_difference"
        indexes = (("state", "id"),)


EXTRA_SQL = (
    append_only("ledger_seal"),
    "CREATE UNIQUE INDEX IF NOT EXISTS difference_open ON reconciliation_difference (key) WHERE state = 'open'",
)
