"""Requests to boxes, from their tables to the wire: rows in state `requested` are published, and again, until the box answers.

Nothing is published inside a transaction.  A request goes out when its box is online, again 15 s later while there is no answer,
and again after each birth of the box; the box knows an id that it had before.  Only the box does or refuses it; what it never
answered is given up a minute after its time.
"""

# ruff: noqa: S608 -- the only texts put into statements are our own names
from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from controller.db import Engine, Row, after_commit, engine, execute, execute_many, fetch, now
from controller.events import record
from controller.fleet.events import CommandChanged, PrintJobChanged
from edge_agent.wire.codec import encode
from edge_agent.wire.messages import CommandRequest, JobRequest
from edge_agent.wire.topics import BoxTopic, Family

AGAIN = timedelta(seconds=15)
GRACE = timedelta(seconds=60)
"""After its time a request is given up only then: the answer may be on its way."""
AT_ONCE = 200
ASKED_BY = 512
CANCEL_AGAIN = timedelta(days=7)
"""A cancellation whose box was away for so long waits as long again, while its job is open there."""

_wakes: dict[asyncio.Event, None] = {}


class Request(Struct, frozen=True):
    """One message to a box; `table` and `id` are the row that it is of."""

    table: str
    id: str
    topic: str
    payload: bytes


def wake_on_requests(wake: asyncio.Event) -> None:
    """Set `wake` whenever this process commits a request."""
    _wakes[wake] = None


def forget_wake(wake: asyncio.Event) -> None:
    _wakes.pop(wake, None)


def announce() -> None:
    """There is something to send, once the transaction around has committed."""
    after_commit(_wake)


def _wake() -> None:
    for wake in _wakes:
        wake.set()


async def claim() -> list[Request]:
    """What is to be published now.  Claimed in the caller's transaction, so that another gateway does not publish it too."""
    jobs = await _claim("print_job", "AND NOT r.cancel_wanted")
    commands = await _claim("command", "")
    return [_job(row) for row in jobs] + [_command(row) for row in commands]


async def _claim(table: str, condition: str) -> list[Row]:
    skip = "FOR UPDATE OF r SKIP LOCKED" if engine() is Engine.POSTGRES else ""
    rows = await fetch(
        f"SELECT r.*, box.site FROM {table} r JOIN box ON box.id = r.box WHERE r.state = 'requested' AND box.link = 'online' "
        f"AND (r.sent_at IS NULL OR r.sent_at < ?) AND (r.expires_at IS NULL OR r.expires_at > ?) {condition} "
        f"ORDER BY r.created_at, r.id LIMIT {AT_ONCE:d} {skip}",
        now() - AGAIN,
        now(),
    )
    await execute_many(f"UPDATE {table} SET sent_at = ? WHERE id = ?", [(now(), row["id"]) for row in rows])
    return rows


def _job(row: Row) -> Request:
    request = JobRequest(
        template=row["template"],
        version=row["version"],
        data=msgspec.json.decode(row["data"]),
        copies=row["copies"],
        copy=bool(row["copy"]),
        test=bool(row["test"]),
        expires_at=row["expires_at"],
        ttl_ms=_left_ms(row["expires_at"]),
        priority=row["priority"],
        document=row["document"],
        private=bool(row["private"]),
        asked_by=row["requested_by"][:ASKED_BY],
    )
    topic = BoxTopic(site=row["site"], box=row["box"], device=row["device"], family=Family.JOB, name=row["id"], leg="req")
    return Request("print_job", row["id"], str(topic), encode(request))


def _command(row: Row) -> Request:
    request = CommandRequest(
        name=row["name"],
        args=msgspec.json.decode(row["args"]),
        expires_at=row["expires_at"],
        ttl_ms=_left_ms(row["expires_at"]),
        actor=row["requested_by"][:ASKED_BY],
    )
    topic = BoxTopic(site=row["site"], box=row["box"], device=row["device"], family=Family.CMD, name=row["id"], leg="req")
    return Request("command", row["id"], str(topic), encode(request))


def _left_ms(expires_at: datetime | None) -> int | None:
    """How long it still holds, for boxes whose wall clock is not right."""
    return None if expires_at is None else max(0, int((expires_at - now()).total_seconds() * 1000))


async def unclaim(requests: list[Request]) -> None:
    """These could not be published: they are due at once."""
    for request in requests:
        await execute_many(f"UPDATE {request.table} SET sent_at = NULL WHERE id = ? AND state = 'requested'", [(request.id,)])


async def give_up_late() -> None:
    """Requests that no box answered in their time end here, unless an answer still comes."""
    limit = now() - GRACE
    jobs = await fetch(
        "UPDATE print_job SET state = 'expired', changed_at = ? WHERE state = 'requested' AND step = 0 AND expires_at < ? "
        "RETURNING id, box, template, document",
        now(),
        limit,
    )
    for row in jobs:
        event = PrintJobChanged(
            job=row["id"], box=row["box"], printer=None, template=row["template"], state="expired", document=row["document"]
        )
        await record(event, subject=row["id"])
    await _keep_cancelling(limit)
    commands = await fetch(
        "UPDATE command SET state = 'expired', code = 'expired' WHERE state = 'requested' AND expires_at < ? "
        "RETURNING id, box, name",
        limit,
    )
    for row in commands:
        event_ = CommandChanged(command=row["id"], box=row["box"], command_name=row["name"], state="expired", code="expired")
        await record(event_, subject=row["id"])


async def _keep_cancelling(limit: datetime) -> None:
    """What is to be cancelled and was never answered ends as cancelled; for what its box has, the cancellation goes on waiting.

    Cancelled is then our word, and a late answer of the box still wins: it may have had the job and lost its link.
    """
    late = await fetch("SELECT id, args FROM command WHERE name = 'cancel_job' AND state = 'requested' AND expires_at < ?", limit)
    for command in late:
        job = str(msgspec.json.decode(command["args"]).get("job"))
        ended = await fetch(
            "UPDATE print_job SET state = 'cancelled', changed_at = ? WHERE id = ? AND state = 'requested' AND step = 0 "
            "RETURNING id, box, template, document",
            *(now(), job),
        )
        for row in ended:
            event = PrintJobChanged(
                job=job, box=row["box"], printer=None, template=row["template"], state="cancelled", document=row["document"]
            )
            await record(event, subject=job)
        await execute(
            "UPDATE command SET expires_at = ?, sent_at = NULL WHERE id = ? "
            "AND EXISTS (SELECT 1 FROM print_job WHERE id = ? AND state IN ('accepted', 'queued'))",
            *(now() + CANCEL_AGAIN, command["id"], job),
        )
