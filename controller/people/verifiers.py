"""PINs, passwords and badges as what is stored of them, and the comparison.  Nothing here is ever logged.

argon2id (RFC 9106).  A PIN's verifier goes to boxes with little memory, so that its cost is the smaller one that OWASP's Password
Storage Cheat Sheet names (19 MiB, 2 passes, 1 lane); a password stays here and costs what RFC 9106, section 4, asks for at least.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import NewType

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from controller import db
from drivers.symbols.commands import SAFE_LETTERS

BADGE_PREFIX = "SHELFXID"
BADGE_LETTERS = 16
"""Of 20 letters each: 69 bits, which nobody guesses from the hash."""
PIN_MEMORY_KIB = 19_456
_PIN = PasswordHasher(time_cost=2, memory_cost=PIN_MEMORY_KIB, parallelism=1)
_PASSWORD = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)
_NOBODY = secrets.token_urlsafe(16)
_ID_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, in lower case
Verifier = NewType("Verifier", str)
"""Of a PIN or password that was found good enough."""
AT_ONCE = 2
"""Verifications that run side by side: each takes up to 64 MiB, whoever asks for it."""


def new_person_id() -> str:
    return "p-" + "".join(secrets.choice(_ID_LETTERS) for _ in range(12))


def new_badge() -> str:
    """The text of a new badge's barcode; only letters that scanners type alike on all layouts (`drivers/symbols/commands.py`)."""
    letters = sorted(SAFE_LETTERS)
    return BADGE_PREFIX + "".join(secrets.choice(letters) for _ in range(BADGE_LETTERS))


def badge_hash(text: str) -> str:
    """Of a badge as a scanner brings it; case does not matter, as CapsLock may be on."""
    return hashlib.sha256(text.strip().upper().encode(errors="replace")).hexdigest()


def is_badge(text: str) -> bool:
    letters = text.strip().upper().removeprefix(BADGE_PREFIX)
    return text.strip().upper().startswith(BADGE_PREFIX) and len(letters) == BADGE_LETTERS and set(letters) <= SAFE_LETTERS


class Verifiers:
    """Makes and checks argon2id verifiers off the event loop; somebody who does not exist takes as long as somebody who does.

    Never in a transaction: each takes up to a tenth of a second, twice that when others log in, and all who write would wait.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="verifiers")
        self._nobody: dict[PasswordHasher, str] = {}

    async def of_pin(self, pin: str) -> Verifier:
        return await self._run(_PIN, pin)

    async def of_password(self, password: str) -> Verifier:
        return await self._run(_PASSWORD, password)

    async def is_pin(self, pin: str, verifier: str | None) -> bool:
        return await self._matches(_PIN, pin, verifier)

    async def is_password(self, password: str, verifier: str | None) -> bool:
        return await self._matches(_PASSWORD, password, verifier)

    async def _run(self, hasher: PasswordHasher, secret: str) -> Verifier:
        _require_no_transaction()
        return Verifier(await asyncio.get_running_loop().run_in_executor(self._threads, hasher.hash, secret))

    async def _matches(self, hasher: PasswordHasher, secret: str, verifier: str | None) -> bool:
        """False for no verifier, after the time that one takes."""
        _require_no_transaction()
        if hasher not in self._nobody:
            self._nobody[hasher] = await self._run(hasher, _NOBODY)
        stored, loop = verifier or self._nobody[hasher], asyncio.get_running_loop()
        is_right = await loop.run_in_executor(self._threads, _verify, hasher, stored, secret)
        return is_right and verifier is not None


def _require_no_transaction() -> None:
    """Raises RuntimeError: whoever wrote this call would have let all writers wait."""
    if db.is_in_transaction():
        raise RuntimeError("a verifier is made and checked before the transaction")


def _verify(hasher: PasswordHasher, verifier: str, secret: str) -> bool:
    try:
        return hasher.verify(verifier, secret)
    except (VerificationError, InvalidHashError):
        return False
