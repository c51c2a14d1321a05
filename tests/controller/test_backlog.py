"""What waits for its transaction is let go only when it is stored, or put aside: nothing behind it may wait for ever."""

from __future__ import annotations

from random import Random

from controller import db
from controller.backlog import TRIES, Backlog
from edge_agent.wire.session import Incoming

BAD = b"no transaction takes this"


class Impatient(Random):
    """Backs off not at all."""

    def uniform(self, a: float, b: float) -> float:
        return min(a, b)


async def drain(backlog: Backlog, error: Exception) -> list[int]:
    """Take all; a transaction with a bad message fails.  The sizes of the transactions that were tried."""
    sizes = []
    while len(backlog):
        batch = await backlog.next()
        sizes.append(len(batch))
        if any(message.payload == BAD for message in batch):
            await backlog.failed(batch, error)
        else:
            backlog.done(batch)
    return sizes


def waiting(payloads: list[bytes], freed: list[bytes]) -> Backlog:
    backlog = Backlog(Impatient())
    for payload in payloads:
        backlog.add(Incoming("a/topic", payload, False, False, lambda payload=payload: freed.append(payload)))  # type: ignore[misc]  # defaults
    return backlog


async def test_one_that_cannot_be_stored_is_put_aside_and_all_are_freed_in_their_order(database: str) -> None:
    payloads = [*(str(number).encode() for number in range(20)), BAD, b"behind it"]
    freed: list[bytes] = []
    await drain(waiting(payloads, freed), ValueError("a mistake of ours"))
    assert freed == payloads
    rows = await db.fetch("SELECT code, payload FROM rejected_message")
    assert [(row["code"], bytes(row["payload"])) for row in rows] == [("ingest_error", BAD)]


async def test_nothing_is_put_aside_for_the_database_s_trouble(database: str) -> None:
    freed: list[bytes] = []
    backlog = waiting([BAD, b"behind it"], freed)
    for _ in range(3 * TRIES):
        await backlog.failed(await backlog.next(), ConnectionResetError())
    assert (freed, len(backlog)) == ([], 2)
    assert await db.fetch("SELECT 1 AS one FROM rejected_message") == []


async def test_what_the_connection_took_along_is_not_taken_from_the_next_one(database: str) -> None:
    freed: list[bytes] = []
    backlog = waiting([BAD], freed)
    batch = await backlog.next()
    backlog.clear()
    backlog.done(batch)
    assert len(backlog) == 0
