"""The rows of `availability`: locked in key order, changed with what is on hand; what it no longer covers is withdrawn."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from controller import bulk, db, events
from controller.stock.events import CommitmentWithdrawn
from controller.stock.policies import Change, Granting
from controller.stock.presale import arrived
from controller.stock.states import Hold

_WRITTEN = ("id", "on_hand", "reserved", "allocated", "quarantined")


async def lock(wanted: Sequence[Granting]) -> dict[Granting, db.Row]:
    """Lock the rows that grant, in key order; whoever changes a balance holds its row here."""
    found = await _granting(wanted)
    missing = [grant for grant in wanted if grant not in found]
    if not missing:
        return found
    await db.execute_many(
        "INSERT INTO availability (sku_id, site_id, on_hand, reserved, allocated, quarantined, incoming) "
        "VALUES (?, ?, 0, 0, 0, 0, 0) ON CONFLICT (sku_id, site_id) DO NOTHING",
        missing,
    )
    return await _granting(wanted)


async def _granting(wanted: Sequence[Granting]) -> dict[Granting, db.Row]:
    source, params = bulk.wanted({"sku_id": "bigint", "site_id": "text"}, wanted)
    rows = await db.fetch(
        f"SELECT a.* FROM {source} CROSS JOIN availability a WHERE a.sku_id = w.sku_id AND a.site_id = w.site_id "
        "ORDER BY a.sku_id, a.site_id" + db.for_update("a"),
        *params,
    )
    return {(row["sku_id"], row["site_id"]): row for row in rows}


async def save(grants: Mapping[Granting, db.Row], changes: Mapping[Granting, Change]) -> None:
    """Withdraw first what can no longer be promised, in the same statement: the CHECK never sees a state in between.

    What is presold gets what came.  Records CommitmentWithdrawn, PresaleArrived.
    """
    nothing: dict[Hold, int] = {}
    rows = []
    for grant, change in sorted(changes.items()):
        row = grants[grant]
        on_hand, quarantined = row["on_hand"] + change.on_hand, row["quarantined"] + change.quarantined
        over = row["reserved"] + row["allocated"] + quarantined - on_hand
        away = await withdraw(grant, over) if over > 0 else nothing
        reserved = row["reserved"] - away.get(Hold.RESERVED, 0)
        allocated = row["allocated"] - away.get(Hold.ALLOCATED, 0)
        if change.on_hand or change.quarantined or away:
            rows.append((row["id"], on_hand, reserved, allocated, quarantined))
    await bulk.update("availability", _WRITTEN, rows, ", version = NULL")
    await _told_again({row["id"] for row in grants.values() if row["version"] is not None} - {row[0] for row in rows})
    for grant, change in sorted(changes.items()):
        if grants[grant]["presale"] and change.on_hand > change.quarantined:
            await arrived(grant, max(change.on_hand, 0))


async def _told_again(rows: Collection[int]) -> None:
    """It moved from bin to bin: as much is there as before, and boxes are told where."""
    if rows:
        await db.execute(f"UPDATE availability SET version = NULL WHERE {db.among('id')}", db.listing(sorted(rows)))


async def withdraw(grant: Granting, over: int) -> dict[Hold, int]:
    """Take back the latest commitments until `over` base units are covered; how much of reserved and of allocated.

    What has not arrived yet of a presold one is given back with the rest of it.
    """
    sku, site = grant
    rows = await db.fetch(
        "SELECT id, line_key, state, presold, quantity - consumed - presold AS still FROM reservation "
        "WHERE sku_id = ? AND site_id = ? AND state IN ('reserved', 'presold', 'allocated') ORDER BY id DESC",
        *grant,
    )
    taken: dict[Hold, int] = {}
    gone: list[db.Row] = []
    told: list[tuple[events.Event, str]] = []
    for row in (row for row in rows if row["still"]):
        if sum(taken.values()) >= over:
            break
        column = Hold.ALLOCATED if row["state"] == Hold.ALLOCATED.value else Hold.RESERVED
        taken[column] = taken.get(column, 0) + row["still"]
        gone.append(row)
        told.append((CommitmentWithdrawn(sku_id=sku, quantity=row["still"] + row["presold"]), row["line_key"]))
    await db.execute_many(
        "UPDATE reservation SET state = ?, presold = 0, expires_at = NULL WHERE id = ?",
        [(Hold.WITHDRAWN.value, row["id"]) for row in gone],
    )
    if presold := sum(row["presold"] for row in gone):
        await db.execute("UPDATE availability SET presold = presold - ? WHERE sku_id = ? AND site_id = ?", presold, *grant)
    await events.record_many(told, site=site)
    return taken
