"""What this box keeps to go on alone: `replica.db`, fetched from the controller and rebuildable.

Its own file, its own threads: nothing of it is on the way of a scan that is booked.  One thread writes (`prepare`, `take`), one
reads (`lookup`, `rows`), one searches (`search`).  A snapshot is collected beside what is served and takes its place in one commit,
so that half a one is never seen; a damaged file is thrown away and fetched again.  What is in it: `replica_parts`.
"""

from __future__ import annotations

import logging
import sqlite3
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from edge_agent.errors import AgentError
from edge_agent.replica_blind import kept_blind
from edge_agent.replica_goods import find
from edge_agent.replica_parts import PARTS, SCHEMA, TABLES, Part, Write
from edge_agent.replica_reader import ReplicaReader, Served
from edge_agent.replica_search import Hits, search
from edge_agent.replica_work import around, heads, with_recalls
from edge_agent.salvage import create_private
from edge_agent.seams import Clock
from edge_agent.stations import Item, Missing
from edge_agent.stations.model import NOTHING_KNOWN, Known
from edge_agent.wire.open_work import Head
from edge_agent.wire.replica import ReplicaPage

_TABLES: Final = f"""
CREATE TABLE held (
    one INTEGER PRIMARY KEY CHECK (one = 1), site TEXT NOT NULL,
    serving INTEGER NOT NULL, cursor TEXT NOT NULL, as_of TEXT NOT NULL,
    loading INTEGER NOT NULL, loading_cursor TEXT NOT NULL);
{SCHEMA}
"""
_VERSION: Final = zlib.crc32(_TABLES.encode()) & 0x7FFFFFFF
"""Of the file: one with other tables is thrown away and fetched again."""
_DAMAGE: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB")

T = TypeVar("T")
R = TypeVar("R", bound=Struct)

_log = logging.getLogger(__name__)


class ReplicaUnavailable(AgentError):
    """The controller cannot be asked, or what it answered cannot be used: what the box has stays, and it asks again later."""

    code = "replica_unavailable"


class ReplicaDamaged(AgentError):
    """The file is no database any more; it is thrown away and fetched again."""

    code = "replica_damaged"


