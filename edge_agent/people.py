"""Who may work at this box, with and without a controller: whose badge this is, and whether it is their PIN.

People come with the replica (`follow`) and are kept in memory by their badges.  An attempt at a PIN is on disk before it is judged,
so that a restart takes none back; five are free, then each wrong one costs a wait that doubles (docs/adr/0021).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from edge_agent.salvage import create_private
from edge_agent.seams import Clock, failpoint
from edge_agent.stations import Person
from edge_agent.wire.replica import ReplicaPerson

TRIES: Final = 5
"""The fifth wrong PIN in a row is the first that costs time."""
FIRST_WAIT_MS: Final = 30_000
LONGEST_WAIT_MS: Final = 15 * 60_000
FORGOTTEN_MS: Final = 24 * 3_600_000
"""Wrong attempts older than this count no more."""
KEPT: Final = 500
"""Badges and people whose wrong attempts are remembered; those of unknown badges make room first."""
QUEUE: Final = 8
"""Attempts that may wait for their turn: one is judged at a time."""
LONGEST_PIN: Final = 64
LARGEST_MEMORY_KIB: Final = 65_536
"""A verifier that asks for more is none of ours."""
_M_MMAP_THRESHOLD: Final = -3  # malloc.h
_NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$hVp1OJ5C25W9jUc4EXX+Iw$wdbfe32uBnVW6+19KmroJ4sLkiLhbB7pLFuz7SnBaJM"
"""Of a secret that was thrown away: judging nobody's PIN takes as long as anybody's."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Verified:
    person: Person


@dataclass(frozen=True, slots=True)
class Wrong:
    """`left` more can be tried at once; at 0 the next is judged after `seconds`."""

    left: int
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Waits:
    """Not judged: too many were wrong.  Try again after so many seconds."""

    seconds: int


class _Tries(Struct):
    """`failed_ms`: boot time of the latest, below zero for one before the boot."""

    count: int
    failed_ms: int


class _Stored(Struct, frozen=True):
    count: int
    failed_at: datetime


