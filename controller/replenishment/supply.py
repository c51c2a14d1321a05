"""What a run reads of SKUs at a site beside their demand: stock, what is on its way, who sells them and how, what people set.

These are wide reads of other features' tables, one for many SKUs; nothing of theirs is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil, sqrt

from controller import db
from controller.replenishment.policies import SERVICE, pack_of, review_days

LEAD_WITHOUT_SUPPLIER = 7
"""Days, where nobody says from where a SKU comes."""
ENOUGH_RECEIPTS = 5
"""Orders from which on a supplier's lead times are told by what it did."""
LOOKED_BACK_DAYS = 365


@dataclass(frozen=True, slots=True)
class Stock:
    """A SKU at a site, base units.

    `drafted`: on orders and transfers to it that nobody approved yet; `leaving`: on drafts of transfers from it.
    """

    sku_id: int
    product_id: int
    price_minor: int
    shelf_days: int | None
    on_hand: int
    reserved: int
    allocated: int
    quarantined: int
    incoming: int
    presold: int
    drafted: int = 0
    leaving: int = 0

    @property
    def free(self) -> int:
        return self.on_hand - self.reserved - self.allocated - self.quarantined - self.leaving

    @property
    def position(self) -> int:
        """What is there or on its way, and promised to nobody: what an order is decided by."""
        return self.free + self.incoming + self.drafted - self.presold


@dataclass(frozen=True, slots=True)
class Offer:
    """How a supplier sells a SKU.  `pack` base units are the least step, of `packs` of its packs at `price_minor` each."""

    supplier_id: int
    code: str
    pack: int
    packs: int
    least: int
    price_minor: int | None
    lead_days: int
    lead_sd: float
    review_days: int

    @property
    def unit_price(self) -> float:
        """For comparing only."""
        return float("inf") if self.price_minor is None else self.price_minor * self.packs / self.pack


@dataclass(frozen=True, slots=True)
class Rule:
    """What people set; None: nothing."""

    service_bp: int | None = None
    review_days: int | None = None
    lead_days: int | None = None
    lead_sd_tenths: int | None = None
    least_shelf: int | None = None
    most_shelf: int | None = None
    supplier_id: int | None = None
    off: bool | None = None


_NOTHING_SET = Rule()


async def stocks(site_id: str, first: int, last: int) -> list[Stock]:
    """SKUs by id that a site has or had, in order."""
    rows = await db.fetch(
        "SELECT a.sku_id, s.product_id, s.price_minor, s.shelf_life_days - COALESCE(s.min_remaining_days, 0) AS shelf_days, "
        "a.on_hand, a.reserved, a.allocated, a.quarantined, a.incoming, a.presold "
        "FROM availability a JOIN sku s ON s.id = a.sku_id "
        "WHERE a.site_id = ? AND a.sku_id >= ? AND a.sku_id <= ? ORDER BY a.sku_id",
        *(site_id, first, last),
    )
    drafted, leaving = await _drafted(site_id, first, last), await _leaving(site_id, first, last)
    return [Stock(**row, drafted=drafted.get(row["sku_id"], 0), leaving=leaving.get(row["sku_id"], 0)) for row in rows]


async def _drafted(site_id: str, first: int, last: int) -> dict[int, int]:
    """On drafts for the site: `availability.incoming` has what is approved."""
    rows = await db.fetch(
        "SELECT sku_id, SUM(units) AS units FROM ("
        "SELECT l.sku_id, l.units - l.received AS units FROM purchase_order_line l JOIN purchase_order o ON o.id = l.order_id "
        "WHERE o.state = 'draft' AND o.site_id = ? AND l.units > l.received AND l.sku_id >= ? AND l.sku_id <= ? "
        "UNION ALL SELECT l.sku_id, l.quantity FROM transfer_line l JOIN transfer t ON t.id = l.transfer_id "
        "WHERE t.state = 'draft' AND t.to_site = ? AND l.sku_id >= ? AND l.sku_id <= ?) x GROUP BY sku_id",
        *(site_id, first, last, site_id, first, last),
    )
    return {row["sku_id"]: int(row["units"]) for row in rows}


async def _leaving(site_id: str, first: int, last: int) -> dict[int, int]:
    rows = await db.fetch(
        "SELECT l.sku_id, SUM(l.quantity - l.sent) AS units FROM transfer_line l JOIN transfer t ON t.id = l.transfer_id "
        "WHERE t.state = 'draft' AND t.from_site = ? AND l.quantity > l.sent "
        "AND l.sku_id >= ? AND l.sku_id <= ? GROUP BY l.sku_id",
        *(site_id, first, last),
    )
    return {row["sku_id"]: int(row["units"]) for row in rows}


