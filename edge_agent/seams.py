"""Seams: what the outside world injects, so that a simulation can inject its own.

The agent's and the gateway's logic take a `Clock` and a `random.Random`; they never call `time`, `datetime.now` or the global
random source themselves.  `failpoint()` marks a place where a crash, a hang or an exception must do no harm (the fault matrix).
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from random import Random, SystemRandom
from typing import Protocol


class Clock(Protocol):
    """Wall time and boot time.  Sleeping is `asyncio.sleep`: the simulation's event loop owns the timers."""

    def now(self) -> datetime:
        """Aware UTC wall time; it may jump."""
        ...

    def mono_ms(self) -> int:
        """Milliseconds since boot, counting suspend (CLOCK_BOOTTIME); it never jumps."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def mono_ms(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def system_random() -> Random:
    """The machine's random source, in the type that a simulation replaces by a seeded `Random`."""
    return SystemRandom()


def uuid7(clock: Clock, random: Random) -> uuid.UUID:
    """A UUID version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then random bits."""
    milliseconds = int(clock.now().timestamp() * 1000) & ((1 << 48) - 1)
    return uuid.UUID(int=(milliseconds << 80) | (7 << 76) | (random.getrandbits(12) << 64) | (0b10 << 62) | random.getrandbits(62))


def uuid4(random: Random) -> uuid.UUID:
    """A UUID version 4 from an injected random source (RFC 9562, section 5.4)."""
    return uuid.UUID(int=random.getrandbits(128), version=4)


def new_boot_id() -> str:
    """The kernel's id of this boot; a random one where the kernel tells none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


class FailpointTriggered(Exception):
    """The exception that an armed failpoint raises in mode `raise`."""


def _armed() -> dict[str, str]:
    pairs = (item.partition("=") for item in os.environ.get("SHELFWIRE_FAILPOINTS", "").split(",") if item)
    return {name: mode for name, _, mode in pairs}


_ARMED = _armed()
_HANG_SECONDS = float(os.environ.get("SHELFWIRE_FAILPOINT_HANG", "30"))

_log = logging.getLogger(__name__)


def failpoint(name: str) -> None:
    """A named place where tests may crash, hang or raise.  Does nothing unless armed, and then once.

    Armed by the environment: ``SHELFWIRE_FAILPOINTS=ctl.after_commit_before_ack=crash,box.after_append=raise``.  Modes: ``crash``
    (SIGKILL to itself), ``hang`` (``SHELFWIRE_FAILPOINT_HANG`` seconds, 30 unless told), ``raise`` (FailpointTriggered).
    """
    if not _ARMED or (mode := _ARMED.pop(name, None)) is None:
        return
    _log.warning("failpoint %s: %s", name, mode)
    match mode:
        case "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(_HANG_SECONDS)
        case _:
            raise FailpointTriggered(name)
