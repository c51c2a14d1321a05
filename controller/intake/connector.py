"""A marketplace that is asked for its orders: page by page from a cursor, no faster than it allows, going on where it was.

A generic HTTP form, as a worked example of what a real marketplace's connector does: `GET {url}/orders?after={cursor}&limit={n}`
answers `{"orders": [...], "next": "..."}`, each order in the form of `document.py`; the orders are kept before the cursor moves, in
one transaction, so that a crash asks again and finds the same bytes kept already.
"""

from __future__ import annotations

import asyncio
import email.utils
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp
import msgspec
from msgspec import Struct

from controller.answers import body_of
from controller.db import execute, fetch, now, transaction
from controller.intake.taking import receive

PER_PAGE = 50
MOST_PAGES = 200
LONGEST_WAIT = 600.0
DEFAULT_WAIT = 5.0
MOST_OF_A_PAGE = 16 << 20
_TIMEOUT = aiohttp.ClientTimeout(total=30)


class MarketplaceFailed(Exception):
    """It gave no answer that can be read; asked again later."""


class SlowDown(Exception):
    """It wants to be left alone for `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"asked to wait {seconds:.0f} s")
        self.seconds = seconds


class Orders(Struct, frozen=True, kw_only=True):
    """`next` None: that was all for now."""

    orders: list[msgspec.Raw]
    next: str | None = None


@dataclass(slots=True)
class Bucket:
    """At most `burst` at once and `per_second` in the long run.  `time` is a monotonic clock in seconds."""

    per_second: float
    burst: int
    time: Callable[[], float]
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    _tokens: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._tokens, self._at = float(self.burst), self.time()

    async def take(self) -> None:
        """Wait until one more is allowed."""
        while True:
            here = self.time()
            self._tokens = min(float(self.burst), self._tokens + (here - self._at) * self.per_second)
            self._at = here
            if self._tokens >= 1:
                self._tokens -= 1
                return
            await self.sleep((1 - self._tokens) / self.per_second)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marketplace:
    """`url` without a slash at its end; `token` is sent as a bearer's."""

    channel: str
    url: str
    token: str
    session: aiohttp.ClientSession
    bucket: Bucket

    async def poll(self, before_page: Callable[[], Awaitable[object]]) -> int:
        """Fetch all that is new; how many orders were new.  Raises SlowDown, MarketplaceFailed; what came until then is kept."""
        new = 0
        for _ in range(MOST_PAGES):
            await before_page()
            cursor = await cursor_of(self.channel)
            page = await self._page(cursor)
            async with transaction():
                for order in page.orders:
                    new += (await receive(self.channel, bytes(order), source="poll"))[1]
                await _move(self.channel, page.next or cursor)
            if page.next is None or page.next == cursor:
                break
        return new

    async def _page(self, cursor: str) -> Orders:
        """Raises SlowDown, MarketplaceFailed."""
        await self.bucket.take()
        query = {"after": cursor, "limit": str(PER_PAGE)}
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            async with self.session.get(f"{self.url}/orders", params=query, headers=headers, timeout=_TIMEOUT) as answer:
                if answer.status in (429, 503):
                    raise SlowDown(wait_of(answer.headers.get("Retry-After"), now()))
                if answer.status != 200:
                    raise MarketplaceFailed(f"{self.channel} answered {answer.status}")
                return msgspec.json.decode(await body_of(answer, MOST_OF_A_PAGE), type=Orders)
        except (aiohttp.ClientError, OSError, ValueError, msgspec.MsgspecError) as error:
            raise MarketplaceFailed(f"{self.channel}: {type(error).__name__}") from error


def wait_of(retry_after: str | None, at: datetime) -> float:
    """Seconds that a Retry-After asks for: a number, or an HTTP date (RFC 9110, section 10.2.3); at most ten minutes."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:6]), LONGEST_WAIT)
    try:
        until = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return DEFAULT_WAIT
    if until.tzinfo is None:
        return DEFAULT_WAIT
    return min(max((until - at).total_seconds(), 0.0), LONGEST_WAIT)


async def cursor_of(channel: str) -> str:
    """How far a marketplace's orders were fetched; empty at the beginning."""
    rows = await fetch("SELECT place FROM intake_cursor WHERE channel = ?", channel)
    return str(rows[0]["place"]) if rows else ""


async def _move(channel: str, place: str) -> None:
    await execute(
        "INSERT INTO intake_cursor (channel, place, moved_at) VALUES (?, ?, ?) "
        "ON CONFLICT (channel) DO UPDATE SET place = excluded.place, moved_at = excluded.moved_at",
        *(channel, place[:200], now()),
    )
