"""At release goods are bound to bins and lots: what expires first, if it keeps long enough, and is not bound to others already."""

# ruff: noqa: S608 -- what is put into the texts is column names of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from controller.catalog.queries import skus_by_id
from controller.db import among, execute_many, fetch, listing, now
from controller.errors import Conflict
from controller.fulfilment.policies import Choice, choose_lots, fresh_enough
from controller.orders.allocations import Allocation
from controller.orders.queries import StoredOrder
from controller.sites.models import LocationKind
from controller.sites.queries import site, special
from controller.stock.pickable import Pickable, pickable


class KeepsTooShort(Conflict):
    """What is left of an article expires too soon for this order; `missing` base units."""

    code = "keeps_too_short"

    def __init__(self, sku: str, missing: int, days: int) -> None:
        super().__init__(f"{missing} of {sku} are there only with less than {days} days to keep: lower the days, or cancel")
        self.sku = sku
        self.missing = missing
        self.days = days


async def write_lines(list_id: int, site_id: str, order: StoredOrder, lines: Sequence[Allocation]) -> None:
    """One pick line per allocation, bin and lot; what one line takes is not there for the next.

    The caller holds the rows of `availability` (`allocate` locked them): releases of one SKU take turns.  Raises KeepsTooShort.
    """
    stocks = await free_to_bind(sorted({line.sku_id for line in lines}), site_id)
    skus = await skus_by_id([line.sku_id for line in lines])
    nowhere = await special(site_id, LocationKind.RECEIVING)
    today = now().astimezone(ZoneInfo((await site(site_id)).time_zone)).date()
    rows: list[tuple[object, ...]] = []
    for line in lines:
        own = order.min_remaining_days
        days = (skus[line.sku_id].min_remaining_days or 0) if own is None else own
        here = stocks[line.sku_id]
        fresh = fresh_enough(here, today + timedelta(days=days))
        missing = line.quantity - sum(stock.on_hand for stock in fresh)
        if missing > 0 and len(fresh) < len(here):
            raise KeepsTooShort(line.sku, missing, days)
        chosen = choose_lots(line.quantity, fresh, here[0].location_id if here else nowhere)
        stocks[line.sku_id] = without(here, chosen)
        for choice in chosen:
            bound = (choice.location_id, choice.lot_id, choice.quantity)
            rows.append((list_id, line.order_line_id, line.line_key, line.sku_id, *bound, 0, 0, False))
    await execute_many(
        "INSERT INTO pick_line "
        "(pick_list_id, order_line_id, line_key, sku_id, location_id, lot_id, quantity, picked, out, is_short) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )


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
