"""The least that a commit can cost on this disk: a write and an fdatasync."""

from __future__ import annotations

import os
from pathlib import Path
from time import perf_counter
from typing import Self

FILE_BYTES = 1 << 20


class RawFile:
    """Writes of `size` bytes, one behind the other in a file that has its room already, as SQLite's WAL has."""

    def __init__(self, path: Path, size: int) -> None:
        self._bytes = os.urandom(size)
        self._offset = 0
        self._fd = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
        os.write(self._fd, bytes(FILE_BYTES))
        os.fsync(self._fd)

    def write(self) -> float:
        """Milliseconds until it is on disk."""
        began = perf_counter()
        os.pwrite(self._fd, self._bytes, self._offset)
        os.fdatasync(self._fd)
        self._offset = (self._offset + len(self._bytes)) % (FILE_BYTES - len(self._bytes))
        return (perf_counter() - began) * 1000

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)
