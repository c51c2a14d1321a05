"""Whoever waits for calls to make in this process is woken once one is written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from controller.db import after_commit

_waiting: set[asyncio.Event] = set()


def wake() -> None:
    """After the commit of the transaction around, if there is one."""
    after_commit(_set)


def _set() -> None:
    for waiting in _waiting:
        waiting.set()


@contextmanager
def woken() -> Iterator[asyncio.Event]:
    """An event that is set whenever something is to be called."""
    event = asyncio.Event()
    _waiting.add(event)
    try:
        yield event
    finally:
        _waiting.discard(event)
