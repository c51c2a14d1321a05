"""Tables of taxes: regions with their terms, rates with their instants, classes of SKUs, and what orders came to, for good."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import append_only, check


class TaxRegion(Model):
    """Table `tax_region`: where the same tax holds.  What its `parent` levies (a state) comes before its own (a city).

    How its orders are taxed and rounded: prices with tax or without, `level` and `mode` of rounding, `step` minor units of cash.
    """

    code = fields.CharField(max_length=40, primary_key=True)
    name = fields.CharField(max_length=128)
    parent = fields.CharField(max_length=40, null=True)
    is_inclusive = fields.BooleanField()
    level = fields.CharField(max_length=8)
    mode = fields.CharField(max_length=12)
    step = fields.IntField(default=1)

    class Meta:
        table = "tax_region"


class SiteTax(Model):
    """Table `site_tax`: the region of what a site sells; a site without one sells without tax."""

    site_id = fields.CharField(max_length=40, primary_key=True)
    region = fields.CharField(max_length=40)

    class Meta:
        table = "site_tax"


class SkuTax(Model):
    """Table `sku_tax`: the class of a SKU that is not `standard`."""

    sku_id = fields.BigIntField(primary_key=True)
    tax_class = fields.CharField(max_length=40)

    class Meta:
        table = "sku_tax"


class TaxRate(Model):
    """Table `tax_rate`: `numerator / denominator` of a class in a region, from an instant on; `until` None: until further notice.

    `rank` is its place among the rates of a line; a compound one is also on those before it.
    """

    id = fields.BigIntField(primary_key=True)
    region = fields.CharField(max_length=40)
    tax_class = fields.CharField(max_length=40)
    code = fields.CharField(max_length=40)
    name = fields.CharField(max_length=128)
    numerator = fields.BigIntField()
    denominator = fields.BigIntField()
    is_compound = fields.BooleanField()
    rank = fields.IntField()
    effective_from = fields.DatetimeField()
    until = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    created_by = fields.CharField(max_length=128)

    class Meta:
        table = "tax_rate"
        unique_together = (("region", "tax_class", "code", "effective_from"),)


class TaxExemption(Model):
    """Table `tax_exemption`: a customer who pays no tax, by a certificate, in a region or (None) everywhere."""

    id = fields.BigIntField(primary_key=True)
    customer_id = fields.BigIntField()
    region = fields.CharField(max_length=40, null=True)
    certificate = fields.CharField(max_length=64)
    valid_from = fields.DatetimeField()
    until = fields.DatetimeField(null=True)

    class Meta:
        table = "tax_exemption"
        indexes = (("customer_id",),)


class TaxStamp(Model):
    """Table `tax_stamp`, one row: changes with regions and rates, and with the regions of sites; what memories of them compare."""

    id = fields.IntField(primary_key=True, generated=False)
    stamp = fields.CharField(max_length=32)

    class Meta:
        table = "tax_stamp"


class OrderTotal(Model):
    """Table `order_total`: what an order came to when it was counted, and by which terms; append-only, the latest version counts.

    Minor units of `currency`.  `certificate`: of an exempt customer.
    """

    id = fields.BigIntField(primary_key=True)
    order_id = fields.BigIntField()
    order_no = fields.CharField(max_length=64)
    version = fields.IntField()
    site_id = fields.CharField(max_length=40, null=True)
    currency = fields.CharField(max_length=3)
    region = fields.CharField(max_length=40, null=True)
    is_inclusive = fields.BooleanField()
    level = fields.CharField(max_length=8)
    mode = fields.CharField(max_length=12)
    step = fields.IntField()
    is_exempt = fields.BooleanField()
    certificate = fields.CharField(max_length=64, null=True)
    discount_minor = fields.BigIntField()
    net_minor = fields.BigIntField()
    tax_minor = fields.BigIntField()
    gross_minor = fields.BigIntField()
    exempted_minor = fields.BigIntField()
    rounding_minor = fields.BigIntField()
    counted_at = fields.DatetimeField()
    counted_by = fields.CharField(max_length=128)

    class Meta:
        table = "order_total"
        unique_together = (("order_id", "version"),)
        indexes = (("order_no",),)


class OrderTotalLine(Model):
    """Table `order_total_line`: a line of it, goods, shipping or a fee."""

    id = fields.BigIntField(primary_key=True)
    total_id = fields.BigIntField()
    position = fields.IntField()
    kind = fields.CharField(max_length=12)
    tax_class = fields.CharField(max_length=40)
    amount_minor = fields.BigIntField()
    discount_minor = fields.BigIntField()
    net_minor = fields.BigIntField()
    tax_minor = fields.BigIntField()
    gross_minor = fields.BigIntField()
    exempted_minor = fields.BigIntField()

    class Meta:
        table = "order_total_line"
        unique_together = (("total_id", "position"),)


class OrderTotalTax(Model):
    """Table `order_total_tax`: a rate on a line, as it was that day."""

    id = fields.BigIntField(primary_key=True)
    total_id = fields.BigIntField()
    position = fields.IntField()
    code = fields.CharField(max_length=40)
    name = fields.CharField(max_length=128)
    numerator = fields.BigIntField()
    denominator = fields.BigIntField()
    is_compound = fields.BooleanField()
    rank = fields.IntField()
    base_minor = fields.BigIntField()
    tax_minor = fields.BigIntField()

    class Meta:
        table = "order_total_tax"
        unique_together = (("total_id", "position", "code"),)


class OrderDiscount(Model):
    """Table `order_discount`: one given by hand, as it was told: minor units or basis points, on a line or over the order."""

    id = fields.BigIntField(primary_key=True)
    total_id = fields.BigIntField()
    rank = fields.IntField()
    minor = fields.BigIntField()
    basis_points = fields.IntField()
    position = fields.IntField(null=True)
    reason = fields.CharField(max_length=200)

    class Meta:
        table = "order_discount"
        unique_together = (("total_id", "rank"),)


EXTRA_SQL = (
    "INSERT INTO tax_stamp (id, stamp) VALUES (1, 'new') ON CONFLICT (id) DO NOTHING",
    *(append_only(table) for table in ("order_total", "order_total_line", "order_total_tax", "order_discount")),
    check(
        "tax_rate",
        "tax_rate_sane",
        "NEW.numerator >= 0 AND NEW.denominator > 0 AND (NEW.until IS NULL OR NEW.until > NEW.effective_from)",
    ),
    check("tax_region", "tax_region_step", "NEW.step > 0"),
    check(
        "order_total",
        "order_total_adds_up",
        "NEW.net_minor + NEW.tax_minor = NEW.gross_minor AND NEW.net_minor >= 0 AND NEW.tax_minor >= 0 AND NEW.discount_minor >= 0",
    ),
)
