"""What can be asked of a box's devices, and how it is answered; the same over the socket and inside one process.

On the socket: one JSON line in, ``{"do": "read-weight", "device": "scale", "seconds": 5}``; out, one line for each `Item`,
``{"item": {…}}``, then ``{"end": true}`` or ``{"error": {"code": …, "message": …}}``.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from edge_agent.errors import AgentError

Item = Mapping[str, object]
LONGEST_LINE = 64 * 1024
"""Bytes of a request."""
LONGEST_ANSWER = 64 * 1024 * 1024
"""Bytes of one line of an answer: a recording is one."""
MOST_RECORDED = 4 * 1024 * 1024
"""Bytes and key events of one recording, each entry counted as 16 more: as JSON it fits into an answer."""
SIDES = range(10, 301)
"""Of a test label, in mm."""


class CannotDo(AgentError):
    """It was not done; the message says why and what to do about it."""

    code = "cannot_do"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """`do`: the verb; `device`: the id in the configuration; `seconds`: how long; `lines`: what to show; sizes in mm.

    `language`: of what is printed for people.
    """

    do: str
    device: str = ""
    seconds: float = 0.0
    lines: tuple[str, ...] = ()
    width: int = 50
    height: int = 25
    language: str = "en"


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an answer."""

    item: dict[str, object] | None = None
    end: bool = False
    error: dict[str, str] | None = None


def read_request(line: bytes) -> Request:
    """Raises CannotDo."""
    try:
        return msgspec.json.decode(line, type=Request)
    except msgspec.DecodeError as error:
        raise CannotDo(f"this is no request: {error}") from error
