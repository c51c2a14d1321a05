"""Keeping the replica up to date: page after page from the controller, on a thread of its own; and asking it, on others.

A controller that is away, or that sends what cannot be used, changes nothing: what the box has is served on, with its age.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from random import Random
from typing import Generic, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Struct

from edge_agent.config import Config
from edge_agent.controller_link import Controller, ControllerLink, ControllerSilent
from edge_agent.replica import Replica, ReplicaDamaged, ReplicaUnavailable
from edge_agent.replica_parts import Part
from edge_agent.replica_search import Hits
from edge_agent.seams import Clock
from edge_agent.stations import Item, Missing
from edge_agent.stations.model import NOTHING_KNOWN, Known
from edge_agent.wire.open_work import Head
from edge_agent.wire.replica import DIGEST, LARGEST, ReplicaPage, decode_page, is_digest_of

PATIENCE = 0.05
"""Seconds that a person's lookup may take; then the answer is that it took too long."""
SEARCH_PATIENCE = 2.0
"""Seconds that a search may take."""
JITTER = 0.2
"""Part of the time between two pulls by which it is longer or shorter: boxes that started together do not ask together."""

_NOT_LET_IN = (
    "the controller does not know this box's certificate, or it was revoked: ask IT to register it, or for a new one"
    " (shelfwire-provision box … --api)"
)

R = TypeVar("R", bound=Struct)

