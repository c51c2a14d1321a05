"""Tables of counting: sessions, their bins, who counted which part, what was read, and what it comes to (docs/adr/0033)."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import check


class CountSession(Model):
    """A count, planned or not; its number is `CT-` and digits.  `scope`: what was asked for, in words of its `kind`.

    `counters`: how many people are to count a bin before it is counted.  `asked`: the number that a box named and nobody knew,
    or the one of a session that was cancelled.  Actors are named as events name them.
    """

    id = fields.BigIntField(primary_key=True)
    site = fields.CharField(max_length=40)
    kind = fields.CharField(max_length=12)
    scope = fields.CharField(max_length=200, default="")
    blind = fields.BooleanField(default=True)
    counters = fields.IntField(default=1)
    state = fields.CharField(max_length=12)
    asked = fields.CharField(max_length=512, null=True)
    fact_id = fields.UUIDField(null=True, unique=True)
    created_at = fields.DatetimeField()
    created_by = fields.CharField(max_length=128)
    submitted_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    closed_by = fields.CharField(max_length=128, null=True)
    reason = fields.CharField(max_length=200, null=True)
    version = fields.BigIntField(null=True)

    class Meta:
        table = "count_session"
        indexes = (("state", "id"), ("site", "state", "id"))


class CountBin(Model):
    """A bin of a session.  `round`: the one that counts; `began_at` and `done_at` of what was counted in it; None: not yet."""

    id = fields.BigIntField(primary_key=True)
    session_id = fields.BigIntField()
    location_id = fields.BigIntField()
    code = fields.CharField(max_length=64)
    round = fields.IntField(default=1)
    parts = fields.IntField(default=0)
    began_at = fields.DatetimeField(null=True)
    done_at = fields.DatetimeField(null=True)
    extra = fields.BooleanField(default=False)
    recount_by = fields.CharField(max_length=128, null=True)

    class Meta:
        table = "count_bin"
        unique_together = (("session_id", "location_id"),)
        indexes = (("location_id", "session_id"),)


class CountPart(Model):
    """One person's `counted` fact of a bin.  `state` counts, or refused (`why`): it is kept and shown, and adds up to nothing.

    `dated`: whether the box knew the time when it was counted.
    """

    id = fields.BigIntField(primary_key=True)
    session_id = fields.BigIntField()
    bin_id = fields.BigIntField()
    round = fields.IntField()
    fact_id = fields.UUIDField(unique=True)
    box = fields.CharField(max_length=40)
    device = fields.CharField(max_length=40, null=True)
    person = fields.CharField(max_length=512, null=True)
    state = fields.CharField(max_length=8)
    why = fields.CharField(max_length=40, null=True)
    empty = fields.BooleanField(default=False)
    dated = fields.BooleanField(default=True)
    began_at = fields.DatetimeField()
    done_at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "count_part"
        indexes = (("session_id", "id"), ("bin_id", "round"))


class CountLine(Model):
    """What was read in a part, by the line's own id.  `units` in base units once the symbol is known (`state` known).

    `lot` and `expiry` as they were told, `lot_id` 0: none was.
    """

    id = fields.BigIntField(primary_key=True)
    line_id = fields.UUIDField(unique=True)
    part_id = fields.BigIntField()
    session_id = fields.BigIntField()
    bin_id = fields.BigIntField()
    round = fields.IntField()
    state = fields.CharField(max_length=12)
    symbol = fields.TextField()
    gtin = fields.CharField(max_length=14, null=True)
    quantity = fields.BigIntField()
    sku_id = fields.BigIntField(null=True)
    units = fields.BigIntField(default=0)
    lot = fields.CharField(max_length=512, null=True)
    expiry = fields.DateField(null=True)
    serial = fields.CharField(max_length=512, null=True)
    lot_id = fields.BigIntField(default=0)
    at = fields.DatetimeField()

    class Meta:
        table = "count_line"
        indexes = (("bin_id", "round", "state"), ("session_id", "state", "id"), ("part_id",))


class CountRow(Model):
    """What a SKU in a bin comes to in one round, in base units: counted, expected as of `at`, and what became of the difference.

    `lot_id` 0: all its lots together.  `value_minor`: of the variance at cost; `weight` is that without its sign, by which people
    look at rows, and the quantity where nobody knows a cost.  `moved`: it moved while it was being counted.  `booked`: what was
    booked when it was accepted.  `needs`: whose decision it is.
    """

    id = fields.BigIntField(primary_key=True)
    session_id = fields.BigIntField()
    bin_id = fields.BigIntField()
    location_id = fields.BigIntField()
    round = fields.IntField()
    sku_id = fields.BigIntField()
    lot_id = fields.BigIntField(default=0)
    turn = fields.IntField(default=1)
    state = fields.CharField(max_length=12)
    counted = fields.BigIntField()
    expected = fields.BigIntField()
    variance = fields.BigIntField()
    value_minor = fields.BigIntField()
    weight = fields.BigIntField()
    at = fields.DatetimeField()
    moved = fields.BooleanField(default=False)
    dated = fields.BooleanField(default=True)
    needs = fields.CharField(max_length=10)
    reason = fields.CharField(max_length=40, null=True)
    note = fields.CharField(max_length=200, null=True)
    booked = fields.BigIntField(null=True)
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.CharField(max_length=128, null=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "count_row"
        unique_together = (("bin_id", "round", "sku_id", "lot_id", "turn"),)
        indexes = (("session_id", "state", "weight", "id"), ("session_id", "weight", "id"), ("location_id", "sku_id", "id"))


class CountPolicy(Model):
    """Limits of a site (`site` empty: of the chain) for a class of goods (`abc` empty: all); None: not said here.

    `value_minor`, `units`, `grams`: a difference up to all of them is booked by itself.  Above `approve_minor` a manager decides.
    `days`: how often goods of the class are to be counted, 0: never by plan.
    """

    id = fields.BigIntField(primary_key=True)
    site = fields.CharField(max_length=40, default="")
    abc = fields.CharField(max_length=1, default="")
    value_minor = fields.BigIntField(null=True)
    units = fields.BigIntField(null=True)
    grams = fields.BigIntField(null=True)
    approve_minor = fields.BigIntField(null=True)
    days = fields.IntField(null=True)

    class Meta:
        table = "count_policy"
        unique_together = (("site", "abc"),)


class CountReason(Model):
    """Why goods are missing or too many: `code` is stable, the words are the shop's."""

    code = fields.CharField(max_length=40, primary_key=True)
    name_en = fields.CharField(max_length=80)
    name_zh = fields.CharField(max_length=80)
    active = fields.BooleanField(default=True)
    position = fields.IntField(default=0)

    class Meta:
        table = "count_reason"


