"""Files that are there whole or not at all, with their mode from the first byte on."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PUBLIC, PRIVATE, SHARED = 0o644, 0o600, 0o640


def write_whole(path: Path, content: bytes, mode: int) -> None:
    """Put `content` in place of whatever is there: a reader sees the old file or the new one.  The folder's group is kept.

    Raises OSError.
    """
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as out:
            os.fchmod(out.fileno(), mode)
            _keep_owner(path, out.fileno())
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One command at a time works on a folder; a second one waits."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _keep_owner(path: Path, descriptor: int) -> None:
    """A file that is replaced keeps its owner and group, as far as we may give them."""
    try:
        before = path.stat()
    except OSError:
        return
    if os.geteuid() == 0:
        os.fchown(descriptor, before.st_uid, before.st_gid)
    elif before.st_gid != os.getegid() and before.st_gid in os.getgroups():
        os.fchown(descriptor, -1, before.st_gid)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
