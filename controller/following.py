"""Following the events: one after the other, each in a transaction with the follower's place, at least once, for ever.

What one event breaks in our code is logged and passed by: it must not block those behind it.  What breaks in the database is tried
again from where it was.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from random import Random

from controller import events
from controller.db import in_transaction, is_of_the_database, transaction
from controller.events import Recorded

log = logging.getLogger(__name__)

NOTE_SECONDS = 1.0
_LONGEST_PAUSE = 30.0
_READ = 500


@dataclass(frozen=True, slots=True)
class Follower:
    """`take` does what follows from an event whose name is in `names`, in the transaction that it is called in."""

    consumer: str
    names: frozenset[str]
    take: Callable[[Recorded], Awaitable[None]]

    async def run(self, random: Random) -> None:
        """For ever; what fails is tried again from where it was, after a pause that grows."""
        failures = 0
        while True:
            try:
                await self.catch_up()
                failures = 0
                place = _Place(await events.cursor(self.consumer))
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._follow(place), name=f"{self.consumer}.follow")
                    tasks.create_task(self._note(place), name=f"{self.consumer}.note")
            except Exception:
                failures += 1
                log.exception("following the events failed", extra={"consumer": self.consumer})
                await asyncio.sleep(random.uniform(0, min(_LONGEST_PAUSE, 2.0**failures)))

    async def catch_up(self) -> int:
        """Take all that is recorded now; how many events were read."""
        read = 0
        while batch := await events.feed(await events.cursor(self.consumer), _READ):
            for recorded in batch:
                await self.step(recorded)
            async with transaction():
                await events.move_cursor(self.consumer, batch[-1].position)
            read += len(batch)
        return read

    async def step(self, recorded: Recorded) -> None:
        """Do what follows from one event, and say that it is done, in one transaction; other events are passed by."""
        if recorded.name not in self.names:
            return

        async def follow() -> None:
            with events.acting(recorded.actor, str(recorded.id)):
                await self.take(recorded)
            await events.move_cursor(self.consumer, recorded.position)

        try:
            await in_transaction(follow)
        except Exception as error:
            if is_of_the_database(error):
                raise
            log.exception("an event could not be followed", extra={"consumer": self.consumer, "event": recorded.id})
            async with transaction():
                await events.move_cursor(self.consumer, recorded.position)

    async def _follow(self, place: _Place) -> None:
        async with aclosing(events.follow(place.position)) as recordings:
            async for recorded in recordings:
                await self.step(recorded)
                place.position = recorded.position

    async def _note(self, place: _Place) -> None:
        """Write down what was passed by, too: else the lag would grow while nothing happens that is followed."""
        noted = place.position
        while True:
            await asyncio.sleep(NOTE_SECONDS)
            if place.position != noted:
                noted = place.position
                async with transaction():
                    await events.move_cursor(self.consumer, noted)


@dataclass(slots=True)
class _Place:
    """How far the feed is read."""

    position: int
