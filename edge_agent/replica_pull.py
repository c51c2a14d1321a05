"""Keeping the replica up to date: page after page from the controller, on a thread of its own; and asking it, on another.

A controller that is away, or that sends what cannot be used, changes nothing: what the box has is served on, with its age.
"""

from __future__ import annotations

import asyncio
import http.client
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from random import Random
from urllib.parse import quote, urlsplit

import msgspec

from edge_agent.replica import Replica, ReplicaDamaged, ReplicaUnavailable
from edge_agent.seams import Clock
from edge_agent.stations import Item, Missing
from edge_agent.templates import TIMEOUT, TemplateServer
from edge_agent.wire.replica import DIGEST, LARGEST, ReplicaPage, decode_page, is_digest_of

PATIENCE = 0.05
"""Seconds that a person's lookup may take; then the answer is that it took too long."""
JITTER = 0.2
"""Part of the time between two pulls by which it is longer or shorter: boxes that started together do not ask together."""
_PIECE = 1 << 16

Fetch = Callable[[str], ReplicaPage]
"""The page after a cursor; blocks.  Raises ReplicaUnavailable."""

_log = logging.getLogger(__name__)


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
        self._trouble: str | None = None
        self.patience = PATIENCE

    async def run(self) -> None:
        """Until cancelled; a page that is under way may still be stored."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await loop.run_in_executor(self._writing, self.pull)
                await asyncio.sleep(self._every * self._random.uniform(1 - JITTER, 1 + JITTER))
        finally:
            self._stopping.set()
            closed = (
                loop.run_in_executor(self._reading, self._replica.close_reader),
                loop.run_in_executor(self._writing, self._replica.close_writer),
            )
            self._reading.shutdown(wait=False)
            self._writing.shutdown(wait=False)
            await asyncio.gather(*closed)

    async def look_up(self, text: str, gtin: str | None) -> Item | Missing:
        """What a symbol is; LATE after `patience`.  It holds up the loop for nobody."""
        if self._stopping.is_set():
            return Missing.LATE
        try:
            async with asyncio.timeout(self.patience):
                return await asyncio.get_running_loop().run_in_executor(self._reading, self._replica.lookup, text, gtin)
        except TimeoutError:
            return Missing.LATE

    def pull(self) -> bool:
        """Fetch until there is no more; whether it came to the end.  Blocks, never raises.  Trouble is logged when it changes."""
        try:
            self._replica.prepare()
            while self._fetch is not None and not self._stopping.is_set() and self._pull_page(self._fetch):
                pass
        except (ReplicaUnavailable, ReplicaDamaged) as error:
            if str(error) != self._trouble:
                level = logging.ERROR if isinstance(error, ReplicaDamaged) else logging.WARNING
                _log.log(level, "the catalogue is not up to date: %s", error, extra={"code": error.code})
            self._trouble = str(error)
            return False
        if self._trouble is not None:
            _log.info("the catalogue is up to date again")
            self._trouble = None
        return True

    def _pull_page(self, fetch: Fetch) -> bool:
        asked, at_ms = self._replica.cursor(), self._clock.mono_ms()
        page = fetch(asked)
        self._replica.take(page, asked=asked, asked_at_ms=at_ms)
        return page.more


def fetch_from(server: TemplateServer, site: str) -> Fetch:
    """A `Fetch` that asks the controller: ``GET {url}/box/v1/replica/{site}?since=CURSOR``."""
    try:
        parts = urlsplit(server.url)
    except ValueError:
        parts = urlsplit("")
    path = f"{parts.path.rstrip('/')}/box/v1/replica/{quote(site, safe='')}"
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {server.token}"} if server.token else {})

    def fetch(since: str) -> ReplicaPage:
        connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        try:
            with closing(connect(parts.hostname or "", parts.port, timeout=TIMEOUT)) as connection:
                connection.request("GET", f"{path}?since={quote(since, safe='')}" if since else path, headers=headers)
                response = connection.getresponse()
                body = _read(response)
        except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: an address that is none
            raise ReplicaUnavailable(f"the controller does not answer ({type(error).__name__}: {error})") from error
        return _checked(response, body)

    return fetch


def _read(response: http.client.HTTPResponse) -> bytes:
    body = bytearray()
    while piece := response.read1(_PIECE):
        body += piece
        if len(body) > LARGEST:
            raise ReplicaUnavailable(f"the controller sent a page of more than {LARGEST} bytes")
    return bytes(body)


def _checked(response: http.client.HTTPResponse, body: bytes) -> ReplicaPage:
    if response.status != http.HTTPStatus.OK:
        raise ReplicaUnavailable(f"the controller answered {response.status} when asked for the catalogue")
    if not is_digest_of(response.headers.get(DIGEST), body):
        raise ReplicaUnavailable("a page of the catalogue arrived with other bytes than its digest says")
    try:
        return decode_page(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReplicaUnavailable(f"a page of the catalogue cannot be read: {error}") from error
