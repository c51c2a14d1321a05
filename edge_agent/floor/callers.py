"""Who has a connection to the pages and says nothing on it: it ends, so that nobody can take all that the box has by being slow.

A request's head may come as slowly as its sender likes, and the server waits; each such connection is one of the files that the
agent may have open, and its scanners need some, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

QUIET_SECONDS = 20.0
"""Without a whole request; a browser opens its next connection without asking anybody."""
MOST_QUIET = 150
"""At once: who has been quiet for longest goes first."""
LOOK_SECONDS = 1.0


class Callers:
    """`server` is the one that listens now.  Times are the loop's."""

    def __init__(self, quiet_seconds: float = QUIET_SECONDS, most_quiet: int = MOST_QUIET) -> None:
        self.server: web.Server | None = None
        self._quiet_seconds = quiet_seconds
        self._most_quiet = most_quiet
        self._busy: dict[object, int] = {}
        self._since: dict[RequestHandler, float] = {}

    @contextmanager
    def answering(self, request: web.Request) -> Iterator[None]:
        """While its request is answered, a connection is not quiet; a stream of events is a long answer."""
        handler = request.protocol
        self._busy[handler] = self._busy.get(handler, 0) + 1
        try:
            yield
        finally:
            self._busy[handler] -= 1
            if not self._busy[handler]:
                del self._busy[handler]
            self._since.pop(handler, None)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look(asyncio.get_running_loop().time())

    def look(self, now: float) -> None:
        """End what has been quiet for too long, and of the rest what is too many."""
        there = self.server.connections if self.server is not None else []
        self._since = {each: self._since.get(each, now) for each in there if each not in self._busy}
        by_age = sorted(self._since, key=self._since.__getitem__)
        too_many = len(by_age) - self._most_quiet
        for place, handler in enumerate(by_age):
            if place < too_many or now - self._since[handler] >= self._quiet_seconds:
                del self._since[handler]
                if handler.transport is not None:
                    handler.transport.abort()