class Replica:
    """The file `path`, for one site."""

    def __init__(self, path: Path, site: str, clock: Clock, parts: Sequence[Part] = PARTS) -> None:  # type: ignore[type-arg]  # each of another row
        self._path = path
        self._site = site
        self._clock = clock
        self._parts = {part.name: part for part in parts}
        self._writer: sqlite3.Connection | None = None
        self._lookups = ReplicaReader(path)
        self._searches = ReplicaReader(path)
        self._files = 0
        self._heard: tuple[str, int] | None = None
        self.changes: Counter[str] = Counter()
        """How often each part became another, since the start; who follows a part compares it."""
        self._is_collecting = False
        self.is_damaged = False
        """A reader found it so; the writer throws it away at its next turn."""

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self._parts)

    # --- on the writer's thread ----------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Open the file; a damaged or foreign one is thrown away.  Raises ReplicaUnavailable: the disk does not take it."""
        if self._writer is not None and not self.is_damaged:
            return
        try:
            if self.is_damaged or not self._is_usable():
                self._discard()
            self._open()
        except (sqlite3.Error, OSError) as error:
            self.close_writer()
            raise ReplicaUnavailable(f"{self._path} cannot be used: {error}") from error
        self.changes.update(list(self._parts))

    def cursor(self) -> str:
        """What to ask for next; empty: everything."""
        (loading, loading_cursor, cursor) = self._held().execute("SELECT loading, loading_cursor, cursor FROM held").fetchone()
        return str(loading_cursor if loading else cursor)

    def take(self, page: ReplicaPage, *, asked: str, asked_at_ms: int) -> None:
        """Store a page, whole or not at all; `asked_at_ms`: boot time when it was asked for.

        Raises ReplicaUnavailable (it does not go on from what was asked, it cannot be read, or the disk is full), ReplicaDamaged.
        """
        if page.site != self._site or page.since not in ("", asked) or (page.more and page.since and page.next == asked):
            raise ReplicaUnavailable("the controller sent another page than was asked for")
        writes = self._read(page)
        writer = self._held()
        try:
            with writer:
                writer.execute("BEGIN IMMEDIATE")
                is_new = self._store(writer, page, writes)
            if not page.more:
                self._heard = (page.at.isoformat(), asked_at_ms)
            if is_new:
                _log.info("the catalogue was fetched anew", extra={"as_of": page.at.isoformat()})
                self._tidy(writer)
        except sqlite3.Error as error:
            if _is_damage(error):
                self.is_damaged = True
                raise ReplicaDamaged(f"{self._path} is damaged ({error}): it is fetched again from the beginning") from error
            raise ReplicaUnavailable(f"{self._path} cannot be written: {error}") from error
        if is_new:
            self.changes.update(list(self._parts))
        elif not self._is_collecting:
            self.changes.update([name for name in writes if _says_something(page, name)])

    def close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    # --- on the readers' threads ---------------------------------------------------------------------------------------------

    def lookup(self, text: str, gtin: str | None) -> Item | Missing:
        """What a scanned symbol is, as the controller would resolve it.  Never raises."""

        def look(reader: sqlite3.Connection, served: Served) -> Item | Missing:
            found = find(reader, served.edition, text, gtin, self._age_ms(served.as_of))
            return kept_blind(reader, served.edition, with_recalls(reader, served.edition, found))

        return self._ask(self._lookups, look)

    def rows(self, part: Part[R], handle: str | None = None) -> list[R] | Missing:
        """All rows of a part that is `kept`, in the order of their ids, or those with a handle.  Never raises."""
        found = self._ask(self._lookups, lambda reader, served: _kept(reader, served.edition, part.name, handle))
        return found if isinstance(found, Missing) else [msgspec.json.decode(body, type=part.row) for body in found]

    def around(self, part: str, number: str | None, place: str | None, also: tuple[str, ...] = ()) -> Known:
        """What is known around a reading: the document of a number, others (`also`), whether `place` is a bin.  Never raises."""
        found = self._ask(self._lookups, lambda reader, served: around(reader, served.edition, part, (number, *also), place))
        return NOTHING_KNOWN if isinstance(found, Missing) else found

    def heads(self, part: str) -> list[Head]:
        """The documents of a part that are open; none where nobody knows.  Never raises."""
        found = self._ask(self._lookups, lambda reader, served: heads(reader, served.edition, part))
        return [] if isinstance(found, Missing) else found

    def search(self, text: str, after: str | None = None) -> Hits | Missing:
        """A page of items by words of their names, or by the beginning of a SKU's code or a barcode.  Never raises."""
        return self._ask(
            self._searches, lambda reader, served: search(reader, served.edition, text, after, self._age_ms(served.as_of))
        )

    def state(self) -> tuple[str, int | None] | Missing:
        """The cursor of what is served, and how many milliseconds ago it was up to date.  Never raises."""
        return self._ask(self._lookups, lambda reader, served: (_cursor(reader), self._age_ms(served.as_of)))

    def close_reader(self) -> None:
        self._lookups.close()

    def close_search(self) -> None:
        self._searches.close()

    # --- inside --------------------------------------------------------------------------------------------------------------

    def _ask(self, eyes: ReplicaReader, work: Callable[[sqlite3.Connection, Served], T]) -> T | Missing:
        if not self._files:
            return Missing.LATE  # the agent has just started: the file is being looked through
        try:
            found = eyes.read(self._files, work)
        except (sqlite3.Error, ValueError, OverflowError) as error:  # ValueError: characters that no text of a database has
            if isinstance(error, sqlite3.Error) and _is_damage(error):
                self.is_damaged = True
            _log.warning("the catalogue cannot be read", extra={"file": str(self._path), "reason": str(error)})
            eyes.close()
            return Missing.NO_CATALOGUE
        return Missing.NO_CATALOGUE if found is None else found

    def _age_ms(self, as_of: str) -> int | None:
        heard = self._heard
        if heard is not None and heard[0] == as_of:
            return max(0, self._clock.mono_ms() - heard[1])
        age = (self._clock.now() - datetime.fromisoformat(as_of)).total_seconds()
        return int(age * 1000) if age >= 0 else None

    def _held(self) -> sqlite3.Connection:
        if self._writer is None:
            raise ReplicaUnavailable(f"{self._path} is not open")
        return self._writer

    def _is_usable(self) -> bool:
        """Whether the file is whole, of this version and this site; a missing one is not."""
        if not self._path.exists():
            return False
        connection = sqlite3.connect(self._path, isolation_level=None)
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                _log.info("the catalogue on disk is of another version; it is fetched again", extra={"file": str(self._path)})
                return False
            is_whole = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0]) == "ok"
            if is_whole:
                sites = [str(row[0]) for row in connection.execute("SELECT site FROM held")]
                return sites == [self._site]
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and not _is_damage(error):
                raise
            is_whole = False
        finally:
            connection.close()
        if not is_whole:
            self.is_damaged = True
        return is_whole

    def _discard(self) -> None:
        if self.is_damaged:
            _log.error("the catalogue on disk is damaged; it is thrown away and fetched again", extra={"file": str(self._path)})
        self.close_writer()
        for suffix in ("", "-wal", "-shm", "-journal"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        self._heard = None
        self.is_damaged = False

    def _open(self) -> None:
        is_new = not self._path.exists()
        create_private(self._path)
        self._writer = sqlite3.connect(self._path, isolation_level=None, timeout=1.0)
        self._writer.execute("PRAGMA journal_mode = WAL")
        self._writer.execute("PRAGMA synchronous = NORMAL")
        if is_new:
            self._writer.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
            self._writer.execute("INSERT INTO held VALUES (1, ?, 0, '', '', 0, '')", (self._site,))
        self._files += 1
        self._tidy(self._writer)

    def _read(self, page: ReplicaPage) -> dict[str, Write]:
        """Raises ReplicaUnavailable."""
        try:
            return {name: self._parts[name].read(rows) for name, rows in page.parts.items() if name in self._parts}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ReplicaUnavailable(f"a page of the catalogue cannot be read: {error}") from error

    def _store(self, writer: sqlite3.Connection, page: ReplicaPage, writes: dict[str, Write]) -> bool:
        """True if a new edition is served now."""
        serving, loading = writer.execute("SELECT serving, loading FROM held").fetchone()
        if not page.since:
            loading = max(serving, loading) + 1
            writer.execute("UPDATE held SET loading = ?", (loading,))
        self._is_collecting = bool(loading)
        for write in writes.values():
            write(writer, loading or serving)
        if page.more:
            writer.execute(f"UPDATE held SET {'loading_cursor' if loading else 'cursor'} = ?", (page.next,))  # noqa: S608 -- ours
            return False
        writer.execute(
            "UPDATE held SET serving = ?, cursor = ?, as_of = ?, loading = 0, loading_cursor = ''",
            (loading or serving, page.next, page.at.isoformat()),
        )
        return bool(loading)

    def _tidy(self, writer: sqlite3.Connection) -> None:
        """Drop editions that are neither served nor collected."""
        for table in TABLES:
            writer.execute(f"DELETE FROM {table} WHERE edition NOT IN (SELECT serving FROM held UNION SELECT loading FROM held)")  # noqa: S608 -- ours


def _kept(reader: sqlite3.Connection, edition: int, part: str, handle: str | None) -> list[bytes]:
    asked, values = ("", ()) if handle is None else (" AND handle = ?", (handle,))
    sql = f"SELECT body FROM kept WHERE edition = ? AND part = ?{asked} ORDER BY id"  # noqa: S608 -- ours
    return [row[0] for row in reader.execute(sql, (edition, part, *values))]


def _cursor(reader: sqlite3.Connection) -> str:
    return str(reader.execute("SELECT cursor FROM held").fetchone()[0])


def _says_something(page: ReplicaPage, part: str) -> bool:
    piece = page.parts[part]
    return piece.anew or bool(piece.gone) or bytes(piece.rows).strip() != b"[]"


def _is_damage(error: sqlite3.Error) -> bool:
    return str(getattr(error, "sqlite_errorname", "")).startswith(_DAMAGE)
