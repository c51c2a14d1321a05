"""Whether the wall clock is synchronised, as the kernel's clock discipline knows it.

Source: adjtimex(2): returns TIME_ERROR (5) while unsynchronised; `esterror` is the estimated error in microseconds.
"""

from __future__ import annotations

import ctypes
import os

from edge_agent.wire.messages import ClockState

TIME_ERROR = 5
_SIZE = 256
"""More than sizeof(struct timex) on every Linux (208 on 64 bit)."""


class _Timex(ctypes.Structure):
    """The beginning of struct timex; `modes` 0 only asks."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("rest", ctypes.c_char * _SIZE),
    )


def kernel_clock_state() -> ClockState:
    """Not synchronised where the kernel cannot be asked."""
    adjtimex = getattr(ctypes.CDLL(None, use_errno=True), "adjtimex", None)
    if adjtimex is None or os.name != "posix":
        return ClockState(synced=False)
    answer = _Timex(modes=0)
    state = int(adjtimex(ctypes.byref(answer)))
    if state < 0 or state == TIME_ERROR:
        return ClockState(synced=False)
    return ClockState(synced=True, error_ms=max(0, int(answer.esterror)) // 1000)
