"""What people do to the shipment of an order: release it for picking, cancel it, print its label again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from controller import events
from controller.db import execute, fetch, transaction
from controller.errors import Conflict, NotFound
from controller.facts import unpark_all
from controller.fulfilment import lists, papers
from controller.fulfilment.events import LabelHeld, LabelReprinted, PutBackNeeded
from controller.fulfilment.lists import PickListNow
from controller.fulfilment.numbers import PARCELS, PICK_LISTS
from controller.fulfilment.releasing import NotReleasable, Part, release_parts
from controller.fulfilment.states import PARCEL, ParcelAction, ParcelState, PickListAction, PickListState
from controller.orders import operations as orders
from controller.orders import queries as order_queries
from controller.orders.allocations import mark_released, open_allocations
from controller.orders.flags import require_unflagged
from controller.orders.numbers import ORDERS
from controller.orders.states import HOLDING, OrderState
from controller.orders.transitions import locked
from controller.payments.operations import refund_rest
from controller.states import advance


class HandedOverAlready(Conflict):
    """Some of it is with its customer or carrier."""

    code = "handed_over"

    def __init__(self, order: str, parcels: list[str]) -> None:
        super().__init__(f"{', '.join(parcels)} of {order} is handed over: it comes back as a return, it cannot be cancelled")
        self.order = order
        self.parcels = parcels


class ParcelWithdrawn(Conflict):
    """Its order was cancelled."""

    code = "parcel_withdrawn"

    def __init__(self, parcel: str) -> None:
        super().__init__(f"{parcel} belongs to a cancelled order and is to be put back: it gets no label")
        self.parcel = parcel


class ParcelIsSent(Conflict):
    """Nobody collects it: its label is its carrier's."""

    code = "parcel_is_sent"

    def __init__(self, parcel: str) -> None:
        super().__init__(f"{parcel} is sent, not collected: print its shipment's label, which is the carrier's")
        self.parcel = parcel


class ParcelRecalled(Conflict):
    """It holds something of recalled lots."""

    code = "parcel_recalled"

    def __init__(self, parcel: str, lots: list[str]) -> None:
        super().__init__(f"{parcel} holds goods of recalled lots ({', '.join(lots)}): it gets no label, unpack it")
        self.parcel = parcel
        self.lots = lots


async def release(order_no: str, *, site: str | None = None) -> list[str]:
    """Bind the order's goods to bins and make its pick lists, one per site (or that of one site); the numbers of all that stand.

    What expires first is bound first.  Releasing twice returns the same lists; what was promised since gets a further one.
    Records PickListReleased.  Raises NotFound, NotReleasable (it is not approved, or nothing of it is promised from there),
    OrderIsFlagged, NotArrived (something of it is presold), KeepsTooShort.
    """
    async with transaction():
        order_id, state = await locked(order_no)
        there = await lists.by_order(order_id, site=site) if state in HOLDING | {OrderState.CLOSED} else []
        standing = [one.no for one in there if one.state is not PickListState.WITHDRAWN]
        waiting = await _unreleased(order_id, site)
        if not waiting and standing:
            return standing
        if state is not OrderState.APPROVED or not waiting:
            raise NotReleasable(order_no, state, site)
        released = await release_parts(waiting)
        for refused in released.refused.values():
            raise refused
        standing += [PICK_LISTS.number(list_id) for list_id in released.lists.values()]
    return standing


async def _unreleased(order_id: int, site: str | None) -> list[Part]:
    """The sites that something is promised from which is on no pick list that stands."""
    waiting = {one.site for one in await open_allocations([order_id]) if not one.is_released and site in (None, one.site)}
    return [Part(order_id, at) for at in sorted(waiting)]


async def cancel(order_no: str, *, reason: str) -> None:
    """Cancel an order: what is held for it is free again, pick lists and parcels are withdrawn, fetched goods are to be put back.

    Cancelling twice is once.  Records OrderCancelled, PutBackNeeded.  Raises NotFound, IllegalTransition (it is closed),
    HandedOverAlready (a parcel of it is out).
    """
    async with transaction():
        order_id, state = await locked(order_no)
        pick_lists = await lists.by_order(order_id)
        out = [one.parcel.no for one in pick_lists if one.parcel and one.parcel.state is ParcelState.HANDED_OVER]
        if out and state in HOLDING:
            raise HandedOverAlready(order_no, out)
        if await orders.cancel(order_no, reason=reason):
            await refund_rest(order_id, reason=reason[:200])
            await withdraw([one for one in pick_lists if one.state is not PickListState.WITHDRAWN])


async def withdraw(pick_lists: Sequence[PickListNow]) -> None:
    """These lists and their parcels are not to be worked on any more; what was fetched is to be put back.

    In the caller's transaction, with the orders locked; what is held for them is the caller's.  Records PutBackNeeded.
    Raises IllegalTransition (a parcel is handed over).
    """
    for one in pick_lists:
        one.take(PickListAction.WITHDRAW)
        if one.parcel:
            one.parcel.state = advance(PARCEL, one.parcel.state, ParcelAction.WITHDRAW)
            one.parcel_changed = True
    await lists.write(pick_lists)
    await mark_released([line.line_key for one in pick_lists for line in one.lines], is_released=False)
    await unpark_all([one.key for one in pick_lists])
    for one in pick_lists:
        await _put_back(one)


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

    Raises NotFound, ParcelWithdrawn, ParcelIsSent, ParcelRecalled, OrderIsFlagged.
    """
    async with transaction():
        pick_list = (await lists.by_parcel([parcel_no])).get(parcel_no)
        if pick_list is None or pick_list.parcel is None:
            raise NotFound(PARCELS.what, parcel_no)
        if pick_list.parcel.state is ParcelState.WITHDRAWN:
            raise ParcelWithdrawn(parcel_no)
        if not papers.is_collected(await order_queries.order(pick_list.order_no)):
            raise ParcelIsSent(parcel_no)
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
        if not papers.is_collected(await order_queries.order(order_no)):
            return
        pick_lists = await lists.by_order(ORDERS.row_id(order_no))
        held = {event.data["parcel"] for event in await events.history(order_no) if event.name == LabelHeld.name}
        for one in pick_lists:
            is_here = one.parcel is not None and one.parcel.state is ParcelState.PACKED
            if one.parcel and is_here and one.parcel.no in held and not await papers.recalled_lots(one):
                await papers.want_label(one.parcel, one, copy=1)
