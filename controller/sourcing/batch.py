"""All that waits for goods, in one go: read once, decided in memory, granted in chunks; who lost a race is decided again."""

# ruff: noqa: S608 -- what is put into the texts is column names and states of ours; values are parameters
from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from controller import bulk, db
from controller.orders import allocations
from controller.orders.allocations import Target
from controller.orders.flags import FlagKind, clear_flags
from controller.orders.numbers import ORDERS
from controller.orders.seams import WantedLine
from controller.orders.states import HOLDING
from controller.orders.transitions import lock
from controller.sourcing.again import task_key
from controller.sourcing.deciding import Asked, Cause, as_far_as_there, keep, limited, want_of
from controller.sourcing.plans import Plan, Shelf, SiteFacts, Terms, Unsourced, Want
from controller.sourcing.policies import source, without
from controller.sourcing.reading import Goods, goods, shelves, site_facts
from controller.sourcing.settings import Settings, settings
from controller.stock.bulk_promises import NewHold, Wish, grant, hold
from controller.tasks.operations import close_tasks
from controller.tasks.queries import waiting_keys

MOST_ORDERS = 10_000
ORDERS_AT_ONCE = 400
"""Of one transaction: long enough to be cheap, short enough to hold nobody up."""
ROUNDS = 8
DECIDED_AT_ONCE = 5
"""Decisions between two turns of the event loop."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that waits for goods."""

    target: Target
    sku_id: int
    wanting: int
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An order with what it waits for."""

    order_id: int
    channel: str
    currency: str
    region: str | None
    min_days: int | None
    placed_at: datetime
    lines: tuple[Line, ...]
    rejected: frozenset[str]


@dataclass(frozen=True, slots=True)
class Done:
    """Orders that got something, and those that still wait for something."""

    sourced: int
    waiting: int


async def source_waiting(*, limit: int = MOST_ORDERS) -> Done:
    """Promise goods to orders that wait for them, whose channel is served first, then the oldest first.  Not in a transaction."""
    orders = await _waiting(limit)
    todo, sourced = orders, set[int]()
    for _ in range(ROUNDS):
        if not todo:
            break
        won, todo = await _round(todo)
        sourced |= won
    return Done(len(sourced), await _still(order.order_id for order in orders))


async def _round(orders: Sequence[Waiting]) -> tuple[set[int], list[Waiting]]:
    """Orders (ids) that got theirs, and those that lost a race.  The next are decided while the database writes the last."""
    memory, won, lost = await _read(orders), set[int](), list[Waiting]()
    writing: asyncio.Task[tuple[set[int], list[Waiting]]] | None = None
    try:
        for start in range(0, len(orders), ORDERS_AT_ONCE):
            plans = await _decide(memory, orders[start : start + ORDERS_AT_ONCE])
            for done in () if writing is None else (await writing,):
                won |= done[0]
                lost += done[1]
            writing = asyncio.create_task(db.in_transaction(partial(_grant, plans)))
        if writing is not None:
            last = await writing
            return won | last[0], lost + last[1]
        return won, lost
    finally:
        if writing is not None and not writing.done():
            writing.cancel()
            await asyncio.wait([writing])


# --- reading --------------------------------------------------------------------------------------------------------------------


async def _waiting(limit: int) -> list[Waiting]:
    """In the order in which they are served."""
    states = ", ".join(f"'{state.value}'" for state in sorted(HOLDING))
    heads = await db.fetch(
        "SELECT o.id, o.channel, o.currency, o.region, o.min_remaining_days, o.placed_at FROM sales_order o "
        f"WHERE o.site IS NULL AND o.state IN ({states}) AND o.id IN (SELECT order_id FROM order_line WHERE wanting > 0) "
        "ORDER BY o.id LIMIT ?",
        limit,
    )
    ids = [row["id"] for row in heads]
    lines: dict[int, list[Line]] = {order_id: [] for order_id in ids}
    for row in await db.fetch(
        "SELECT id, order_id, position, sku_id, wanting, quantity, amount_minor FROM order_line "
        f"WHERE {db.among('order_id')} AND wanting > 0 AND NOT is_removed ORDER BY order_id, position",
        db.listing(ids),
    ):
        amount = row["amount_minor"] * row["wanting"] // row["quantity"]
        lines[row["order_id"]].append(
            Line(Target(row["order_id"], row["id"], row["position"]), row["sku_id"], row["wanting"], amount)
        )
    rejected: dict[int, set[str]] = {}
    for row in await db.fetch(f"SELECT order_id, site FROM sourcing_rejection WHERE {db.among('order_id')}", db.listing(ids)):
        rejected.setdefault(row["order_id"], set()).add(row["site"])
    known = await settings()
    found = [
        Waiting(
            order_id=row["id"],
            channel=row["channel"],
            currency=row["currency"],
            region=row["region"],
            min_days=row["min_remaining_days"],
            placed_at=row["placed_at"],
            lines=tuple(lines[row["id"]]),
            rejected=frozenset(rejected.get(row["id"], ())),
        )
        for row in heads
        if lines[row["id"]]
    ]
    return sorted(found, key=lambda one: (known.of(one.channel).priority, one.placed_at, one.order_id))


async def _still(order_ids: Iterable[int]) -> int:
    rows = await db.fetch(
        f"SELECT COUNT(DISTINCT order_id) AS n FROM order_line WHERE {db.among('order_id')} AND wanting > 0",
        db.listing(order_ids),
    )
    return int(rows[0]["n"])


# --- deciding -------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Memory:
    """What was read, less what was decided since.  `stock` by channel and days that goods must keep."""

    known: Settings
    of_sku: Mapping[int, Goods]
    sites: dict[str, list[SiteFacts]]
    stock: dict[tuple[str, int | None], dict[tuple[int, str], Shelf]]
    terms: dict[tuple[str, str | None, str], Terms] = field(default_factory=dict)

    def plan(self, order: Waiting) -> Plan:
        """All that it waits for, or as much as there is."""
        terms = self._terms_of(order)
        sites, stock = self.sites[order.channel], self.stock[order.channel, order.min_days]
        wanted = [_want(line, self.of_sku) for line in order.lines]
        plan = source(wanted, sites, stock, terms)
        if plan.unsourced is Unsourced.SHORT and (there := as_far_as_there(wanted, plan)):
            plan = source(there, sites, stock, terms)
        self._take(plan)
        return plan

    def _terms_of(self, order: Waiting) -> Terms:
        """The same for all orders of a channel to one place, but for who refused."""
        key = (order.channel, order.region, order.currency)
        if key not in self.terms:
            self.terms[key] = Terms(
                prices=self.known.prices(order.channel), destination=self.known.destination(order.region), currency=order.currency
            )
        return replace(self.terms[key], rejected=order.rejected) if order.rejected else self.terms[key]

    def _take(self, plan: Plan) -> None:
        for share in plan.shares:
            key = (share.sku_id, share.site)
            for shelves_there in self.stock.values():
                if shelf := shelves_there.get(key):
                    shelves_there[key] = replace(shelf, free=shelf.free - share.quantity)
        if plan.chosen:
            used = dict.fromkeys(plan.sites, 1)
            for channel, facts in self.sites.items():
                self.sites[channel] = without(facts, used)


def _want(line: Line, of_sku: Mapping[int, Goods]) -> Want:
    asked = WantedLine(position=line.target.position, sku_id=line.sku_id, quantity=line.wanting, amount_minor=line.amount_minor)
    return want_of(asked, of_sku)


async def _read(orders: Sequence[Waiting]) -> _Memory:
    known, of_sku = await settings(), await goods({line.sku_id for order in orders for line in order.lines})
    channels = sorted({order.channel for order in orders})
    keys = {(order.channel, order.min_days) for order in orders}
    return _Memory(
        known,
        of_sku,
        {channel: await site_facts(known, channel) for channel in channels},
        {key: await shelves(of_sku, key[0], min_days=key[1]) for key in keys},
    )


async def _decide(memory: _Memory, orders: Sequence[Waiting]) -> list[tuple[Waiting, Plan]]:
    found = []
    for number, order in enumerate(orders):
        if number % DECIDED_AT_ONCE == 0:
            await asyncio.sleep(0)  # others have their turn
        found.append((order, memory.plan(order)))
    return found


# --- granting -------------------------------------------------------------------------------------------------------------------


async def _grant(plans: Sequence[tuple[Waiting, Plan]]) -> tuple[set[int], list[Waiting]]:
    """One transaction; orders (ids) that got theirs, and those that lost a race.  What was changed meanwhile waits."""
    planned = [(order, plan) for order, plan in plans if plan.chosen]
    if not planned:
        return set(), []
    states = await lock([order.order_id for order, _ in planned])
    now = await _as_they_are([order.order_id for order, _ in planned])
    still = [
        (order, plan)
        for order, plan in planned
        if states.get(order.order_id) in HOLDING and now.get(order.order_id) == _lines(order)
    ]
    granted = await grant(
        [(order.channel, [Wish(share.sku_id, share.site, share.quantity) for share in plan.shares]) for order, plan in still]
    )
    won = [pair for pair, is_granted in zip(still, granted, strict=True) if is_granted]
    await _write(won, {order.order_id: (order.channel, states[order.order_id].value) for order, _ in won})
    lost = [order for (order, _), is_granted in zip(still, granted, strict=True) if not is_granted]
    return {order.order_id for order, _ in won}, lost


def _lines(order: Waiting) -> set[tuple[int, int]]:
    return {(line.target.line_id, line.wanting) for line in order.lines}


async def _as_they_are(order_ids: Sequence[int]) -> dict[int, set[tuple[int, int]]]:
    rows = await db.fetch(
        f"SELECT id, order_id, wanting FROM order_line WHERE {db.among('order_id')} AND wanting > 0 AND NOT is_removed",
        db.listing(order_ids),
    )
    found: dict[int, set[tuple[int, int]]] = {}
    for row in rows:
        found.setdefault(row["order_id"], set()).add((row["id"], row["wanting"]))
    return found


async def _write(won: Sequence[tuple[Waiting, Plan]], orders: Mapping[int, tuple[str, str]]) -> None:
    rows = []
    left: dict[int, int] = {}
    for order, plan in won:
        lines = {line.target.position: line for line in order.lines}
        left.update({line.target.line_id: line.wanting for line in order.lines})
        for share in plan.shares:
            target = lines[share.position].target
            rows.append((order.channel, share, target))
            left[target.line_id] -= share.quantity
    keys = await allocations.write([(target, share.site, share.quantity) for _, share, target in rows], orders)
    await hold(
        [
            NewHold(key, share.sku_id, share.site, share.quantity, channel)
            for key, (channel, share, _) in zip(keys, rows, strict=True)
        ]
    )
    await bulk.update("order_line", ("id", "wanting"), sorted(left.items()))
    await keep([(order.order_id, plan) for order, plan in won], Asked(Cause.WAITING), limited(await settings()))
    whole = [order.order_id for order, _ in won if not any(left[line.target.line_id] for line in order.lines)]
    await clear_flags(whole, FlagKind.STOCK_SHORT, "goods were found for all of it")
    asked = await waiting_keys("order_unsourced")
    for key in sorted(asked & {task_key(ORDERS.number(order_id)) for order_id in whole}):
        await close_tasks(key)
