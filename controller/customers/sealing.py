"""Personal data sealed at rest: `seal` and `unseal` a value for its place, and keyed hashes to find it by (docs/adr/0038).

The keys that seal lie in the database, wrapped by a key in a file outside it.  Without that file everything but the persons goes
on: who asks for one gets KeysUnavailable, which says what is wrong.  The file is looked for again every ten seconds.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from controller import db
from controller.customers import key_file
from controller.customers.errors import KeysUnavailable, SealBroken
from controller.customers.key_file import KeyFileMissing, KeyFileRefused, MasterKey
from controller.customers.keyring import HashKey, Keyring, Place, UnknownKey, new_secret, unwrap, wrap

__all__ = [
    "Place",
    "close_keys",
    "hashes",
    "open_keys",
    "path",
    "refresh",
    "ring",
    "seal",
    "trouble",
    "unseal",
    "unseal_if_can",
    "use_master_keys",
]

log = logging.getLogger(__name__)

RING_SECONDS = 60.0
"""A ring older than this is read again before it is used: a key made elsewhere is used here within a minute."""
TRY_SECONDS = 10.0
PURPOSES = ("seal", "hash")


@dataclass(slots=True)
class _Kept:
    """What this process knows of the keys of its database."""

    masters: dict[str, MasterKey] = field(default_factory=dict, repr=False)
    path: Path | None = None
    ring: Keyring | None = field(default=None, repr=False)
    until: float = 0.0
    trouble: str = "no key file was opened"


def _kept() -> _Kept:
    return db.memory("customers.keys", _Kept)


async def open_keys(file: Path, *, may_create: bool = False) -> str | None:
    """Use this key file.  What is wrong with it, in words; None: nothing.

    `may_create`: where there is none, and no key of this database is wrapped by one that is missing, it is made.
    """
    kept = _kept()
    kept.path = file
    if may_create and not await db.fetch("SELECT id FROM sealing_key LIMIT 1"):
        try:
            if await asyncio.to_thread(key_file.create_if_missing, file, db.now()):
                log.warning("a key file was made: keep a copy of %s away from this machine and from the database's backups", file)
        except KeyFileRefused as error:
            kept.trouble = str(error)
            return kept.trouble
    await refresh()
    return None if kept.ring is not None else kept.trouble


async def use_master_keys(*masters: MasterKey) -> None:
    """Use these instead of a file's, the newest first."""
    kept = _kept()
    kept.path, kept.masters = None, {master.id: master for master in masters}
    await _read_keys()


def close_keys(reason: str) -> None:
    """Nothing opens any more, as after a start without the key file."""
    kept = _kept()
    kept.path, kept.masters, kept.ring, kept.trouble = None, {}, None, reason


def look_again() -> None:
    """Read file and keys anew before they are used next."""
    _kept().until = 0.0


def path() -> Path | None:
    """The key file in use."""
    return _kept().path


def master_ids() -> set[str]:
    """The ids of the keys in the key file."""
    return set(_kept().masters)


def trouble() -> str | None:
    """What is wrong with the keys, in words; None: nothing."""
    kept = _kept()
    return None if kept.ring is not None else kept.trouble


async def ring() -> Keyring:
    """The keys, for who seals or opens many values.  Raises KeysUnavailable."""
    kept = _kept()
    if asyncio.get_running_loop().time() >= kept.until:
        await refresh()
    if kept.ring is None:
        raise KeysUnavailable(kept.trouble)
    return kept.ring


async def seal(text: str, place: Place) -> str:
    """Raises KeysUnavailable."""
    return (await ring()).seal(text, place)


async def unseal(sealed: str, place: Place) -> str:
    """Raises KeysUnavailable, SealBroken."""
    try:
        return (await ring()).unseal(sealed, place)
    except UnknownKey:
        await refresh()
    try:
        return (await ring()).unseal(sealed, place)
    except UnknownKey as error:
        raise SealBroken(place.table, place.column, place.row) from error


