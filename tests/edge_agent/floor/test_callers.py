"""Connections on which nothing is said end; those that are answered, and streams, do not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web

from edge_agent.floor.callers import QUIET_SECONDS, Callers
from edge_agent.floor.guard import Handler

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Door:
    callers: Callers
    server: web.Server
    port: int
    go_on: asyncio.Event

    async def connect(self, said: bytes) -> Connection:
        known = set(self.server.connections)
        connection = await asyncio.open_connection("127.0.0.1", self.port)
        connection[1].write(said)
        async with asyncio.timeout(5):
            while not set(self.server.connections) - known:
                await asyncio.sleep(0)
        return connection


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    callers, go_on = Callers(most_quiet=3), asyncio.Event()

    @web.middleware
    async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
        with callers.answering(request):
            return await handler(request)

    async def page(_: web.Request) -> web.Response:
        await go_on.wait()
        return web.Response(text="answered")

    app = web.Application(middlewares=[around])
    app.router.add_get("/", page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.server is not None
    callers.server = runner.server
    yield Door(callers, runner.server, runner.addresses[0][1], go_on)
    await runner.cleanup()


async def ended(connection: Connection) -> bool:
    try:
        async with asyncio.timeout(5):
            return await connection[0].read(1) == b""
    except ConnectionResetError:
        return True
    finally:
        connection[1].close()


async def test_who_says_half_a_head_and_no_more_is_out_after_a_while(door: Door) -> None:
    slow = await door.connect(b"GET / HTTP/1.1\r\nHost: ")
    silent = await door.connect(b"")
    door.callers.look(100.0)
    door.callers.look(100.0 + QUIET_SECONDS - 1)
    assert len(door.server.connections) == 2
    door.callers.look(100.0 + QUIET_SECONDS)
    assert await ended(slow)
    assert await ended(silent)


async def test_who_waits_for_an_answer_stays_and_is_quiet_only_from_then_on(door: Door) -> None:
    reader, writer = await door.connect(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(5):
        while not door.callers._busy:
            await asyncio.sleep(0)
    door.callers.look(100.0)
    door.callers.look(100.0 + 10 * QUIET_SECONDS)
    door.go_on.set()
    async with asyncio.timeout(5):
        assert b"answered" in await reader.readuntil(b"answered")
    door.callers.look(100.0 + 11 * QUIET_SECONDS)
    assert len(door.server.connections) == 1
    door.callers.look(100.0 + 12 * QUIET_SECONDS)
    assert await ended((reader, writer))


async def test_of_too_many_quiet_ones_the_oldest_are_out_at_once(door: Door) -> None:
    connections = []
    for number in range(5):
        connections.append(await door.connect(b""))
        door.callers.look(100.0 + number)
    assert [await ended(each) for each in connections[:2]] == [True, True]
    async with asyncio.timeout(5):
        while len(door.server.connections) > 3:
            await asyncio.sleep(0)
    for _, writer in connections[2:]:
        writer.close()
