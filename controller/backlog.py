"""Messages that wait for their transaction.  None is let go before it is stored, not even one that nothing can store.

PUBACKs leave in the order in which messages came (`wire/session.py`): one that were dropped without its own would hold back all
behind it, until the broker sends no more.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from random import Random

from controller.db import fetch, is_of_the_database, now, transaction
from controller.facts import Rejected
from controller.fleet import rejects
from controller.fleet.intake import UNREADABLE_KEPT, Unreadable
from edge_agent.wire.session import Incoming

log = logging.getLogger(__name__)

MESSAGES_AT_ONCE = 2000
BYTES_AT_ONCE = 1 << 21
"""Of one transaction: a backlog's batches hold some 150 facts each."""
TRIES = 5
"""A single message that makes its transaction fail this often, while the database answers, is put aside."""
LONGEST_PAUSE = 5.0


class Backlog:
    """A queue with one consumer: `next`, then `done` or `failed`."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._messages: deque[Incoming] = deque()
        self._has_some = asyncio.Event()
        self._at_once = MESSAGES_AT_ONCE
        self._failures = 0

    def __len__(self) -> int:
        return len(self._messages)

    def __getitem__(self, place: int) -> Incoming:
        """One that waits, the oldest first.  Raises IndexError."""
        return self._messages[place]

    def add(self, message: Incoming) -> None:
        self._messages.append(message)
        self._has_some.set()

    def clear(self) -> None:
        """The connection went: what was not acknowledged comes again."""
        self._messages.clear()

    async def next(self) -> list[Incoming]:
        """What goes into the next transaction, in order; waits until there is any."""
        while not self._messages:
            self._has_some.clear()
            await self._has_some.wait()
        batch: list[Incoming] = []
        size = 0
        while self._messages and len(batch) < self._at_once and size < BYTES_AT_ONCE:
            batch.append(self._messages.popleft())
            size += len(batch[-1].payload)
        return batch

    def done(self, batch: Sequence[Incoming]) -> None:
        """It is committed: the broker is freed of it."""
        self._failures = 0
        self._at_once = min(self._at_once * 2, MESSAGES_AT_ONCE)
        for message in batch:
            message.acknowledge()

    async def failed(self, batch: Sequence[Incoming], error: Exception) -> None:
        """Smaller transactions from now on, down to the message that makes them fail; back off, since it may be the database."""
        self._failures += 1
        self._messages.extendleft(reversed(batch))
        self._at_once = max(1, len(batch) // 2)
        is_suspect = len(batch) == 1 and self._failures >= TRIES and not is_of_the_database(error)
        if is_suspect and await _database_answers():
            await self._put_aside(batch[0])
        await asyncio.sleep(self._random.uniform(0, min(LONGEST_PAUSE, 0.05 * 2 ** min(self._failures, 10))))

    async def _put_aside(self, message: Incoming) -> None:
        why = Rejected("ingest_error", "storing it failed again and again; the controller's log says why")
        try:
            async with transaction():
                await rejects.store([Unreadable(message.topic[:500], message.payload[:UNREADABLE_KEPT], why)], now())
        except Exception:  # the database's trouble after all: the message keeps its turn
            log.exception("a message could not be put aside; trying again")
            return
        if self._messages and self._messages[0] is message:  # else the connection went meanwhile, and it with it
            self._messages.popleft()
        message.acknowledge()
        self._failures = 0


async def _database_answers() -> bool:
    try:
        await fetch("SELECT 1 AS one")
    except Exception:  # any answer but a row means that it does not work
        log.exception("the database does not answer")
        return False
    return True
