"""Recall of a lot: nothing of it is granted any more, anywhere, from one transaction on; every site that has some gets a task.

The evidence is what was recorded: who began and ended it and why, what each site had and when it was clear, what was sold of it.
"""

# ruff: noqa: S608 -- what is put into the texts is column names of ours; values are parameters
from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from controller import db, events
from controller.catalog.queries import sku as sku_of
from controller.documents.numbers import Series
from controller.errors import Conflict, NotFound, Rejected
from controller.recalls.events import LotRecalled, RecallEnded, RecallSiteCleared
from controller.stock.lots import Cause, block, lot_of, unblock
from controller.stock.pickable import name_of
from controller.tasks.operations import close_tasks, open_task
from controller.tasks.states import TaskState

RECALLS = Series("LR", "recall")
MAX_REASON = 200
_LOOSE = "l.kind IN ('bin', 'receiving', 'packing')"
"""Places where a recalled lot must not stay."""


class BadRecall(Rejected):
    code = "bad_recall"


class RecallOver(Conflict):
    code = "recall_over"

    def __init__(self, number: str) -> None:
        super().__init__(f"{number} has ended already")
        self.number = number


async def recall(lot: str, sku: str, *, reason: str) -> str:
    """Block a lot at all sites at once, also where it arrives later; the recall's number.  Again, it is the same recall.

    Where less is left than is promised, the latest commitments are withdrawn.  One task for each site that has some of it.
    Records LotRecalled.
    Raises BadRecall, BadLot, NotFound (SKU).
    """
    why = _reason(reason)
    if not lot.strip():
        raise BadRecall("a recall names the lot by its maker's code")
    found = await sku_of(sku)
    async with db.transaction():
        lot_id = await lot_of(found.id, lot.strip())
        await block(lot_id, reason=why, cause=Cause.RECALL)
        rows = await db.fetch(
            "INSERT INTO recall (lot_id, reason, state, created_at, created_by) VALUES (?, ?, 'open', ?, ?) "
            "ON CONFLICT (lot_id) WHERE state = 'open' DO NOTHING RETURNING id",
            *(lot_id, why, db.now(), events.actor().actor),
        )
        if not rows:
            there = await db.fetch("SELECT id FROM recall WHERE lot_id = ? AND state = 'open'", lot_id)
            return RECALLS.number(there[0]["id"])
        number = RECALLS.number(rows[0]["id"])
        sites = await _spread(lot_id)
        told = LotRecalled(sku=found.code, lot=lot.strip(), reason=why, sites=sorted(sites))
        await events.record(told, subject=number)
        await _ask(rows[0]["id"], {"recall": number, "sku": found.code, "lot": lot.strip(), "reason": why}, sites)
    return number


def _reason(text: str) -> str:
    why = text.strip()
    if not 0 < len(why) <= MAX_REASON or not why.isprintable():
        raise BadRecall(f"a recall needs a reason of 1 to {MAX_REASON} characters on one line")
    return why


async def _spread(lot_id: int) -> dict[str, dict[str, int]]:
    """Where a lot lies outside quarantine: base units by site and place."""
    rows = await db.fetch(
        "SELECT l.site_id, l.code, b.on_hand FROM balance b JOIN location l ON l.id = b.location_id "
        f"WHERE b.lot_id = ? AND b.on_hand > 0 AND {_LOOSE} ORDER BY l.site_id, l.code",
        lot_id,
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["site_id"], {})[row["code"]] = int(row["on_hand"])
    return found


async def _ask(recall_id: int, told: Mapping[str, object], sites: Mapping[str, Mapping[str, int]]) -> None:
    for site, bins in sorted(sites.items()):
        await db.execute(
            "INSERT INTO recall_site (recall_id, site, found, bins) VALUES (?, ?, ?, ?) ON CONFLICT (recall_id, site) "
            "DO UPDATE SET found = recall_site.found + CASE WHEN recall_site.cleared_at IS NULL THEN 0 ELSE excluded.found END, "
            "bins = excluded.bins, cleared_at = NULL",
            *(recall_id, site, sum(bins.values()), json.dumps(dict(bins), ensure_ascii=False)),
        )
        listed = ", ".join(f"{code} ({quantity})" for code, quantity in bins.items())
        arguments = {**told, "bins": listed}
        await open_task("lot_recalled", site=site, key=task_key(recall_id, site), subject=str(told["lot"]), arguments=arguments)


def task_key(recall_id: int, site: str) -> str:
    return f"recall:{RECALLS.number(recall_id)}:{site}"


async def look_again(sku_ids: Iterable[int] | None = None) -> None:
    """Goods moved (None: nobody knows which): close the tasks of sites that are clear of a recalled lot, open them where it came.

    Records RecallSiteCleared.
    """
    which, listed = ("", []) if sku_ids is None else (f" AND {db.among('o.sku_id')}", [db.listing(sorted(set(sku_ids)))])
    rows = await db.fetch(
        "SELECT r.id, r.lot_id, r.reason, o.code, o.key, s.code AS sku FROM recall r JOIN lot o ON o.id = r.lot_id "
        f"JOIN sku s ON s.id = o.sku_id WHERE r.state = 'open'{which} ORDER BY r.id",
        *listed,
    )
    for row in rows:
        number, lot = RECALLS.number(row["id"]), name_of(row["code"], row["key"])
        async with db.transaction():
            await db.fetch("SELECT id FROM recall WHERE id = ?" + db.for_update(), row["id"])
            loose = await _spread(row["lot_id"])
            known = await db.fetch("SELECT site, bins, cleared_at FROM recall_site WHERE recall_id = ? ORDER BY site", row["id"])
            for site in [each["site"] for each in known if each["cleared_at"] is None and each["site"] not in loose]:
                await _clear(row["id"], number, site)
            as_told = {each["site"]: json.loads(each["bins"]) for each in known if each["cleared_at"] is None}
            new = {site: bins for site, bins in loose.items() if as_told.get(site) != bins}
            await _ask(row["id"], {"recall": number, "sku": row["sku"], "lot": lot, "reason": row["reason"]}, new)


async def _clear(recall_id: int, number: str, site: str) -> None:
    await db.execute("UPDATE recall_site SET cleared_at = ? WHERE recall_id = ? AND site = ?", db.now(), recall_id, site)
    await close_tasks(task_key(recall_id, site))
    await events.record(RecallSiteCleared(cleared=site), subject=number, site=site)


async def end_recall(number: str, *, reason: str) -> None:
    """The lot may be sold again, what is left of it outside quarantine at once, unless it is blocked for another cause.

    Records RecallEnded; its tasks are dropped.

    Raises BadRecall, NotFound, RecallOver.
    """
    why, recall_id = _reason(reason), RECALLS.row_id(number)
    async with db.transaction():
        found = await db.fetch("SELECT lot_id FROM recall WHERE id = ?", recall_id)
        if not found:
            raise NotFound(RECALLS.what, number)
        await unblock(found[0]["lot_id"], cause=Cause.RECALL)  # locks as `move` does, before the recall's own row
        ended = await db.execute(
            "UPDATE recall SET state = 'ended', ended_at = ?, ended_by = ?, ended_reason = ? WHERE id = ? AND state = 'open'",
            *(db.now(), events.actor().actor, why, recall_id),
        )
        if not ended:
            raise RecallOver(number)
        for row in await db.fetch("SELECT site FROM recall_site WHERE recall_id = ? ORDER BY site", recall_id):
            await close_tasks(task_key(recall_id, row["site"]), state=TaskState.DROPPED)
        await events.record(RecallEnded(reason=why), subject=number)
