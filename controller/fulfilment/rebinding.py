"""Open pick lists that expect a recalled lot are bound to other goods; what there is none of is short, and a task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from controller import events
from controller.catalog.queries import sku as sku_of
from controller.catalog.queries import skus_by_id
from controller.db import among, execute, execute_many, fetch, listing, now, transaction
from controller.facts import unpark
from controller.fulfilment import lists
from controller.fulfilment.binding import free_to_bind, without
from controller.fulfilment.events import PickListPicked, PickRebound
from controller.fulfilment.lists import PickListNow
from controller.fulfilment.numbers import PICK_LISTS
from controller.fulfilment.policies import Choice, PickLine, choose_lots, fresh_enough
from controller.fulfilment.states import PickListAction, PickListState
from controller.orders.queries import order as order_of
from controller.orders.transitions import set_short
from controller.sites.queries import site as site_of
from controller.stock.granting import lock
from controller.stock.lots import lot_of
from controller.stock.pickable import Pickable
from controller.tasks.operations import open_task

_FETCHED_FROM = (PickListState.OPEN, PickListState.PICKING)


async def bind_anew(sku: str, lot: str) -> None:
    """What open lists would still fetch of a lot is fetched elsewhere, the oldest list first; with what is free.

    A line whose promise was withdrawn gets none.  Again, it changes nothing.  Records PickRebound, PickListPicked.
    Raises NotFound (SKU).
    """
    found = await sku_of(sku)
    async with transaction():
        lot_id = await lot_of(found.id, lot)
        rows = await fetch(
            "SELECT DISTINCT l.id FROM pick_line p JOIN pick_list l ON l.id = p.pick_list_id WHERE p.sku_id = ? AND p.lot_id = ? "
            "AND l.state IN ('open', 'picking') AND NOT p.is_short AND p.quantity > p.picked ORDER BY l.id",
            *(found.id, lot_id),
        )
        numbers = [PICK_LISTS.number(row["id"]) for row in rows]
        waiting = await lists.by_number(numbers)
        await lock(sorted({(found.id, one.site) for one in waiting.values()}))
        for number in numbers:
            await _bind(waiting[number], found.code, found.id, lot_id)
        for one in (await lists.by_number(numbers)).values():
            await _conclude(one)


async def _bind(one: PickListNow, sku: str, sku_id: int, lot_id: int) -> None:
    lines = [line for line in one.lines if (line.sku_id, line.lot_id) == (sku_id, lot_id) and line.open and not line.is_short]
    if one.state not in _FETCHED_FROM or not lines:
        return
    promised = {
        row["line_key"]
        for row in await fetch(
            f"SELECT line_key FROM reservation WHERE {among('line_key')} AND state = 'allocated'",  # noqa: S608 -- a column's name
            listing(sorted({line.line_key for line in lines})),
        )
    }
    there = await _fresh(one, sku_id)
    missing = bound = 0
    for line in lines:
        wanted = min(line.open, sum(stock.on_hand for stock in there)) if line.line_key in promised else 0
        chosen = choose_lots(wanted, there, line.location_id) if wanted else []
        there = without(there, chosen)
        missing += line.open - wanted
        bound += wanted
        await _rewrite(one.id, line, chosen)
    told = PickRebound(pick_list=one.no, sku_id=sku_id, lot_id=lot_id, quantity=bound, missing=missing)
    await events.record(told, subject=one.order_no, site=one.site)
    if missing:
        arguments = {"order": one.order_no, "sku": sku, "quantity": missing}
        await open_task("stock_short", site=one.site, key=f"stock_short:{one.order_no}", subject=one.order_no, arguments=arguments)


async def _fresh(one: PickListNow, sku_id: int) -> list[Pickable]:
    """What lies there, keeps long enough for the order, and no list will fetch."""
    own = (await order_of(one.order_no)).min_remaining_days
    days = ((await skus_by_id([sku_id]))[sku_id].min_remaining_days or 0) if own is None else own
    today = now().astimezone(ZoneInfo((await site_of(one.site)).time_zone)).date()
    return list(fresh_enough((await free_to_bind([sku_id], one.site))[sku_id], today + timedelta(days=days)))


async def _rewrite(list_id: int, line: PickLine, chosen: Sequence[Choice]) -> None:
    """What was picked stays with the line, and so does what is missing, as short; the rest is lines of its own."""
    missing = line.open - sum(choice.quantity for choice in chosen)
    rest = list(chosen)
    if line.picked + missing:
        await execute(
            "UPDATE pick_line SET quantity = ?, estimate = 0, is_short = ? WHERE id = ?",
            line.picked + missing,
            missing > 0,
            line.id,
        )
    else:
        first, rest = chosen[0], rest[1:]
        await execute(
            "UPDATE pick_line SET quantity = ?, estimate = 0, location_id = ?, lot_id = ? WHERE id = ?",
            *(first.quantity, first.location_id, first.lot_id, line.id),
        )
    await execute_many(
        "INSERT INTO pick_line (pick_list_id, order_line_id, line_key, sku_id, location_id, lot_id, quantity, picked, out, "
        "is_short) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (list_id, line.order_line_id, line.line_key, line.sku_id, each.location_id, each.lot_id, each.quantity, 0, 0, False)
            for each in rest
        ],
    )


async def _conclude(one: PickListNow) -> None:
    """Lines that became short are told to the order; a list with nothing left to fetch is picked."""
    if not any(line.is_short for line in one.lines):
        return
    missing: Counter[int] = Counter()
    for line in one.lines:
        missing[line.order_line_id] += line.short
    await set_short(missing)
    if one.state in _FETCHED_FROM and all(line.is_done for line in one.lines):
        one.take(PickListAction.FINISH)
        await lists.write([one])
        await events.record(PickListPicked(pick_list=one.no), subject=one.order_no, site=one.site)
        await unpark(one.key)
