"""The facts that sourcing decides on: sites, what they have for a channel, what they can still do today."""

# ruff: noqa: S608 -- what is put into the texts is column names and expressions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from controller import db
from controller.sites.policies import BusinessDays
from controller.sourcing.plans import Shelf, SiteFacts
from controller.sourcing.settings import Settings
from controller.stock.channels import BUFFER

_SAFETY = (
    "CASE WHEN NOT EXISTS (SELECT 1 FROM sourcing_safety) THEN 0 ELSE COALESCE((SELECT y.quantity FROM sourcing_safety y "
    "WHERE y.sku_id IN (0, a.sku_id) AND y.site IN ('', a.site_id) ORDER BY y.sku_id DESC, y.site DESC LIMIT 1), 0) END"
)
_BUFFER = (
    "CASE WHEN NOT EXISTS (SELECT 1 FROM channel_buffer WHERE channel_id = ?) THEN 0 "
    f"ELSE {BUFFER.format(channel='?', row='a')} END"
)
"""Asked once of all, and of each row only where something was said at all."""


@dataclass(frozen=True, slots=True)
class Goods:
    """A SKU: grams of a base unit (None: nobody weighed it), and how many days must be left when it goes to a customer."""

    sku_id: int
    weight_grams: int | None
    min_remaining_days: int
    is_dated: bool


async def goods(sku_ids: Iterable[int]) -> dict[int, Goods]:
    """`is_dated`: lots are told of it, so that it may expire."""
    rows = await db.fetch(
        f"SELECT id, weight_grams, min_remaining_days, tracking, shelf_life_days FROM sku WHERE {db.among('id')}",
        db.listing(sorted(set(sku_ids))),
    )
    return {
        row["id"]: Goods(
            row["id"],
            row["weight_grams"],
            row["min_remaining_days"] or 0,
            row["tracking"] != "none" or row["shelf_life_days"] is not None,
        )
        for row in rows
    }


async def site_facts(settings: Settings, channel: str) -> list[SiteFacts]:
    """Every site as a channel sees it, in order of id."""
    rows = await db.fetch("SELECT id, currency, time_zone, day_starts FROM site ORDER BY id")
    limited = [row for row in rows if (place := settings.places.get(row["id"])) and place.capacity is not None]
    used = await _used_today(limited)
    facts = []
    for row in rows:
        place = settings.places.get(row["id"])
        capacity = place.capacity if place else None
        facts.append(
            SiteFacts(
                site=row["id"],
                rank=settings.rank(channel, row["id"]),
                currency=row["currency"],
                point=place.point if place else None,
                capacity=capacity,
                capacity_left=None if capacity is None else capacity - used.get(row["id"], 0),
            )
        )
    return facts


async def _used_today(rows: Collection[db.Row]) -> dict[str, int]:
    """Parts of orders that each site was given in its business day.  A soft limit: who asks at once may share the last."""
    if not rows:
        return {}
    instant = db.now()
    used: dict[str, int] = {}
    by_day: dict[datetime, list[str]] = {}
    for row in rows:
        days = BusinessDays(row["time_zone"], row["day_starts"])
        by_day.setdefault(days.begins(days.day_of(instant)), []).append(row["id"])
    for begins, sites in sorted(by_day.items()):
        found = await db.fetch(
            f"SELECT site, COUNT(*) AS n FROM sourcing_part WHERE {db.among('site')} AND given_at >= ? GROUP BY site",
            *(db.listing(sites), begins),
        )
        used.update({row["site"]: int(row["n"]) for row in found})
    return used


async def shelves(sku_goods: Mapping[int, Goods], channel: str, *, min_days: int | None = None) -> dict[tuple[int, str], Shelf]:
    """What each site has of these SKUs for a channel.  What does not keep long enough is not free: it is held for nobody new."""
    rows = await db.fetch(
        "SELECT a.sku_id, a.site_id, a.on_hand - a.reserved - a.allocated - a.quarantined AS free, "
        "a.presale - a.presold AS presale, "
        f"{_BUFFER} AS buffer, {_SAFETY} AS safety FROM availability a WHERE {db.among('a.sku_id')} "
        "AND (a.on_hand > 0 OR a.presale > 0)",
        *(channel, channel, db.listing(sorted(sku_goods))),
    )
    dates = await _dates([each.sku_id for each in sku_goods.values() if each.is_dated])
    found: dict[tuple[int, str], Shelf] = {}
    today = db.now().date()
    for row in rows:
        key = (row["sku_id"], row["site_id"])
        days = sku_goods[row["sku_id"]].min_remaining_days if min_days is None else min_days
        first, too_short = _keeps(dates.get(key, ()), today, days)
        found[key] = Shelf(
            free=max(row["free"] - too_short - row["buffer"], 0),
            presale=max(row["presale"], 0),
            safety=row["safety"],
            remaining_days=first,
            too_short=too_short,
        )
    return found


async def _dates(sku_ids: Collection[int]) -> dict[tuple[int, str], list[tuple[date, int]]]:
    """What is in bins and at receiving, by SKU and site: days on which it expires, and how much does."""
    if not sku_ids:
        return {}
    rows = await db.fetch(
        "SELECT b.sku_id, l.site_id, o.expiry, CAST(SUM(b.on_hand) AS BIGINT) AS n FROM balance b "
        "JOIN location l ON l.id = b.location_id JOIN lot o ON o.id = b.lot_id "
        f"WHERE {db.among('b.sku_id')} AND b.on_hand > 0 AND o.expiry IS NOT NULL AND NOT o.blocked "
        "AND l.kind IN ('bin', 'receiving') GROUP BY b.sku_id, l.site_id, o.expiry",
        db.listing(sorted(set(sku_ids))),
    )
    found: dict[tuple[int, str], list[tuple[date, int]]] = {}
    for row in rows:
        found.setdefault((row["sku_id"], row["site_id"]), []).append((row["expiry"], int(row["n"])))
    return found


def _keeps(dates: Iterable[tuple[date, int]], today: date, days: int) -> tuple[int | None, int]:
    """Days that the first of what keeps long enough still keeps (None: nothing has a date), and how much does not."""
    last = today + timedelta(days=days)
    good = [expiry for expiry, _ in dates if expiry >= last]
    return ((min(good) - today).days if good else None), sum(quantity for expiry, quantity in dates if expiry < last)
