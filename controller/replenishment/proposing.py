"""From a plan to proposals: what they say, and how a run's replace those before without touching what a person decided."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import isfinite

from controller import db
from controller.replenishment.forecast import Method
from controller.replenishment.plan import Plan
from controller.replenishment.policies import NO_BOUND, Orders
from controller.replenishment.series import Kind as Demand
from controller.replenishment.states import Kind, ProposalState

QUIET = timedelta(days=7)
"""What a person dismissed is not proposed again for so long."""
MICRO = 1_000_000

Key = tuple[int, str, str]
"""SKU, kind of proposal, and where it comes from (empty: a supplier)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a run proposes."""

    sku_id: int
    kind: Kind
    source: str = ""
    supplier_id: int | None = None
    quantity: int
    pack: int
    value_minor: int | None
    days_left_tenths: int | None
    explanation: str

    @property
    def key(self) -> Key:
        return self.sku_id, self.kind.value, self.source


def explained(plan: Plan, place: int, ordered: Orders | None, **more: object) -> str:
    """Every number behind a proposal, as JSON.  Rates are per day, quantities in base units."""
    told = _of_demand(plan, place) | _of_supply(plan, place)
    if ordered is not None:
        told |= {
            "need": int(ordered.need[place]),
            "by_pack": int(ordered.by_pack[place]),
            "by_least": int(ordered.by_least[place]),
            "by_capacity": -int(ordered.by_capacity[place]),
            "by_shelf": -int(ordered.by_shelf[place]),
        }
    return json.dumps(told | more)


def _of_demand(plan: Plan, place: int) -> dict[str, object]:
    found = plan.found
    return {
        "demand": Demand(int(found.kind[place])).name.lower(),
        "method": Method(int(found.method[place])).name.lower(),
        "alpha": round(float(found.alpha[place]), 3),
        "beta": round(float(found.beta[place]), 3),
        "gamma": round(float(found.gamma[place]), 3),
        "adi": round(float(found.adi[place]), 3),
        "cv2": round(float(found.cv2[place]), 3),
        "days_known": int(found.observed[place]),
        "promotion_cut": bool(found.is_cut[place]),
        "mean": round(float(plan.mean_cycle[place]), 4),
        "sd": round(float(found.sd[place]), 4),
    }


def _of_supply(plan: Plan, place: int) -> dict[str, object]:
    stock, way, level = plan.stocks[place], plan.ways[place], plan.level
    return {
        "service": way.service,
        "z": round(float(plan.terms.z[place]), 4),
        "lead_days": way.lead_days,
        "lead_sd": round(way.lead_sd, 2),
        "review_days": way.review_days,
        "reorder": int(level.reorder[place]),
        "upto": int(level.upto[place]),
        "safety": int(level.safety[place]),
        "on_hand": stock.on_hand,
        "reserved": stock.reserved,
        "allocated": stock.allocated,
        "quarantined": stock.quarantined,
        "incoming": stock.incoming,
        "drafted": stock.drafted,
        "leaving": stock.leaving,
        "presold": stock.presold,
        "position": stock.position,
        "capacity": _bound(int(plan.terms.capacity[place])),
        "shelf_days": _bound(int(plan.terms.shelf_days[place])),
    }


def _bound(value: int) -> int | None:
    return None if value >= NO_BOUND else value


def tenths(days: float) -> int | None:
    """None: without end."""
    return min(int(days * 10), 10**9) if isfinite(days) else None


def purchase(plan: Plan, place: int, ordered: Orders, by_transfer: int, days: float, abc: str) -> Wanted:
    offer, quantity = plan.ways[place].offer, int(ordered.quantity[place])
    pack = offer.pack if offer else 1
    value = quantity // pack * offer.packs * offer.price_minor if offer and offer.price_minor is not None else None
    return Wanted(
        sku_id=plan.stocks[place].sku_id,
        kind=Kind.PURCHASE,
        supplier_id=offer.supplier_id if offer else None,
        quantity=quantity,
        pack=pack,
        value_minor=value,
        days_left_tenths=tenths(days),
        explanation=explained(plan, place, ordered, by_transfer=by_transfer, abc=abc, pack=pack),
    )


def room_in_packs(explanation: Mapping[str, object], pack: int) -> int:
    """The most packs of a proposal that its shelf and its life allow."""
    position = max(int(str(explanation.get("position", 0))), 0)
    room = NO_BOUND
    if explanation.get("capacity") is not None:
        room = int(str(explanation["capacity"])) - position
    if explanation.get("shelf_days") is not None:
        room = min(room, int(float(str(explanation["mean"])) * int(str(explanation["shelf_days"]))) - position)
    return max(room, 0) // pack


async def dismissed(first: int, last: int) -> set[tuple[str, Key]]:
    """What people dismissed not long ago, by site and key, of SKUs by id."""
    rows = await db.fetch(
        "SELECT site_id, sku_id, kind, source FROM replenishment_proposal "
        "WHERE state = 'dismissed' AND changed_at > ? AND sku_id >= ? AND sku_id <= ?",
        *(db.now() - QUIET, first, last),
    )
    return {(row["site_id"], (row["sku_id"], row["kind"], row["source"])) for row in rows}


async def store(site_id: str, run_id: int, skus: tuple[int, int], wanted: Iterable[Wanted]) -> int:
    """Replace what is open for SKUs by id at a site; how many are open now.  A person's quantity stays.

    In the caller's transaction.
    """
    new = {each.key: each for each in wanted}
    rows = await db.fetch(
        "SELECT id, sku_id, kind, source, state, pack FROM replenishment_proposal "  # noqa: S608 -- a suffix of ours
        "WHERE site_id = ? AND sku_id >= ? AND sku_id <= ? AND state IN ('proposed', 'changed') ORDER BY id" + db.for_update(),
        *(site_id, *skus),
    )
    instant = db.now()
    there = {(row["sku_id"], row["kind"], row["source"]): row for row in rows}
    lapsed, same, kept, fresh = [], [], [], []
    for key, row in there.items():
        if key not in new and row["state"] == ProposalState.PROPOSED:
            lapsed.append((ProposalState.LAPSED.value, instant, row["id"]))
    for key, each in new.items():
        shared = (each.quantity, each.pack, each.value_minor, each.days_left_tenths, each.supplier_id, each.explanation, run_id)
        if key not in there:
            fresh.append((*_columns(site_id, each), each.quantity, *shared, instant, instant))
        elif there[key]["state"] == ProposalState.CHANGED:
            kept.append((each.quantity, each.days_left_tenths, each.explanation, run_id, there[key]["id"]))
        else:
            same.append((each.quantity, *shared, there[key]["id"]))
    await db.execute_many("UPDATE replenishment_proposal SET state = ?, changed_at = ? WHERE id = ?", lapsed)
    await db.execute_many(
        "UPDATE replenishment_proposal SET proposed = ?, days_left_tenths = ?, explanation = ?, run_id = ? WHERE id = ?", kept
    )
    await db.execute_many(
        "UPDATE replenishment_proposal SET quantity = ?, proposed = ?, pack = ?, value_minor = ?, days_left_tenths = ?, "
        "supplier_id = ?, explanation = ?, run_id = ? WHERE id = ?",
        same,
    )
    await db.insert_many("replenishment_proposal", _NEW, fresh)
    return len(there) - len(lapsed) + len(fresh)


_NEW = (
    "kind",
    "site_id",
    "sku_id",
    "source",
    "state",
    "quantity",
    "proposed",
    "pack",
    "value_minor",
    "days_left_tenths",
    "supplier_id",
    "explanation",
    "run_id",
    "created_at",
    "changed_at",
)


def _columns(site_id: str, each: Wanted) -> tuple[str, str, int, str, str]:
    return each.kind.value, site_id, each.sku_id, each.source, ProposalState.PROPOSED.value
