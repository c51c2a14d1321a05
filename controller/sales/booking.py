"""Lines of receipts become movements: from the shelf to the customer and back, with what they cost, and the sums of their day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from controller import bulk
from controller.costing.policies import Pool
from controller.costing.queries import costs_of
from controller.sites.models import LocationKind
from controller.sites.queries import specials
from controller.stock.operations import Move, Reason, move
from controller.stock.shelves import shelves


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """Base units of a SKU that a line sold (below zero: took back), on a business day of its site.

    `lot_id` 0: nobody said which lot; `serial`: the one piece that it is.
    """

    site: str
    till: str
    document: str
    occurred_at: datetime
    day: date
    sku_id: int
    units: int
    amount_minor: int
    is_damaged: bool = False
    lot_id: int = 0
    serial: str | None = None


@dataclass(slots=True)
class Sums:
    """What a SKU sold at a site on a day."""

    sold: int = 0
    returned: int = 0
    amount_minor: int = 0
    cost_minor: int = 0


@dataclass(slots=True)
class Day:
    """Sums by site, day and SKU, written at once."""

    sums: dict[tuple[str, date, int], Sums] = field(default_factory=lambda: defaultdict(Sums))

    def add(self, goods: Goods, cost_minor: int) -> None:
        found = self.sums[goods.site, goods.day, goods.sku_id]
        found.sold += max(goods.units, 0)
        found.returned += max(-goods.units, 0)
        found.amount_minor += goods.amount_minor
        found.cost_minor += cost_minor

    def take_off(self, goods: Goods, cost_minor: int) -> None:
        """As if it had never been told."""
        found = self.sums[goods.site, goods.day, goods.sku_id]
        found.sold -= max(goods.units, 0)
        found.returned -= max(-goods.units, 0)
        found.amount_minor -= goods.amount_minor
        found.cost_minor -= cost_minor

    async def save(self) -> None:
        rows = [(*key, sums.sold, sums.returned, sums.amount_minor, sums.cost_minor) for key, sums in sorted(self.sums.items())]
        await bulk.save(
            "daily_sale",
            ("site_id", "day", "sku_id", "sold", "returned", "amount_minor", "cost_minor"),
            rows,
            "ON CONFLICT (site_id, day, sku_id) DO UPDATE SET sold = daily_sale.sold + excluded.sold, "
            "returned = daily_sale.returned + excluded.returned, amount_minor = daily_sale.amount_minor + excluded.amount_minor, "
            "cost_minor = daily_sale.cost_minor + excluded.cost_minor",
        )


async def book(goods: Sequence[Goods]) -> list[int | None]:
    """Move what was sold and what came back, never refused; what each cost, in minor units, None: nobody knows.

    In the caller's transaction.
    """
    if not goods:
        return []
    taken_from = await shelves((each.sku_id, each.site) for each in goods)
    special = await specials({each.site for each in goods})
    pools = await _pools(goods)
    day = Day()
    costs: list[int | None] = []
    moves = []
    for each in goods:
        customer = special[each.site, LocationKind.CUSTOMER]
        shelf = taken_from[each.sku_id, each.site]
        if each.is_damaged and each.units < 0:
            shelf = special[each.site, LocationKind.QUARANTINE]
        moves.append(_moved(each, shelf, customer))
        cost = _cost(pools.get((each.site, each.sku_id)), each.units)
        costs.append(cost)
        day.add(each, cost or 0)
    await move(moves)
    await day.save()
    return costs


def _moved(goods: Goods, shelf: int, customer: int, reason: Reason | None = None) -> Move:
    sold = goods.units > 0
    return Move(
        sku_id=goods.sku_id,
        from_location_id=shelf if sold else customer,
        to_location_id=customer if sold else shelf,
        quantity=abs(goods.units),
        reason=reason or (Reason.SOLD if sold else Reason.RETURNED),
        occurred_at=goods.occurred_at,
        document=goods.document,
        device=f"till {goods.till}",
        lot_id=goods.lot_id,
        serial=goods.serial,
    )


async def _pools(goods: Iterable[Goods]) -> dict[tuple[str, int], Pool]:
    by_site: dict[str, set[int]] = defaultdict(set)
    for each in goods:
        by_site[each.site].add(each.sku_id)
    return {(site, sku): pool for site, skus in by_site.items() for sku, pool in (await costs_of(skus, site)).items()}


def _cost(pool: Pool | None, units: int) -> int | None:
    cost = pool.cost_of(abs(units)) if pool is not None else None
    return cost if cost is None or units > 0 else -cost


async def take_back(goods: Sequence[tuple[Goods, int | None]], *, at: datetime, document: str) -> None:
    """A receipt is void: its goods are back (or gone again) since `at`, and its day is as if it had not been."""
    taken_from = await shelves((each.sku_id, each.site) for each, _ in goods)
    special = await specials({each.site for each, _ in goods})
    day = Day()
    moves = []
    for each, cost in goods:
        shelf = taken_from[each.sku_id, each.site]
        if each.is_damaged and each.units < 0:
            shelf = special[each.site, LocationKind.QUARANTINE]
        back = Goods(
            site=each.site,
            till=each.till,
            document=document,
            occurred_at=at,
            day=each.day,
            sku_id=each.sku_id,
            units=-each.units,
            amount_minor=-each.amount_minor,
            lot_id=each.lot_id,
            serial=each.serial,
        )
        moves.append(_moved(back, shelf, special[each.site, LocationKind.CUSTOMER]))
        day.take_off(each, cost or 0)
    await move(moves)
    await day.save()
