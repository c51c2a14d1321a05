"""Marketplaces that are asked for their orders: which, how often, with what; one that fails holds up no other."""

from __future__ import annotations

import asyncio
import logging
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
        """How many orders were new."""
        new = 0
        for row in await fetch("SELECT * FROM intake_marketplace WHERE is_active AND next_at <= ? ORDER BY next_at", at):
            claimed = await execute(
                "UPDATE intake_marketplace SET next_at = ? WHERE channel = ? AND next_at = ?",
                *(at + timedelta(seconds=max(row["every_seconds"], LONGEST_WAIT)), row["channel"], row["next_at"]),
            )
            if claimed:
                new += await self._poll(row, at)
        return new

    async def _poll(self, row: Row, at: datetime) -> int:
        every, failures = float(row["every_seconds"]), 0
        failed: str | None = None
        new = 0
        try:
            new = await (await self._marketplace(row)).poll()
        except SlowDown as slow:
            every = max(slow.seconds, 1.0)
        except MarketplaceFailed as error:
            failures, failed = row["failures"] + 1, str(error)[:200]
            every = min(every * 2.0 ** min(failures, 16), LONGEST_WAIT)
        await execute(
            "UPDATE intake_marketplace SET next_at = ?, failures = ?, failed = ?, polled_at = ?, found = ? WHERE channel = ?",
            *(at + timedelta(seconds=every), failures, failed, at, new, row["channel"]),
        )
        return new

    async def _marketplace(self, row: Row) -> Marketplace:
        channel = row["channel"]
        bucket = self._buckets.setdefault(channel, Bucket(PER_SECOND, BURST, asyncio.get_running_loop().time))
        token = await unseal(row["sealed"], _place(channel))
        return Marketplace(channel=channel, url=row["url"], token=token, session=self.session, bucket=bucket)


async def run(random: Random) -> None:
    """Ask whoever is due, and forget nonces that are too old, for ever; what fails is tried again."""
    async with aiohttp.ClientSession() as session:
        poller = Poller(session)
        while True:
            try:
                await poller.poll_due(now())
                await forget_nonces(now())
            except Exception:
                log.exception("asking marketplaces failed; it is tried again")
            await asyncio.sleep(random.uniform(0.5, 1.0) * LOOK_SECONDS)


def _place(channel: str) -> Place:
    return Place("intake_marketplace", "sealed", channel)
