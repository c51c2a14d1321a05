"""How a slow server answers: in pieces, each in a packet of its own."""

from __future__ import annotations

import asyncio

from aiohttp import web


async def in_pieces(request: web.Request, body: bytes, size: int, pause: float = 0.02) -> web.StreamResponse:
    """The body, so many bytes at once."""
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    await answer.prepare(request)
    for start in range(0, len(body), size):
        await answer.write(body[start : start + size])
        await asyncio.sleep(pause)
    await answer.write_eof()
    return answer
