"""What this box keeps of the catalogue and of its site's stock: `replica.db`, fetched from the controller and rebuildable.

Its own file, its own threads: nothing of it is on the way of a scan that is booked.  One thread writes (`prepare`, `take`), one
reads (`lookup`).  A snapshot is collected beside what is served and takes its place in one commit, so that half a one is never
seen; a damaged file is thrown away and fetched again.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from drivers.symbols.gtin import has_check_digit
from edge_agent.errors import AgentError
from edge_agent.salvage import create_private
from edge_agent.seams import Clock
from edge_agent.stations import Item, Missing
from edge_agent.wire.replica import ReplicaPage

SCHEMA = 1
_TABLES: Final = """
CREATE TABLE held (
    one INTEGER PRIMARY KEY CHECK (one = 1), site TEXT NOT NULL,
    serving INTEGER NOT NULL, cursor TEXT NOT NULL, as_of TEXT NOT NULL,
    loading INTEGER NOT NULL, loading_cursor TEXT NOT NULL);
CREATE TABLE item (
    edition INTEGER, id INTEGER, sku TEXT NOT NULL, name_en TEXT NOT NULL, name_zh TEXT NOT NULL, unit TEXT NOT NULL,
    price_minor INTEGER NOT NULL, currency TEXT NOT NULL, PRIMARY KEY (edition, id)) WITHOUT ROWID;
CREATE TABLE barcode (
    edition INTEGER, kind TEXT, symbol TEXT, item INTEGER, numerator INTEGER NOT NULL, denominator INTEGER NOT NULL,
    PRIMARY KEY (edition, kind, symbol, item, numerator, denominator)) WITHOUT ROWID;
