"""Prices as they are stored, and what the catalogue said of a SKU's price by itself."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

from controller import db
from controller.pricing.policies import CHAIN, Priced, PriceKind, in_force

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when a SKU has cost what it cost before anybody said a price for an instant."""
AS_CATALOGUED = "catalogue"


async def prices_of(sku_ids: Iterable[int]) -> dict[int, list[Priced]]:
    """All that was said of some SKUs and not taken back, in the order of their instants."""
    rows = await db.fetch(
        "SELECT id, sku_id, scope, kind, price_minor, currency, effective_from, until FROM price "
        f"WHERE cancelled_at IS NULL AND {db.among('sku_id')} ORDER BY effective_from, id",
        db.listing(sorted(set(sku_ids))),
    )
    return by_sku(rows)


def by_sku(rows: Iterable[db.Row]) -> dict[int, list[Priced]]:
    """Rows of prices with their `sku_id`, in their order."""
    found: dict[int, list[Priced]] = defaultdict(list)
    for row in rows:
        sku = row.pop("sku_id")
        found[sku].append(Priced(**{**row, "kind": PriceKind(row["kind"])}))
    return found


async def hold_prices(sku_ids: Iterable[int]) -> None:
    """Whoever says prices, takes them back or brings them into force takes turns, SKU by SKU, until the transaction ends."""
    await db.fetch(f"SELECT id FROM sku WHERE {db.among('id')} ORDER BY id" + db.for_update(), db.listing(sorted(set(sku_ids))))


async def adopt(sku_ids: Iterable[int], instant: datetime) -> None:
    """What the catalogue says of prices by itself (a SKU that was made or imported with one) is a regular price of the chain.

    Without it nobody would know what a SKU costs after a promotion.  `instant`: since when, where another price was known before.
    """
    wanted = db.listing(sorted(set(sku_ids)))
    begun = await db.fetch(
        "SELECT id, sku_id, scope, kind, price_minor, currency, effective_from, until FROM price "
        f"WHERE cancelled_at IS NULL AND is_begun AND NOT is_ended AND scope = '' AND {db.among('sku_id')}",
        wanted,
    )
    known: dict[int, list[Priced]] = defaultdict(list)
    for row in begun:
        sku = row.pop("sku_id")
        known[sku].append(Priced(**{**row, "kind": PriceKind(row["kind"]), "until": None}))
    new = []
    for row in await db.fetch(f"SELECT id, price_minor, currency FROM sku WHERE {db.among('id')} ORDER BY id", wanted):
        now = in_force(known[row["id"]], CHAIN, instant)
        if now is None or now.price_minor != row["price_minor"]:
            since = BEGINNING if not known[row["id"]] else instant
            new.append((row["id"], CHAIN, PriceKind.REGULAR.value, row["price_minor"], row["currency"], since, True))
    await db.execute_many(
        "INSERT INTO price (sku_id, scope, kind, price_minor, currency, effective_from, is_begun, created_at, created_by) "
        f"VALUES (?, ?, ?, ?, ?, ?, ?, ?, '{AS_CATALOGUED}') "
        "ON CONFLICT (sku_id, scope, kind, effective_from) WHERE cancelled_at IS NULL DO NOTHING",
        [(*row, db.now()) for row in new],
    )
