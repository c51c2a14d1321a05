"""Batches of shelf labels: one per site and instant at which prices change there, with the SKUs that stand on its shelves."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import uuid4

from controller import db, events
from controller.pricing.events import LabelBatchChanged
from controller.pricing.numbers import BATCHES
from controller.pricing.policies import Priced, in_force
from controller.pricing.states import BATCH, BatchAction, BatchState
from controller.pricing.stored import prices_of
from controller.tasks.operations import close_tasks, open_task

Change = tuple[int, str | None, datetime]
"""A SKU's price changes at a site (None: wherever it is sold) at an instant."""


async def label(changes: Iterable[Change]) -> None:
    """Bring the batches of these changes to what prices say: labels for SKUs on shelves whose price differs then from just before.

    A label that was confirmed stays; one that is not needed any more (its price was taken back) goes.  In the caller's transaction.
    """
    by_instant: dict[datetime, dict[int, set[str | None]]] = defaultdict(lambda: defaultdict(set))
    for sku, site, instant in changes:
        by_instant[instant][sku].add(site)
    for instant, skus in sorted(by_instant.items()):
        on_shelves = await _on_shelves(skus)
        prices = await prices_of(skus)
        by_site: dict[str, dict[int, Priced | None]] = defaultdict(dict)
        for sku, sites in on_shelves.items():
            for site in sites:
                if None in skus[sku] or site in skus[sku]:
                    by_site[site][sku] = changed_to(prices[sku], site, instant)
        for site, wanted in sorted(by_site.items()):
            await _fill(site, instant, wanted)


def changed_to(prices: Sequence[Priced], site: str, instant: datetime) -> Priced | None:
    """The price that a SKU gets at a site at an instant; None: it is the same as just before."""
    new = in_force(prices, site, instant)
    before = in_force([price for price in prices if price.effective_from < instant], site, _just_before(instant))
    if new is None or (before is not None and before.price_minor == new.price_minor):
        return None
    return new


def _just_before(instant: datetime) -> datetime:
    return instant - datetime.resolution


async def _fill(site: str, instant: datetime, wanted: dict[int, Priced | None]) -> None:
    needed = {sku: price for sku, price in wanted.items() if price is not None}
    rows = await db.fetch("SELECT id FROM label_batch WHERE site_id = ? AND effective_at = ?", site, instant)
    if not rows and not needed:
        return
    batch = rows[0]["id"] if rows else await _new(site, instant)
    await db.fetch("SELECT id FROM label_batch WHERE id = ?" + db.for_update(), batch)
    await db.execute_many(
        "INSERT INTO label_line (batch_id, sku_id, price_minor, currency) VALUES (?, ?, ?, ?) ON CONFLICT (batch_id, sku_id) "
        "DO UPDATE SET price_minor = excluded.price_minor, currency = excluded.currency, prints = 0, confirmed_at = NULL, "
        "confirmed_by = NULL WHERE label_line.price_minor IS NULL OR label_line.price_minor <> excluded.price_minor",
        [(batch, sku, price.price_minor, price.currency) for sku, price in sorted(needed.items())],
    )
    gone = sorted(sku for sku in wanted if sku not in needed)
    await db.execute(
        f"DELETE FROM label_line WHERE batch_id = ? AND confirmed_at IS NULL AND {db.among('sku_id')}", batch, db.listing(gone)
    )
    await refresh(batch)


async def _new(site: str, instant: datetime) -> int:
    rows = await db.fetch(
        "INSERT INTO label_batch (number, site_id, effective_at, state, is_announced, created_at) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (site_id, effective_at) DO UPDATE SET site_id = excluded.site_id RETURNING id, number",
        *(f"new {uuid4()}", site, instant, BatchState.PREPARED.value, True, db.now()),
    )
    batch, number = int(rows[0]["id"]), BATCHES.number(int(rows[0]["id"]))
    if rows[0]["number"].startswith("new "):
        taken = await db.fetch("SELECT 1 FROM label_batch WHERE number = ?", number)
        await db.execute("UPDATE label_batch SET number = ? WHERE id = ?", f"{number}-2" if taken else number, batch)
    return batch


async def refresh(batch: int) -> None:
    """A batch's state follows from its labels; once its prices are in force, what is not confirmed is a task.

    Records LabelBatchChanged.
    """
    (row,) = await db.fetch("SELECT * FROM label_batch WHERE id = ?" + db.for_update(), batch)
    (sums,) = await db.fetch(
        "SELECT COUNT(*) AS n, SUM(CASE WHEN confirmed_at IS NULL THEN 1 ELSE 0 END) AS missing, "
        "SUM(CASE WHEN prints = 0 AND confirmed_at IS NULL THEN 1 ELSE 0 END) AS unprinted FROM label_line WHERE batch_id = ?",
        batch,
    )
    missing, unprinted = int(sums["missing"] or 0), int(sums["unprinted"] or 0)
    old = BatchState(row["state"])
    new = _state(int(sums["n"]), missing, unprinted)
    if new is not old:
        action = next(action for action in BatchAction if BATCH[old].get(action) is new) if new in BATCH[old].values() else None
        if action is None:  # a batch that was cancelled or done is prepared again before anything else happens to it
            await db.execute("UPDATE label_batch SET state = ? WHERE id = ?", BatchState.PREPARED.value, batch)
        await db.execute(
            "UPDATE label_batch SET state = ?, version = NULL, closed_at = ? WHERE id = ?",
            *(new.value, db.now() if new in (BatchState.DONE, BatchState.CANCELLED) else None, batch),
        )
        await events.record(LabelBatchChanged(state=new.value, open=missing), subject=row["number"], site=row["site_id"])
    else:
        await db.execute("UPDATE label_batch SET version = NULL WHERE id = ?", batch)
    await _ask(row, missing)


def _state(labels: int, missing: int, unprinted: int) -> BatchState:
    if not labels:
        return BatchState.CANCELLED
    if not missing:
        return BatchState.DONE
    return BatchState.PREPARED if unprinted else BatchState.PRINTED


async def _ask(row: db.Row, missing: int) -> None:
    key = f"labels_open:{row['number']}"
    if missing and row["is_in_force"]:
        told = {"batch": row["number"], "labels": missing}
        await open_task("labels_open", site=row["site_id"], key=key, subject=row["number"], arguments=told)
    else:
        await close_tasks(key)


async def _on_shelves(skus: Iterable[int]) -> dict[int, set[str]]:
    """Sites that have a SKU on a shelf: goods in a bin, or a bin that it is sold from."""
    wanted = db.listing(sorted(set(skus)))
    rows = await db.fetch(
        "SELECT DISTINCT b.sku_id, l.site_id FROM balance b JOIN location l ON l.id = b.location_id "
        f"WHERE l.kind = 'bin' AND b.on_hand > 0 AND {db.among('b.sku_id')} "
        f"UNION SELECT sku_id, site_id FROM shelf WHERE is_bin AND {db.among('sku_id')}",
        wanted,
        wanted,
    )
    found: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        found[row["sku_id"]].add(row["site_id"])
    return found
