"""An Idempotency-Key on every write: one key, one effect, one answer (DESIGN 5).

The row lies in the same transaction as the effect, so that there is never one without the other.  The same key while its first
request is still running is refused with 409, with another body or route with 422; a repeated request gets the stored answer.  A
refused request writes nothing, its key included: it may be sent again, corrected, under the same key.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import msgspec

from controller.db import Engine, Row, engine, execute, fetch, in_transaction, now, put, together
from controller.http.errors import Problem

KEEP = timedelta(days=7)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_KEPT = "INSERT INTO idempotency (actor, key, route, body_hash, response, created_at) VALUES (?, ?, ?, ?, ?, ?)"
_STORED = "SELECT route, body_hash, response FROM idempotency WHERE actor = ? AND key = ?"
_LOCKED = (
    "SELECT l.granted, i.route, i.body_hash, i.response FROM (SELECT pg_try_advisory_xact_lock(?) AS granted) l "
    "LEFT JOIN idempotency i ON i.actor = ? AND i.key = ?"
)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A response as it is stored and sent."""

    status: int
    body: bytes
    media_type: str
    location: str | None = None
    headers: dict[str, str] = {}
    replayed: bool = False


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What makes two requests the same."""

    actor: str
    key: str
    route: str
    body_hash: str


def request_of(*, actor: str, key: str | None, route: str, body: bytes) -> Request:
    """Raises Problem 400 when the key is missing or malformed."""
    if key is None:
        raise Problem(
            400,
            "idempotency_key_missing",
            "A write needs the header `Idempotency-Key`: any text of your own that is new for each write, for example a UUID. "
            "Send the same one again when you repeat a request.",
        )
    if not _KEY.fullmatch(key):
        raise Problem(400, "idempotency_key_malformed", "`Idempotency-Key`: expected 1 to 200 visible ASCII characters.")
    return Request(actor=actor, key=key, route=route, body_hash=hashlib.sha256(body).hexdigest())


class InFlight:
    """The keys that this process is working on."""

    def __init__(self) -> None:
        self._keys: set[tuple[str, str]] = set()

    @contextmanager
    def claim(self, request: Request) -> Iterator[None]:
        """Raises Problem 409."""
        key = (request.actor, request.key)
        if key in self._keys:
            raise _in_flight()
        self._keys.add(key)
        try:
            yield
        finally:
            self._keys.discard(key)


async def nothing_before() -> None:
    """What `once` does before most transactions."""


async def once(
    request: Request,
    in_flight: InFlight,
    work: Callable[[], Awaitable[Answer]],
    before: Callable[[], Awaitable[None]] = nothing_before,
) -> Answer:
    """Do `work` in a transaction, unless the key has its answer already; `before` it, what takes long and writes nothing.

    Raises Problem 409 and 422, and what `before` and `work` raise.
    """

    async def claimed() -> Answer:
        stored = await _locked(request)
        if stored is not None:
            return stored
        async with together():
            answer = await work()
            row = (request.actor, request.key, request.route, request.body_hash, msgspec.json.encode(answer).decode(), now())
            await put(_KEPT, [row])
        return answer

    with in_flight.claim(request):
        if before is not nothing_before and await _stored(request) is None:
            await before()
        try:
            return await in_transaction(claimed)
        except Exception:
            stored = await _stored(request) if engine() is Engine.POSTGRES else None
            if stored is None:
                raise
            return stored


async def _stored(request: Request) -> Answer | None:
    rows = await fetch(_STORED, request.actor, request.key)
    return _answer_of(rows[0], request) if rows else None


def _answer_of(row: Row, request: Request) -> Answer:
    """Raises Problem 422."""
    if (row["route"], row["body_hash"]) != (request.route, request.body_hash):
        raise Problem(
            422, "idempotency_key_reused", "This Idempotency-Key was used for another request: make a new one for each write."
        )
    answer = msgspec.json.decode(row["response"], type=Answer)
    return msgspec.structs.replace(answer, replayed=True)


async def _locked(request: Request) -> Answer | None:
    """What is stored, with a lock against other processes until the end of the transaction.  SQLite has one process only.

    Taken in the statement that looks.  Somebody may end between the look and the lock: then this transaction fails, at the latest
    at the key, which is unique, and `once` looks again.
    """
    if engine() is not Engine.POSTGRES:
        return await _stored(request)
    number = int.from_bytes(hashlib.sha256(f"{request.actor}\0{request.key}".encode()).digest()[:8], "big", signed=True)
    rows = await fetch(_LOCKED, number, request.actor, request.key)
    if not rows[0]["granted"]:
        raise _in_flight()
    return None if rows[0]["route"] is None else _answer_of(rows[0], request)


def _in_flight() -> Problem:
    return Problem(409, "request_in_flight", "A request with this Idempotency-Key is still running; repeat it in a moment.")


async def forget_old(instant: datetime) -> int:
    """Delete answers older than 7 days; returns how many."""
    return await execute("DELETE FROM idempotency WHERE created_at < ?", instant - KEEP)
