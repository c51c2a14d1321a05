"""The file with the key that wraps all others: beside the database, never in it.  Its owner alone may read it.

JSON: `{"keys": [{"id": …, "key": base64 of 32 bytes, "made_at": …}]}`, the newest first.  The newest wraps; those behind it only
open what they wrapped, until the rotation after theirs.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

KEY_BYTES = 32
MAX_BYTES = 64 * 1024
_OTHERS = 0o077


class KeyFileRefused(Exception):
    """It cannot be used; the message says why, and what to do."""


class KeyFileMissing(KeyFileRefused):
    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no key file {path}: put it back from where its copy is kept")


class _StoredKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    key: str
    made_at: datetime


class _StoredKeys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    keys: list[_StoredKey]


@dataclass(frozen=True, slots=True)
class MasterKey:
    """`id` is no secret: it stands beside what the key wrapped."""

    id: str
    secret: bytes = field(repr=False)
    made_at: datetime


def new_master_key(instant: datetime) -> MasterKey:
    return MasterKey(f"m-{secrets.token_hex(4)}", secrets.token_bytes(KEY_BYTES), instant)


def read(path: Path) -> list[MasterKey]:
    """The keys of a file, the newest first.  Raises KeyFileMissing, KeyFileRefused."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise KeyFileMissing(path) from error
    except OSError as error:
        raise KeyFileRefused(f"the key file {path} cannot be opened: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if mode & _OTHERS:
            raise KeyFileRefused(
                f"others may read the key file {path} (mode {mode & 0o777:04o}): chmod 600 it, then rotate its keys"
            )
        text = file.read(MAX_BYTES)
    return _parsed(text, path)


def _parsed(text: bytes, path: Path) -> list[MasterKey]:
    try:
        stored = msgspec.json.decode(text, type=_StoredKeys).keys
        keys = [MasterKey(key.id, base64.b64decode(key.key, validate=True), key.made_at) for key in stored]
    except (msgspec.MsgspecError, ValueError) as error:
        raise KeyFileRefused(f"{path} is no key file of ours, or it is cut off") from error
    if not keys or any(len(key.secret) != KEY_BYTES for key in keys):
        raise KeyFileRefused(f"{path} holds no key of {KEY_BYTES} bytes")
    return keys


def create(path: Path, key: MasterKey) -> None:
    """A new file, on disk when this returns; its folder, if it is made, is its owner's alone.  Raises KeyFileRefused."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, [key])
    except FileExistsError as error:
        raise KeyFileRefused(f"{path} is there already: it is not replaced, what it wraps would be lost") from error
    except OSError as error:
        raise KeyFileRefused(f"the key file {path} cannot be written: {error.strerror}") from error


def create_if_missing(path: Path, instant: datetime) -> bool:
    """True when it was made.  Raises KeyFileRefused."""
    if path.exists():
        return False
    create(path, new_master_key(instant))
    return True


def replace(path: Path, keys: Sequence[MasterKey]) -> None:
    """The file holds these instead; a crash leaves the old one or the new one.  Raises KeyFileRefused."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _write(draft, keys)
        draft.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise KeyFileRefused(f"the key file {path} cannot be written: {error.strerror}") from error


def _write(path: Path, keys: Sequence[MasterKey]) -> None:
    stored = [_StoredKey(id=key.id, key=base64.b64encode(key.secret).decode(), made_at=key.made_at) for key in keys]
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(msgspec.json.format(msgspec.json.encode(_StoredKeys(keys=stored))) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
