"""What is answered in pieces is read whole: by itself, and by those who call carriers and payment providers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from controller.answers import AnswerTooLong, body_of
from controller.shipping.http_carrier import HttpCarrier
from tests.controller.answering import in_pieces

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", handler)
    async with TestServer(app, host="127.0.0.1") as running:
        yield str(running.make_url("")).rstrip("/")


async def read(address: str, most: int) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        return await body_of(answer, most)


async def test_a_body_is_whole_however_it_was_cut_and_as_long_as_it_may_be() -> None:
    body = bytes(range(256)) * 3

    async def handle(request: web.Request) -> web.StreamResponse:
        return await in_pieces(request, body, 100, pause=0.01)

    async with server(handle) as address:
        assert await read(address, len(body)) == body
        with pytest.raises(AnswerTooLong, match="more than 767 bytes"):
            await read(address, len(body) - 1)


async def test_a_connection_that_ends_in_between_is_no_answer() -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "100"})
        await answer.prepare(request)
        await answer.write(b"half")
        assert request.transport is not None
        request.transport.close()
        return answer

    async with server(handle) as address:
        with pytest.raises(aiohttp.ClientError):
            await read(address, 1000)


async def test_a_carrier_that_tells_of_many_parcels_in_pieces_is_understood() -> None:
    numbers = [f"TN{number:08d}" for number in range(40)]
    events = [{"tracking_no": number, "at": "2026-11-22T08:00:00Z", "code": "in_transit"} for number in numbers]
    told = json.dumps(events)

    async def handle(request: web.Request) -> web.StreamResponse:
        return await in_pieces(request, told.encode(), 700, pause=0.01)

    async with server(handle) as address:
        seen = await HttpCarrier(address).track(numbers)
    assert [one.tracking_no for one in seen] == numbers