class CountSchedule(Model):
    """A session that is planned by itself at a site, every `every_days` days: of the class or the zone `scope`, or of suspicion.

    `next_at`: when next, unless it is paused.  A site without rows plans nothing by itself.
    """

    id = fields.BigIntField(primary_key=True)
    site = fields.CharField(max_length=40)
    kind = fields.CharField(max_length=12)
    scope = fields.CharField(max_length=200, default="")
    every_days = fields.IntField()
    blind = fields.BooleanField(default=True)
    counters = fields.IntField(default=1)
    most = fields.IntField()
    next_at = fields.DatetimeField()
    last_no = fields.CharField(max_length=24, null=True)
    is_paused = fields.BooleanField(db_default=False)

    class Meta:
        table = "count_schedule"
        unique_together = (("site", "kind", "scope"),)
        indexes = (("next_at",),)


class SkuClass(Model):
    """A, B or C: how much of a site's movement a SKU is, by value over the last days that were looked at."""

    id = fields.BigIntField(primary_key=True)
    site = fields.CharField(max_length=40)
    sku_id = fields.BigIntField()
    abc = fields.CharField(max_length=1)
    value_minor = fields.BigIntField()
    classified_at = fields.DatetimeField()

    class Meta:
        table = "sku_class"
        unique_together = (("site", "sku_id"),)


EXTRA_SQL = (
    check("count_schedule", "count_schedule_sound", "NEW.every_days > 0 AND NEW.counters > 0 AND NEW.most > 0"),
    check("count_session", "count_session_counters", "NEW.counters > 0"),
    check("count_line", "count_line_quantities", "NEW.quantity > 0 AND NEW.units >= 0"),
    check("count_row", "count_row_adds_up", "NEW.variance = NEW.counted - NEW.expected AND NEW.counted >= 0 AND NEW.weight >= 0"),
)
