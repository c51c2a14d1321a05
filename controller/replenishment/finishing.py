"""What a run does once all SKUs of a site are through: least order values, what accepts itself, alerts, the end."""

from __future__ import annotations

import json
import logging
from collections import defaultdict

from controller import db, events
from controller.errors import DomainError
from controller.purchasing import operations as purchasing
from controller.replenishment import alerts
from controller.replenishment.events import ReplenishmentRan
from controller.replenishment.operations import accept
from controller.replenishment.policies import NO_BOUND, Line, topped_up
from controller.replenishment.proposing import room_in_packs
from controller.replenishment.site_run import SiteRun, check
from controller.replenishment.states import RUN, Kind, RunAction, RunState
from controller.states import advance

log = logging.getLogger(__name__)


async def finish(run: SiteRun) -> None:
    """In one transaction, while the run is ours.  Records ReplenishmentRan.  Raises TakenOver."""
    async with db.transaction():
        await check(run)
        await _raise_to_least(run.site_id)
        open_alerts = await alerts.refresh(run.site_id, run.day)
        state = advance(RUN, RunState.RUNNING, RunAction.FINISH)
        await db.execute(
            "UPDATE replenishment_run SET state = ?, proposals = ?, alerts = ?, ended_at = ?, done = total WHERE id = ?",
            *(state.value, run.proposals, open_alerts, db.now(), run.id),
        )
        await events.record(ReplenishmentRan(proposals=run.proposals, alerts=open_alerts), subject=run.site_id, site=run.site_id)
    await accept_by_itself(run.site_id)


async def _raise_to_least(site_id: str) -> None:
    """Raise what is proposed to each supplier's least order value, as far as shelves and shelf lives allow."""
    rows = await db.fetch(
        "SELECT p.id, p.sku_id, p.supplier_id, p.state, p.quantity, p.pack, p.value_minor, p.explanation, s.minimum_minor "
        "FROM replenishment_proposal p JOIN supplier s ON s.id = p.supplier_id "
        "WHERE p.site_id = ? AND p.kind = 'purchase' AND p.state IN ('proposed', 'changed') AND s.minimum_minor > 0 ORDER BY p.id",
        site_id,
    )
    by_supplier: dict[int, list[db.Row]] = defaultdict(list)
    for row in rows:
        by_supplier[row["supplier_id"]].append(row)
    for group in by_supplier.values():
        await _raise(group)


async def _raise(rows: list[db.Row]) -> None:
    known = {row["sku_id"]: (row, json.loads(row["explanation"])) for row in rows}
    lines = {}
    for sku, (row, told) in known.items():
        packs = row["quantity"] // row["pack"]
        most = packs if row["state"] == "changed" else min(room_in_packs(told, row["pack"]), NO_BOUND)
        lines[sku] = Line(packs, most, (row["value_minor"] or 0) // packs)
    raised = topped_up(lines, rows[0]["minimum_minor"])
    changes = []
    for sku, packs in raised.items():
        row, told = known[sku]
        quantity = packs * row["pack"]
        if quantity > row["quantity"]:
            told["by_value"] = quantity - row["quantity"]
            value = lines[sku].price * packs
            changes.append((quantity, quantity, value, json.dumps(told), row["id"]))
    await db.execute_many(
        "UPDATE replenishment_proposal SET quantity = ?, proposed = ?, value_minor = ?, explanation = ? WHERE id = ?", changes
    )


async def accept_by_itself(site_id: str) -> list[str]:
    """Order from suppliers for whom people switched it on, where all of it comes to less than they said; the orders' numbers.

    What comes to less than the supplier's least, or has a line without a price, waits for a person.
    """
    rows = await db.fetch(
        "SELECT p.id, p.supplier_id, p.value_minor, a.below_minor, s.minimum_minor FROM replenishment_proposal p "
        "JOIN replenishment_auto a ON a.supplier_id = p.supplier_id JOIN supplier s ON s.id = p.supplier_id "
        "WHERE p.site_id = ? AND p.kind = ? AND p.state IN ('proposed', 'changed') ORDER BY p.id",
        *(site_id, Kind.PURCHASE.value),
    )
    by_supplier: dict[int, list[db.Row]] = defaultdict(list)
    for row in rows:
        by_supplier[row["supplier_id"]].append(row)
    numbers: list[str] = []
    for group in by_supplier.values():
        if any(row["value_minor"] is None for row in group):
            continue
        total = sum(row["value_minor"] for row in group)
        if not group[0]["minimum_minor"] <= total < group[0]["below_minor"]:
            continue
        try:
            with events.acting("system:replenishment"):
                numbers += await _ordered([row["id"] for row in group])
        except DomainError as error:  # a supplier that was switched off meanwhile, say: a person sees the proposals
            log.warning("proposals were not accepted by themselves", extra={"site": site_id, "code": error.code})
    return numbers


async def _ordered(proposals: list[int]) -> list[str]:
    async with db.transaction():
        made = await accept(proposals)
        for each in made:
            await purchasing.approve(each.number)
    return [each.number for each in made]
