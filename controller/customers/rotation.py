"""New keys without stopping: a new master key in the file, all keys wrapped by it, new ones that seal (and, if wished, that hash).

From then on new values are sealed by them, and the old keys open what they sealed, until `resealing` is through.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from controller import db, events
from controller.customers import key_file, sealing
from controller.customers.errors import KeysUnavailable
from controller.customers.events import SealingKeysRotated
from controller.customers.key_file import MasterKey
from controller.customers.keyring import unwrap, wrap


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyState:
    """A key of the database, without its secret; `opens`: this process's key file unwraps it."""

    id: str
    purpose: str
    state: str
    master: str
    made_at: datetime
    unused_at: datetime | None
    opens: bool


async def new_master(path: Path) -> None:
    """A new master key in the file, before those that are needed still.  Outside a transaction.  Raises KeyFileRefused."""
    used = {row["master"] for row in await db.fetch("SELECT DISTINCT master FROM sealing_key")}
    await asyncio.to_thread(_put_in_front, path, used, db.now())


def _put_in_front(path: Path, used: set[str], instant: datetime) -> None:
    old = [master for master in key_file.read(path) if master.id in used]
    key_file.replace(path, [key_file.new_master_key(instant), *old])


async def rotate(masters: list[MasterKey], *, hashes: bool = False) -> None:
    """All keys are wrapped by the first of `masters`, and new ones seal from now on; `hashes`: new ones hash, too.

    One transaction.  Records SealingKeysRotated.  Raises KeysUnavailable, when a key in use is wrapped by none of `masters`.
    """
    newest, known = masters[0], {master.id: master for master in masters}
    async with db.transaction():
        for row in await db.fetch(f"SELECT * FROM sealing_key ORDER BY id{db.for_update()}"):  # noqa: S608 -- ours
            if row["master"] not in known:
                raise KeysUnavailable(f"the key file lacks the key {row['master']}, by which keys of this database are wrapped")
            wrapped = wrap(unwrap(row["wrapped"], row["id"], known[row["master"]]), row["id"], newest)
            await db.execute("UPDATE sealing_key SET wrapped = ?, master = ? WHERE id = ?", wrapped, newest.id, row["id"])
        purposes = ["seal", *(["hash"] if hashes else [])]
        for purpose in purposes:
            await db.execute(
                "UPDATE sealing_key SET state = 'old', old_at = ?, unused_at = NULL WHERE purpose = ? AND state = 'current'",
                *(db.now(), purpose),
            )
            await sealing.add_key(purpose, newest)
        await events.record(SealingKeysRotated(purposes=purposes, master=newest.id), subject="keys")


async def rotate_file(path: Path, *, hashes: bool = False) -> None:
    """The whole of it: file, then database, then this process.  A crash between leaves what works.

    Raises KeyFileRefused, KeysUnavailable.
    """
    await new_master(path)
    await finish_rotation(path, hashes=hashes)


async def finish_rotation(path: Path, *, hashes: bool = False) -> None:
    """What follows `new_master`.  Raises KeyFileRefused, KeysUnavailable."""
    masters = await asyncio.to_thread(key_file.read, path)
    await rotate(masters, hashes=hashes)
    db.after_commit(sealing.look_again)


async def states() -> list[KeyState]:
    """The keys of the database, the current ones first."""
    masters = sealing.master_ids()
    rows = await db.fetch("SELECT * FROM sealing_key ORDER BY purpose DESC, state, made_at DESC")
    told = ("id", "purpose", "state", "master", "made_at", "unused_at")
    return [KeyState(opens=row["master"] in masters, **{name: row[name] for name in told}) for row in rows]
