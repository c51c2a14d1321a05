"""A transfer as stored: found by its number and locked, made where nobody announced it, brought to what its bookings say.

Whoever books holds the transfer's row: facts of one transfer take turns, and the last of them sees all.
"""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from controller import db, events
from controller.stock.operations import expect, hold_again, release
from controller.tasks.operations import close_tasks, open_task
from controller.transfers.events import TransferChanged, TransferCreated
from controller.transfers.policies import Kind, Line, Progress, Teller, edge
from controller.transfers.states import TransferState

_COUNTED = {Kind.SENT: "sent", Kind.RECEIVED: "received", Kind.DAMAGED: "damaged", Kind.LOST: "lost", Kind.FOUND: "found"}

_HOLDS = frozenset({TransferState.APPROVED.value, TransferState.SHIPPING.value, TransferState.IN_TRANSIT.value})
"""In these a transfer holds what is still to leave, until its sender is done."""


async def lock(numbers: Iterable[str]) -> dict[str, db.Row]:
    """The transfers with these numbers, made where nobody announced them, held until the transaction ends."""
    wanted = sorted(set(numbers))
    rows = await db.fetch(
        f"SELECT number FROM transfer WHERE {db.among('number')}",
        db.listing(wanted),
    )
    missing = set(wanted) - {row["number"] for row in rows}
    for number in sorted(missing):
        await _announce(number)
    rows = await db.fetch(f"SELECT * FROM transfer WHERE {db.among('number')} ORDER BY id" + db.for_update(), db.listing(wanted))
    return {row["number"]: row for row in rows}


async def _announce(number: str) -> None:
    made = await db.execute(
        "INSERT INTO transfer (number, state, is_announced, created_at, created_by) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (number) DO NOTHING",
        *(number, TransferState.APPROVED.value, False, db.now(), events.actor().actor),
    )
    if made:
        await events.record(TransferCreated(announced=False, from_site=None, to_site=None), subject=number)


def hold_key(transfer_id: int, sku_id: int) -> str:
    """The key of what a transfer reserves of a SKU where it leaves."""
    return f"transfer:{transfer_id}:{sku_id}"


async def close_end(row: db.Row, column: str, at: datetime) -> None:
    """An end is done; said twice, the earlier instant holds."""
    await db.execute(
        f"UPDATE transfer SET {column} = ? WHERE id = ? AND ({column} IS NULL OR {column} > ?)",
        *(db.utc(at), row["id"], db.utc(at)),
    )


async def lines_of(transfer_ids: Iterable[int]) -> dict[int, list[Line]]:
    rows = await db.fetch(
        f"SELECT * FROM transfer_line WHERE {db.among('transfer_id')} ORDER BY transfer_id, sku_id",
        db.listing(sorted(set(transfer_ids))),
    )
    found: dict[int, list[Line]] = defaultdict(list)
    names = ("sku_id", "quantity", *_COUNTED.values(), "expected")
    for row in rows:
        found[row["transfer_id"]].append(Line(**{name: row[name] for name in names}))
    return found


async def refresh(transfer_ids: Iterable[int]) -> None:
    """Bring locked transfers to what their bookings say: lines, state, what is incoming, holds that are over, tasks.

    Records TransferChanged.
    """
    wanted = sorted(set(transfer_ids))
    lines = await _count(wanted)
    rows = await db.fetch(f"SELECT * FROM transfer WHERE {db.among('id')} ORDER BY id", db.listing(wanted))
    for row in rows:
        await _refresh(row, lines[row["id"]])


async def _refresh(row: db.Row, lines: Sequence[Line]) -> None:
    told = Progress(
        lines=lines,
        approved_at=row["approved_at"],
        cancelled_at=row["cancelled_at"],
        sent_closed_at=row["sent_closed_at"],
        received_closed_at=row["received_closed_at"],
        is_announced=bool(row["is_announced"]),
    )
    old, new = TransferState(row["state"]), told.state
    await _expect(row, told)
    if edge(old, new) is not None:
        await db.execute("UPDATE transfer SET state = ? WHERE id = ?", new.value, row["id"])
        for site in sorted({row["from_site"], row["to_site"]} - {None}) or [None]:
            await events.record(TransferChanged(state=new.value, before=old.value), subject=row["number"], site=site)
    if told.sent_closed_at or told.has_arrived or new is TransferState.CANCELLED:
        await release(hold_key(row["id"], line.sku_id) for line in lines)
    await _ask(row, told)


