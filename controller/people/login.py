"""Logging in: by name and password, or by badge and PIN.  Who fails again and again waits, longer each time.

A try counts as a failure before it is checked, and is taken back when it was right: many at once get no more tries than one after
another.  Somebody who does not exist, who left, who has no password and who mistyped it are answered alike, and take as long.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, ip_address, ip_network

from controller import db, events
from controller.errors import Forbidden
from controller.people import queries
from controller.people.events import LogInLocked
from controller.people.operations import verifiers
from controller.people.policies import TRIES, TRIES_OF_AN_ADDRESS, folded, wait_after
from controller.people.queries import Credentials
from controller.people.sessions import Means, open_session
from controller.people.verifiers import badge_hash

REMEMBER = timedelta(hours=24)
"""After a day without a failure, counting begins anew."""


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a log-in comes from."""

    address: str
    agent: str


class WrongLogIn(Forbidden):
    """`wait`: seconds until the next try is heard, 0 for none."""

    code = "wrong_log_in"

    def __init__(self, wait: int) -> None:
        super().__init__("this does not match anybody who may log in here")
        self.wait = wait


class TooManyTries(Forbidden):
    """Not even looked at."""

    code = "too_many_tries"

    def __init__(self, wait: int) -> None:
        super().__init__(f"too many tries failed: the next one is heard in {wait} s")
        self.wait = wait


async def by_password(name: str, password: str, browser: Browser) -> str:
    """The token of a new session.  Records LoggedIn.  Raises WrongLogIn, TooManyTries."""

    async def check() -> Credentials | None:
        found = await queries.by_name(name)
        is_right = await verifiers.is_password(password, found.password_hash if found else None)
        return found if is_right else None

    return await _log_in("password", f"name:{_digest(folded(name))}", check, browser)


async def by_badge(badge: str, pin: str, browser: Browser) -> str:
    """The same with badge and PIN."""
    digest = badge_hash(badge)

    async def check() -> Credentials | None:
        found = await queries.by_badge(digest)
        is_right = await verifiers.is_pin(pin, found.pin_hash if found else None)
        return found if is_right else None

    return await _log_in("badge", f"badge:{digest}", check, browser)


async def is_own_password(person_id: str, password: str, browser: Browser) -> bool:
    """Whether somebody who is logged in knows their password, too; guessing it here costs what it costs at the log-in.

    Raises TooManyTries.
    """
    found = await queries.by_id(person_id)
    keys = _keys(f"name:{_digest(folded(found.name))}" if found else "name:", browser)
    await _begin(keys)
    if not await verifiers.is_password(password, found.password_hash if found else None):
        return False
    await _take_back(keys)
    return True


async def _log_in(means: Means, key: str, check: Callable[[], Awaitable[Credentials | None]], browser: Browser) -> str:
    keys = _keys(key, browser)
    wait = await _begin(keys)
    found = await check()
    if found is None:
        raise WrongLogIn(wait)
    await _take_back(keys)
    return await open_session(found.person, means=means, address=browser.address, agent=browser.agent)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _keys(key: str, browser: Browser) -> list[tuple[str, int]]:
    """What failures are counted by, and from how many on they cost time; in the order in which rows are locked."""
    return [(f"address:{_counted_as(browser.address)}"[:80], TRIES_OF_AN_ADDRESS), (key[:80], TRIES)]


def _counted_as(address: str) -> str:
    """A network of IPv6: whoever has one address has all 2^64 of it (RFC 6177), and would never wait."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return address
    return str(found.ipv4_mapped or ip_network((found, 64), strict=False))


async def _begin(keys: list[tuple[str, int]]) -> int:
    """Count this try as failed.  The seconds to wait if it does.  Raises TooManyTries."""
    return await db.in_transaction(lambda: _count(keys))


async def _count(keys: list[tuple[str, int]]) -> int:
    instant = db.now()
    waits = []
    for key, tries in keys:
        (row,) = await db.fetch(
            "INSERT INTO login_failures (key, failures, failed_at, wait_until) VALUES (?, 1, ?, ?) ON CONFLICT (key) DO UPDATE SET "
            "failures = CASE WHEN login_failures.failed_at < ? THEN 1 ELSE login_failures.failures + 1 END, "
            "failed_at = excluded.failed_at RETURNING failures, wait_until",
            *(key, instant, instant, instant - REMEMBER),
        )
        if row["wait_until"] > instant:
            raise TooManyTries(_seconds(row["wait_until"] - instant))  # rolls the counting back
        wait = wait_after(row["failures"], tries)
        if wait:
            await db.execute("UPDATE login_failures SET wait_until = ? WHERE key = ?", instant + wait, key)
            locked = LogInLocked(failures=row["failures"], seconds=_seconds(wait))
            await events.record(locked, subject=key.partition(":")[0])
        waits.append(wait)
    return _seconds(max(waits))


def _seconds(wait: timedelta) -> int:
    return -(-int(wait.total_seconds() * 1000) // 1000)


async def _take_back(keys: list[tuple[str, int]]) -> None:
    """This try was right: nobody waits for it.  Failures of others from the same address stay counted."""
    async with db.transaction():
        (address, _), (key, _) = keys
        await db.execute("DELETE FROM login_failures WHERE key = ? AND failures <= 1", address)
        await db.execute("UPDATE login_failures SET failures = failures - 1, wait_until = failed_at WHERE key = ?", address)
        await db.execute("DELETE FROM login_failures WHERE key = ?", key)


async def forget_old() -> int:
    """Delete counts that hold nobody up any more; returns how many."""
    return await db.execute("DELETE FROM login_failures WHERE failed_at < ?", db.now() - REMEMBER)
