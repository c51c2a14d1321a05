"""At release goods are bound to bins and lots: what expires first, if it keeps long enough, and is not bound to others already."""

# ruff: noqa: S608 -- what is put into the texts is column names of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from controller.catalog.queries import skus_by_id
from controller.db import among, fetch, listing, now
from controller.errors import Conflict
from controller.fulfilment.policies import Choice, choose_lots, fresh_enough
from controller.orders.allocations import Allocation
from controller.sites.models import LocationKind
from controller.sites.queries import site, specials
from controller.stock.pickable import Pickable, pickable


class KeepsTooShort(Conflict):
    """What is left of an article expires too soon for this order; `missing` base units."""

    code = "keeps_too_short"

    def __init__(self, sku: str, missing: int, days: int) -> None:
        super().__init__(f"{missing} of {sku} are there only with less than {days} days to keep: lower the days, or cancel")
        self.sku = sku
        self.missing = missing
        self.days = days


LINE_COLUMNS = (
    *("pick_list_id", "order_line_id", "line_key", "sku_id", "location_id", "lot_id"),
    *("quantity", "picked", "out", "is_short"),
)
"""Of `pick_line`; what `Binder.bind` gives are the values of all but the first."""


class Binder:
    """What is free to bind of some SKUs, as it is while the rows of `availability` are held: releases of one SKU take turns.

    What one line takes is not there for the next.
    """

    def __init__(
        self, stocks: dict[tuple[str, int], list[Pickable]], days: dict[tuple[int, int], int], places: dict[str, tuple[date, int]]
    ) -> None:
        """`days` that goods must keep, by order and SKU; `places`: by site, its day and its receiving place."""
        self._stocks = stocks
        self._days = days
        self._places = places

    @classmethod
    async def read(cls, lines: Sequence[Allocation]) -> Binder:
        """For these lines.  The caller holds their rows of `availability`.  Raises NotFound."""
        by_site: dict[str, set[int]] = defaultdict(set)
        for line in lines:
            by_site[line.site].add(line.sku_id)
        stocks = {
            (site_id, sku_id): stock
            for site_id, sku_ids in sorted(by_site.items())
            for sku_id, stock in (await free_to_bind(sorted(sku_ids), site_id)).items()
        }
        special = await specials(by_site)
        places = {site_id: (await _today(site_id), special[site_id, LocationKind.RECEIVING]) for site_id in sorted(by_site)}
        return cls(stocks, await _days_to_keep(lines), places)

    def bind(self, lines: Sequence[Allocation]) -> list[tuple[object, ...]]:
        """One pick line per allocation, bin and lot, all of them or none.  Raises KeepsTooShort."""
        rows: list[tuple[object, ...]] = []
        left: dict[tuple[str, int], list[Pickable]] = {}
        for line in lines:
            where = (line.site, line.sku_id)
            here = left.get(where, self._stocks.get(where, []))
            chosen = self._choose(line, here)
            left[where] = without(here, chosen)
            for choice in chosen:
                bound = (choice.location_id, choice.lot_id, choice.quantity)
                rows.append((line.order_line_id, line.line_key, line.sku_id, *bound, 0, 0, False))
        self._stocks.update(left)
        return rows

    def _choose(self, line: Allocation, here: Sequence[Pickable]) -> list[Choice]:
        today, nowhere = self._places[line.site]
        days = self._days[line.order_id, line.sku_id]
        fresh = fresh_enough(here, today + timedelta(days=days))
        missing = line.quantity - sum(stock.on_hand for stock in fresh)
        if missing > 0 and len(fresh) < len(here):
            raise KeepsTooShort(line.sku, missing, days)
        return choose_lots(line.quantity, fresh, here[0].location_id if here else nowhere)


async def _days_to_keep(lines: Sequence[Allocation]) -> dict[tuple[int, int], int]:
    """How many days what expires must still keep, by order and SKU: as the order says, else as the SKU does."""
    rows = await fetch(
        f"SELECT id, min_remaining_days FROM sales_order WHERE {among('id')}", listing({line.order_id for line in lines})
    )
    own = {row["id"]: row["min_remaining_days"] for row in rows}
    skus = await skus_by_id([line.sku_id for line in lines])
    return {
        (line.order_id, line.sku_id): (skus[line.sku_id].min_remaining_days or 0)
        if own[line.order_id] is None
        else own[line.order_id]
        for line in lines
    }


async def _today(site_id: str) -> date:
    return now().astimezone(ZoneInfo((await site(site_id)).time_zone)).date()


async def free_to_bind(sku_ids: Sequence[int], site_id: str) -> dict[int, list[Pickable]]:
    """What lies there less what open pick lists will fetch."""
    rows = await fetch(
        "SELECT p.sku_id, p.location_id, p.lot_id, CAST(SUM(p.quantity - p.picked) AS BIGINT) AS quantity FROM pick_line p "
        f"JOIN pick_list l ON l.id = p.pick_list_id WHERE l.site = ? AND {among('p.sku_id')} AND l.state IN ('open', 'picking') "
        "AND NOT p.is_short GROUP BY p.sku_id, p.location_id, p.lot_id",
        site_id,
        listing(sku_ids),
    )
    bound = {(row["sku_id"], row["location_id"], row["lot_id"]): int(row["quantity"]) for row in rows}
    found: dict[int, list[Pickable]] = defaultdict(list)
    for sku_id, stocks in (await pickable(sku_ids, site_id)).items():
        for stock in stocks:
            left = stock.on_hand - bound.get((sku_id, stock.location_id, stock.lot_id), 0)
            if left > 0:
                found[sku_id].append(replace(stock, on_hand=left))
    return found


def without(stocks: Sequence[Pickable], chosen: Sequence[Choice]) -> list[Pickable]:
    taken: dict[tuple[int, int], int] = defaultdict(int)
    for choice in chosen:
        taken[choice.location_id, choice.lot_id] += choice.quantity
    left = [replace(stock, on_hand=stock.on_hand - taken[stock.location_id, stock.lot_id]) for stock in stocks]
    return [stock for stock in left if stock.on_hand > 0]
