"""A box's card: what survives on it, what is put back, damaged or lost with the power; and what is therefore gone by all rights."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

from edge_agent.facts import PAGE
from tests.shopday.invariants import kept_by_box

SYNCHRONOUS_FULL = 2
"""`PRAGMA synchronous`: a commit that returned is on the disk."""
Rows = dict[str, tuple[str, str, str, str]]
"""Facts of an outbox: by id their epoch, name, state, and the text of a scan."""


class Card:
    """`file` is the facts.db on it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.forgiven: Counter[str] = Counter()
        """By text: scans that only the card knew that was replaced."""
        self.torn_epochs: set[str] = set()
        self.kept: set[str] = set()
        """Facts that the controller had acked before a card was replaced."""
        self.loses_power = False
        """With the crash that ends this process."""
        self._damaged: Rows = {}
        self._synced: Path | None = None
        """The file as of the last time that it was synchronised, where commits do not do that."""

    def opened(self, db: sqlite3.Connection) -> None:
        """A process has the file open."""
        before, self._damaged = self._damaged, {}
        if before:
            self._forgive(before, kept_by_box(self._file))
            self.torn_epochs |= {
                epoch for epoch, _, state, _ in before.values() if state != "acked"
            }  # what is left has new numbers
        self._synced = None
        if db.execute("PRAGMA synchronous").fetchone()[0] < SYNCHRONOUS_FULL:
            self._synced = self._file.with_name("synced.db")
            copy(db, self._synced)

    def closed(self) -> None:
        """The process is gone; at a power cut only what was synchronised is still there."""
        if self.loses_power and self._synced is not None:
            self._replace(self._synced)
        self.loses_power = False

    def put_back(self, image: Path) -> None:
        """An older image replaces the card of a box that is down.  What only this card knew is gone, by all rights."""
        with closing(sqlite3.connect(self._file)) as card:
            self._forgive(_rows(card), kept_by_box(image))
        self._replace(image)

    def damage(self, random: Random, pages: int) -> None:
        """Some pages are overwritten while the box is down.  What waited and cannot be read any more is gone, by all rights."""
        with closing(sqlite3.connect(self._file)) as card:
            self._damaged = _rows(card)
            card.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with self._file.open("r+b") as file:
            for _ in range(pages):
                file.seek(random.randrange(self._file.stat().st_size // PAGE) * PAGE)
                file.write(random.randbytes(PAGE))

    def _forgive(self, before: Rows, now: set[str]) -> None:
        for fact, (epoch, name, state, text) in before.items():
            if state == "acked":
                self.kept.add(fact)
            elif fact not in now:
                self.torn_epochs.add(epoch)
                self.forgiven[text] += name == "scan"

    def _replace(self, image: Path) -> None:
        for old in (self._file, *self._file.parent.glob("facts.db-*")):
            old.unlink(missing_ok=True)
        shutil.copy(image, self._file)


def copy(db: sqlite3.Connection, to: Path) -> None:
    with closing(sqlite3.connect(to)) as image:
        db.backup(image)


def _rows(card: sqlite3.Connection) -> Rows:
    rows = card.execute("SELECT id, epoch, name, state, payload ->> '$.data.symbol.text' FROM outbox").fetchall()
    return {fact: (epoch, name, state, text) for fact, epoch, name, state, text in rows}
