"""One thread's own connection to the replica's file: it reads the edition that is served, while the writer goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

CACHE_KIB = 512
"""What a connection keeps of the file beside the kernel's own cache: a lookup reads a handful of pages."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Served:
    """What can be read now: its edition, and as of when it is, by the controller's clock."""

    edition: int
    as_of: str


class ReplicaReader:
    """`generation` counts the files: another one is opened anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._generation = 0

    def read(self, generation: int, work: Callable[[sqlite3.Connection, Served], T]) -> T | None:
        """The result of `work`, all of whose questions see the same edition; None: nothing is served yet.  Raises sqlite3.Error."""
        connection = self._connection
        if connection is None or self._generation != generation:
            self.close()
            connection = self._connection = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False
            )
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            self._generation = generation
        connection.execute("BEGIN")
        try:
            held = connection.execute("SELECT serving, as_of FROM held WHERE serving > 0").fetchone()
            return work(connection, Served(held[0], held[1])) if held else None
        finally:
            connection.execute("COMMIT")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
