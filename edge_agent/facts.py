"""facts.db: the box's durable state in one SQLite file, with one writer.

WAL with synchronous=FULL: a commit that returned survives a power cut.  The file may not grow past its limit (`max_bytes`); a
ballast file beside it gives the room that acks and deletions need when the disk itself is full.  A damaged file is moved aside and
what can be read of it is carried over (edge_agent/salvage.py).  Synchronous: runs inside `Disk.run`.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from edge_agent import salvage
from edge_agent.errors import DiskFailed, FactsCorrupt, FactsUnavailable, OutboxFull
from edge_agent.seams import failpoint

T = TypeVar("T")
MIB = 1024 * 1024
PAGE = 4096
RESERVED_PAGES = 64
"""Kept for acks, results and deletions: facts stop this many pages before the file's limit."""
ROUNDS = 20
"""So many small deletions make room, each followed by a checkpoint: on a full disk a large one would not fit into the WAL."""
CHECKED_UP_TO = 64 * MIB
"""A file larger than this is not checked at every start: the box must be ready within a second."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsLimits:
    """`max_bytes` of facts.db; `ballast_bytes` set aside on the disk beside it (0: none)."""

    max_bytes: int = 256 * MIB
    ballast_bytes: int = 8 * MIB


class FactsDb:
    """An open facts.db.  Stores (outbox, inbox, journal) bring their tables by `create` and write through `write`.

    Raises FactsUnavailable when the folder or the file cannot be used, DiskFailed when the disk itself refuses.
    """

    def __init__(self, path: Path, limits: FactsLimits | None = None) -> None:
        self.path = path
        self.limits = limits or FactsLimits()
        self._ballast = path.with_name(path.name + ".ballast")
        self._marker = path.with_name(path.name + ".damaged")
        self._make_room: list[Callable[[sqlite3.Connection], int]] = []
        self._after_commit: list[Callable[[], None]] = []
        self._is_writing = False
        _prepare_folder(path.parent)
        try:
            self.db = self._open_or_quarantine()
        except FactsUnavailable:
            if not self._ballast.exists():
                raise
            self._ballast.unlink()  # a full disk has no room for the files that a WAL needs
            self.db = self._open_or_quarantine()
        self.write(lambda db: db.execute(salvage.NOTE))
        self.restore_ballast()

    # --- stores --------------------------------------------------------------------------------------------------------------

    def create(self, schema: Sequence[str]) -> None:
        """Create a store's tables and indexes (`CREATE … IF NOT EXISTS`)."""

        def run(db: sqlite3.Connection) -> None:
            for statement in schema:
                db.execute(statement)

        self.write(run)

    def on_pressure(self, forget: Callable[[sqlite3.Connection], int]) -> None:
        """`forget` deletes what may go when room is needed and returns how many rows went; it runs in a transaction."""
        self._make_room.append(forget)

    def after_commit(self, tell: Callable[[], None]) -> None:
        """`tell` is called after each commit, on the thread that wrote."""
        self._after_commit.append(tell)

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one transaction; on return it is on disk.  Inside another `write` it joins that one.

        At the limit what may go goes, and `work` runs again.  Raises OutboxFull, DiskFailed, FactsCorrupt; whatever `work` raises
        rolls back.
        """
        if self._is_writing:
            return work(self.db)
        try:
            return self._transaction(work)
        except OutboxFull:
            _log.warning("facts.db or its disk is full; making room", extra={"path": str(self.path)})
        self.make_room()
        return self._transaction(work)

    # --- limits --------------------------------------------------------------------------------------------------------------

    @property
    def is_near_limit(self) -> bool:
        """Only the reserve is left: no new facts, but acks, results and deletions go on."""
        reusable = self._pragma("freelist_count")
        if self._pragma("page_count") - reusable > self.limits.max_bytes // PAGE - RESERVED_PAGES:
            return True
        return not self.has_ballast and self.free_disk_bytes() + reusable * PAGE < self.limits.ballast_bytes

    @property
    def has_ballast(self) -> bool:
        return self._ballast.exists() or self.limits.ballast_bytes == 0

    def free_disk_bytes(self) -> int:
        """Bytes that this user may still write beside the file."""
        stat = os.statvfs(self.path.parent)
        return stat.f_bavail * stat.f_frsize

    def make_room(self) -> bool:
        """Give up the ballast, then what the stores allow to go.  True if any row went."""
        self._ballast.unlink(missing_ok=True)
        failpoint("box.ballast_given_up")
        gone = 0
        for _ in range(ROUNDS):
            self.checkpoint()
            with contextlib.suppress(OutboxFull):
                went = sum(self._transaction(forget) for forget in self._make_room)
                gone += went
                if went == 0:
                    break
        return gone > 0

    def checkpoint(self) -> None:
        """Move the WAL into the file and give its room back; without room for that, the next one does it."""
        with contextlib.suppress(sqlite3.OperationalError):
            self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def restore_ballast(self) -> None:
        """Set the ballast aside again once the disk has three times its room."""
        if self.has_ballast or self.free_disk_bytes() < 3 * self.limits.ballast_bytes:
            return
        try:
            with self._ballast.open("wb") as file:
                failpoint("box.ballast_restoring")
                os.posix_fallocate(file.fileno(), 0, self.limits.ballast_bytes)
        except OSError as error:
            self._ballast.unlink(missing_ok=True)
            _log.warning("no ballast file beside facts.db", extra={"reason": str(error)})

    def close(self) -> None:
        self.db.close()

    # --- inside --------------------------------------------------------------------------------------------------------------

    def _transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._is_writing = True
        try:
            self.db.execute("BEGIN IMMEDIATE")
            result = work(self.db)
            self.db.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            self._roll_back()
            self._forget_the_failed(error)
            raise self._translated(error) from error
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._is_writing = False
        for tell in self._after_commit:
            tell()
        return result

    def _roll_back(self) -> None:
        if self.db.in_transaction:
            with contextlib.suppress(sqlite3.OperationalError):  # SQLite has rolled back by itself, or will when it opens the file
                self.db.execute("ROLLBACK")

    def _forget_the_failed(self, error: sqlite3.DatabaseError) -> None:
        """A commit whose fdatasync failed stands in the WAL all the same, and a crash would bring it back: begin the WAL anew."""
        if _name(error).startswith("SQLITE_IOERR"):
            self.checkpoint()

    def _translated(self, error: sqlite3.DatabaseError) -> Exception:
        name = _name(error)
        if name.startswith("SQLITE_FULL"):
            return OutboxFull(f"facts.db is full: {self.path} may hold {self.limits.max_bytes} bytes; free room on that disk")
        if name.startswith("SQLITE_IOERR") and self.free_disk_bytes() < PAGE * RESERVED_PAGES:
            return OutboxFull(f"the disk of {self.path} is full; free room on it")
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            self._marker.touch()
            return FactsCorrupt(f"{self.path} is damaged ({error}); restart the agent, it then sets the file aside and goes on")
        if name.startswith("SQLITE_IOERR"):
            return DiskFailed(f"the disk of {self.path} refused ({name}); nothing was stored: replace the card if it happens again")
        return error

    def _pragma(self, name: str) -> int:
        row = self.db.execute(f"PRAGMA {name}").fetchone()
        return int(row[0])

    def _open_or_quarantine(self) -> sqlite3.Connection:
        salvage.finish_interrupted(self.path)
        reason = "marked as damaged while in use" if self._marker.exists() else ""
        if not reason:
            try:
                db = self._connect()
                reason = self._damage_or_close(db)
                if not reason:
                    return db
                db.close()
            except sqlite3.DatabaseError as error:
                reason = self._reason_to_quarantine(error)
        _log.error("facts.db is damaged; moving it aside", extra={"path": str(self.path), "reason": reason})
        try:
            salvage.quarantine(self.path, reason)
        except (sqlite3.DatabaseError, OSError) as error:
            raise FactsUnavailable(f"{self.path} is damaged and cannot be set aside ({error}); free room on its disk") from error
        self._marker.unlink(missing_ok=True)
        return self._connect()

    def _reason_to_quarantine(self, error: sqlite3.DatabaseError) -> str:
        if _name(error).startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return str(error)
        raise FactsUnavailable(f"{self.path} cannot be opened ({error}); check that it and its folder may be written") from error

    def _connect(self) -> sqlite3.Connection:
        salvage.create_private(self.path)
        db = sqlite3.connect(self.path, timeout=5, isolation_level=None, check_same_thread=False)
        try:
            self._set_up(db)
        except BaseException:
            db.close()
            raise
        return db

    def _set_up(self, db: sqlite3.Connection) -> None:
        db.execute(f"PRAGMA page_size = {PAGE}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA cache_size = -2048")
        db.execute("PRAGMA wal_autocheckpoint = 256")
        db.execute("PRAGMA journal_size_limit = 1048576")
        db.execute(f"PRAGMA max_page_count = {max(self.limits.max_bytes // PAGE, 16)}")

    def _damage_or_close(self, db: sqlite3.Connection) -> str:
        """What `_damage` finds; a file that cannot even be asked is let go of."""
        try:
            return self._damage(db)
        except BaseException:
            db.close()
            raise

    def _damage(self, db: sqlite3.Connection) -> str:
        if self.path.stat().st_size > CHECKED_UP_TO:
            return ""
        found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
        return "" if found == "ok" else found


def _name(error: sqlite3.Error) -> str:
    """SQLite's result code, or nothing."""
    return getattr(error, "sqlite_errorname", "") or ""


def _prepare_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return
        reason = error.strerror or str(error)
        raise FactsUnavailable(f"{folder} cannot be written ({reason}); make it the agent's own, or set box.state_dir") from error
