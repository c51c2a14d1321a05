"""A cold cache for the agent's program: its own files and those of the interpreter leave the kernel's page cache, no others."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.shopday.programs import ROOT

OURS = ("edge_agent", "drivers")


def forget() -> int:
    """How many bytes of files were dropped.  What another process has mapped stays, as libraries of the system would."""
    dropped = 0
    for file in _files():
        with suppress(OSError):
            handle = os.open(file, os.O_RDONLY)
            try:
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
                dropped += os.fstat(handle).st_size
            finally:
                os.close(handle)
    return dropped


def _files() -> Iterator[Path]:
    folders = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    for folder in (*folders, *(ROOT / name for name in OURS)):
        yield from (file for file in folder.rglob("*") if file.is_file())
    yield Path(sys.executable).resolve()
