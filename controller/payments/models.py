"""Tables of money: what orders are owed, payments with their sums, the ledger behind the sums, calls to providers, accounts.

All amounts are minor units of the row's currency.  Nothing of a card is here, ever (`cards.py`).
"""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import append_only, check


class OrderDue(Model):
    """Table `order_due`: what an order is to be paid, and when: before it leaves, on delivery, on account.  The lock of its money.

    `tolerance_bp`: by how much weighed goods may come to more than `estimate_minor`.  `ended_at`: cancelled, its money goes back.
    `paid`: what the movements come to (`policies.state_of`), written with each of them, so that a million orders are found by it.
    """

    order_id = fields.BigIntField(primary_key=True)
    order_no = fields.CharField(max_length=64, unique=True)
    site_id = fields.CharField(max_length=40, null=True)
    customer_id = fields.BigIntField(null=True)
    currency = fields.CharField(max_length=3)
    due_minor = fields.BigIntField()
    estimate_minor = fields.BigIntField()
    tolerance_bp = fields.IntField(default=0)
    terms = fields.CharField(max_length=12)
    paid = fields.CharField(max_length=12, db_default="pending")
    created_at = fields.DatetimeField()
    delivered_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "order_due"
        indexes = (("site_id", "order_id"), ("paid", "order_id"))


class Payment(Model):
    """Table `payment`: money by one means for one order; its sums follow from its entries.

    `reference`: the provider's own.  `parent_id`: it is a part of that payment, moved here with its order's part.  `capturing` and
    `refunding`: asked for, and not answered yet.
    """

    id = fields.BigIntField(primary_key=True)
    order_id = fields.BigIntField()
    parent_id = fields.BigIntField(null=True)
    means = fields.CharField(max_length=20)
    provider = fields.CharField(max_length=40)
    reference = fields.CharField(max_length=128, null=True)
    pay_url = fields.CharField(max_length=500, null=True)
    currency = fields.CharField(max_length=3)
    authorises_first = fields.BooleanField(default=False)
    expected_minor = fields.BigIntField(default=0)
    authorised_minor = fields.BigIntField(default=0)
    voided_minor = fields.BigIntField(default=0)
    capturing_minor = fields.BigIntField(default=0)
    captured_minor = fields.BigIntField(default=0)
    refunding_minor = fields.BigIntField(default=0)
    refunded_minor = fields.BigIntField(default=0)
    charged_back_minor = fields.BigIntField(default=0)
    settled_minor = fields.BigIntField(default=0)
    failed_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    created_by = fields.CharField(max_length=128)

    class Meta:
        table = "payment"
        indexes = (("order_id", "id"), ("parent_id",))


class PaymentEntry(Model):
    """Table `payment_entry`: one movement; append-only.  `event_id`: the provider's own id of what told it, once per provider."""

    id = fields.BigIntField(primary_key=True)
    payment_id = fields.BigIntField()
    order_id = fields.BigIntField()
    kind = fields.CharField(max_length=12)
    amount_minor = fields.BigIntField()
    occurred_at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()
    provider = fields.CharField(max_length=40)
    event_id = fields.CharField(max_length=160, null=True)
    actor = fields.CharField(max_length=128)
    note = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "payment_entry"
        indexes = (("payment_id", "id"), ("order_id", "id"))


class PaymentCall(Model):
    """Table `payment_call`: something that a provider, or a person, is to do; `key` goes with it, and is asked for later."""

    id = fields.BigIntField(primary_key=True)
    payment_id = fields.BigIntField()
    action = fields.CharField(max_length=12)
    amount_minor = fields.BigIntField()
    key = fields.CharField(max_length=64, unique=True)
    state = fields.CharField(max_length=12)
    tries = fields.IntField(default=0)
    next_at = fields.DatetimeField()
    error = fields.CharField(max_length=400, null=True)
    reason = fields.CharField(max_length=200)
    asked_by = fields.CharField(max_length=128)
    approved_by = fields.CharField(max_length=128, null=True)
    created_at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "payment_call"
        indexes = (("state", "next_at"), ("payment_id", "id"))


