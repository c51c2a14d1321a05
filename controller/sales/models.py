"""Receipts of tills that are not ours, and what was sold on each business day."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class Sale(Model):
    """Table `sale`: one receipt, by site, till and its number there.  Amounts in minor units of `currency`.

    `voids`: the number of an earlier receipt of the same till that this one takes back, whole; `voided_by` the other way round.
    `content` is the SHA-256 of what was told, so that a repetition is told from something else under the same number.
    `source`: who told it (an actor, or the name of an import).
    """

    id = fields.BigIntField(primary_key=True)
    site_id = fields.CharField(max_length=40)
    till = fields.CharField(max_length=40)
    number = fields.CharField(max_length=64)
    occurred_at = fields.DatetimeField()
    day = fields.DateField()
    currency = fields.CharField(max_length=3)
    total_minor = fields.BigIntField()
    voids = fields.CharField(max_length=64, null=True)
    voided_by = fields.CharField(max_length=64, null=True)
    state = fields.CharField(max_length=8)
    content = fields.CharField(max_length=64)
    source = fields.CharField(max_length=128)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "sale"
        unique_together = (("site_id", "till", "number"),)
        indexes = (("site_id", "occurred_at", "id"), ("site_id", "till", "voids"))


class SaleLine(Model):
    """Table `sale_line`.  `quantity` as the till counted it, below zero for what came back; `units`: base units, if known.

    `text` is the barcode (or, with `is_sku`, the SKU's code) as the till told it.  `amount_minor` is what the customer paid for the
    line, with tax and after the discount.  `cost_minor`: what the goods had cost, when they left; None when nobody knows.
    """

    id = fields.BigIntField(primary_key=True)
    sale_id = fields.BigIntField()
    position = fields.IntField()
    text = fields.CharField(max_length=512)
    is_sku = fields.BooleanField()
    sku_id = fields.BigIntField(null=True)
    quantity = fields.BigIntField()
    units = fields.BigIntField(null=True)
    amount_minor = fields.BigIntField()
    tax_minor = fields.BigIntField(db_default=0)
    discount_minor = fields.BigIntField(db_default=0)
    cost_minor = fields.BigIntField(null=True)
    is_damaged = fields.BooleanField(db_default=False)
    state = fields.CharField(max_length=8)

    class Meta:
        table = "sale_line"
        unique_together = (("sale_id", "position"),)


class SaleConflict(Model):
    """Table `sale_conflict`: what was told under the number of another receipt (or voids what is void), kept as it was told."""

    id = fields.BigIntField(primary_key=True)
    site_id = fields.CharField(max_length=40)
    till = fields.CharField(max_length=40)
    number = fields.CharField(max_length=64)
    code = fields.CharField(max_length=24)
    content = fields.CharField(max_length=64)
    told = fields.TextField()
    source = fields.CharField(max_length=128)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "sale_conflict"
        unique_together = (("site_id", "till", "number", "content"),)


class DailySale(Model):
    """Table `daily_sale`: base units of a SKU sold and given back at a site on a business day of its own."""

    id = fields.BigIntField(primary_key=True)
    site_id = fields.CharField(max_length=40)
    day = fields.DateField()
    sku_id = fields.BigIntField()
    sold = fields.BigIntField(db_default=0)
    returned = fields.BigIntField(db_default=0)
    amount_minor = fields.BigIntField(db_default=0)
    cost_minor = fields.BigIntField(db_default=0)

    class Meta:
        table = "daily_sale"
        unique_together = (("site_id", "day", "sku_id"),)


class SaleNoGoods(Model):
    """Table `sale_no_goods`: a code of receipts that is no goods (postage, a fee), as long as it `is_active`.

    `said_by` said so, or undid it, last.
    """

    id = fields.BigIntField(primary_key=True)
    text = fields.CharField(max_length=512, unique=True)
    reason = fields.CharField(max_length=12)
    note = fields.CharField(max_length=200, db_default="")
    is_active = fields.BooleanField(db_default=True)
    said_at = fields.DatetimeField()
    said_by = fields.CharField(max_length=128)

    class Meta:
        table = "sale_no_goods"


class SaleImport(Model):
    """Table `sale_import`: a file of sales, told apart by the hash of its bytes and of how they are read.

    `body` is what was read from it, until it is done; `receipts_done` is how far it came, and where it goes on.  `errors` has a
    line of JSON for each row that could not be read.  `no_goods`: lines whose codes were none when they were taken in.
    `failed`: why it was given up.
    """

    id = fields.BigIntField(primary_key=True)
    digest = fields.CharField(max_length=64, unique=True)
    site_id = fields.CharField(max_length=40)
    options = fields.TextField()
    body = fields.BinaryField(null=True)
    rows_total = fields.BigIntField()
    receipts_total = fields.BigIntField()
    receipts_done = fields.BigIntField(db_default=0)
    booked = fields.BigIntField(db_default=0)
    repeated = fields.BigIntField(db_default=0)
    waiting = fields.BigIntField(db_default=0)
    conflicts = fields.BigIntField(db_default=0)
    no_goods = fields.BigIntField(db_default=0)
    bad_rows = fields.BigIntField(db_default=0)
    errors = fields.TextField()
    started_at = fields.DatetimeField()
    started_by = fields.CharField(max_length=128)
    finished_at = fields.DatetimeField(null=True)
    failed = fields.CharField(max_length=512, null=True)

    class Meta:
        table = "sale_import"


EXTRA_SQL = (
    "CREATE INDEX IF NOT EXISTS sale_line_waiting ON sale_line (id) WHERE state = 'waiting'",
    "CREATE INDEX IF NOT EXISTS sale_line_unknown ON sale_line (text) WHERE state = 'waiting'",
    "CREATE INDEX IF NOT EXISTS sale_line_no_goods ON sale_line (text) WHERE state = 'no_goods'",
    "CREATE INDEX IF NOT EXISTS sale_waiting ON sale (id) WHERE state = 'waiting'",
)
