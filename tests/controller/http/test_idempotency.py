from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from controller import db
from controller.errors import Conflict
from controller.http.errors import Problem
from controller.http.idempotency import Answer, InFlight, Request, once

REQUEST = Request(actor="token:a", key="k1", route="POST /api/v1/orders", body_hash="0" * 64)


@pytest.fixture
async def opened(copied_database: str) -> AsyncIterator[str]:
    await db.connect(copied_database)
    yield copied_database
    await db.close()


def answer(text: str) -> Answer:
    return Answer(status=201, body=text.encode(), media_type="application/json")


async def here(text: str) -> Answer:
    return answer(text)


async def other_process(request: Request = REQUEST) -> Answer:
    """The same request, with a memory of its own of what is in flight."""
    return await once(request, InFlight(), lambda: here("first"))


async def test_a_key_has_one_answer(opened: str) -> None:
    assert (await other_process()).replayed is False
    again = await other_process()
    assert (again.body, again.replayed) == (b"first", True)


async def test_while_another_process_works_on_a_key_it_is_refused(opened: str) -> None:
    async def meanwhile() -> Answer:
        with pytest.raises(Problem) as refused:
            await asyncio.create_task(other_process())
        assert refused.value.body.code == "request_in_flight"
        return answer("only")

    assert (await once(REQUEST, InFlight(), meanwhile)).body == b"only"


@pytest.mark.parametrize("fails", [False, True])
async def test_who_ended_between_our_look_and_our_lock_has_the_answer(opened: str, *, fails: bool) -> None:
    """As if the lock had come too late: the other one has written the key, whatever we find then."""

    async def late() -> Answer:
        await asyncio.create_task(
            db.execute(
                "INSERT INTO idempotency (actor, key, route, body_hash, response, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                *(REQUEST.actor, REQUEST.key, REQUEST.route, REQUEST.body_hash),
                *('{"status":201,"body":"Zmlyc3Q=","media_type":"application/json"}', db.now()),
            )
        )
        if fails:
            raise Conflict("it is there already")
        await db.execute("INSERT INTO site (id, name, currency, time_zone) VALUES ('late', 'late', 'CNY', 'UTC')")
        return answer("second")

    found = await once(REQUEST, InFlight(), late)
    assert (found.body, found.replayed) == (b"first", True)
    assert not await db.fetch("SELECT id FROM site WHERE id = 'late'"), "what we did is undone"


async def test_what_fails_and_was_done_by_nobody_else_fails(opened: str) -> None:
    async def fails() -> Answer:
        raise Conflict("no")

    with pytest.raises(Conflict):
        await once(REQUEST, InFlight(), fails)
    assert (await other_process()).replayed is False