CREATE INDEX barcode_item ON barcode (edition, item);
CREATE TABLE stock (edition INTEGER, item INTEGER, on_hand INTEGER NOT NULL, PRIMARY KEY (edition, item)) WITHOUT ROWID;
"""
_DAMAGE: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_LOOKUP: Final = (
    "SELECT b.kind, i.id, i.sku, i.name_en, i.name_zh, i.unit, i.price_minor, i.currency, COALESCE(s.on_hand, 0), b.numerator, "
    "b.denominator FROM (VALUES ('text', ?), ('gtin', ?), ('measured', ?)) asked "
    # CROSS JOIN keeps this order: the three symbols first, each found by the whole key
    "CROSS JOIN barcode b ON b.edition = ? AND b.kind = asked.column1 AND b.symbol = asked.column2 "
    "CROSS JOIN item i ON i.edition = b.edition AND i.id = b.item "
    "LEFT JOIN stock s ON s.edition = b.edition AND s.item = b.item"
)

_log = logging.getLogger(__name__)


class ReplicaUnavailable(AgentError):
    """The controller cannot be asked, or what it answered cannot be used: what the box has stays, and it asks again later."""

    code = "replica_unavailable"


class ReplicaDamaged(AgentError):
    """The file is no database any more; it is thrown away and fetched again."""

    code = "replica_damaged"


class Replica:
    """The file `path`, for one site."""

    def __init__(self, path: Path, site: str, clock: Clock) -> None:
        self._path = path
        self._site = site
        self._clock = clock
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._files = 0
        self._read_from = 0
        self._heard: tuple[str, int] | None = None
        self.is_damaged = False
        """The reader found it so; the writer throws it away at its next turn."""

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

    def cursor(self) -> str:
        """What to ask for next; empty: everything."""
        (loading, loading_cursor, cursor) = self._held().execute("SELECT loading, loading_cursor, cursor FROM held").fetchone()
        return str(loading_cursor if loading else cursor)

    def take(self, page: ReplicaPage, *, asked: str, asked_at_ms: int) -> None:
        """Store a page, whole or not at all; `asked_at_ms`: boot time when it was asked for.

        Raises ReplicaUnavailable (it does not go on from what was asked, or the disk is full), ReplicaDamaged.
        """
        if page.site != self._site or page.since not in ("", asked) or (page.more and not page.items and not page.stock):
            raise ReplicaUnavailable("the controller sent another page than was asked for")
        writer = self._held()
        try:
            with writer:
                writer.execute("BEGIN IMMEDIATE")
                is_new = self._store(writer, page)
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

    def close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    # --- on the reader's thread ----------------------------------------------------------------------------------------------

    def lookup(self, text: str, gtin: str | None) -> Item | Missing:
        """What a scanned symbol is, as the controller would resolve it.  Never raises."""
        try:
            return self._look_up(text, gtin)
        except (sqlite3.Error, ValueError) as error:  # ValueError: characters that no text of a database has
            if isinstance(error, sqlite3.Error) and _is_damage(error):
                self.is_damaged = True
            _log.warning("the catalogue cannot be read", extra={"file": str(self._path), "reason": str(error)})
            self.close_reader()
            return Missing.NO_CATALOGUE

    def close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    # --- inside --------------------------------------------------------------------------------------------------------------

    def _look_up(self, text: str, gtin: str | None) -> Item | Missing:
        if not self._files:
            return Missing.LATE  # the agent has just started: the file is being looked through
        if self._reader is None or self._read_from != self._files:
            self.close_reader()
            self._read_from = self._files
            self._reader = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
        self._reader.execute("BEGIN")  # both questions see the same edition
        try:
            held = self._reader.execute("SELECT serving, as_of FROM held WHERE serving > 0").fetchone()
            measured = text[:7] if _measured_units(text) else None
            rows = self._reader.execute(_LOOKUP, (text, gtin, measured, held[0])).fetchall() if held else []
        finally:
            self._reader.execute("COMMIT")
        return _decide(rows, text, self._age_ms(held[1])) if held else Missing.NO_CATALOGUE

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
            if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
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
            self._writer.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")
            self._writer.execute("INSERT INTO held VALUES (1, ?, 0, '', '', 0, '')", (self._site,))
        self._files += 1
        self._tidy(self._writer)

    def _store(self, writer: sqlite3.Connection, page: ReplicaPage) -> bool:
        """True if a new edition is served now."""
        serving, loading = writer.execute("SELECT serving, loading FROM held").fetchone()
        if not page.since:
            loading = max(serving, loading) + 1
            writer.execute("UPDATE held SET loading = ?", (loading,))
        _put(writer, loading or serving, page)
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
        for table in ("item", "barcode", "stock"):
            writer.execute(f"DELETE FROM {table} WHERE edition NOT IN (SELECT serving FROM held UNION SELECT loading FROM held)")  # noqa: S608 -- ours


def _put(writer: sqlite3.Connection, edition: int, page: ReplicaPage) -> None:
    writer.executemany("DELETE FROM barcode WHERE edition = ? AND item = ?", [(edition, item.id) for item in page.items])
    writer.executemany(
        "INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (edition, item.id, item.sku, item.name_en, item.name_zh, item.unit, item.price_minor, item.currency)
            for item in page.items
        ],
    )
    writer.executemany(
        "INSERT OR REPLACE INTO barcode VALUES (?, ?, ?, ?, ?, ?)",
        [
            (edition, code.kind, code.symbol, item.id, code.numerator, code.denominator)
            for item in page.items
            for code in item.barcodes
        ],
    )
    writer.executemany("INSERT OR REPLACE INTO stock VALUES (?, ?, ?)", [(edition, row.item, row.on_hand) for row in page.stock])


def _decide(rows: Iterable[tuple[object, ...]], text: str, age_ms: int | None) -> Item | Missing:
    """The measured code counts only if no other does; two meanings are none."""
    exact: dict[tuple[object, ...], Item] = {}
    measured: dict[tuple[object, ...], Item] = {}
    for kind, _, sku, name_en, name_zh, unit, price_minor, currency, on_hand, numerator, denominator in rows:
        is_measured = kind == "measured"
        scale = (_measured_units(text), 1) if is_measured else (numerator, denominator)
        found = Item(
            sku=str(sku),
            name_en=str(name_en),
            name_zh=str(name_zh),
            unit=str(unit),
            price_minor=_whole(price_minor),
            currency=str(currency),
            on_hand=_whole(on_hand),
            age_ms=age_ms,
            numerator=_whole(scale[0]),
            denominator=_whole(scale[1]),
        )
        (measured if is_measured else exact)[sku, *scale] = found
    meanings = exact or measured
    if not meanings:
        return Missing.UNKNOWN
    return next(iter(meanings.values())) if len(meanings) == 1 else Missing.SEVERAL


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _measured_units(text: str) -> int:
    """The five digits of an in-store EAN-13 (base units) whose check digit is right; 0 for anything else."""
    is_measured = len(text) == 13 and text.isascii() and text[0] == "2" and has_check_digit(text)
    return int(text[7:12]) if is_measured else 0


def _is_damage(error: sqlite3.Error) -> bool:
    return str(getattr(error, "sqlite_errorname", "")).startswith(_DAMAGE)