async def hold_what_is_to_go(transfer_id: int) -> None:
    """Of what was planned and has not left (again), as much is held as is free; nothing once the sender is done."""
    (row,) = await db.fetch("SELECT * FROM transfer WHERE id = ?", transfer_id)
    lines = (await lines_of([transfer_id]))[transfer_id]
    if row["sent_closed_at"] or row["state"] not in _HOLDS:
        return
    held = {
        each["line_key"]: int(each["held"])
        for each in await db.fetch(
            "SELECT line_key, quantity - consumed AS held FROM reservation "
            f"WHERE {db.among('line_key')} AND state IN ('reserved', 'allocated', 'consumed')",
            db.listing(sorted(hold_key(transfer_id, line.sku_id) for line in lines)),
        )
    }
    for line in lines:
        key = hold_key(transfer_id, line.sku_id)
        if key in held:
            await hold_again(key, max(0, line.quantity - line.sent) - held[key])


async def _ask(row: db.Row, told: Progress) -> None:
    """People must decide what became of goods that left and did not come, or came and had not left."""
    site = row["to_site"] or row["from_site"]
    short = sum(max(line.in_transit, 0) for line in told.lines)
    over = sum(max(-line.in_transit, 0) for line in told.lines)
    done = told.has_arrived
    for kind, units, wanted in (
        ("transfer_short", short, done and short > 0),
        ("transfer_over", over, done and told.sent_closed_at is not None and over > 0),
    ):
        key = f"{kind}:{row['number']}"
        if wanted:
            await open_task(kind, site=site, key=key, subject=row["number"], arguments={"transfer": row["number"], "units": units})
        else:
            await close_tasks(key)
    if done or not short:
        await close_tasks(f"transfer_overdue:{row['number']}")


async def _expect(row: db.Row, told: Progress) -> None:
    """What the receiving site may count on, as a difference to what it was told before."""
    if row["to_site"] is None:
        return
    for line in told.lines:
        due = told.expected(line)
        if due == line.expected:
            continue
        await expect(line.sku_id, row["to_site"], due - line.expected)
        await db.execute("UPDATE transfer_line SET expected = ? WHERE transfer_id = ? AND sku_id = ?", due, row["id"], line.sku_id)


async def expect_elsewhere(row: db.Row, to_site: str) -> None:
    """The goods go to another site than was thought: what is incoming goes with them."""
    for line in (await lines_of([row["id"]]))[row["id"]]:
        if line.expected and row["to_site"] is not None:
            await expect(line.sku_id, row["to_site"], -line.expected)
            await expect(line.sku_id, to_site, line.expected)


async def _count(transfer_ids: Sequence[int]) -> dict[int, list[Line]]:
    """The lines, with what the bookings say of each."""
    rows = await db.fetch(
        "SELECT transfer_id, sku_id, kind, SUM(quantity) AS units FROM transfer_booking "
        f"WHERE {db.among('transfer_id')} AND NOT is_undone GROUP BY transfer_id, sku_id, kind",
        db.listing(transfer_ids),
    )
    sums: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for row in rows:
        kept = row["kind"] == Kind.KEPT.value
        column = "sent" if kept else _COUNTED[Kind(row["kind"])]
        sums[row["transfer_id"], row["sku_id"]][column] += -int(row["units"]) if kept else int(row["units"])
    before = await lines_of(transfer_ids)
    after: dict[int, list[Line]] = {}
    changed: list[tuple[object, ...]] = []
    for transfer in transfer_ids:
        known = {line.sku_id: line for line in before[transfer]}
        known |= {sku: Line(sku_id=sku) for each, sku in sums if each == transfer and sku not in known}
        after[transfer] = [_counted(line, sums[transfer, sku]) for sku, line in sorted(known.items())]
        olds = {line.sku_id: line for line in before[transfer]}
        changed += [
            (transfer, line.sku_id, line.sent, line.received, line.damaged, line.lost, line.found)
            for line in after[transfer]
            if olds.get(line.sku_id) != line
        ]
    await db.execute_many(
        "INSERT INTO transfer_line (transfer_id, sku_id, sent, received, damaged, lost, found) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (transfer_id, sku_id) DO UPDATE SET sent = excluded.sent, received = excluded.received, "
        "damaged = excluded.damaged, lost = excluded.lost, found = excluded.found",
        changed,
    )
    return after


def _counted(line: Line, sums: Counter[str]) -> Line:
    return replace(line, **{column: sums[column] for column in _COUNTED.values()})


def better(row: db.Row, column: str, teller: Teller, site: str | None) -> bool:
    """Whether what somebody says of an end is to be believed: over what is known, whichever came first."""
    if site is None:
        return False
    end, rank = f"{column}_site", f"{column}_rank"
    return (teller.rank, site) < (row[rank], row[end] or "")
