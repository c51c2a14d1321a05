"""What channels sent and what never became an order is forgotten with its buyer, by keyed hashes: no key is needed."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet

from controller import events
from controller.db import among, execute, fetch, for_update, listing, now, transaction
from controller.intake.events import RawOrderChanged
from controller.intake.states import RAW_ORDER, FileState, RawAction, RawState
from controller.states import advance
from controller.tasks.operations import close_tasks
from controller.tasks.states import TaskState

_AT_ONCE = 2000
ERASED_CODE = "customer_erased"


async def forget_sent(order_ids: Collection[int], hashes: Collection[str]) -> int:
    """Forget what was sent of these orders, and what somebody known by one of these hashes sent that is no order; how many.

    Orders of theirs in files that were checked, and not handed on yet, are left out from now on.

    What is no order becomes none: who it was for is not known any more.  In the caller's transaction, if there is one.
    Records RawOrderChanged of what was discarded.
    """
    async with transaction():
        filed = await _forget_filed(set(hashes))  # first: what is handed on meanwhile is a raw order by then
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
    return emptied + placed + filed


async def _forget_filed(hashes: AbstractSet[str]) -> int:
    """A file's row is the lock of its orders: they are handed on before, or not at all.  How many were left out."""
    files = await fetch(
        f"SELECT id FROM order_file WHERE state IN (?, ?) ORDER BY id{for_update()}",
        *(FileState.CHECKED.value, FileState.HANDING_ON.value),
    )
    left = 0
    for file in files:
        rows = await fetch("SELECT id, buyer_hashes FROM order_file_order WHERE file_id = ? AND buyer_hashes <> ''", file["id"])
        theirs = [row["id"] for row in rows if not hashes.isdisjoint(row["buyer_hashes"].split())]
        gone = await execute(
            f"UPDATE order_file_order SET sealed = '', buyer_hashes = '', state = 'bad' WHERE {among('id')} AND sealed <> ''",
            listing(theirs),
        )
        await execute("UPDATE order_file SET orders = orders - ?, bad = bad + ? WHERE id = ?", gone, gone, file["id"])
        left += gone
    return left


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
