"""Tables of the clocks: how long what may take, when people work, and each order's deadlines."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.orders.models import Order
from controller.schema import check


class ClockTerm(Model):
    """Table `clock_term`: how long something may take, in seconds.  `site` empty: wherever nothing else is said.

    `near`: so long before its end people are told; `counts`: `always`, or `opening` for the opening hours of the site only.
    """

    id = fields.BigIntField(primary_key=True)
    site = fields.CharField(max_length=40)
    kind = fields.CharField(max_length=16)
    seconds = fields.IntField()
    near = fields.IntField()
    counts = fields.CharField(max_length=16)

    class Meta:
        table = "clock_term"
        unique_together = (("site", "kind"),)


class OpeningHours(Model):
    """Table `opening_hours`: minutes of a local day, `opens` (included) to `closes` (excluded).  `weekday` 0 is Monday."""

    id = fields.BigIntField(primary_key=True)
    site = fields.CharField(max_length=40)
    weekday = fields.SmallIntField()
    opens = fields.IntField()
    closes = fields.IntField()

    class Meta:
        table = "opening_hours"
        unique_together = (("site", "weekday", "opens"),)


class ClosedDay(Model):
    """Table `closed_day`: a local day on which a site does not open."""

    id = fields.BigIntField(primary_key=True)
    site = fields.CharField(max_length=40)
    day = fields.DateField()

    class Meta:
        table = "closed_day"
        unique_together = (("site", "day"),)


class OrderClock(Model):
    """Table `order_clock`: a deadline of an order; it runs while `ended_at` is None.

    `near_at` and `due_at` are instants, worked out when it began.  `told`: 0 nothing, 1 that it is near, 2 that it is over.
    `took`: seconds, of one that was met or missed; `is_void`: it had no sense any more (the order was cancelled).
    """

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField("controller.Order", related_name="clocks")
    site = fields.CharField(max_length=40, null=True)
    kind = fields.CharField(max_length=16)
    began_at = fields.DatetimeField()
    near_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    told = fields.SmallIntField()
    ended_at = fields.DatetimeField(null=True)
    took = fields.BigIntField(null=True)
    is_void = fields.BooleanField()

    class Meta:
        table = "order_clock"


EXTRA_SQL = (
    "CREATE UNIQUE INDEX IF NOT EXISTS order_clock_running ON order_clock (order_id, kind) WHERE ended_at IS NULL",
    "CREATE INDEX IF NOT EXISTS order_clock_near ON order_clock (near_at) WHERE ended_at IS NULL AND told = 0",
    "CREATE INDEX IF NOT EXISTS order_clock_due ON order_clock (due_at) WHERE ended_at IS NULL AND told < 2",
    "CREATE INDEX IF NOT EXISTS order_clock_open ON order_clock (due_at, order_id) WHERE ended_at IS NULL",
    # not also of what runs: SQLite would look for that here, and not where it is in the order in which it ends
    "CREATE INDEX IF NOT EXISTS order_clock_ended ON order_clock (kind, ended_at) WHERE ended_at IS NOT NULL",
    check(
        "order_clock", "order_clock_order", "NEW.near_at <= NEW.due_at AND NEW.began_at <= NEW.due_at AND NEW.told BETWEEN 0 AND 2"
    ),
    check(
        "opening_hours",
        "opening_hours_range",
        "NEW.weekday BETWEEN 0 AND 6 AND NEW.opens >= 0 AND NEW.opens < NEW.closes AND NEW.closes <= 1440",
    ),
    check("clock_term", "clock_term_range", "NEW.seconds > 0 AND NEW.near >= 0 AND NEW.near <= NEW.seconds"),
)
