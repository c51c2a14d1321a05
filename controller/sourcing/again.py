"""A promise goes from a site to others: one transaction ends it here and makes it there.  The order is locked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from controller import db
from controller.errors import Conflict, DomainError, Rejected
from controller.fulfilment import lists
from controller.fulfilment import operations as fulfilment
from controller.fulfilment.lists import PickListNow
from controller.fulfilment.states import PickListState
from controller.orders import allocations, queries
from controller.orders.allocations import Allocation, open_allocations
from controller.orders.promising import Need, Promising, need_of, promise
from controller.orders.queries import StoredOrder
from controller.orders.states import HOLDING, OrderState, WhenShort
from controller.orders.transitions import locked
from controller.sourcing.deciding import Asked, Cause, because
from controller.stock.shrinking import shrink
from controller.tasks.operations import close_tasks, open_task

MAX_REASON = 200


class SiteIsNamed(Conflict):
    """The customer (or the counter) named the site: it cannot come from another one."""

    code = "site_is_named"

    def __init__(self, order: str, site: str) -> None:
        super().__init__(f"{order} is for {site}, as was ordered: it comes from nowhere else")
        self.order = order
        self.site = site


class NotMovable(Conflict):
    """Nothing is promised for an order that is a draft, closed or cancelled."""

    code = "not_movable"

    def __init__(self, order: str, state: OrderState) -> None:
        super().__init__(f"{order} is {state}: nothing of it is promised from anywhere")
        self.order = order
        self.state = state.value


class PackedAlready(Conflict):
    """It is in a parcel: unpack it first."""

    code = "packed_already"

    def __init__(self, order: str, parcel: str) -> None:
        super().__init__(f"goods of {order} are packed in {parcel}: withdraw it first")
        self.order = order
        self.parcel = parcel


class ReasonNeeded(Rejected):
    code = "sourcing_reason_needed"


def words_of(reason: str) -> str:
    """Raises ReasonNeeded."""
    text = reason.strip()
    if not 0 < len(text) <= MAX_REASON or not text.isprintable():
        raise ReasonNeeded(f"a reason of 1 to {MAX_REASON} characters on one line is needed")
    return text


@dataclass(frozen=True, slots=True)
class Away:
    """So many base units of an allocation do not come from its site any more."""

    allocation: Allocation
    quantity: int


async def movable(order_no: str) -> StoredOrder:
    """An order with goods promised from sites that sourcing chose, locked.  Raises NotFound, NotMovable, SiteIsNamed."""
    _, state = await locked(order_no)
    if state not in HOLDING:
        raise NotMovable(order_no, state)
    order = await queries.order(order_no)
    if order.site is not None:
        raise SiteIsNamed(order_no, order.site)
    return order


async def clear_lists(order: StoredOrder, keys: Collection[str]) -> list[PickListNow]:
    """Withdraw the pick lists that these promises are on; those that were withdrawn.  Raises PackedAlready."""
    found = [
        one
        for one in await lists.by_order(order.id)
        if one.state is not PickListState.WITHDRAWN and any(line.line_key in keys for line in one.lines)
    ]
    for one in found:
        if one.parcel is not None:
            raise PackedAlready(order.no, one.parcel.no)
    await fulfilment.withdraw(found)
    return found


async def give_up(away: Sequence[Away]) -> None:
    """What these allocations hold is free again, wholly or in part."""
    await allocations.end([one.allocation for one in away if one.quantity >= one.allocation.quantity])
    for one in away:
        if one.quantity < one.allocation.quantity:
            await shrink(one.allocation.line_key, one.quantity)
            await db.execute("UPDATE order_allocation SET quantity = quantity - ? WHERE id = ?", one.quantity, one.allocation.id)


async def promise_elsewhere(
    order: StoredOrder, away: Sequence[Away], asked: Asked, *, short: WhenShort, waiting: Collection[int] = ()
) -> int:
    """Source again what was given up, and what lines at these positions wait for; base units that come from nowhere now.

    People are asked in a task about those.  Raises InsufficientStock (`short` refuses).
    """
    await promise_again(order, away, asked, short=short, waiting=waiting)
    wanting = await wanting_of(order.id)
    if wanting:
        arguments = {"order": order.no, "quantity": wanting, "cause": asked.cause.value}
        await open_task("order_unsourced", site=None, key=task_key(order.no), subject=order.no, arguments=arguments)
    else:
        await close_tasks(task_key(order.no))
    return wanting


async def promise_again(
    order: StoredOrder, away: Sequence[Away], asked: Asked, *, short: WhenShort, waiting: Collection[int] = ()
) -> None:
    """The same; people are not asked.  Raises InsufficientStock (`short` refuses)."""
    needs = await _needs(order.id, away, waiting)
    how = Promising(
        order_id=order.id, channel=order.channel, currency=order.currency, site=None, region=order.region, when_short=short
    )
    if needs:
        with because(asked):
            await promise(needs, how)


def task_key(order_no: str) -> str:
    return f"sourcing:{order_no}"


async def _needs(order_id: int, away: Sequence[Away], waiting: Collection[int]) -> list[Need]:
    """With what these lines waited for already: `promise` writes down what is wanting of all that it is asked for."""
    lost: dict[int, int] = {}
    for one in away:
        lost[one.allocation.position] = lost.get(one.allocation.position, 0) + one.quantity
    rows = await db.fetch(
        f"SELECT * FROM order_line WHERE order_id = ? AND NOT is_removed AND {db.among('position')} ORDER BY position",  # noqa: S608
        *(order_id, db.listing({*lost, *waiting})),
    )
    found = [(row, lost.get(row["position"], 0) + row["wanting"]) for row in rows]
    await db.execute(
        f"UPDATE order_line SET wanting = 0 WHERE {db.among('id')} AND wanting > 0",  # noqa: S608 -- a column name of ours
        db.listing(row["id"] for row in rows),
    )
    return [need_of(row, quantity) for row, quantity in found if quantity]


async def wanting_of(order_id: int) -> int:
    """Base units that come from nowhere."""
    rows = await db.fetch("SELECT COALESCE(SUM(wanting), 0) AS n FROM order_line WHERE order_id = ?", order_id)
    return int(rows[0]["n"])


async def release_again(order: StoredOrder) -> None:
    """What is promised since goes to the pickers, too, as the rest did; what cannot yet waits for people."""
    try:
        async with db.savepoint():
            await fulfilment.release(order.no)
    except DomainError:
        return


async def move(order_no: str, positions: Collection[int], site: str, *, reason: str) -> None:
    """A person says where lines come from: all of them from there, or InsufficientStock, and everything stays as it was.

    Records OrderSourced.  Raises NotFound, NotMovable, SiteIsNamed, PackedAlready, InsufficientStock, ReasonNeeded.
    """
    text = words_of(reason)
    async with db.transaction():
        order = await movable(order_no)
        mine = [one for one in await open_allocations([order.id]) if one.position in positions]
        away = [Away(one, one.quantity) for one in mine if one.site != site]
        withdrawn = await clear_lists(order, {one.allocation.line_key for one in away})
        await give_up(away)
        asked = Asked(Cause.MOVED, text, frozenset({site}))
        await promise_elsewhere(order, away, asked, short=WhenShort.REFUSE, waiting=positions)
        if withdrawn:
            await release_again(order)


async def open_shares(order_id: int) -> list[Allocation]:
    """What is promised for an order from where, in order of its lines."""
    return await open_allocations([order_id])
