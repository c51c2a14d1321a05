"""Wishes for paper become print jobs.  Features record `DocumentWanted`; this asks the fleet, after the commit, at least once.

It stands between the features, which must not know the fleet, and the fleet, which must not know them.  A wish has a key, and the
fleet makes one job of a key, so that at least once is once.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass
from random import Random
from typing import ClassVar

import msgspec

from controller import events
from controller.db import is_of_the_database, transaction
from controller.documents.events import DocumentWanted
from controller.errors import DomainError
from controller.events import Event, Recorded
from controller.fleet.operations import PrintOrder, request_print
from edge_agent.seams import failpoint

log = logging.getLogger(__name__)

CONSUMER = "printing"
NOTE_SECONDS = 1.0
_LONGEST_PAUSE = 30.0
_READ = 500


class DocumentNotPrintable(Event, frozen=True, kw_only=True):
    """No print job could be made of a wish (`code`: the box has no such printer, …): a person must see to it."""

    name: ClassVar[str] = "document_not_printable"
    key: str
    box: str
    code: str
    message: str


async def run(random: Random) -> None:
    """Turn wishes into print jobs, for ever; what fails is tried again from where it was, after a pause that grows."""
    failures = 0
    while True:
        try:
            await catch_up()
            failures = 0
            place = _Place(await events.cursor(CONSUMER))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_follow(place), name="printing.follow")
                tasks.create_task(_note(place), name="printing.note")
        except Exception:
            failures += 1
            log.exception("asking for print jobs failed")
            await asyncio.sleep(random.uniform(0, min(_LONGEST_PAUSE, 2.0**failures)))


@dataclass(slots=True)
class _Place:
    """How far the feed is read."""

    position: int


async def _follow(place: _Place) -> None:
    async with aclosing(events.follow(place.position)) as recordings:
        async for recorded in recordings:
            await take(recorded)
            place.position = recorded.position


async def _note(place: _Place) -> None:
    """Write down what was passed by, too: else the lag would grow while nobody wishes for paper."""
    noted = place.position
    while True:
        await asyncio.sleep(NOTE_SECONDS)
        if place.position != noted:
            noted = place.position
            async with transaction():
                await events.move_cursor(CONSUMER, noted)


async def catch_up() -> int:
    """Take all wishes that are recorded now; how many events were read."""
    read = 0
    while batch := await events.feed(await events.cursor(CONSUMER), _READ):
        for recorded in batch:
            await take(recorded)
        async with transaction():
            await events.move_cursor(CONSUMER, batch[-1].position)
        read += len(batch)
    return read


async def take(recorded: Recorded) -> None:
    """Make the print job of a wish, and say that it is done, in one transaction; other events are passed by."""
    if recorded.name != DocumentWanted.name:
        return
    try:
        async with transaction():
            with events.acting(recorded.actor, str(recorded.id)):
                await request_print(_order(recorded))
            failpoint("ctl.consumer_after_effect")
            await events.move_cursor(CONSUMER, recorded.position)
    except DomainError as error:
        await _refuse(recorded, error.code, str(error))
    except Exception as error:  # one wish that breaks our code must not block those behind it
        if is_of_the_database(error):
            raise
        log.exception("a wish for paper could not be read", extra={"event": recorded.id})
        await _refuse(recorded, "internal_error", f"{type(error).__name__}: {error}"[:1000])


def _order(recorded: Recorded) -> PrintOrder:
    wish = msgspec.convert(recorded.data, DocumentWanted)
    return PrintOrder(
        box=wish.box,
        template=wish.template,
        data=wish.data,
        document=wish.document,
        key=wish.key,
        copy=wish.copy,
        private=wish.private,
    )


async def _refuse(recorded: Recorded, code: str, message: str) -> None:
    key, box = (str(recorded.data.get(name, "")) for name in ("key", "box"))
    async with transaction():
        refused = DocumentNotPrintable(key=key, box=box, code=code, message=message)
        await events.record(refused, subject=recorded.subject, site=recorded.site)
        await events.move_cursor(CONSUMER, recorded.position)
