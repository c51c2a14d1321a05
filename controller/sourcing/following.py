"""What follows from what happened to orders: a picker's short line comes from elsewhere; one that ended asks nobody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from controller import db
from controller.events import Recorded
from controller.following import Follower
from controller.fulfilment.states import PickListState
from controller.orders.events import OrderCancelled, OrderClosed, OrderLineShort
from controller.orders.numbers import ORDERS
from controller.sourcing.again import NotMovable, SiteIsNamed, task_key
from controller.sourcing.rejecting import found_short
from controller.tasks.operations import close_tasks


async def _short(recorded: Recorded) -> None:
    """A late pick may have filled it since: what is missing now counts."""
    rows = await db.fetch(
        "SELECT p.line_key, CAST(SUM(p.quantity - p.picked) AS BIGINT) AS missing FROM pick_line p "
        "JOIN pick_list l ON l.id = p.pick_list_id WHERE l.order_id = ? AND p.is_short AND l.state <> ? "
        "GROUP BY p.line_key HAVING SUM(p.quantity - p.picked) > 0 ORDER BY p.line_key",
        *(ORDERS.row_id(recorded.subject), PickListState.WITHDRAWN.value),
    )
    try:
        await found_short(recorded.subject, [(row["line_key"], row["missing"]) for row in rows])
    except (NotMovable, SiteIsNamed):
        return  # it ended since, or is for one site only: the flag on its line asks people


async def _ended(recorded: Recorded) -> None:
    await close_tasks(task_key(recorded.subject))


_TAKEN: Mapping[str, Callable[[Recorded], Awaitable[None]]] = {
    OrderLineShort.name: _short,
    OrderCancelled.name: _ended,
    OrderClosed.name: _ended,
}


async def _take(recorded: Recorded) -> None:
    await _TAKEN[recorded.name](recorded)


FOLLOWER = Follower("sourcing", frozenset(_TAKEN), _take)
