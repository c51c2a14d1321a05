"""An order of which something is out ends with what is out: the rest is given up, by a person and with a reason."""

# ruff: noqa: S608 -- what is put into the texts is column names of ours; values are parameters
from __future__ import annotations

from controller import events
from controller.db import among, execute, fetch, listing, transaction
from controller.errors import Conflict
from controller.fulfilment import lists
from controller.fulfilment.events import RestGivenUp
from controller.fulfilment.operations import withdraw
from controller.fulfilment.states import ParcelState, PickListState
from controller.fulfilment.weighing import charge, give_back, paid_for
from controller.orders import operations as orders
from controller.orders.states import HOLDING
from controller.orders.transitions import locked, site_of


class NothingOut(Conflict):
    """Nothing of it is handed over: cancel it."""

    code = "nothing_out"

    def __init__(self, order: str) -> None:
        super().__init__(f"nothing of {order} is handed over: cancel it instead")
        self.order = order


async def give_up_rest(order_no: str, *, reason: str) -> None:
    """Close an order with what is handed over; its other lists are withdrawn, what they hold is free, fetched goods go back.

    What is due is what is out.  Doing it twice is once.  Records RestGivenUp, PutBackNeeded, OrderClosed.
    Raises NotFound, NothingOut.
    """
    async with transaction():
        order_id, state = await locked(order_no)
        if state not in HOLDING:
            return
        pick_lists = await lists.by_order(order_id)
        out = [one for one in pick_lists if one.parcel and one.parcel.state is ParcelState.HANDED_OVER]
        if not out:
            raise NothingOut(order_no)
        done = {one.id for one in out}
        await withdraw([one for one in pick_lists if one.id not in done and one.state is not PickListState.WITHDRAWN])
        gone: dict[int, int] = {}
        for line in (line for one in out for line in one.lines):
            gone[line.order_line_id] = gone.get(line.order_line_id, 0) + line.out
        await _say_short(order_id, gone)
        await charge(order_id, {line_id: gone.get(line_id, 0) for line_id in await _lines(order_id)})
        told = RestGivenUp(reason=reason.strip()[:200])
        await events.record(told, subject=order_no, site=await site_of(order_id))
        await orders.close([order_id])
        await paid_for([order_id])
        await give_back([order_id])


async def _lines(order_id: int) -> list[int]:
    return [row["id"] for row in await fetch("SELECT id FROM order_line WHERE order_id = ? AND NOT is_removed", order_id)]


async def _say_short(order_id: int, gone: dict[int, int]) -> None:
    """Lines of which not all is out are short."""
    rows = await fetch("SELECT * FROM order_line WHERE order_id = ? AND NOT is_removed ORDER BY position", order_id)
    short = [row["id"] for row in rows if gone.get(row["id"], 0) < row["quantity"]]
    await execute(f"UPDATE order_line SET is_short = ?, wanting = 0 WHERE {among('id')}", True, listing(short))