class PaymentCallback(Model):
    """Table `payment_callback`: what a provider told, its known fields; `waiting`: not for any payment yet, or too early."""

    id = fields.BigIntField(primary_key=True)
    provider = fields.CharField(max_length=40)
    event_id = fields.CharField(max_length=160)
    reference = fields.CharField(max_length=128)
    key = fields.CharField(max_length=64, null=True)
    kind = fields.CharField(max_length=12)
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    occurred_at = fields.DatetimeField()
    received_at = fields.DatetimeField()
    state = fields.CharField(max_length=12)
    detail = fields.CharField(max_length=200, null=True)
    payment_id = fields.BigIntField(null=True)

    class Meta:
        table = "payment_callback"
        unique_together = (("provider", "event_id"),)
        indexes = (("state", "id"), ("provider", "reference"))


class RefundLimit(Model):
    """Table `refund_limit`: above so much a refund needs a second person; by currency."""

    currency = fields.CharField(max_length=3, primary_key=True)
    minor = fields.BigIntField()

    class Meta:
        table = "refund_limit"


class CustomerAccount(Model):
    """Table `customer_account`: what a customer owes us (below 0: we owe), and may owe at most."""

    id = fields.BigIntField(primary_key=True)
    customer_id = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    limit_minor = fields.BigIntField()
    owed_minor = fields.BigIntField(default=0)

    class Meta:
        table = "customer_account"
        unique_together = (("customer_id", "currency"),)


class AccountEntry(Model):
    """Table `account_entry`: a movement of an account; append-only, once per kind and document; `amount_minor` adds to it."""

    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    kind = fields.CharField(max_length=12)
    amount_minor = fields.BigIntField()
    document = fields.CharField(max_length=128)
    recorded_at = fields.DatetimeField()
    actor = fields.CharField(max_length=128)
    note = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "account_entry"
        unique_together = (("account_id", "kind", "document"),)
        indexes = (("account_id", "id"),)


_SUMS = ("expected", "authorised", "voided", "capturing", "captured", "refunding", "refunded", "charged_back", "settled")

EXTRA_SQL = (
    append_only("payment_entry"),
    append_only("account_entry"),
    (
        "CREATE UNIQUE INDEX IF NOT EXISTS payment_reference ON payment (provider, reference) "
        "WHERE reference IS NOT NULL AND parent_id IS NULL AND provider <> 'manual'"
    ),
    (
        "CREATE UNIQUE INDEX IF NOT EXISTS payment_entry_event ON payment_entry (provider, event_id, payment_id) "
        "WHERE event_id IS NOT NULL"
    ),
    "CREATE INDEX IF NOT EXISTS payment_callback_waiting ON payment_callback (id) WHERE state = 'waiting'",
    check("order_due", "order_due_sane", "NEW.due_minor >= 0 AND NEW.estimate_minor >= 0 AND NEW.tolerance_bp >= 0"),
    check("payment", "payment_not_negative", " AND ".join(f"NEW.{name}_minor >= 0" for name in _SUMS)),
    check("payment", "payment_refunds_captured", "NEW.refunded_minor + NEW.refunding_minor <= NEW.captured_minor"),
    check(
        "payment",
        "payment_captures_authorised",
        "NOT NEW.authorises_first OR NEW.captured_minor + NEW.capturing_minor + NEW.voided_minor <= NEW.authorised_minor",
    ),
    check("payment_entry", "payment_entry_amount", "NEW.amount_minor <> 0 OR NEW.kind = 'failed'"),
    check("payment_call", "payment_call_amount", "NEW.amount_minor > 0"),
    check("refund_limit", "refund_limit_sane", "NEW.minor >= 0"),
    check("customer_account", "customer_account_limit", "NEW.limit_minor >= 0"),
)
