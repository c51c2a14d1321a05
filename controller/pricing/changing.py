"""Prices of many SKUs changed at once: what each would cost, looked at first, then said, all or nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from controller import db
from controller.catalog.queries import SkuRow, skus_by_code
from controller.errors import Rejected
from controller.pricing.imports import minor_of
from controller.pricing.operations import NewPrice, flaw, schedule
from controller.pricing.policies import CHAIN, Priced, PriceKind, in_force, overlaps
from controller.pricing.stored import prices_of

MOST = 2_000
"""SKUs of one change."""
_PERCENT = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,2})?", re.ASCII)
WHOLE = 10_000
"""Basis points of one."""


class NothingChanges(Rejected):
    """No SKU was chosen, or each costs that already."""

    code = "nothing_changes"


class BadChange(Rejected):
    code = "bad_price_change"


class Way(StrEnum):
    """To one price, by an amount, or by a share."""

    TO = "to"
    BY = "by"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`amount` in minor units, or in basis points of the price that is; `step`: prices end on multiples of so many minor units."""

    way: Way
    amount: int
    step: int = 1

    def of(self, price_minor: int) -> int:
        """Rounded once, half up; never below zero."""
        if self.way is Way.TO:
            return self.amount
        numerator, denominator = price_minor * WHOLE, WHOLE
        numerator += price_minor * self.amount if self.way is Way.PERCENT else self.amount * WHOLE
        per = denominator * self.step
        return max((2 * numerator + per) // (2 * per) * self.step, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A SKU of a change: what it would cost from the instant on, after what it costs then as things are.

    `wrong`: why it cannot; None: it can.
    """

    sku: SkuRow
    before_minor: int
    after_minor: int
    wrong: str | None

    @property
    def is_changed(self) -> bool:
        return self.before_minor != self.after_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """Which SKUs, how, where (None: in the chain), from when; with `until` it is a promotion."""

    skus: Sequence[str]
    change: Change
    site: str | None
    effective_from: datetime
    until: datetime | None = None
    note: str | None = None


def change_of(way: str, amount: str, currency: str, step: str = "1") -> Change:
    """As people type it: 12.90, -0.50, -5.  Raises BadChange, BadCell."""
    if way not in set(Way):
        raise BadChange(f"a change is one of {', '.join(Way)}")
    if not (step.isascii() and step.isdigit() and 0 < int(step) <= 10**6):
        raise BadChange(f"prices end on multiples of {step!r}: expected 1 to 1000000 minor units")
    text = amount.strip()
    if way == Way.PERCENT:
        if not _PERCENT.fullmatch(text):
            raise BadChange(f"{text[:20]!r} is not a percentage such as -5 or 2.5")
        whole, _, part = text.lstrip("+-").partition(".")
        points = int(whole) * 100 + int(part.ljust(2, "0") or 0)
        return Change(way=Way.PERCENT, amount=-points if text.startswith("-") else points, step=int(step))
    sign = -1 if way == Way.BY and text.startswith("-") else 1
    minor = minor_of(text.lstrip("+-") if way == Way.BY else text, currency)
    return Change(way=Way(way), amount=sign * minor, step=int(step))


async def preview(many: Many) -> list[Line]:
    """What each would cost, by code; nothing is written.  Raises BadChange."""
    if len(set(many.skus)) > MOST:
        raise BadChange(f"{len(set(many.skus))} SKUs: expected {MOST} at most; choose fewer")
    known = await skus_by_code(list(many.skus))
    there = await prices_of({row.id for row in known.values()})
    lines = [_line(known[code], there[known[code].id], many) for code in sorted(known)]
    unknown = sorted(set(many.skus) - set(known))
    if unknown:
        raise BadChange(f"there is no SKU {', '.join(unknown[:5])}")
    return lines


def _line(sku: SkuRow, there: Sequence[Priced], many: Many) -> Line:
    regular = [price for price in there if price.kind is PriceKind.REGULAR]
    now = in_force(regular, many.site or CHAIN, db.utc(many.effective_from))
    before = sku.price_minor if now is None else now.price_minor
    new = _new(sku, many, many.change.of(before))
    other = next((each for each in there if overlaps(each, new.as_priced())), None)
    wrong = flaw(new, sku, db.now())
    if wrong is None and other is not None and other.price_minor != new.price_minor:
        wrong = f"a price of {other.price_minor} is said for that time already"
    return Line(sku=sku, before_minor=before, after_minor=new.price_minor, wrong=wrong)


def _new(sku: SkuRow, many: Many, price_minor: int) -> NewPrice:
    return NewPrice(
        sku=sku.code,
        price_minor=price_minor,
        currency=sku.currency,
        effective_from=many.effective_from,
        site=many.site,
        until=many.until,
        note=many.note,
    )


async def change_many(many: Many) -> int:
    """Say the prices of those that change; how many.  Makes label batches, as `schedule` does.

    Raises BadChange, NothingChanges, and what `schedule` raises for the first that cannot: then nothing is said.
    """
    async with db.transaction():
        wanted = [_new(line.sku, many, line.after_minor) for line in await preview(many) if line.is_changed]
        if not wanted:
            raise NothingChanges("no SKU was chosen, or each of them costs that already")
        await schedule(wanted)
    return len(wanted)
