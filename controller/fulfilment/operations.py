"""What people do to the shipment of an order: release it for picking, cancel it, print its label again."""

from __future__ import annotations

from collections import defaultdict

from controller import events
from controller.db import execute, fetch, now, transaction
from controller.errors import Conflict, NotFound
from controller.facts import unpark
from controller.fulfilment import lists, papers
from controller.fulfilment.binding import write_lines
from controller.fulfilment.events import LabelHeld, LabelReprinted, PickListReleased, PutBackNeeded
from controller.fulfilment.lists import PickListNow
from controller.fulfilment.numbers import PARCELS, PICK_LISTS
from controller.fulfilment.states import PARCEL, ParcelAction, ParcelState, PickListAction, PickListState
from controller.orders import operations as orders
from controller.orders import queries as order_queries
from controller.orders.flags import require_unflagged
from controller.orders.numbers import ORDERS
from controller.orders.states import OrderState
from controller.states import advance
from controller.stock import operations as stock
from controller.stock.holds import still_presold


class NotReleasable(Conflict):
    """Only a placed order can be picked."""

    code = "not_releasable"

    def __init__(self, order: str, state: OrderState) -> None:
        super().__init__(f"{order} is {state}: only a placed order can be released")
        self.order = order
        self.state = state.value


class NotArrived(Conflict):
    """Something of it was sold before it arrived, and is not here yet; `lines` of it."""

    code = "not_arrived"

    def __init__(self, order: str, lines: int) -> None:
        super().__init__(f"{lines} lines of {order} have not arrived: it is released when they have")
        self.order = order
        self.lines = lines


class ParcelWithdrawn(Conflict):
    """Its order was cancelled."""

    code = "parcel_withdrawn"

    def __init__(self, parcel: str) -> None:
        super().__init__(f"{parcel} belongs to a cancelled order and is to be put back: it gets no label")
        self.parcel = parcel


class ParcelRecalled(Conflict):
    """It holds something of recalled lots."""

    code = "parcel_recalled"

    def __init__(self, parcel: str, lots: list[str]) -> None:
        super().__init__(f"{parcel} holds goods of recalled lots ({', '.join(lots)}): it gets no label, unpack it")
        self.parcel = parcel
        self.lots = lots


async def release(order_no: str) -> str:
    """Bind the order's goods to bins and make its pick list; the list's number.  Releasing twice returns the same list.

    What expires first is bound first.  Records PickListReleased.  Raises NotFound, NotReleasable (cancelled, whether it had a list
    or not), OrderIsFlagged, NotArrived (something of it is presold), KeepsTooShort.
    """
    order_id = ORDERS.row_id(order_no)
    async with transaction():
        state = (await orders.lock([order_id])).get(order_id)
        if state is None:
            raise NotFound("order", order_no)
        there = await fetch("SELECT id FROM pick_list WHERE order_id = ?", order_id)
        if there and state is not OrderState.CANCELLED:
            return PICK_LISTS.number(there[0]["id"])
        if state is not OrderState.PLACED:
            raise NotReleasable(order_no, state)
        await require_unflagged([order_id])
        order = await order_queries.order(order_no)
        lines = (await order_queries.lines([order_id]))[order_id]
        await stock.allocate([line.line_key for line in lines])
        if waiting := await still_presold([line.line_key for line in lines]):
            raise NotArrived(order_no, waiting)
        rows = await fetch(
            "INSERT INTO pick_list (order_id, site, state, released_at) VALUES (?, ?, ?, ?) RETURNING id",
            order_id,
            order.site,
            PickListState.OPEN.value,
            now(),
        )
        number = PICK_LISTS.number(rows[0]["id"])
        await write_lines(rows[0]["id"], order, lines)
        await events.record(PickListReleased(pick_list=number), subject=order_no, site=order.site)
    return number


async def cancel(order_no: str, *, reason: str) -> None:
    """Cancel an order: what is held for it is free again, its pick list and parcel are withdrawn, fetched goods are to be put back.

    Cancelling twice is once.  Records OrderCancelled, PutBackNeeded.  Raises NotFound, IllegalTransition (it is closed, or its
    parcel was handed over).
    """
    order_id = ORDERS.row_id(order_no)
    async with transaction():
        await orders.cancel(order_no, reason=reason)
        pick_list = await lists.by_order(order_id)
        if pick_list is None or pick_list.state is PickListState.WITHDRAWN:
            return
        pick_list.take(PickListAction.WITHDRAW)
        if pick_list.parcel:
            pick_list.parcel.state = advance(PARCEL, pick_list.parcel.state, ParcelAction.WITHDRAW)
            pick_list.parcel_changed = True
        await lists.write([pick_list])
        await unpark(pick_list.key)
        await _put_back(pick_list)


async def _put_back(pick_list: PickListNow) -> None:
    fetched: dict[int, int] = defaultdict(int)
    for line in pick_list.lines:
        fetched[line.sku_id] += line.picked
    told: list[tuple[events.Event, str]] = [
        (PutBackNeeded(pick_list=pick_list.no, sku_id=sku_id, quantity=quantity), pick_list.order_no)
        for sku_id, quantity in sorted(fetched.items())
        if quantity
    ]
    await events.record_many(told, site=pick_list.site)


async def reprint_label(parcel_no: str) -> None:
    """Print a parcel's label once more, on the box that packed it.  Records LabelReprinted, DocumentWanted.

    Raises NotFound, ParcelWithdrawn, ParcelRecalled, OrderIsFlagged.
    """
    async with transaction():
        pick_list = (await lists.by_parcel([parcel_no])).get(parcel_no)
        if pick_list is None or pick_list.parcel is None:
            raise NotFound(PARCELS.what, parcel_no)
        if pick_list.parcel.state is ParcelState.WITHDRAWN:
            raise ParcelWithdrawn(parcel_no)
        if lots := await papers.recalled_lots(pick_list):
            raise ParcelRecalled(parcel_no, lots)
        await require_unflagged([pick_list.order_id])
        await execute("UPDATE parcel SET label_copies = label_copies + 1 WHERE id = ?", pick_list.parcel.id)
        rows = await fetch("SELECT label_copies FROM parcel WHERE id = ?", pick_list.parcel.id)
        await events.record(LabelReprinted(parcel=parcel_no), subject=pick_list.order_no, site=pick_list.site)
        await papers.want_label(pick_list.parcel, pick_list, copy=rows[0]["label_copies"])


async def print_held_labels(order_no: str) -> None:
    """Its flags are cleared: print the label that its parcel was refused for them.  The same label is asked for once."""
    async with transaction():
        pick_list = await lists.by_order(ORDERS.row_id(order_no))
        if pick_list is None or pick_list.parcel is None or pick_list.parcel.state is not ParcelState.PACKED:
            return
        held = {event.data["parcel"] for event in await events.history(order_no) if event.name == LabelHeld.name}
        if pick_list.parcel.no in held and not await papers.recalled_lots(pick_list):
            await papers.want_label(pick_list.parcel, pick_list, copy=1)
