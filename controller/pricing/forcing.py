"""Prices come into force at their instants, and after a time in which nobody looked: what holds now is what the instants say."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

from controller import db, events
from controller.pricing.batches import label, refresh
from controller.pricing.events import PriceInForce
from controller.pricing.policies import CHAIN, Priced, in_force
from controller.pricing.stored import adopt, hold_prices, prices_of

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""At the latest: another process may have said a price."""
AT_ONCE = 2000
_LONGEST_PAUSE = 30.0


async def run(random: Random) -> None:
    """Bring prices into force, each at its instant, for ever; what fails is tried again after a pause that grows."""
    failures = 0
    while True:
        try:
            while await bring_into_force():
                pass
            failures = 0
            await asyncio.sleep(await seconds_to_next())
        except Exception:
            failures += 1
            log.exception("bringing prices into force failed")
            await asyncio.sleep(random.uniform(0, min(_LONGEST_PAUSE, 2.0**failures)))


async def seconds_to_next() -> float:
    """How long to sleep: to the next instant, or until it is time to look for new ones."""
    rows = await db.fetch(
        "SELECT MIN(instant) AS instant FROM (SELECT MIN(effective_from) AS instant FROM price WHERE NOT is_begun "
        "AND cancelled_at IS NULL UNION ALL SELECT MIN(until) FROM price WHERE NOT is_ended AND until IS NOT NULL "
        "AND cancelled_at IS NULL UNION ALL SELECT MIN(effective_at) FROM label_batch WHERE NOT is_in_force) coming"
    )
    instant = rows[0]["instant"]
    if instant is None:
        return LOOK_SECONDS
    found = instant if isinstance(instant, datetime) else datetime.fromisoformat(str(instant))
    return max(0.0, min(LOOK_SECONDS, (found - db.now()) / timedelta(seconds=1)))


async def bring_into_force(sku_ids: Collection[int] | None = None) -> int:
    """Whatever is due by now, of some SKUs or of all; how many prices began or ended.  Records PriceInForce.

    In one transaction for at most 2000: call it until it says 0.
    """
    return await db.in_transaction(lambda: _bring(sku_ids))


async def _bring(sku_ids: Collection[int] | None) -> int:
    now = db.now()
    some, ids = ("", []) if sku_ids is None else (f"AND {db.among('sku_id')}", [db.listing(sorted(sku_ids))])
    rows = await db.fetch(
        "SELECT id, sku_id, scope, effective_from, until, is_begun FROM price WHERE cancelled_at IS NULL "
        f"AND ((NOT is_begun AND effective_from <= ?) OR (NOT is_ended AND until <= ?)) {some} "
        f"ORDER BY sku_id, id LIMIT {AT_ONCE}",
        *(now, now, *ids),
    )
    if rows:
        skus = sorted({row["sku_id"] for row in rows})
        await hold_prices(skus)
        await adopt(skus, min(_instant_of(row, now) for row in rows) - datetime.resolution)
        due = db.listing([row["id"] for row in rows])
        await db.execute(f"UPDATE price SET is_begun = ? WHERE {db.among('id')} AND effective_from <= ?", True, due, now)
        await db.execute(f"UPDATE price SET is_ended = ? WHERE {db.among('id')} AND until <= ?", True, due, now)
        await _apply(skus, now, {row["sku_id"]: _instant_of(row, now) for row in rows})
        await label([(row["sku_id"], row["scope"] or None, _instant_of(row, now)) for row in rows])
    await _batches_in_force(now)
    return len(rows)


def _instant_of(row: db.Row, now: datetime) -> datetime:
    """The instant that is due: when the price began, or ended."""
    ended: datetime | None = row["until"]
    begun: datetime = row["effective_from"]
    return ended if ended is not None and ended <= now else begun


