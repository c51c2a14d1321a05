"""The one door from a promise to a pick list, for one order and for thousands: a few statements, however many there are.

An order that cannot be released is told with its reason, and holds up no other one.
"""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from controller import bulk, events
from controller.db import among, fetch, insert_many, listing, now
from controller.errors import Conflict, DomainError
from controller.fulfilment.binding import LINE_COLUMNS, Binder
from controller.fulfilment.events import PickListReleased
from controller.fulfilment.numbers import PICK_LISTS
from controller.fulfilment.states import PickListState
from controller.orders.allocations import Allocation, mark_released, open_allocations
from controller.orders.flags import OrderIsFlagged, blocking
from controller.orders.numbers import ORDERS
from controller.orders.operations import lock
from controller.orders.states import OrderState
from controller.stock import operations as stock
from controller.stock.granting import lock as lock_stock
from controller.stock.holds import presold

_LIST_COLUMNS = ("order_id", "site", "attempt", "state", "released_at", "wave_id")


class NotReleasable(Conflict):
    """Only what is approved, and promised from somewhere, can be picked."""

    code = "not_releasable"

    def __init__(self, order: str, state: OrderState | None, site: str | None = None) -> None:
        where = "anywhere" if site is None else site
        nothing = f"nothing of {order} is promised from {where}, and waits to be released"
        super().__init__(nothing if state is OrderState.APPROVED else f"{order} is {state}: only an approved order is released")
        self.order = order
        self.state = state.value if state else ""


class NotArrived(Conflict):
    """Something of it was sold before it arrived, and is not here yet; `lines` of it."""

    code = "not_arrived"

    def __init__(self, order: str, lines: int) -> None:
        super().__init__(f"{lines} lines of {order} have not arrived: it is released when they have")
        self.order = order
        self.lines = lines


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """What of an order is promised from one site."""

    order_id: int
    site: str


@dataclass(slots=True)
class Released:
    """The ids of the new pick lists by part, in the order in which goods were bound; what was refused, and why."""

    lists: dict[Part, int] = field(default_factory=dict)
    refused: dict[Part, DomainError] = field(default_factory=dict)


async def release_parts(parts: Sequence[Part], *, wave_id: int | None = None) -> Released:
    """Bind the goods of parts to bins and make a pick list of each; who comes first in `parts` is served first.

    In the caller's transaction.  A part that nothing waits of (it was released meanwhile), whose order is not approved, is
    flagged, or waits for goods is refused and left as it was.  Records PickListReleased.
    """
    done = Released()
    states = await lock({part.order_id for part in parts})
    waiting = await _waiting(parts)
    able = await _judged(list(dict.fromkeys(parts)), states, waiting, done)
    lines = [line for part in able for line in waiting[part]]
    if not lines:
        return done
    await lock_stock(sorted({(line.sku_id, line.site) for line in lines}))
    binder = await Binder.read(lines)
    bound: dict[Part, list[tuple[object, ...]]] = {}
    for part in able:
        try:
            bound[part] = binder.bind(waiting[part])
        except Conflict as refused:
            done.refused[part] = refused
    keys = [line.line_key for part in bound for line in waiting[part]]
    await stock.allocate(keys)
    done.lists = await _write(bound, wave_id)
    await mark_released(keys)
    return done


async def _waiting(parts: Sequence[Part]) -> Mapping[Part, list[Allocation]]:
    """What is promised and on no pick list that stands, in order of the lines."""
    found: dict[Part, list[Allocation]] = {part: [] for part in parts}
    for one in await open_allocations({part.order_id for part in parts}):
        part = Part(one.order_id, one.site)
        if part in found and not one.is_released:
            found[part].append(one)
    return found


async def _judged(
    parts: Sequence[Part], states: Mapping[int, OrderState], waiting: Mapping[Part, list[Allocation]], done: Released
) -> list[Part]:
    """Those that may be released; the others are put down in `done`."""
    flagged = await blocking({part.order_id for part in parts})
    late = await presold([line.line_key for lines in waiting.values() for line in lines])
    able = []
    for part in parts:
        state, number = states.get(part.order_id), ORDERS.number(part.order_id)
        not_here = sum(line.line_key in late for line in waiting[part])
        if state is not OrderState.APPROVED or not waiting[part]:
            done.refused[part] = NotReleasable(number, state, part.site)
        elif part.order_id in flagged:
            done.refused[part] = OrderIsFlagged(number, flagged[part.order_id])
        elif not_here:
            done.refused[part] = NotArrived(number, not_here)
        else:
            able.append(part)
    return able


async def _write(bound: Mapping[Part, list[tuple[object, ...]]], wave_id: int | None) -> dict[Part, int]:
    """The lists with their lines; their ids.  Their orders are locked, so that nobody counts the same attempt."""
    if not bound:
        return {}
    orders = listing({part.order_id for part in bound})
    before = Counter(
        Part(row["order_id"], row["site"])
        for row in await fetch(f"SELECT order_id, site FROM pick_list WHERE {among('order_id')}", orders)
    )
    instant, state = now(), PickListState.OPEN.value
    rows = [(part.order_id, part.site, before[part] + 1, state, instant, wave_id) for part in bound]
    await bulk.save("pick_list", _LIST_COLUMNS, rows, "")
    ids: dict[Part, int] = {}
    for row in await fetch(f"SELECT id, order_id, site, attempt FROM pick_list WHERE {among('order_id')} ORDER BY id", orders):
        part = Part(row["order_id"], row["site"])
        if part in bound and row["attempt"] == before[part] + 1:
            ids[part] = row["id"]
    await insert_many("pick_line", LINE_COLUMNS, [(ids[part], *line) for part, lines in bound.items() for line in lines])
    told: dict[str, list[tuple[events.Event, str]]] = defaultdict(list)
    for part in bound:
        told[part.site].append((PickListReleased(pick_list=PICK_LISTS.number(ids[part])), ORDERS.number(part.order_id)))
    for site, pairs in told.items():
        await events.record_many(pairs, site=site)
    return {part: ids[part] for part in bound}
