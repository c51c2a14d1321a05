"""What the next transaction will store is read while the one before it waits for the database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from controller.backlog import BYTES_AT_ONCE, Backlog
from controller.fleet import intake
from controller.fleet.intake import Reading
from edge_agent.wire.session import Incoming


class ReadAhead:
    """Readings of the first messages that wait in a backlog: no more than one transaction takes."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog
        self._read: dict[int, tuple[Incoming, Sequence[Reading]]] = {}
        """By the id of the message, which is kept so that the id stays its own."""

    async def run(self) -> None:
        """Read what waits; others run after each message."""
        size = sum(len(message.payload) for message, _ in self._read.values())
        while len(self._read) < len(self._backlog) and size < BYTES_AT_ONCE:
            message = self._backlog[len(self._read)]
            size += len(message.payload)
            self._read[id(message)] = message, intake.read(message)
            await asyncio.sleep(0)

    def read(self, message: Incoming) -> Sequence[Reading]:
        """What it says; of the messages that wait, the first is asked for first."""
        known = self._read.pop(id(message), None)
        return known[1] if known else intake.read(message)

    def forget(self) -> None:
        """What waits is not what waited."""
        self._read.clear()