async def _apply(skus: Sequence[int], now: datetime, since: Mapping[int, datetime]) -> None:
    """Make what is stored of now what the instants say, for the chain and for each site that differs."""
    prices = await prices_of(skus)
    stored = {
        row["id"]: row
        for row in await db.fetch(
            f"SELECT id, code, price_minor, currency FROM sku WHERE {db.among('id')} ORDER BY id" + db.for_update(),
            db.listing(skus),
        )
    }
    at_sites = await _site_prices(skus)
    for sku in skus:
        row = stored[sku]
        chain = in_force(prices[sku], CHAIN, now)
        if chain is not None and chain.price_minor != row["price_minor"]:
            await db.execute("UPDATE sku SET price_minor = ?, version = NULL WHERE id = ?", chain.price_minor, sku)
            await _tell(row["code"], CHAIN, row["price_minor"], chain, since[sku])
        for site in sorted(at_sites[sku].keys() | {price.scope for price in prices[sku] if price.scope != CHAIN}):
            await _apply_at(row, site, in_force(prices[sku], site, now), chain, (at_sites[sku].get(site), since[sku]))


async def _apply_at(
    row: db.Row, site: str, price: Priced | None, chain: Priced | None, before: tuple[int | None, datetime]
) -> None:
    """A site has a row of its own while its price is not the chain's."""
    was, since = before
    own = price is not None and price.scope != CHAIN
    if own and price is not None and price.price_minor != was:
        await db.execute(
            "INSERT INTO site_price (sku_id, site_id, price_minor, currency) VALUES (?, ?, ?, ?) ON CONFLICT (sku_id, site_id) "
            "DO UPDATE SET price_minor = excluded.price_minor, currency = excluded.currency",
            *(row["id"], site, price.price_minor, price.currency),
        )
    elif not own and was is not None:
        await db.execute("DELETE FROM site_price WHERE sku_id = ? AND site_id = ?", row["id"], site)
    else:
        return
    await db.execute("UPDATE sku SET version = NULL WHERE id = ?", row["id"])
    if (now := price or chain) is not None:
        await _tell(row["code"], site, was if was is not None else row["price_minor"], now, since)


async def _tell(code: str, scope: str, before_minor: int, price: Priced, at: datetime) -> None:
    told = PriceInForce(scope=scope, before_minor=before_minor, price_minor=price.price_minor, currency=price.currency, at=at)
    await events.record(told, subject=code, site=scope or None)


async def _site_prices(skus: Sequence[int]) -> dict[int, dict[str, int]]:
    rows = await db.fetch(f"SELECT sku_id, site_id, price_minor FROM site_price WHERE {db.among('sku_id')}", db.listing(skus))
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for row in rows:
        found[row["sku_id"]][row["site_id"]] = row["price_minor"]
    return found


async def _batches_in_force(now: datetime) -> None:
    """From its instant on a batch's labels are due, and older labels of the same goods are not; what is missing is a task."""
    rows = await db.fetch(
        "SELECT id, site_id, effective_at FROM label_batch WHERE NOT is_in_force AND effective_at <= ? "
        f"ORDER BY id LIMIT {AT_ONCE}",
        now,
    )
    for row in rows:
        await db.execute("UPDATE label_batch SET is_in_force = ? WHERE id = ?", True, row["id"])
        older = await db.fetch(
            "SELECT DISTINCT b.id FROM label_batch b JOIN label_line l ON l.batch_id = b.id WHERE b.site_id = ? "
            "AND b.effective_at < ? AND l.confirmed_at IS NULL AND l.sku_id IN (SELECT sku_id FROM label_line WHERE batch_id = ?)",
            *(row["site_id"], row["effective_at"], row["id"]),
        )
        for batch in older:
            await db.execute(
                "DELETE FROM label_line WHERE batch_id = ? AND confirmed_at IS NULL "
                "AND sku_id IN (SELECT sku_id FROM label_line WHERE batch_id = ?)",
                *(batch["id"], row["id"]),
            )
            await refresh(batch["id"])
        await refresh(row["id"])
