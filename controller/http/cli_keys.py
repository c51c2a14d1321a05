"""`keys new`, `keys rotate`, `keys check`: the key of personal data, from a shell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from controller.customers import key_file, resealing, rotation, sealing
from controller.customers.errors import KeysUnavailable
from controller.customers.key_file import KeyFileRefused

Say = Callable[[str], object]


class KeysFailed(Exception):
    """In words for whoever runs the command."""


def new_here(path: Path, say: Say) -> None:
    """Make a key file where there is none.  Raises KeysFailed."""
    master = key_file.new_master_key(datetime.now(UTC))
    try:
        key_file.create(path, master)
    except KeyFileRefused as error:
        raise KeysFailed(str(error)) from error
    say(f"{path}: a new key, {master.id}. Keep a copy away from this machine, and away from copies of the database.")


async def rotate_here(path: Path, say: Say, *, hashes: bool) -> None:
    """New keys, and all that lies under the old ones sealed anew.  Raises KeysFailed."""
    await _open(path)
    try:
        await rotation.rotate_file(path, hashes=hashes)
        count = await resealing.catch_up()
    except (KeyFileRefused, KeysUnavailable) as error:
        raise KeysFailed(str(error)) from error
    say(f"{path}: rotated, {count} values sealed anew. Keep a copy of the new file; the old one opens nothing new.")


async def check_here(path: Path, say: Say) -> bool:
    """Whether the file opens what lies in the database."""
    try:
        masters = await asyncio.to_thread(key_file.read, path)
    except KeyFileRefused as error:
        say(str(error))
        return False
    say(f"{path}: {', '.join(master.id for master in masters)}")
    trouble = await sealing.open_keys(path)
    for state in await rotation.states():
        opens = "opens" if state.opens else "DOES NOT OPEN"
        say(f"  {state.id} {state.purpose:4} {state.state:7} wrapped by {state.master}: {opens}")
    if trouble is not None:
        say(trouble)
        return False
    for name, count in (await resealing.waiting()).items():
        say(f"  {name}: {count} values wait to be sealed anew")
    return True


async def _open(path: Path) -> None:
    """Raises KeysFailed."""
    trouble = await sealing.open_keys(path)
    if trouble is not None:
        raise KeysFailed(trouble)