async def unseal_if_can(sealed: str, place: Place) -> str | None:
    """None, and a line in the log, where `unseal` would raise: for lists, which show what they can."""
    try:
        return await unseal(sealed, place)
    except KeysUnavailable:
        return None
    except SealBroken as error:
        log.exception("a sealed value cannot be opened", extra={"table": error.table, "row": error.row})
        return None


async def hashes(kind: str, value: str) -> list[str]:
    """What a value may be stored as, the newest key first.  Raises KeysUnavailable."""
    return (await ring()).hashes(kind, value)


async def refresh() -> None:
    """Read the file, if there is one to be read, and the database's keys."""
    kept = _kept()
    if kept.path is not None:
        try:
            kept.masters = {master.id: master for master in await asyncio.to_thread(key_file.read, kept.path)}
        except KeyFileRefused as error:
            _complain(kept, str(error))
            if isinstance(error, KeyFileMissing) and kept.ring is not None:
                kept.until = asyncio.get_running_loop().time() + TRY_SECONDS
                return  # what is open stays open: a file that is being copied anew stops nobody
            kept.ring = None
            return
    if kept.masters:
        await _read_keys()
    else:
        _complain(kept, kept.trouble)


async def _read_keys() -> None:
    """The database's keys; those that it lacks are made."""
    kept = _kept()
    try:
        kept.ring = await _ring_of(kept.masters)
    except KeyFileRefused as error:
        kept.ring = None
        _complain(kept, str(error))
        return
    kept.until = asyncio.get_running_loop().time() + RING_SECONDS


def _complain(kept: _Kept, what: str) -> None:
    """Once in the log for each new reason."""
    if what != kept.trouble:
        log.error("personal data cannot be opened: %s", what)
    kept.trouble = what
    kept.until = asyncio.get_running_loop().time() + TRY_SECONDS


async def _ring_of(masters: dict[str, MasterKey]) -> Keyring:
    """Raises KeyFileRefused: the file does not open what lies in the database."""
    rows = await _rows()
    if {row["purpose"] for row in rows if row["state"] == "current"} != set(PURPOSES):
        await _make_missing(next(iter(masters.values())))
        rows = await _rows()
    opened: dict[str, bytes] = {}
    for row in rows:
        master = masters.get(row["master"])
        if master is None:
            raise KeyFileRefused(f"the key file lacks the key {row['master']}, by which this database's keys are wrapped")
        try:
            opened[row["id"]] = unwrap(row["wrapped"], row["id"], master)
        except ValueError as error:
            raise KeyFileRefused(f"{error}: it is the key file of another database") from error
    sealing = [row for row in rows if row["purpose"] == "seal"]
    return Keyring(
        current=next(row["id"] for row in sealing if row["state"] == "current"),
        data={row["id"]: AESGCM(opened[row["id"]]) for row in sealing},
        hashing=[HashKey(row["id"], opened[row["id"]]) for row in rows if row["purpose"] == "hash"],
    )


async def _rows() -> list[db.Row]:
    """The current ones first, then the newest."""
    return await db.fetch(
        "SELECT id, purpose, state, wrapped, master FROM sealing_key "
        "ORDER BY CASE state WHEN 'current' THEN 0 ELSE 1 END, made_at DESC, id"
    )


async def _make_missing(master: MasterKey) -> None:
    """The unique key on what is current decides who makes it."""
    async with db.transaction():
        for purpose in PURPOSES:
            await add_key(purpose, master)


async def add_key(purpose: str, master: MasterKey) -> bool:
    """A current key of this purpose, unless there is one.  In the caller's transaction."""
    key_id = f"{purpose[0]}{secrets.token_hex(4)}"
    return bool(
        await db.execute(
            "INSERT INTO sealing_key (id, purpose, state, wrapped, master, made_at) VALUES (?, ?, 'current', ?, ?, ?) "
            "ON CONFLICT (purpose) WHERE state = 'current' DO NOTHING",
            *(key_id, purpose, wrap(new_secret(), key_id, master), master.id, db.now()),
        )
    )
