"""A device on the network that says what a test has it say; how often it was opened is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self


class NetworkLine:
    """A scanner's line, or one that never answers."""

    def __init__(self) -> None:
        self.opened = 0
        self.scans = 0
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []

    @classmethod
    @asynccontextmanager
    async def listening(cls) -> AsyncIterator[Self]:
        line = cls()
        server = await asyncio.start_server(line._accept, "127.0.0.1", 0)
        line.port = server.sockets[0].getsockname()[1]
        try:
            yield line
        finally:
            for writer in line._writers:
                writer.close()
            server.close()
            await server.wait_closed()

    def _accept(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self._writers.append(writer)

    def scan(self, text: str) -> None:
        self.scans += 1
        self._writers[-1].write(f"{text}\r\n".encode())

    async def until_opened(self, times: int, within: float) -> None:
        async with asyncio.timeout(within):
            while self.opened < times:
                await asyncio.sleep(0.01)
