"""A damaged facts.db is moved aside, and what can be read of it carried over into a new file.

Crash-safe: the new file is complete before the first rename, and an interrupted swap is finished at the next start
(`finish_interrupted`).  The note in table `quarantine` tells the outbox to close its epoch.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from edge_agent.seams import failpoint

NOTE = "CREATE TABLE IF NOT EXISTS quarantine (reason TEXT NOT NULL, salvaged INTEGER NOT NULL)"


def quarantine(path: Path, reason: str) -> None:
    """Move `path` aside as ``<name>.quarantined-<n>`` and put a new file with its readable rows in its place."""
    building, ready = _with(path, ".salvage"), _with(path, ".ready")
    _remove(building)
    create_private(building)
    new = sqlite3.connect(building, isolation_level=None)
    try:
        new.execute("BEGIN")
        new.execute(NOTE)
        rows = _copy(path, new)
        new.execute("INSERT INTO quarantine VALUES (?, ?)", (reason, rows))
        new.execute("COMMIT")
    finally:
        new.close()
    _sync(building)
    failpoint("box.salvage_copied")
    building.rename(ready)
    _sync(path.parent)
    failpoint("box.salvage_ready")
    finish_interrupted(path)


def create_private(path: Path) -> None:
    """An empty file that only its owner reads, if there is none; SQLite's files beside it take its mode.  It tells what fails."""
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def finish_interrupted(path: Path) -> None:
    """Complete a swap whose new file is ready; drop one that was still being built."""
    ready = _with(path, ".ready")
    _remove(_with(path, ".salvage"))
    if not ready.exists():
        return
    aside = _free_name(path)
    for suffix in ("-wal", "-shm", ""):  # the main file last: a WAL must never meet a file it does not belong to
        old = _with(path, suffix)
        if old.exists():
            old.rename(_with(aside, suffix))
            failpoint("box.salvage_moving_aside")
    ready.rename(path)
    _sync(path.parent)


def _copy(path: Path, new: sqlite3.Connection) -> int:
    rows = 0
    with contextlib.suppress(sqlite3.DatabaseError):
        old = sqlite3.connect(path, isolation_level=None)
        try:
            for kind, name, sql in old.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type = 'index'").fetchall():
                if sql is not None and name != "quarantine" and not name.startswith("sqlite_"):
                    new.execute(sql)
                    rows += _copy_table(old, new, name) if kind == "table" else 0
        finally:
            old.close()
    return rows


def _copy_table(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> int:
    """From both ends up to the damage: what lies between is lost."""
    before = new.total_changes
    for order in ("ASC", "DESC"):
        for row in _readable(old, f'SELECT rowid, * FROM "{table}" ORDER BY rowid {order}'):  # noqa: S608 -- from sqlite_master
            marks = ", ".join("?" * (len(row) - 1))
            with contextlib.suppress(sqlite3.IntegrityError):
                new.execute(f'INSERT OR IGNORE INTO "{table}" VALUES ({marks})', row[1:])  # noqa: S608 -- from sqlite_master
        if not _is_damaged(old, table):
            break
    return new.total_changes - before


def _readable(old: sqlite3.Connection, sql: str) -> Iterator[tuple[object, ...]]:
    with contextlib.suppress(sqlite3.DatabaseError):
        yield from old.execute(sql)


def _is_damaged(old: sqlite3.Connection, table: str) -> bool:
    try:
        old.execute(f'SELECT count(*) FROM (SELECT * FROM "{table}" ORDER BY rowid)').fetchone()  # noqa: S608 -- from sqlite_master
    except sqlite3.DatabaseError:
        return True
    return False


def _free_name(path: Path) -> Path:
    number = 1
    while _with(path, f".quarantined-{number}").exists() or _with(path, f".quarantined-{number}-wal").exists():
        number += 1
    # an interrupted swap may already have moved the WAL: the main file then joins it
    if number > 1 and not _with(path, f".quarantined-{number - 1}").exists():
        number -= 1
    return _with(path, f".quarantined-{number}")


def _with(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _remove(path: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        _with(path, suffix).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
