"""Sessions of browsers: a random token in a cookie, its SHA-256 in the table; they end when idle, when old, or when told to.

The token that forms carry against forgery (CSRF) is made from the session's token, so that nothing else has to be stored and no
page of another session can know it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from controller import db, events
from controller.people.events import LoggedIn, LoggedOut

Means = Literal["password", "badge"]
SEEN_EVERY = timedelta(seconds=60)
MAX_AGENT = 200


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lives without a request, and at all."""

    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    id: int
    person: str
    means: str
    address: str
    agent: str
    created_at: datetime
    seen_at: datetime


_COLUMNS = "id, person_id AS person, means, address, agent, created_at, seen_at"
_listeners: set[Callable[[frozenset[int]], None]] = set()


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()


def form_token(token: str) -> str:
    """What forms of this session carry."""
    return hmac.new(token.encode(errors="surrogateescape"), b"shelfwire form", hashlib.sha256).hexdigest()


async def open_session(person_id: str, *, means: Means, address: str, agent: str) -> str:
    """A new session; returns its token, which nobody can read again.  Records LoggedIn."""
    token, instant = secrets.token_urlsafe(32), db.now()
    async with db.transaction():
        await db.execute(
            "INSERT INTO web_session (hash, person_id, means, address, agent, created_at, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(hash_of(token), person_id, means, address[:64], agent[:MAX_AGENT], instant, instant),
        )
        with events.acting(f"person:{person_id}"):
            await events.record(LoggedIn(means=means, address=address[:64]), subject=person_id)
    return token


async def session_of(token: str, limits: Limits, *, is_use: bool = True) -> Session | None:
    """The session of a token, if it lives and its person is active; a use is noted once `seen_at` is a minute old."""
    instant = db.now()
    rows = await db.fetch(
        "SELECT s.id, s.person_id AS person, s.means, s.address, s.agent, s.created_at, s.seen_at "
        "FROM web_session s JOIN person p ON p.id = s.person_id "
        "WHERE s.hash = ? AND s.seen_at > ? AND s.created_at > ? AND p.active",
        *(hash_of(token), instant - limits.idle, instant - limits.absolute),
    )
    if not rows:
        return None
    session = Session(**rows[0])
    if is_use and instant - session.seen_at >= SEEN_EVERY:
        await db.execute("UPDATE web_session SET seen_at = ? WHERE id = ?", instant, session.id)
    return session


async def sessions_of(person_id: str, limits: Limits) -> list[Session]:
    """Those that live, the newest first."""
    instant = db.now()
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM web_session WHERE person_id = ? AND seen_at > ? AND created_at > ? ORDER BY id DESC LIMIT 100",  # noqa: S608 -- ours
        *(person_id, instant - limits.idle, instant - limits.absolute),
    )
    return [Session(**row) for row in rows]


async def stored_of(person_id: str, *, after: int, limit: int) -> list[Session]:
    """All that are stored, in order of id; what has lapsed is deleted within an hour."""
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM web_session WHERE person_id = ? AND id > ? ORDER BY id LIMIT ?",  # noqa: S608 -- ours
        *(person_id, after, limit),
    )
    return [Session(**row) for row in rows]


async def end_sessions(person_id: str, *, only: int | None = None, but: int | None = None, means: Means | None = None) -> int:
    """End sessions of a person: all, one, all but one, or those of one means; their open streams end with the commit.

    Records LoggedOut if there were any.  Returns how many.
    """
    conditions, values = ["person_id = ?"], [person_id, *(value for value in (only, but, means) if value is not None)]
    conditions += [sql for sql, value in (("id = ?", only), ("id <> ?", but), ("means = ?", means)) if value is not None]
    async with db.transaction():
        rows = await db.fetch(f"DELETE FROM web_session WHERE {' AND '.join(conditions)} RETURNING id", *values)  # noqa: S608 -- ours
        if rows:
            await events.record(LoggedOut(sessions=len(rows)), subject=person_id)
            ended = frozenset(row["id"] for row in rows)
            db.after_commit(lambda: _tell(ended))
    return len(rows)


async def forget_old(limits: Limits) -> int:
    """Delete what has lapsed; returns how many."""
    instant = db.now()
    return await db.execute(
        "DELETE FROM web_session WHERE seen_at <= ? OR created_at <= ?", instant - limits.idle, instant - limits.absolute
    )


def when_ended(listener: Callable[[frozenset[int]], None]) -> Callable[[], None]:
    """Call `listener` with the ids of sessions that ended here; returns what takes it back."""
    _listeners.add(listener)
    return lambda: _listeners.discard(listener)


def _tell(ended: Iterable[int]) -> None:
    for listener in list(_listeners):
        listener(frozenset(ended))
