"""A port on which pages are served, the box's and the office's: who comes in at its very end is let in or refused, never forgotten.

asyncio takes a connection in one turn of its loop and gives it to the server in the next.  A server that is closed in between lets
neither client nor socket go: the client waits for an answer, and the socket stays open as long as the process.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Listening:
    """`host` and `port` as bound."""

    host: str
    port: int
    server: web.Server


@asynccontextmanager
async def listening(
    app: web.Application, host: str, port: int, *, stop_seconds: float, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Listening]:
    """Serve `app` while the block runs; a request that is being answered then has `stop_seconds` to end.  Raises OSError."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=stop_seconds, handler_cancellation=True)
    await runner.setup()
    try:
        if (server := runner.server) is None:
            raise RuntimeError("aiohttp set up a runner without a server")
        door = await asyncio.get_running_loop().create_server(server, host, port, ssl=tls, reuse_address=True)
        try:
            bound = door.sockets[0].getsockname()
            yield Listening(bound[0], bound[1], server)
        finally:
            await close(door)
    finally:
        await runner.cleanup()


async def close(door: asyncio.Server) -> None:
    """Take no more; who has been taken meets the server."""
    try:
        loop = asyncio.get_running_loop()
        for each in door.sockets:
            loop.remove_reader(each.fileno())
        await asyncio.sleep(0)
    finally:
        door.close()
