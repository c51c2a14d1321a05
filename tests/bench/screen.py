"""A screen at the box's pages, without a browser: logs in with badge and PIN, loads pages, listens to the stream."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from tests.bench import catalogue

STATION_PAGE = "/floor/stations/desk"
PAGES = ("/floor", STATION_PAGE, "/floor/lookup?q=milk", "/floor/prints", "/floor/scale", "/floor/help")
STREAM = "/floor/events?station=desk&regions=task%20strip%20prints"
_TOKEN = re.compile(r'name="csrf" content="([^"]+)"')
WAIT_SECONDS = 20


@dataclass
class Screen:
    client: aiohttp.ClientSession
    events: int = 0
    """Lines that the stream sent."""

    async def load(self, path: str) -> str:
        async with self.client.get(path) as response:
            response.raise_for_status()
            return await response.text()

    async def sign_in(self, person: int) -> None:
        """The people may not be read yet: then it tries again."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                token = _TOKEN.search(await self.load("/floor/login"))
                fields = {
                    "csrf": token[1] if token else "",
                    "badge": catalogue.badge(person),
                    "pin": catalogue.PIN,
                    "next": "/floor",
                }
                async with self.client.post("/floor/login", data=fields, allow_redirects=False) as response:
                    if response.status == 303:
                        return
                await asyncio.sleep(0.2)

    async def listen(self) -> None:
        """Until cancelled."""
        async with self.client.get(STREAM, timeout=aiohttp.ClientTimeout(total=None)) as response:
            response.raise_for_status()
            async for line in response.content:
                self.events += line.startswith(b"event:")


@asynccontextmanager
async def screen(port: int) -> AsyncIterator[Screen]:
    """As soon as the pages are there."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", cookie_jar=jar) as client:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                try:
                    await client.get("/")
                    break
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.02)
        yield Screen(client)


@asynccontextmanager
async def listening(at: Screen) -> AsyncIterator[None]:
    """Its stream is open."""
    task = asyncio.create_task(at.listen())
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while not at.events:
                await asyncio.sleep(0.05)
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
