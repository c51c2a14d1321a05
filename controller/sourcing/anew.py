"""An order is sourced once more, as if it came now: from what is there now, by what is set now.  It gets no less by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from controller import db
from controller.errors import Conflict
from controller.orders.allocations import Allocation, open_allocations
from controller.orders.flags import FlagKind, clear_flag
from controller.orders.states import WhenShort
from controller.orders.transitions import require_unreleased
from controller.sourcing.again import Away, give_up, movable, promise_again, task_key, words_of
from controller.sourcing.deciding import Asked, Cause
from controller.stock.queries import withdrawn
from controller.tasks.operations import close_tasks


class NothingToSource(Conflict):
    """Nothing is promised for it, and nothing is wanting."""

    code = "nothing_to_source"

    def __init__(self, order: str) -> None:
        super().__init__(f"no goods of {order} are promised or wanting: there is nothing to source")
        self.order = order


class LessPromised(Conflict):
    """What is promised now could not all be promised again: it stays where it is."""

    code = "less_promised"

    def __init__(self, order: str, position: int) -> None:
        super().__init__(f"line {position} of {order} would get less than is promised now: all of it stays where it is")
        self.order = order
        self.position = position


async def source_anew(order_no: str, *, reason: str) -> None:
    """Decide once more where the goods of an order come from that nobody fetches yet; what it waits for is looked for, too.

    Each line gets as much as it has now, or more; else nothing changes.  Records OrderSourced.
    Raises NotFound, NotMovable, SiteIsNamed, ReleasedAlready, NothingToSource, LessPromised, ReasonNeeded.
    """
    asked = Asked(Cause.ANEW, words_of(reason))
    async with db.transaction():
        order = await movable(order_no)
        await require_unreleased(order_no)
        promised = await open_allocations([order.id])
        before = await _lacking(order.id, promised)
        if not promised and not before:
            raise NothingToSource(order_no)
        away = [Away(one, one.quantity) for one in promised]
        await give_up(away)
        await promise_again(order, away, asked, short=WhenShort.ACCEPT, waiting=before)
        after = await _lacking(order.id, [])
        for position, quantity in sorted(after.items()):
            if quantity > before.get(position, 0):
                raise LessPromised(order_no, position)
        if not after:
            await clear_flag(order.id, FlagKind.STOCK_SHORT, "goods were found for all of it")
            await close_tasks(task_key(order_no))


async def _lacking(order_id: int, promised: Sequence[Allocation]) -> Mapping[int, int]:
    """Base units that each line lacks, by its position: it waits for them, or a physical fact took them back."""
    rows = await db.fetch(
        "SELECT position, wanting FROM order_line WHERE order_id = ? AND wanting > 0 AND NOT is_removed ORDER BY position", order_id
    )
    found = {row["position"]: int(row["wanting"]) for row in rows}
    lost = await withdrawn([one.line_key for one in promised])
    for one in promised:
        if one.line_key in lost:
            found[one.position] = found.get(one.position, 0) + one.quantity
    return found