async def offers(first: int, last: int) -> dict[int, list[Offer]]:
    """Active offers of SKUs by id, the cheapest first."""
    spread = await lead_spreads()
    rows = await db.fetch(
        "SELECT i.sku_id, i.pack_numerator, i.pack_denominator, i.minimum_packs, i.price_minor, s.id, s.code, s.order_days, "
        "COALESCE(i.lead_days, s.lead_days) AS lead_days FROM supplier_item i JOIN supplier s ON s.id = i.supplier_id "
        "WHERE i.sku_id >= ? AND i.sku_id <= ? AND i.active AND s.active",
        *(first, last),
    )
    found: dict[int, list[Offer]] = {}
    for row in rows:
        found.setdefault(row["sku_id"], []).append(_offer(row, spread.get(row["id"], 0.0)))
    for known in found.values():
        known.sort(key=lambda offer: (offer.unit_price, offer.supplier_id))
    return found


def _offer(row: db.Row, lead_sd: float) -> Offer:
    pack, packs = pack_of(row["pack_numerator"], row["pack_denominator"])
    return Offer(
        supplier_id=row["id"],
        code=row["code"],
        pack=pack,
        packs=packs,
        least=-(-row["minimum_packs"] * row["pack_numerator"] // row["pack_denominator"]),
        price_minor=row["price_minor"],
        lead_days=row["lead_days"],
        lead_sd=lead_sd,
        review_days=review_days(row["order_days"]),
    )


async def lead_spreads() -> dict[int, float]:
    """By supplier: the standard deviation, in days, of how long its orders took; of those of which enough is known."""
    rows = await db.fetch(
        "SELECT o.id, o.supplier_id, o.approved_at, r.began_at FROM purchase_order o JOIN receipt r ON r.order_id = o.id "
        "WHERE o.approved_at >= ? ORDER BY r.began_at DESC",
        db.now() - timedelta(days=LOOKED_BACK_DAYS),
    )
    first = {(row["supplier_id"], row["id"]): row["began_at"] - row["approved_at"] for row in rows}
    taken: dict[int, list[float]] = {}
    for (supplier, _), time in first.items():
        taken.setdefault(supplier, []).append(time.total_seconds() / 86_400)
    return {supplier: _sd(days) for supplier, days in taken.items() if len(days) >= ENOUGH_RECEIPTS}


def _sd(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


Rules = Mapping[tuple[str, int], Rule]


async def rules(site_id: str) -> Rules:
    """What people set for a site, or for all."""
    rows = await db.fetch(
        "SELECT site_id, sku_id, service_bp, review_days, lead_days, lead_sd_tenths, least_shelf, most_shelf, supplier_id, off "
        "FROM replenishment_rule WHERE site_id IN ('', ?)",
        site_id,
    )
    return {
        (row["site_id"], row["sku_id"]): Rule(**{name: value for name, value in row.items() if name not in ("site_id", "sku_id")})
        for row in rows
    }


def rule_for(known: Rules, site_id: str, sku_id: int) -> Rule:
    """The narrowest that says something wins, each setting by itself: the SKU here, the SKU, the site, all."""
    found = [known[key] for key in ((site_id, sku_id), ("", sku_id), (site_id, 0), ("", 0)) if key in known]
    return merged(found) if found else _NOTHING_SET


def merged(narrowest_first: Iterable[Rule]) -> Rule:
    found = Rule()
    for rule in narrowest_first:
        changes = {
            name: getattr(rule, name) for name in Rule.__slots__ if getattr(found, name) is None and getattr(rule, name) is not None
        }
        found = replace(found, **changes) if changes else found
    return found


@dataclass(frozen=True, slots=True)
class Way:
    """How a SKU comes to a site: what is set, else what its supplier says, else what is usual."""

    offer: Offer | None
    service: float
    lead_days: int
    lead_sd: float
    review_days: int
    rule: Rule


def way_of(known: Sequence[Offer], rule: Rule, abc: str) -> Way:
    """The supplier that is set, else the cheapest."""
    offer = next((offer for offer in known if offer.supplier_id == rule.supplier_id), known[0] if known else None)
    lead = offer.lead_days if offer else LEAD_WITHOUT_SUPPLIER
    return Way(
        offer=offer,
        service=SERVICE[abc] if rule.service_bp is None else rule.service_bp / 10_000,
        lead_days=lead if rule.lead_days is None else rule.lead_days,
        lead_sd=(offer.lead_sd if offer else 0.0) if rule.lead_sd_tenths is None else rule.lead_sd_tenths / 10,
        review_days=(offer.review_days if offer else 1) if rule.review_days is None else rule.review_days,
        rule=rule,
    )


def whole_days(days: float) -> int:
    return max(ceil(days), 1)
