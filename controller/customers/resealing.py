"""What lies under old keys is sealed anew in the background: column by column, in batches, going on from where it was.

A value that was sealed by an old key meanwhile (by a process that had not seen the new one) is found by the pass after.  When
nothing is under old keys any more, they are kept for a day, and then destroyed.
"""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from random import Random

from controller import db, events
from controller.customers import sealing
from controller.customers.errors import KeysUnavailable, SealBroken
from controller.customers.events import SealedAnew, SealingKeyDestroyed
from controller.customers.keyring import FORM, Keyring, Place
from controller.customers.sealed_columns import SEALED, SealedColumn

log = logging.getLogger(__name__)

BATCH = 200
LOOK_SECONDS = 60.0
PAUSE_SECONDS = 0.05
"""Between two batches: whoever sells comes first."""
KEPT = timedelta(days=1)
"""An old key that seals nothing any more: no process is a day behind, each reads its keys anew every minute."""


async def run(random: Random) -> None:
    """For ever; looks once a minute whether there are old keys."""
    while True:
        try:
            await catch_up(pause=PAUSE_SECONDS)
        except KeysUnavailable:
            log.debug("nothing is sealed anew while the keys are away")
        except Exception:  # the worker's outermost loop: a full disk, say, is tried again
            log.exception("sealing anew failed; it goes on from where it was")
        await asyncio.sleep(LOOK_SECONDS * random.uniform(0.8, 1.2))


async def catch_up(*, pause: float = 0.0) -> int:
    """Seal anew what lies under old keys, and let go of those that are done with; how many values.  Raises KeysUnavailable."""
    if not await db.fetch("SELECT id FROM sealing_key WHERE state = 'old' LIMIT 1"):
        return 0
    await sealing.refresh()
    ring, count = await sealing.ring(), 0
    for column in SEALED:
        while (batch := await reseal_batch(column, ring)) is not None:
            count += batch
            await asyncio.sleep(pause)
    await _let_go(ring, count)
    return count


async def reseal_batch(column: SealedColumn, ring: Keyring, size: int = BATCH) -> int | None:
    """One batch of a column and its place, in one transaction; how many were sealed anew, None: the pass is at its end."""
    async with db.transaction():
        rows = await _next(column, ring, await _place_of(column, ring), size)
        place = str(rows[-1]["k"]) if rows else ""
        changed = sum([await _reseal(column, ring, row) for row in rows])
        await db.execute(
            "UPDATE sealing_pass SET place = ?, resealed = resealed + ?, done_at = ? WHERE name = ?",
            *(place, changed, None if rows else db.now(), column.name),
        )
    return changed if rows else None


async def waiting() -> dict[str, int]:
    """How many values of each column lie under old keys, by its name; those without any are left out.  Raises KeysUnavailable."""
    ring = await sealing.ring()
    found = {column.name: await _waiting(column, ring) for column in SEALED}
    return {name: count for name, count in found.items() if count}


async def _let_go(ring: Keyring, count: int) -> None:
    if any([await _waiting(column, ring) for column in SEALED]):
        return
    async with db.transaction():
        if await db.execute("UPDATE sealing_key SET unused_at = ? WHERE state = 'old' AND unused_at IS NULL", db.now()):
            await events.record(SealedAnew(values=count), subject="keys")
        rows = await db.fetch("DELETE FROM sealing_key WHERE state = 'old' AND unused_at < ? RETURNING id", db.now() - KEPT)
        await events.record_many([(SealingKeyDestroyed(key=row["id"]), "keys") for row in rows])


async def _place_of(column: SealedColumn, ring: Keyring) -> str:
    """From where a pass goes on; a pass for other keys begins anew."""
    target = f"{ring.current}/{ring.hashing[0].id}"
    await db.execute(
        "INSERT INTO sealing_pass (name, target, place, resealed) VALUES (?, ?, '', 0) ON CONFLICT (name) DO UPDATE SET "
        "target = excluded.target, place = '', resealed = 0, done_at = NULL WHERE sealing_pass.target <> excluded.target",
        *(column.name, target),
    )
    rows = await db.fetch(f"SELECT place FROM sealing_pass WHERE name = ?{db.for_update()}", column.name)
    return str(rows[0]["place"])


async def _next(column: SealedColumn, ring: Keyring, place: str, size: int) -> list[db.Row]:
    behind: object = int(place or 0) if column.is_number else place
    also = "".join(f", {name}" for name in column.also)
    rows = await db.fetch(
        f"SELECT {column.key} AS k, {column.column} AS v{also} FROM {column.table} WHERE {column.key} > ? "
        f"AND {column.column} NOT LIKE ? AND {column.column} <> '' ORDER BY {column.key} LIMIT ?",
        *(behind, _mine(ring), size),
    )
    return [{**row, column.key: row["k"]} for row in rows]


async def _reseal(column: SealedColumn, ring: Keyring, row: db.Row) -> int:
    """1, or 0: it cannot be opened, or somebody changed it meanwhile, and sealed it by the new key."""
    place = Place(column.table, column.column, str(row["k"]))
    try:
        text = await sealing.unseal(row["v"], place)
    except SealBroken:
        log.exception("a value cannot be sealed anew, and its old key stays", extra={"table": column.table, "row": place.row})
        return 0
    derived = {} if column.derive is None else column.derive(ring, text, row)
    values = {column.column: ring.seal(text, place), **derived}
    sets = ", ".join(f"{name} = ?" for name in values)
    return await db.execute(
        f"UPDATE {column.table} SET {sets} WHERE {column.key} = ? AND {column.column} = ?", *values.values(), row["k"], row["v"]
    )


async def _waiting(column: SealedColumn, ring: Keyring) -> int:
    rows = await db.fetch(
        f"SELECT COUNT(*) AS n FROM {column.table} WHERE {column.column} <> '' AND {column.column} NOT LIKE ?", _mine(ring)
    )
    return int(rows[0]["n"])


def _mine(ring: Keyring) -> str:
    """What values under the current key begin with, for LIKE: ids of keys are letters and digits."""
    return f"{FORM}.{ring.current}.%"
