"""Prices are said for an instant to come, taken back, and brought into force when it has come."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller import db, events
from controller.catalog.queries import SkuRow, skus_by_code
from controller.errors import Conflict, Forbidden, NotFound, Rejected
from controller.pricing.batches import label
from controller.pricing.events import PriceCancelled, PriceScheduled, PricesImported
from controller.pricing.forcing import bring_into_force
from controller.pricing.policies import CHAIN, Priced, PriceKind, overlaps
from controller.pricing.stored import adopt, hold_prices, prices_of
from controller.sites.queries import known_sites

LARGEST = 10**12
FURTHEST = timedelta(days=3660)
TOLD_ONE_BY_ONE = 200
"""Prices of one call that have an event each; of more, one event says how many."""


class BadPrice(Rejected):
    code = "bad_price"


class ForTheChain(Forbidden):
    """A price of the whole chain, said by somebody who is here for some of its sites."""

    code = "for_the_chain"


class PriceConflict(Conflict):
    """Two prices for one instant: which is meant must be said by taking one back."""

    code = "price_conflict"

    def __init__(self, sku: str, new: NewPrice, other: Priced) -> None:
        until = f" until {other.until.isoformat()}" if other.until else ""
        where = f"at {other.scope}" if other.scope else "in the chain"
        super().__init__(
            f"{sku} has a {other.kind.value} price of {other.price_minor} {where} from {other.effective_from.isoformat()}{until} "
            f"already: take it back first, or choose another time than {new.effective_from.isoformat()}"
        )
        self.sku = sku
        self.other = other.id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPrice:
    """`price_minor` for one piece, 100 g or 100 ml; `site` None: the chain; with `until` it is a promotion."""

    sku: str
    price_minor: int
    currency: str
    effective_from: datetime
    site: str | None = None
    until: datetime | None = None
    note: str | None = None

    @property
    def kind(self) -> PriceKind:
        return PriceKind.REGULAR if self.until is None else PriceKind.PROMOTION

    def as_priced(self, price_id: int = 0) -> Priced:
        return Priced(
            id=price_id,
            scope=self.site or CHAIN,
            kind=self.kind,
            price_minor=self.price_minor,
            currency=self.currency,
            effective_from=db.utc(self.effective_from),
            until=db.utc(self.until) if self.until else None,
        )


async def schedule(prices: Sequence[NewPrice]) -> list[int]:
    """Say what SKUs will cost, all or nothing; the ids.  What is said again, the same in all, is the same price.

    An instant that is past is now: the follower brings it into force within a second.  Makes label batches.
    Records PriceScheduled, or PricesImported for many.  Raises NotFound (SKU, site), BadPrice, PriceConflict.
    """
    async with db.transaction():
        known = await skus_by_code([price.sku for price in prices])
        sites = await known_sites(price.site for price in prices if price.site)
        for price in prices:
            _check(price, known, sites)
        await hold_prices({row.id for row in known.values()})
        await adopt({row.id for row in known.values()}, db.now())
        there = await prices_of({row.id for row in known.values()})
        ids: list[int] = []
        for price in prices:
            sku = known[price.sku]
            ids.append(await _add(price, sku, there[sku.id]))
        await label([(known[price.sku].id, price.site, instant) for price in prices for instant in _instants(price)])
        await _tell(prices)
        await bring_into_force({row.id for row in known.values()})
    return ids


def _instants(price: NewPrice) -> list[datetime]:
    return [db.utc(instant) for instant in (price.effective_from, price.until) if instant is not None]


async def _add(price: NewPrice, sku: SkuRow, there: list[Priced]) -> int:
    """The id of the new row, or of the one that says the same; `there` grows by it.  Raises PriceConflict."""
    new = price.as_priced()
    other = next((each for each in there if overlaps(each, new)), None)
    if other is not None:
        if (other.price_minor, other.effective_from, other.until) == (new.price_minor, new.effective_from, new.until):
            return other.id
        raise PriceConflict(price.sku, price, other)
    rows = await db.fetch(
        "INSERT INTO price (sku_id, scope, kind, price_minor, currency, effective_from, until, note, created_at, created_by) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        *(sku.id, new.scope, new.kind.value, new.price_minor, new.currency, new.effective_from, new.until, price.note),
        *(db.now(), events.actor().actor),
    )
    there.append(price.as_priced(rows[0]["id"]))
    return int(rows[0]["id"])


def _check(price: NewPrice, known: dict[str, SkuRow], sites: Collection[str]) -> None:
    sku = known.get(price.sku)
    if sku is None:
        raise NotFound("SKU", price.sku)
    if price.site is not None and price.site not in sites:
        raise NotFound("site", price.site)
    if reason := flaw(price, sku, db.now()):
        raise BadPrice(f"{price.sku}: {reason}")


def flaw(price: NewPrice, sku: SkuRow, now: datetime) -> str | None:
    """What is wrong with a price, by itself; None: nothing."""
    if not 0 <= price.price_minor <= LARGEST:
        return f"a price of {price.price_minor}: expected 0 to {LARGEST} minor units"
    if price.currency != sku.currency:
        return f"a price in {price.currency}: the SKU is sold in {sku.currency}"
    if price.until is not None and price.until <= price.effective_from:
        return "the promotion ends before it begins"
    if abs(price.effective_from - now) > FURTHEST or (price.until is not None and price.until - now > FURTHEST):
        return "it is more than ten years away"
    if price.until is not None and price.until <= now:
        return "the promotion is over already"
    return None


async def cancel(price_id: int, *, sites: Collection[str] | None = None) -> None:
    """Take a price back: it will not come into force; a promotion that is in force ends now.  Twice is once.

    Records PriceCancelled.  Raises NotFound, BadPrice (a regular price in force: say a new one).
    """
    async with db.transaction():
        rows = await db.fetch("SELECT p.*, s.code FROM price p JOIN sku s ON s.id = p.sku_id WHERE p.id = ?", price_id)
        await hold_prices(row["sku_id"] for row in rows)
        rows = await db.fetch("SELECT p.*, s.code FROM price p JOIN sku s ON s.id = p.sku_id WHERE p.id = ?", price_id)
        if not rows or (sites is not None and rows[0]["scope"] not in sites):
            raise NotFound("price", price_id)
        row, now = rows[0], db.now()
        if row["cancelled_at"] is not None:
            return
        if row["is_begun"] and row["until"] is None:
            raise BadPrice(f"the price of {row['code']} is in force since {row['effective_from'].isoformat()}: say a new one")
        if row["is_begun"]:
            await db.execute("UPDATE price SET until = ? WHERE id = ? AND until > ?", now, price_id, now)
        else:
            await db.execute(
                "UPDATE price SET cancelled_at = ?, cancelled_by = ? WHERE id = ?", now, events.actor().actor, price_id
            )
        site = row["scope"] or None
        ends = [row["effective_from"], row["until"], now if row["is_begun"] else None]
        await label([(row["sku_id"], site, instant) for instant in ends if instant is not None and instant >= now])
        told = PriceCancelled(scope=row["scope"], effective_from=row["effective_from"])
        await events.record(told, subject=row["code"], site=site)
        await bring_into_force({row["sku_id"]})


async def _tell(prices: Sequence[NewPrice]) -> None:
    if len(prices) > TOLD_ONE_BY_ONE:
        await events.record(PricesImported(prices=len(prices)), subject="prices")
        return
    for price in prices:
        told = PriceScheduled(
            scope=price.site or CHAIN,
            kind=price.kind.value,
            price_minor=price.price_minor,
            currency=price.currency,
            effective_from=db.utc(price.effective_from),
            until=db.utc(price.until) if price.until else None,
        )
        await events.record(told, subject=price.sku, site=price.site)
