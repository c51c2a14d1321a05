"""A port that closes while clients come in."""

from __future__ import annotations

import asyncio
import gc
import socket
import warnings
from contextlib import ExitStack, suppress

import pytest
from aiohttp import web

from edge_agent.ui.listening import listening


@pytest.mark.parametrize("turns", range(6))
async def test_who_comes_in_while_the_port_closes_is_not_forgotten(turns: int) -> None:
    """In whichever turn of the loop: asyncio gave up such a connection without closing it."""
    with warnings.catch_warnings(), ExitStack() as stack:
        warnings.simplefilter("error")
        async with listening(web.Application(), "127.0.0.1", 0, stop_seconds=0.1) as here:
            clients = [stack.enter_context(socket.create_connection((here.host, here.port))) for _ in range(3)]
            for _ in range(turns):
                await asyncio.sleep(0)
        gc.collect()  # a socket that nobody closed would complain here, and the test fails
        for client in clients:
            client.settimeout(5)
            with suppress(ConnectionResetError):  # never taken
                assert client.recv(1) == b""


async def test_a_port_that_is_taken_is_told_and_leaves_nothing_behind() -> None:
    async with listening(web.Application(), "127.0.0.1", 0, stop_seconds=0.1) as here:
        with pytest.raises(OSError, match="in use"):
            async with listening(web.Application(), "127.0.0.1", here.port, stop_seconds=0.1):
                pass
    async with listening(web.Application(), "127.0.0.1", here.port, stop_seconds=0.1) as again:
        assert again.port == here.port
