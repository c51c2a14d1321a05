"""Makes the sums of the ledger by day (`controller.stock.sums`) in the background, of what is sealed.

What is in a SKU's sums and how far they are is one transaction.  Sums follow from entries: the reconciler proves them, and what is
wrong is forgotten and made anew.
"""

# ruff: noqa: S608 -- what is put into the text is a suffix of ours; values are parameters
from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC

from controller import bulk, db
from controller.proofs.seals import head

log = logging.getLogger(__name__)

SUMMED_FROM = 2000
"""Entries of a SKU that make it worth it, and that one transaction takes."""
LOOKED_AT = 5000
"""Entries of one look for SKUs that have so many."""
PAUSE_SECONDS = 0.02
POLL_SECONDS = 10.0


@dataclass(slots=True)
class Summing:
    """Looks through what is sealed, and sums up what has become much.  Several may: how far a SKU is decides."""

    least: int = SUMMED_FROM
    _looked: int = 0
    _waiting: Counter[int] = field(default_factory=Counter)

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                more = await self.step()
            except Exception:  # the worker's outermost loop: a full disk, say, ends nothing else
                log.exception("the ledger could not be summed up; the next round tries again")
                more = False
            await asyncio.sleep(PAUSE_SECONDS if more else POLL_SECONDS)

    async def step(self) -> bool:
        """Look at the next entries, or sum some up; whether there may be more."""
        much = next((sku for sku, entries in self._waiting.items() if entries >= self.least), None)
        if much is not None:
            self._waiting[much] -= self.least
            if await _sum_up(much, self.least) < self.least:
                del self._waiting[much]
            return True
        sealed = (await head()).last_id
        rows = await db.fetch(
            "SELECT sku_id, COUNT(*) AS entries, MAX(id) AS last FROM "
            "(SELECT id, sku_id FROM stock_movement WHERE id > ? AND id <= ? ORDER BY id LIMIT ?) e GROUP BY sku_id",
            *(self._looked, sealed, LOOKED_AT),
        )
        for row in rows:
            self._waiting[row["sku_id"]] += row["entries"]
        self._looked = max((row["last"] for row in rows), default=self._looked)
        return bool(rows)


async def _sum_up(sku_id: int, most: int) -> int:
    """The next `most` sealed entries of a SKU, if there are as many; how many were summed up."""
    sealed = (await head()).last_id
    async with db.transaction():
        known = await db.fetch(f"SELECT movement_id FROM stock_sum_cursor WHERE sku_id = ?{db.for_update()}", sku_id)
        after = known[0]["movement_id"] if known else 0
        rows = await db.fetch(
            "SELECT id, from_location_id, to_location_id, lot_id, quantity, reason, occurred_at FROM stock_movement "
            "WHERE sku_id = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?",
            *(sku_id, after, sealed, most),
        )
        if len(rows) < most:
            return 0
        if known:
            ours = await db.execute(
                "UPDATE stock_sum_cursor SET movement_id = ? WHERE sku_id = ? AND movement_id = ?", rows[-1]["id"], sku_id, after
            )
        else:
            ours = await db.execute(
                "INSERT INTO stock_sum_cursor (sku_id, movement_id) VALUES (?, ?) ON CONFLICT (sku_id) DO NOTHING",
                sku_id,
                rows[-1]["id"],
            )
        if ours:
            await bulk.save(
                "stock_sum",
                ("sku_id", "location_id", "lot_id", "day", "quantity"),
                [(sku_id, *key, quantity) for key, quantity in sorted(_sums(rows).items())],
                "ON CONFLICT (sku_id, location_id, lot_id, day) DO UPDATE SET quantity = stock_sum.quantity + excluded.quantity",
            )
    return len(rows) if ours else 0


def _sums(rows: Sequence[db.Row]) -> dict[tuple[int, int, str], int]:
    """By location, lot and day.  A day that comes to nought has its row, too: it had entries."""
    found: dict[tuple[int, int, str], int] = defaultdict(int)
    for row in rows:
        if row["reason"] != "unexplained":
            lot, day = row["lot_id"], row["occurred_at"].astimezone(UTC).date().isoformat()
            found[row["to_location_id"], lot, day] += row["quantity"]
            found[row["from_location_id"], lot, day] -= row["quantity"]
    return found
