"""What channels sent and what never became an order is forgotten with its buyer, by keyed hashes: no key is needed."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet

from controller import events
from controller.db import among, execute, fetch, for_update, listing, now, transaction
from controller.intake.events import RawOrderChanged
from controller.intake.states import RAW_ORDER, RawAction, RawState
from controller.states import advance
from controller.tasks.operations import close_tasks
from controller.tasks.states import TaskState

_AT_ONCE = 2000
ERASED_CODE = "customer_erased"


async def forget_sent(order_ids: Collection[int], hashes: Collection[str]) -> int:
    """Forget what was sent of these orders, and what somebody known by one of these hashes sent that is no order; how many.

    What is no order becomes none: who it was for is not known any more.  In the caller's transaction, if there is one.
    Records RawOrderChanged of what was discarded.
    """
    async with transaction():
        ids = await _sent_by(set(hashes))
        rows = await fetch(
            f"SELECT id, channel, state FROM raw_order WHERE {among('id')} AND state <> ? ORDER BY id{for_update()}",
            *(listing(ids), RawState.PLACED.value),
        )
        for row in rows:
            if row["state"] != RawState.DISCARDED.value:
                after = advance(RAW_ORDER, RawState(row["state"]), RawAction.DISCARD)
                await close_tasks(f"raw:{row['id']}", state=TaskState.DROPPED)
                event = RawOrderChanged(channel=row["channel"], state=after.value, order=None, code=ERASED_CODE)
                await events.record(event, subject=f"raw:{row['id']}")
        emptied = await execute(
            "UPDATE raw_order SET sealed = '', buyer_hashes = '', state = ?, code = ?, detail = NULL, changed_at = ? "
            f"WHERE {among('id')} AND state <> ?",
            *(RawState.DISCARDED.value, ERASED_CODE, now(), listing(row["id"] for row in rows), RawState.PLACED.value),
        )
        await execute(f"DELETE FROM raw_missing WHERE {among('raw_order_id')}", listing(row["id"] for row in rows))
        placed = await execute(
            f"UPDATE raw_order SET sealed = '', buyer_hashes = '' WHERE {among('order_id')} AND sealed <> ''", listing(order_ids)
        )
    return emptied + placed


async def _sent_by(hashes: AbstractSet[str]) -> list[int]:
    """What is no order, of these buyers: read through, as it is little, and rarely asked."""
    found: list[int] = []
    after = 0
    while rows := await fetch(
        "SELECT id, buyer_hashes FROM raw_order WHERE state <> ? AND buyer_hashes <> '' AND id > ? ORDER BY id LIMIT ?",
        *(RawState.PLACED.value, after, _AT_ONCE),
    ):
        found += [row["id"] for row in rows if not hashes.isdisjoint(row["buyer_hashes"].split())]
        after = rows[-1]["id"]
    return found