Fetch = Callable[[str], ReplicaPage]
"""The page after a cursor; blocks.  Raises ReplicaUnavailable."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Follower(Generic[R]):
    part: Part[R]
    tell: Callable[[Sequence[R]], Awaitable[bool]]
    told: int = 0


class ReplicaKeeper:
    """`run` pulls every `every` seconds, more or less; `look_up` answers meanwhile, and without a controller."""

    def __init__(self, replica: Replica, fetch: Fetch | None, clock: Clock, random: Random, every: float) -> None:
        self._replica = replica
        self._fetch = fetch
        self._clock = clock
        self._random = random
        self._every = every
        self._stopping = threading.Event()
        self._writing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="replica")
        self._reading = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lookup")
        self._searching = ThreadPoolExecutor(max_workers=1, thread_name_prefix="search")
        self._trouble: str | None = None
        self._followers: list[_Follower] = []  # type: ignore[type-arg]  # each of another row
        self.patience = PATIENCE
        self.watching: Callable[[str], AbstractContextManager[None]] = lambda _: contextlib.nullcontext()
        """Around each page, and around what is told of it."""

    def follow(self, part: Part[R], tell: Callable[[Sequence[R]], Awaitable[bool]]) -> None:
        """Tell all rows of a `kept` part when the box starts, and whenever they changed; one that answers False is told again."""
        self._followers.append(_Follower(part, tell))

    async def run(self) -> None:
        """Until cancelled; a page that is under way may still be stored."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._writing, self._prepare)
            while True:
                await self._tell_followers()
                await loop.run_in_executor(self._writing, self.pull)
                await self._tell_followers()
                await asyncio.sleep(self._every * self._random.uniform(1 - JITTER, 1 + JITTER))
        finally:
            self._stopping.set()
            closed = (
                loop.run_in_executor(self._reading, self._replica.close_reader),
                loop.run_in_executor(self._searching, self._replica.close_search),
                loop.run_in_executor(self._writing, self._replica.close_writer),
            )
            for each in (self._reading, self._searching, self._writing):
                each.shutdown(wait=False)
            await asyncio.gather(*closed)

    async def reconfigure(self, config: Config) -> None:
        """It pulls as often as configured, from the next time on."""
        self._every = config.controller.replica_seconds

    async def look_up(self, text: str, gtin: str | None) -> Item | Missing:
        """What a symbol is; LATE after `patience`.  It holds up the loop for nobody."""
        if self._stopping.is_set():
            return Missing.LATE
        try:
            async with asyncio.timeout(self.patience):
                return await asyncio.get_running_loop().run_in_executor(self._reading, self._replica.lookup, text, gtin)
        except TimeoutError:
            return Missing.LATE

    async def around(self, part: str, number: str | None, place: str | None, also: tuple[str, ...] = ()) -> Known:
        """What is known around a reading; nothing after `patience`."""
        if self._stopping.is_set():
            return NOTHING_KNOWN
        try:
            async with asyncio.timeout(self.patience):
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._reading, self._replica.around, part, number, place, also)
        except TimeoutError:
            return NOTHING_KNOWN

    async def heads(self, part: str) -> list[Head]:
        """The documents of a part that are open; none where nobody knows."""
        if self._stopping.is_set():
            return []
        return await asyncio.get_running_loop().run_in_executor(self._reading, self._replica.heads, part)

    def changes(self, part: str) -> int:
        """How often a part became another, since the start."""
        return self._replica.changes[part]

    async def search(self, text: str, after: str | None = None) -> Hits | Missing:
        """A page of items by name, SKU or the beginning of a barcode; LATE after two seconds."""
        if self._stopping.is_set():
            return Missing.LATE
        try:
            async with asyncio.timeout(SEARCH_PATIENCE):
                return await asyncio.get_running_loop().run_in_executor(self._searching, self._replica.search, text, after)
        except TimeoutError:
            return Missing.LATE

    async def state(self) -> tuple[str, int | None] | Missing:
        """Which version is served, and its age in milliseconds."""
        if self._stopping.is_set():
            return Missing.LATE
        return await asyncio.get_running_loop().run_in_executor(self._reading, self._replica.state)

    def pull(self) -> bool:
        """Fetch until there is no more; whether it came to the end.  Blocks, never raises.  Trouble is logged when it changes."""
        try:
            self._replica.prepare()
            while self._fetch is not None and not self._stopping.is_set() and self._pull_page(self._fetch):
                pass
        except (ReplicaUnavailable, ReplicaDamaged) as error:
            self._tell(error)
            return False
        if self._trouble is not None:
            _log.info("the catalogue is up to date again")
            self._trouble = None
        return True

    # --- inside --------------------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """What is on disk is served before the controller is asked, which may be away."""
        try:
            self._replica.prepare()
        except ReplicaUnavailable as error:
            self._tell(error)

    def _tell(self, error: ReplicaUnavailable | ReplicaDamaged) -> None:
        if str(error) != self._trouble:
            level = logging.ERROR if isinstance(error, ReplicaDamaged) else logging.WARNING
            _log.log(level, "the catalogue is not up to date: %s", error, extra={"code": error.code})
        self._trouble = str(error)

    def _pull_page(self, fetch: Fetch) -> bool:
        asked, at_ms = self._replica.cursor(), self._clock.mono_ms()
        with self.watching("replica"):
            page = fetch(asked)
            self._replica.take(page, asked=asked, asked_at_ms=at_ms)
        return page.more

    async def _tell_followers(self) -> None:
        for follower in self._followers:
            changes = self._replica.changes[follower.part.name]
            if changes == follower.told:
                continue
            rows = await asyncio.get_running_loop().run_in_executor(self._reading, self._replica.rows, follower.part)
            with self.watching("replica's followers"):
                if not isinstance(rows, Missing) and await follower.tell(rows):
                    follower.told = changes


def fetch_from(controller: Controller, site: str, parts: Sequence[str]) -> Fetch:
    """A `Fetch` that asks the controller: ``GET {url}/box/v1/replica/{site}?parts=…&since=CURSOR``."""
    link = ControllerLink(controller)
    path = f"/box/v1/replica/{quote(site, safe='')}?parts={','.join(parts)}"

    def fetch(since: str) -> ReplicaPage:
        try:
            answer = link.get(f"{path}&since={quote(since, safe='')}" if since else path, limit=LARGEST)
        except ControllerSilent as error:
            raise ReplicaUnavailable(str(error)) from error
        if answer.status == http.HTTPStatus.FORBIDDEN and b"certificate_refused" in answer.body:
            raise ReplicaUnavailable(_NOT_LET_IN)
        if answer.status != http.HTTPStatus.OK:
            raise ReplicaUnavailable(f"the controller answered {answer.status} when asked for the catalogue")
        if not is_digest_of(answer.headers.get(DIGEST), answer.raw):
            raise ReplicaUnavailable("a page of the catalogue arrived with other bytes than its digest says")
        try:
            return decode_page(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ReplicaUnavailable(f"a page of the catalogue cannot be read: {error}") from error

    return fetch
