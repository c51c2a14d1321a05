"""Marketplaces that are asked for their orders: which, how often, with what; one that fails holds up no other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import aiohttp

from controller.customers.keyring import Place
from controller.customers.sealing import seal, unseal
from controller.db import Row, execute, fetch, now
from controller.errors import NotFound, Rejected
from controller.intake.connector import LONGEST_WAIT, Bucket, Marketplace, MarketplaceFailed, SlowDown
from controller.intake.signing import forget_nonces

LOOK_SECONDS = 5.0
LANES = 4
"""Marketplaces that are asked at once by a process."""
TURN = timedelta(seconds=90)
"""From each page on, others leave a marketplace to whoever asks it: longer than a page takes; a kill silences it no longer."""
PER_SECOND = 2
BURST = 5

log = logging.getLogger(__name__)


class BadMarketplace(Rejected):
    code = "bad_marketplace"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMarketplace:
    """`failed`: what went wrong the last time; None: nothing.  Its token is never shown.

    `polled_at` None: it was never asked; `found`: so many orders were new the last time.
    """

    channel: str
    url: str
    every_seconds: int
    is_active: bool
    next_at: datetime
    failures: int
    failed: str | None
    polled_at: datetime | None
    found: int | None


async def put_marketplace(channel: str, url: str, *, token: str, every_seconds: int, active: bool = True) -> None:
    """Ask it so often from now on.  Raises BadMarketplace (no http address, too often), KeysUnavailable."""
    _check(url, every_seconds)
    await execute(
        "INSERT INTO intake_marketplace (channel, url, sealed, every_seconds, is_active, next_at, failures) "
        "VALUES (?, ?, ?, ?, ?, ?, 0) ON CONFLICT (channel) DO UPDATE SET url = excluded.url, sealed = excluded.sealed, "
        "every_seconds = excluded.every_seconds, is_active = excluded.is_active, next_at = excluded.next_at, "
        "failures = 0, failed = NULL",
        *(channel, url, await seal(token, _place(channel)), every_seconds, active, now()),
    )


async def change_marketplace(channel: str, url: str, *, every_seconds: int) -> None:
    """Ask it elsewhere, or more often, with the token that it has; at once.  Raises BadMarketplace, NotFound."""
    _check(url, every_seconds)
    changed = await execute(
        "UPDATE intake_marketplace SET url = ?, every_seconds = ?, is_active = ?, next_at = ? WHERE channel = ?",
        *(url, every_seconds, True, now(), channel),
    )
    _require(changed, channel)


async def ask_now(channel: str) -> None:
    """It is due now: whoever asks marketplaces asks it within seconds.  Raises NotFound."""
    changed = await execute("UPDATE intake_marketplace SET next_at = ?, is_active = ? WHERE channel = ?", now(), True, channel)
    _require(changed, channel)


async def stop(channel: str) -> None:
    """It is asked no more, until somebody says so.  Raises NotFound."""
    _require(await execute("UPDATE intake_marketplace SET is_active = ? WHERE channel = ?", False, channel), channel)


def _require(changed: int, channel: str) -> None:
    if not changed:
        raise NotFound("marketplace", channel)


def _check(url: str, every_seconds: int) -> None:
    """Raises BadMarketplace."""
    if not url.startswith(("https://", "http://")) or len(url) > 300 or url.endswith("/"):
        raise BadMarketplace("an address that begins with https:// and has no slash at its end")
    if not 10 <= every_seconds <= 86_400:
        raise BadMarketplace("asked every 10 seconds to once a day")


async def marketplaces() -> list[StoredMarketplace]:
    rows = await fetch(
        "SELECT channel, url, every_seconds, is_active, next_at, failures, failed, polled_at, found FROM intake_marketplace "
        "ORDER BY channel"
    )
    return [StoredMarketplace(**{**row, "is_active": bool(row["is_active"])}) for row in rows]


@dataclass(slots=True)
class Poller:
    """Asks those that are due.  A marketplace's turn is taken by a conditional UPDATE: of two processes one asks."""

    session: aiohttp.ClientSession
    _buckets: dict[str, Bucket] = field(default_factory=dict)

    async def poll_due(self, at: datetime) -> int:
        """Ask one after the other; how many orders were new."""
        new = 0
        while (found := await self._poll_next(at)) is not None:
            new += found
        return new

    async def _poll_next(self, at: datetime) -> int | None:
        """The one that is due longest; None: there is none."""
        rows = await fetch(
            "SELECT * FROM intake_marketplace WHERE is_active AND next_at <= ? ORDER BY next_at, channel LIMIT 1", at
        )
        if not rows:
            return None
        claimed = await execute(
            "UPDATE intake_marketplace SET next_at = ? WHERE channel = ? AND next_at = ?",
            *(at + TURN, rows[0]["channel"], rows[0]["next_at"]),
        )
        return await self._poll(rows[0], at) if claimed else 0

    async def _poll(self, row: Row, at: datetime) -> int:
        began, every, failures = now(), float(row["every_seconds"]), 0
        failed: str | None = None
        new = 0

        async def keep_turn() -> None:
            await execute(
                "UPDATE intake_marketplace SET next_at = ? WHERE channel = ?", at + (now() - began) + TURN, row["channel"]
            )

        try:
            new = await (await self._marketplace(row)).poll(keep_turn)
        except SlowDown as slow:
            every = max(slow.seconds, 1.0)
        except MarketplaceFailed as error:
            failures, failed = row["failures"] + 1, str(error)[:200]
            every = min(every * 2.0 ** min(failures, 16), LONGEST_WAIT)
        await execute(
            "UPDATE intake_marketplace SET next_at = ?, failures = ?, failed = ?, polled_at = ?, found = ? WHERE channel = ?",
            *(at + (now() - began) + timedelta(seconds=every), failures, failed, at, new, row["channel"]),
        )
        return new

    async def _marketplace(self, row: Row) -> Marketplace:
        channel = row["channel"]
        bucket = self._buckets.setdefault(channel, Bucket(PER_SECOND, BURST, asyncio.get_running_loop().time))
        token = await unseal(row["sealed"], _place(channel))
        return Marketplace(channel=channel, url=row["url"], token=token, session=self.session, bucket=bucket)


async def run(random: Random) -> None:
    """Ask whoever is due, and forget nonces that are too old, for ever: several at once, as a slow one must not hold up others."""
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as lanes:
        poller = Poller(session)
        for _ in range(LANES):
            lanes.create_task(_again_and_again(lambda: poller.poll_due(now()), random))
        lanes.create_task(_again_and_again(lambda: forget_nonces(now()), random))


async def _again_and_again(work: Callable[[], Awaitable[object]], random: Random) -> None:
    while True:
        try:
            await work()
        except Exception:  # the worker's outermost loop: the database may be away
            log.exception("asking marketplaces failed; it is tried again")
        await asyncio.sleep(random.uniform(0.5, 1.0) * LOOK_SECONDS)


def _place(channel: str) -> Place:
    return Place("intake_marketplace", "sealed", channel)
