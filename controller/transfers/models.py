"""Transfers between sites, their lines, and what was booked for them (quantities in the SKU's base unit)."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import check


class Transfer(Model):
    """Table `transfer`.  `number` is ours, `TR-100001`, or what a box told of one that nobody announced (`is_announced` false).

    A site that is not known yet is None; `from_rank` and `to_rank` say who told it: 0 the office, 1 who sent, 2 who received (the
    lower one is believed).  `sent_closed_at` and `received_closed_at`: when an end said that it is done.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=64, unique=True)
    from_site = fields.CharField(max_length=40, null=True)
    to_site = fields.CharField(max_length=40, null=True)
    from_rank = fields.SmallIntField(db_default=9)
    to_rank = fields.SmallIntField(db_default=9)
    state = fields.CharField(max_length=16)
    is_announced = fields.BooleanField()
    note = fields.CharField(max_length=200, null=True)
    proposal = fields.CharField(max_length=64, null=True)
    created_at = fields.DatetimeField()
    created_by = fields.CharField(max_length=128)
    approved_at = fields.DatetimeField(null=True)
    approved_by = fields.CharField(max_length=128, null=True)
    cancelled_at = fields.DatetimeField(null=True)
    sent_at = fields.DatetimeField(null=True)
    sent_closed_at = fields.DatetimeField(null=True)
    received_closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "transfer"
        indexes = (("state", "id"), ("from_site", "state"), ("to_site", "state"))


class TransferLine(Model):
    """Table `transfer_line`: a SKU of a transfer.  `quantity` planned; the rest is what its bookings say, as it stands now.

    `received` are good ones, `damaged` went to quarantine; `lost` was written off, `found` is what came without having been sent.
    `expected`: how much of it is counted in `availability.incoming` of the site that receives.
    """

    id = fields.BigIntField(primary_key=True)
    transfer: fields.ForeignKeyRelation[Transfer] = fields.ForeignKeyField("controller.Transfer", related_name=False)
    sku_id = fields.BigIntField()
    quantity = fields.BigIntField(db_default=0)
    sent = fields.BigIntField(db_default=0)
    received = fields.BigIntField(db_default=0)
    damaged = fields.BigIntField(db_default=0)
    lost = fields.BigIntField(db_default=0)
    found = fields.BigIntField(db_default=0)
    expected = fields.BigIntField(db_default=0)

    class Meta:
        table = "transfer_line"
        unique_together = (("transfer_id", "sku_id"),)
        indexes = (("sku_id",),)


class TransferBooking(Model):
    """Table `transfer_booking`: one movement for a transfer, by its key (the fact's id, or a decision's).

    `kind`: sent, received, damaged, lost or found.  `is_undone`: it was taken back, and counts for nothing.
    """

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=64, unique=True)
    transfer: fields.ForeignKeyRelation[Transfer] = fields.ForeignKeyField("controller.Transfer", related_name=False)
    kind = fields.CharField(max_length=12)
    sku_id = fields.BigIntField()
    quantity = fields.BigIntField()
    lot_id = fields.BigIntField(db_default=0)
    serial = fields.CharField(max_length=64, null=True)
    from_location_id = fields.BigIntField()
    to_location_id = fields.BigIntField()
    occurred_at = fields.DatetimeField()
    person = fields.CharField(max_length=512, null=True)
    reason = fields.CharField(max_length=512, null=True)
    is_undone = fields.BooleanField(db_default=False)

    class Meta:
        table = "transfer_booking"
        indexes = (("transfer_id", "id"),)


EXTRA_SQL = (
    check(
        "transfer_line",
        "transfer_line_amounts",
        "NEW.quantity >= 0 AND NEW.sent >= 0 AND NEW.received >= 0 AND NEW.damaged >= 0 AND NEW.lost >= 0 AND NEW.found >= 0 "
        "AND NEW.expected >= 0",
    ),
    check("transfer_booking", "transfer_booking_positive", "NEW.quantity > 0"),
)
