"""Tables of replenishment: demand by day, what people set, levels, proposals, alerts, runs (quantities in base units)."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import check
from controller.sites.models import Site


class DemandDay(Model):
    """What happened to a SKU at a site on a business day; made of the ledger alone, and to be made of it again.

    `day`: date.toordinal().  `sold` went to customers, `returned` came back from them, `net` is the change of on hand, `found` was
    booked in from nowhere because more went than was known to be there.
    """

    id = fields.BigIntField(primary_key=True)
    site_id = fields.CharField(max_length=40)
    sku_id = fields.BigIntField()
    day = fields.IntField()
    sold = fields.BigIntField(default=0)
    returned = fields.BigIntField(default=0)
    net = fields.BigIntField(default=0)
    found = fields.BigIntField(default=0)

    class Meta:
        table = "demand_day"
        unique_together = (("site_id", "sku_id", "day"),)


class DemandCursor(Model):
    """One row: movements up to `position` are in demand_day.

    `seen`: the newest movement at the last look, settled once all transactions before `seen_xid` (PostgreSQL's) are over.
    """

    id = fields.BigIntField(primary_key=True)
    position = fields.BigIntField(default=0)
    seen = fields.BigIntField(default=0)
    seen_xid = fields.BigIntField(default=0)

    class Meta:
        table = "demand_cursor"


class ReplenishmentRule(Model):
    """What people set; NULL: as the next wider rule says.  `site_id` empty: all sites; `sku_id` 0: all SKUs.  The narrowest wins.

    `service_bp`: chance of a cycle without stock-out, in hundredths of a percent; `lead_sd_tenths`: in tenths of days.
    `least_shelf` and `most_shelf`: base units; `supplier_id`: where it is bought.  `off`: not replenished.
    """

    id = fields.BigIntField(primary_key=True)
    site_id = fields.CharField(max_length=40, default="")
    sku_id = fields.BigIntField(default=0)
    service_bp = fields.IntField(null=True)
    review_days = fields.IntField(null=True)
    lead_days = fields.IntField(null=True)
    lead_sd_tenths = fields.IntField(null=True)
    least_shelf = fields.BigIntField(null=True)
    most_shelf = fields.BigIntField(null=True)
    supplier_id = fields.BigIntField(null=True)
    off = fields.BooleanField(null=True)
    changed_at = fields.DatetimeField()
    changed_by = fields.CharField(max_length=128)

    class Meta:
        table = "replenishment_rule"
        unique_together = (("site_id", "sku_id"),)


class AutoAccept(Model):
    """Proposals of a supplier below a value are accepted by themselves; people switch it on.  Minor units of its currency."""

    id = fields.BigIntField(primary_key=True)
    supplier_id = fields.BigIntField(unique=True)
    below_minor = fields.BigIntField()
    changed_at = fields.DatetimeField()
    changed_by = fields.CharField(max_length=128)

    class Meta:
        table = "replenishment_auto"


class ReplenishmentLevel(Model):
    """What the last run found for a SKU at a site.  `mean_micro`, `sd_micro`: millionths of a base unit per day."""

    id = fields.BigIntField(primary_key=True)
    site_id = fields.CharField(max_length=40)
    sku_id = fields.BigIntField()
    abc = fields.CharField(max_length=1)
    kind = fields.IntField()
    method = fields.IntField()
    mean_micro = fields.BigIntField()
    sd_micro = fields.BigIntField()
    reorder = fields.BigIntField()
    upto = fields.BigIntField()
    safety = fields.BigIntField()
    lead_days = fields.IntField()
    review_days = fields.IntField()
    supplier_id = fields.BigIntField(null=True)
    last_sold = fields.IntField(null=True)
    made_at = fields.DatetimeField()

    class Meta:
        table = "replenishment_level"
        unique_together = (("site_id", "sku_id"),)
        indexes = (("sku_id", "site_id"),)


class Proposal(Model):
    """`quantity` base units of a SKU for a site, from a supplier or from another site (`source`, empty for a purchase).

    `proposed`: what the last run says; `quantity` is a person's once they changed it.  `explanation`: JSON, every number of it.
    `document`: the purchase order or transfer made of it.
    """

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=8)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField("controller.Site", related_name=False)
    sku_id = fields.BigIntField()
    source = fields.CharField(max_length=40, default="")
    supplier_id = fields.BigIntField(null=True)
    state = fields.CharField(max_length=12)
    quantity = fields.BigIntField()
    proposed = fields.BigIntField()
    pack = fields.BigIntField(default=1)
    value_minor = fields.BigIntField(null=True)
    days_left_tenths = fields.BigIntField(null=True)
    explanation = fields.TextField()
    run_id = fields.BigIntField()
    created_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=128, null=True)
    reason = fields.CharField(max_length=200, null=True)
    document = fields.CharField(max_length=64, null=True)

    class Meta:
        table = "replenishment_proposal"
        indexes = (("state", "site_id", "id"), ("site_id", "sku_id", "id"), ("document",))


class StockAlert(Model):
    """Something about a SKU at a site that somebody should see; at most one open one of a kind, and it closes by itself.

    `number`: days until it is out, days since it was sold, days until it expires, or days of supply, by kind.
    """

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=16)
    site_id = fields.CharField(max_length=40)
    sku_id = fields.BigIntField()
    number = fields.BigIntField(null=True)
    quantity = fields.BigIntField(default=0)
    value_minor = fields.BigIntField(default=0)
    opened_at = fields.DatetimeField()
    seen_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)
    acknowledged_at = fields.DatetimeField(null=True)
    acknowledged_by = fields.CharField(max_length=128, null=True)

    class Meta:
        table = "stock_alert"
        indexes = (("site_id", "kind", "id"), ("closed_at", "id"))


class ReplenishmentRun(Model):
    """One run for a site.  `day`: business day as date.toordinal(); `told_at`: when it last said how far it is; `claim`: whose."""

    id = fields.BigIntField(primary_key=True)
    site_id = fields.CharField(max_length=40)
    day = fields.IntField()
    cause = fields.CharField(max_length=8)
    state = fields.CharField(max_length=8)
    claim = fields.CharField(max_length=40)
    done = fields.BigIntField(default=0)
    total = fields.BigIntField(default=0)
    proposals = fields.BigIntField(default=0)
    alerts = fields.BigIntField(default=0)
    started_at = fields.DatetimeField()
    told_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    started_by = fields.CharField(max_length=128)
    error = fields.CharField(max_length=400, null=True)

    class Meta:
        table = "replenishment_run"
        indexes = (("site_id", "id"),)


EXTRA_SQL = (
    "INSERT INTO demand_cursor (id, position, seen, seen_xid) VALUES (1, 0, 0, 0) ON CONFLICT (id) DO NOTHING",
    (
        "CREATE UNIQUE INDEX IF NOT EXISTS proposal_open ON replenishment_proposal (site_id, sku_id, kind, source) "
        "WHERE state IN ('proposed', 'changed')"
    ),
    "CREATE UNIQUE INDEX IF NOT EXISTS alert_open ON stock_alert (site_id, kind, sku_id) WHERE closed_at IS NULL",
    "CREATE UNIQUE INDEX IF NOT EXISTS run_running ON replenishment_run (site_id) WHERE state IN ('waiting', 'running')",
    "CREATE UNIQUE INDEX IF NOT EXISTS run_night ON replenishment_run (site_id, day) WHERE cause = 'night'",
    check("replenishment_proposal", "proposal_sound", "NEW.quantity > 0 AND NEW.pack > 0"),
)
