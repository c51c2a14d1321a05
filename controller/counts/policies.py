"""Pure decisions of counting: what was found, whose decision a difference is, which class goods are, when a bin is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from uuid import UUID

from controller.catalog.models import BaseUnit
from controller.costing.policies import half_even
from controller.counts.states import Needs

LONGEST_COUNT = timedelta(hours=24)
"""A line that says to be older than that when its bin was done tells of a clock that was set meanwhile."""
CLASSES = ("A", "B", "C")
_A_SHARE, _B_SHARE = 80, 95
"""Percent of the value that goods of class A make up, and those of A and B together (Pareto, as in any textbook of inventory)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A line of a part, in base units; `lot_id` 0: no lot was told."""

    sku_id: int
    units: int
    lot_id: int
    serial: str | None
    at: datetime
    id: UUID


Key = tuple[int, int]
"""A SKU and a lot; lot 0: all its lots together."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What was found of a SKU (of a lot of it), and the instant of the last scan of that SKU."""

    counted: int
    at: datetime


def tallies(lines: Iterable[Read]) -> dict[Key, Tally]:
    """Parts of a round add up.  A SKU goes by lots if all its lines told one.  A serial number is one piece, however often told."""
    by_sku: dict[int, list[Read]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: (line.at, str(line.id))):
        by_sku[line.sku_id].append(line)
    found: dict[Key, Tally] = {}
    for sku, read in by_sku.items():
        at, by_lot = read[-1].at, all(line.lot_id for line in read)
        pieces: set[str] = set()
        for line in read:
            if line.serial and line.serial in pieces:
                continue
            pieces |= {line.serial} if line.serial else set()
            key = (sku, line.lot_id if by_lot else 0)
            before = found.get(key, Tally(0, at))
            found[key] = Tally(before.counted + line.units, at)
    return found


def instant_of_line(told: datetime | None, done_told: datetime | None, done: datetime) -> tuple[datetime, bool]:
    """When a line was last scanned, on the controller's clock, and whether that can be trusted.

    `told` and `done_told` are the box's wall clock; `done` is `done_told` as the controller dates it.  Both move alike.
    """
    if told is None or done_told is None:
        return done, True
    before = done_told - told
    if timedelta(0) <= before <= LONGEST_COUNT:
        return done - before, True
    return done, False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """See `models.CountPolicy`; all of them said."""

    value_minor: int
    units: int
    grams: int
    approve_minor: int
    days: int


DEFAULTS: Mapping[str, Limits] = {
    "A": Limits(value_minor=20_000, units=20, grams=1_000, approve_minor=100_000, days=30),
    "B": Limits(value_minor=20_000, units=20, grams=1_000, approve_minor=100_000, days=90),
    "C": Limits(value_minor=20_000, units=20, grams=1_000, approve_minor=100_000, days=180),
}
"""Where nobody said anything: 200.00, 20 pieces, 1 kg or 1 l; a manager from 1,000.00 on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What somebody said for a site (empty: all) and a class (empty: all); None: nothing."""

    site: str = ""
    abc: str = ""
    value_minor: int | None = None
    units: int | None = None
    grams: int | None = None
    approve_minor: int | None = None
    days: int | None = None


def limits_of(policies: Sequence[Policy], site: str, abc: str) -> Limits:
    """The nearest word counts, for each limit by itself: of the site and class, the site, the class, the chain."""
    found = DEFAULTS[abc]
    for where, which in (("", ""), ("", abc), (site, ""), (site, abc)):
        for policy in policies:
            if (policy.site, policy.abc) == (where, which):
                names = [field.name for field in fields(Limits)]
                said = {name: value for name in names if (value := getattr(policy, name)) is not None}
                found = replace(found, **said)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A difference as it is judged.  `doubtful`: it moved meanwhile, was not dated, or an unread symbol may be it."""

    variance: int
    value_minor: int
    base_unit: str
    doubtful: bool


def needs(found: Found, limits: Limits) -> Needs:
    """Within value and quantity it is nobody's decision, above the threshold a manager's."""
    if found.variance == 0:
        return Needs.NOBODY
    most = limits.units if found.base_unit == BaseUnit.PIECE.value else limits.grams
    if abs(found.value_minor) > limits.approve_minor:
        return Needs.APPROVAL
    if found.doubtful or abs(found.variance) > most or abs(found.value_minor) > limits.value_minor:
        return Needs.REVIEW
    return Needs.NOBODY


@dataclass(frozen=True, slots=True)
class UnitCost:
    """`minor` for `per` base units (> 0)."""

    minor: int
    per: int

    def of(self, quantity: int) -> int:
        """Minor units, half to even; the sign is the quantity's."""
        value = half_even(abs(quantity) * self.minor, self.per)
        return value if quantity >= 0 else -value


def classify(values: Mapping[int, int]) -> dict[int, str]:
    """A, B or C by value of movement: the dearest first until they make up 80 % of it, then 95 %; what did not move is C."""
    total, so_far = sum(values.values()), 0
    found: dict[int, str] = {}
    for sku, value in sorted(values.items(), key=lambda pair: (-pair[1], pair[0])):
        share = so_far * 100
        found[sku] = "A" if value and share < total * _A_SHARE else "B" if value and share < total * _B_SHARE else "C"
        so_far += value
    return found


def due_at(counted_at: datetime | None, days: int, known_since: datetime) -> datetime | None:
    """When a bin is to be counted next; None: never by plan.  One that was never counted is due since goods are there."""
    if days == 0:
        return None
    return known_since if counted_at is None else counted_at + timedelta(days=days)
