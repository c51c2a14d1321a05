"""Tables of orders.  Numbers that people see come from ids (`controller/orders/numbers.py`).  Quantities in base units."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import Extra, check


class Order(Model):
    """Table `sales_order`.  `reference` is the channel's own number of it, unique there.

    `site`: what the customer named; None: it is sourced, and `order_allocation` says from where.  `region`: where it goes to, as
    sourcing and taxes know places.  Whom it is for is sealed in `order_address`.
    `min_remaining_days`: how long what expires must still keep when it is picked; None: as each SKU says.
    `version` counts changes: who changes it says which one was read.
    """

    id = fields.BigIntField(primary_key=True)
    site = fields.CharField(max_length=40, null=True)
    region = fields.CharField(max_length=40, null=True)
    channel = fields.CharField(max_length=40)
    reference = fields.CharField(max_length=64)
    pickup_code = fields.CharField(max_length=16)
    currency = fields.CharField(max_length=3)
    total_minor = fields.BigIntField()
    state = fields.CharField(max_length=16)
    delivery = fields.CharField(max_length=16, db_default="collection")
    customer_id = fields.BigIntField(null=True)
    placed_at = fields.DatetimeField()
    due_at = fields.DatetimeField(null=True)
    min_remaining_days = fields.IntField(null=True)
    version = fields.BigIntField(db_default=1)

    class Meta:
        table = "sales_order"
        unique_together = (("channel", "reference"),)
        indexes = (("state", "id"), ("channel", "id"), ("channel", "state", "id"), ("customer_id", "id"), ("pickup_code",))


class OrderLine(Model):
    """Table `order_line`.  `unit_price_minor` is the price of `price_per` base units (1, or 100 g or ml).

    SKU code, names and unit as they were when it was placed.  `wanting` of `quantity` are promised from nowhere yet.
    `is_short`: a picker found less than was promised.  A removed line stays, as its position is its own for ever.
    `actual`: base units that it is charged for once its goods are packed (weighed, or short); None: what was ordered.
    """

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField("controller.Order", related_name="lines")
    position = fields.IntField()
    sku_id = fields.BigIntField()
    sku = fields.CharField(max_length=64)
    name_zh = fields.CharField(max_length=200)
    name_en = fields.CharField(max_length=200)
    base_unit = fields.CharField(max_length=16)
    quantity = fields.BigIntField()
    unit_price_minor = fields.BigIntField()
    price_per = fields.IntField()
    amount_minor = fields.BigIntField()
    presale = fields.BooleanField(db_default=False)
    wanting = fields.BigIntField(db_default=0)
    is_short = fields.BooleanField(default=False)
    is_removed = fields.BooleanField(db_default=False)
    actual = fields.BigIntField(null=True)

    class Meta:
        table = "order_line"
        unique_together = (("order_id", "position"),)


class OrderAllocation(Model):
    """Table `order_allocation`: so much of a line is promised from a site; `line_key` names it to `stock`, once and for ever.

    `is_released`: it is on a pick list that stands.  `is_ended`: it is promised from elsewhere now, or not any more.
    """

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField("controller.Order", related_name=False)
    order_line: fields.ForeignKeyRelation[OrderLine] = fields.ForeignKeyField("controller.OrderLine", related_name=False)
    site = fields.CharField(max_length=40)
    quantity = fields.BigIntField()
    line_key = fields.CharField(max_length=64, unique=True)
    is_released = fields.BooleanField(db_default=False)
    is_ended = fields.BooleanField(db_default=False)

    class Meta:
        table = "order_allocation"
        indexes = (("order_id", "id"), ("order_line_id", "id"))


class OrderSite(Model):
    """Table `order_site`: which sites have, or had, to do with an order: the one it names, and those it is promised from.

    `channel` and `state` are the order's: so that a site's list is read along an index, whatever it is filtered by.
    """

    id = fields.BigIntField(primary_key=True)
    site = fields.CharField(max_length=40)
    order_id = fields.BigIntField()
    channel = fields.CharField(max_length=40)
    state = fields.CharField(max_length=16)

    class Meta:
        table = "order_site"
        unique_together = (("site", "order_id"),)
        indexes = (("order_id", "site"), ("site", "state", "order_id"), ("site", "channel", "state", "order_id"))


class OrderLink(Model):
    """Table `order_link`: lines went from one order to another; `undone_at`: and back.

    `charges`: of a merge, what the order that stays charged by itself for shipping and fees, as JSON; `uncharged_minor`: shipping
    that nobody pays any more.
    """

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=16)
    from_order_id = fields.BigIntField()
    to_order_id = fields.BigIntField()
    reason = fields.CharField(max_length=200)
    linked_at = fields.DatetimeField()
    undone_at = fields.DatetimeField(null=True)
    charges = fields.TextField(null=True)
    uncharged_minor = fields.BigIntField(db_default=0)

    class Meta:
        table = "order_link"
        indexes = (("from_order_id", "id"), ("to_order_id", "id"))


class OrderLinkLine(Model):
    """Table `order_link_line`: `quantity` of a line went to another one, with `amount_minor` of its amount."""

    id = fields.BigIntField(primary_key=True)
    link: fields.ForeignKeyRelation[OrderLink] = fields.ForeignKeyField("controller.OrderLink", related_name="lines")
    from_line_id = fields.BigIntField()
    to_line_id = fields.BigIntField()
    quantity = fields.BigIntField()
    amount_minor = fields.BigIntField()

    class Meta:
        table = "order_link_line"
        indexes = (("link_id", "id"),)


class OrderChannel(Model):
    """Table `order_channel`: what becomes of a channel's orders when there is too little; without a row they are refused."""

    channel = fields.CharField(max_length=40, primary_key=True)
    when_short = fields.CharField(max_length=16)
    changed_at = fields.DatetimeField()

    class Meta:
        table = "order_channel"


IS_OPEN = "state IN ('draft', 'in_review', 'on_hold', 'approved')"
"""As indexes and queries say it, in the same words."""

EXTRA_SQL = (
    check("sales_order", "sales_order_total", "NEW.total_minor >= 0"),
    check(
        "order_line",
        "order_line_amounts",
        "NEW.quantity > 0 AND NEW.unit_price_minor >= 0 AND NEW.price_per > 0 AND NEW.wanting BETWEEN 0 AND NEW.quantity",
    ),
    check("order_allocation", "order_allocation_quantity", "NEW.quantity > 0"),
    # what waits for goods, the oldest first; what is due, among what is open; references by their beginning
    "CREATE INDEX IF NOT EXISTS order_line_wanting ON order_line (sku_id, order_id) WHERE wanting > 0",
    f"CREATE INDEX IF NOT EXISTS sales_order_due ON sales_order (due_at, id) WHERE {IS_OPEN}",
    Extra(
        sqlite=("CREATE INDEX IF NOT EXISTS sales_order_reference ON sales_order (reference)",),
        postgres=('CREATE INDEX IF NOT EXISTS sales_order_reference ON sales_order (reference COLLATE "C")',),
    ),
)
