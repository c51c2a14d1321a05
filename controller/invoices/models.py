"""Tables of invoices.  Money in minor units.  What is issued is never changed: `content` is a frozen copy of all that it says."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import append_only


class InvoiceSeries(Model):
    """Table `invoice_series`: how many numbers of a series were given.  Its row is locked until whoever took a number commits."""

    prefix = fields.CharField(max_length=12, primary_key=True)
    given = fields.BigIntField(default=0)

    class Meta:
        table = "invoice_series"


class InvoiceSeller(Model):
    """Table `invoice_seller`: who sells at a site (`site` empty: everywhere else), as their invoices say it.

    `at_packing`: a parcel's invoice is issued and printed when it is packed.
    """

    site = fields.CharField(max_length=40, primary_key=True)
    name = fields.CharField(max_length=200)
    address = fields.CharField(max_length=400, db_default="")
    tax_number = fields.CharField(max_length=40, db_default="")
    note = fields.CharField(max_length=400, db_default="")
    prefix = fields.CharField(max_length=12)
    correction_prefix = fields.CharField(max_length=12)
    at_packing = fields.BooleanField(db_default=False)

    class Meta:
        table = "invoice_seller"


class Invoice(Model):
    """Table `sales_invoice`: an invoice, or (`corrects` set) what takes back some of one; its sums are then below zero.

    `content` is `policies.Content` as JSON.  No personal data: whom it is for lies sealed in `sales_invoice_buyer`.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    prefix = fields.CharField(max_length=12)
    serial = fields.BigIntField()
    order_id = fields.BigIntField()
    order_no = fields.CharField(max_length=24)
    corrects = fields.BigIntField(null=True)
    site = fields.CharField(max_length=40, null=True)
    currency = fields.CharField(max_length=3)
    net_minor = fields.BigIntField()
    tax_minor = fields.BigIntField()
    payable_minor = fields.BigIntField()
    reason = fields.CharField(max_length=200, db_default="")
    content = fields.TextField()
    issued_on = fields.DateField()
    issued_at = fields.DatetimeField()
    issued_by = fields.CharField(max_length=128)

    class Meta:
        table = "sales_invoice"
        unique_together = (("prefix", "serial"),)
        indexes = (("order_id", "id"), ("site", "id"), ("corrects",))


class InvoiceBuyer(Model):
    """Table `sales_invoice_buyer`: whom an invoice is for, sealed; its corrections are for the same."""

    invoice_id = fields.BigIntField(primary_key=True, generated=False)
    sealed = fields.TextField()

    class Meta:
        table = "sales_invoice_buyer"


class InvoicePrint(Model):
    """Table `sales_invoice_print`: each time it went onto paper; from the second on it is marked COPY."""

    id = fields.BigIntField(primary_key=True)
    invoice_id = fields.BigIntField()
    copy = fields.IntField()
    box = fields.CharField(max_length=40)
    asked_at = fields.DatetimeField()
    asked_by = fields.CharField(max_length=128)

    class Meta:
        table = "sales_invoice_print"
        unique_together = (("invoice_id", "copy"),)


EXTRA_SQL = (append_only("sales_invoice"),)
