"""What others answer over HTTP: all of it, however it was cut on its way, and never more than was thought of."""

from __future__ import annotations

from typing import Final

import aiohttp

_PIECE: Final = 64 * 1024


class AnswerTooLong(ValueError):
    """An answer has more bytes than one of its kind can have."""

    def __init__(self, most: int) -> None:
        super().__init__(f"an answer of more than {most:,} bytes")
        self.most = most


async def body_of(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """The whole body, of at most so many bytes.  Raises AnswerTooLong, aiohttp.ClientError.

    `answer.content.read(most)` gives what has come until now (aiohttp, StreamReader.read), which may end anywhere.
    """
    body = bytearray()
    async for piece in answer.content.iter_chunked(_PIECE):
        body += piece
        if len(body) > most:
            raise AnswerTooLong(most)
    return bytes(body)
