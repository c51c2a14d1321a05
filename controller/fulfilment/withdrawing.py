"""A release is taken back while nobody has begun: its pick lists are withdrawn, the promises stay, it may be released again."""

# ruff: noqa: S608 -- what is put into the texts is column names of ours; values are parameters
from __future__ import annotations

from controller.db import among, fetch, for_update, listing, transaction
from controller.errors import Conflict
from controller.fulfilment import lists
from controller.fulfilment.operations import withdraw
from controller.fulfilment.states import PickListState
from controller.orders.transitions import locked


class NotWithdrawn(Conflict):
    """Nothing of the order is released, or somebody has it in hand."""

    code = "not_withdrawn"


async def withdraw_release(order_no: str) -> None:
    """All of its lists, or none.  Raises NotFound, NotWithdrawn."""
    async with transaction():
        order_id, _ = await locked(order_no)
        standing = [one for one in await lists.by_order(order_id) if one.state is not PickListState.WITHDRAWN]
        if not standing:
            raise NotWithdrawn(f"nothing of {order_no} is released")
        free = await fetch(  # a box may claim one meanwhile
            f"SELECT id FROM pick_list WHERE {among('id')} AND state = 'open' AND claimed_by IS NULL ORDER BY id{for_update()}",
            listing(sorted(one.id for one in standing)),
        )
        if len(free) < len(standing):
            raise NotWithdrawn(f"{order_no} is being picked, or was")
        await withdraw(standing)
