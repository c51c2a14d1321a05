"""How the C library keeps memory: frugally, on a store computer whose agent has a dozen threads that seldom work at once."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from typing import Final

ARENAS: Final = 2
"""glibc gives each thread an arena of its own, up to eight per processor, and keeps in each what was once freed there."""
LARGE: Final = 256 * 1024
"""Bytes from which a piece goes back to the kernel when it is freed: the rows of a picture, the memory of a PIN's check."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h


def be_frugal() -> None:
    """Before threads are started.  Source: mallopt(3).  Another C library than glibc is left alone."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for setting, value in ((_M_ARENA_MAX, ARENAS), (_M_MMAP_THRESHOLD, LARGE), (_M_TRIM_THRESHOLD, LARGE)):
            mallopt(setting, value)