class People:
    """`path`: the file of wrong attempts."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._people: dict[str, ReplicaPerson] = {}
        self._badges: dict[str, ReplicaPerson] = {}
        self._tries: dict[str, _Tries] | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._is_unkept = False

    async def follow(self, rows: Sequence[ReplicaPerson]) -> bool:
        """These are the people now; who is not among them is nobody here."""
        self._people = {row.id: row for row in rows}
        self._badges = {row.badge: row for row in rows if row.badge is not None}
        return True

    def by_badge(self, text: str) -> Person | None:
        """Whose badge holds this text; None: nobody's here."""
        return _person(self._badges.get(badge_hash(text)))

    def by_id(self, person_id: str) -> Person | None:
        """None: not, or not any more, at this site."""
        return _person(self._people.get(person_id))

    @property
    def knows_anybody(self) -> bool:
        """Not before the replica's people are there."""
        return bool(self._people)

    async def sign_in(self, badge: str, pin: str) -> Verified | Wrong | Waits:
        """By badge and PIN; nobody's badge is answered like a wrong PIN, after the same time."""
        digest = badge_hash(badge)
        found = self._badges.get(digest)
        return await self._judge(f"badge:{digest[:32]}" if found is None else found.id, found, pin)

    async def check_pin(self, person_id: str, pin: str) -> Verified | Wrong | Waits:
        """Whether it is this person's PIN; who is not here is answered like who gave a wrong one."""
        found = self._people.get(person_id)
        return await self._judge(f"badge:{badge_hash(person_id)[:32]}" if found is None else found.id, found, pin)

    # --- inside --------------------------------------------------------------------------------------------------------------

    async def _judge(self, key: str, found: ReplicaPerson | None, pin: str) -> Verified | Wrong | Waits:
        if self._waiting >= QUEUE:
            return Waits(1)
        self._waiting += 1
        try:
            async with self._turn:
                return await self._judge_alone(key, found, pin)
        finally:
            self._waiting -= 1

    async def _judge_alone(self, key: str, found: ReplicaPerson | None, pin: str) -> Verified | Wrong | Waits:
        if self._tries is None:
            self._tries = await asyncio.to_thread(self._load)
        if (wait := self._wait_ms(key)) > 0:
            return Waits(math.ceil(wait / 1000))
        tries = self._count(key)
        await asyncio.to_thread(self._keep)
        failpoint("people.counted_before_judged")
        is_right = await asyncio.to_thread(_verify, found.pin if found is not None else None, pin)
        person = _person(self._people.get(found.id)) if found is not None else None  # it may have left meanwhile
        if is_right and person is not None:
            del self._tries[key]
            await asyncio.to_thread(self._keep)
            return Verified(person)
        _log.warning("a wrong PIN", extra={"person": found.id if found is not None else None, "tries": tries.count})
        return Wrong(max(TRIES - tries.count, 0), math.ceil(self._wait_ms(key) / 1000))

    def _count(self, key: str) -> _Tries:
        tries = self._tries if self._tries is not None else {}
        now = self._clock.mono_ms()
        before = tries.pop(key, None)
        is_old = before is None or now - before.failed_ms > FORGOTTEN_MS
        while len(tries) >= KEPT:
            del tries[next((each for each in tries if each.startswith("badge:")), next(iter(tries)))]
        tries[key] = _Tries(1 if before is None or is_old else before.count + 1, now)
        return tries[key]

    def _wait_ms(self, key: str) -> int:
        tries = (self._tries or {}).get(key)
        if tries is None or tries.count < TRIES:
            return 0
        return max(0, tries.failed_ms + wait_ms(tries.count) - self._clock.mono_ms())

    def _load(self) -> dict[str, _Tries]:
        """Blocks.  One whose instant is still to come (the clock was wrong) failed just now."""
        try:
            stored = msgspec.json.decode(self._path.read_bytes(), type=dict[str, _Stored])
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, msgspec.DecodeError) as error:
            _log.warning(
                "wrong attempts at PINs cannot be read; they count anew", extra={"file": str(self._path), "reason": str(error)}
            )
            return {}
        wall, now = self._clock.now(), self._clock.mono_ms()
        ages = {key: max(timedelta(), wall - each.failed_at) for key, each in stored.items()}
        return {key: _Tries(each.count, now - int(ages[key].total_seconds() * 1000)) for key, each in stored.items()}

    def _keep(self) -> None:
        """Blocks.  A disk that does not take it is told once; the attempts count on in memory."""
        wall, now = self._clock.now(), self._clock.mono_ms()
        stored = {
            key: _Stored(each.count, wall - timedelta(milliseconds=now - each.failed_ms))
            for key, each in (self._tries or {}).items()
        }
        part = self._path.with_suffix(".part")
        try:
            part.unlink(missing_ok=True)
            create_private(part)
            with part.open("wb") as out:
                out.write(msgspec.json.encode(stored))
                out.flush()
                os.fsync(out.fileno())
            part.rename(self._path)
            self._is_unkept = False
        except OSError as error:
            if not self._is_unkept:
                _log.warning("wrong attempts at PINs are only in memory", extra={"file": str(self._path), "reason": str(error)})
            self._is_unkept = True


def badge_hash(text: str) -> str:
    """Of a badge as it is read or typed; case does not matter, as CapsLock may be on."""
    return hashlib.sha256(text.strip().upper().encode(errors="replace")).hexdigest()


def wait_ms(failures: int) -> int:
    """What so many wrong attempts in a row cost."""
    return 0 if failures < TRIES else min(FIRST_WAIT_MS << min(failures - TRIES, 20), LONGEST_WAIT_MS)


def _person(row: ReplicaPerson | None) -> Person | None:
    return None if row is None else Person(id=row.id, name=row.name, language=row.language, roles=tuple(row.roles))


def _verify(verifier: str | None, pin: str) -> bool:
    """Blocks; takes as long without a verifier."""
    from argon2 import extract_parameters, low_level  # noqa: PLC0415 -- a box whose stations ask for no PIN never loads it
    from argon2.exceptions import Argon2Error, InvalidHashError  # noqa: PLC0415

    _give_memory_back()
    try:
        asked = verifier or _NOBODY
        if extract_parameters(asked).memory_cost > LARGEST_MEMORY_KIB:
            return False
        secret = pin[:LONGEST_PIN].encode(errors="replace")
        return low_level.verify_secret(asked.encode(), secret, low_level.Type.ID) and verifier is not None
    except (Argon2Error, InvalidHashError, ValueError):
        return False


@cache
def _give_memory_back() -> None:
    """Large pieces of memory go back to the kernel when they are freed.

    glibc would keep what was once freed for the next time, 19 MB in each thread.  Source: mallopt(3), M_MMAP_THRESHOLD: once it is
    set, it is no longer adjusted.
    """
    import ctypes  # noqa: PLC0415 -- as above

    with suppress(OSError, AttributeError):  # only glibc has it
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 1 << 20)
