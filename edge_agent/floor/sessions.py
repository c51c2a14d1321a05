"""Who is logged in at which screen, for how long, and how often a badge may be tried."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from edge_agent.floor.port import Person
from edge_agent.floor.session_file import KeptSession, KeptSessions
from edge_agent.seams import Clock

MOST_SESSIONS = 500
MOST_ADDRESSES = 5_000
TRIES_PER_ADDRESS = 30
"""Wrong tries until the address that they come from has to wait."""
LOCK_MS = 5 * 60 * 1000


@dataclass(slots=True, eq=False)
class Session:
    """A person at a screen.  `ended` is set when it is over: what is sent to the screen ends with it.  Times are boot times."""

    person: Person
    began_ms: int
    used_ms: int
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Sessions:
    """Sessions by the SHA-256 of their cookie.  `kept` and `restore` carry them over a restart of the agent."""

    def __init__(self, clock: Clock, *, idle_ms: int, longest_ms: int) -> None:
        self._clock = clock
        self._idle_ms = idle_ms
        self._longest_ms = longest_ms
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()
        self._key = secrets.token_bytes(32)
        self.changed = asyncio.Event()
        """Set: what is on disk is not how it is."""

    def begin(self, person: Person) -> str:
        """Returns the new cookie: one that was there before the log-in is never used after it."""
        self._sweep()
        while len(self._sessions) >= MOST_SESSIONS:
            self._sessions.popitem(last=False)[1].ended.set()
        cookie = new_cookie()
        now = self._clock.mono_ms()
        self._sessions[_digest(cookie)] = Session(person, began_ms=now, used_ms=now)
        self.changed.set()
        return cookie

    def find(self, cookie: str | None, *, is_use: bool = True) -> Session | None:
        """`is_use`: a person did something, which begins the idle time anew."""
        key = _digest(cookie or "")
        session = self._sessions.get(key)
        if session is None:
            return None
        now = self._clock.mono_ms()
        if self._is_over(session, now):
            self._end(key)
            return None
        if is_use:
            session.used_ms = now
            self._sessions.move_to_end(key)
            self.changed.set()
        return session

    def end(self, cookie: str | None) -> None:
        self._end(_digest(cookie or ""))

    def kept(self, boot: str) -> KeptSessions:
        """As they are now, to be stored."""
        self._sweep()
        return KeptSessions(
            boot=boot,
            secret=self._key.hex(),
            sessions=tuple(
                KeptSession(
                    key=key.hex(),
                    person=session.person.id,
                    name=session.person.name,
                    language=session.person.language,
                    roles=tuple(sorted(session.person.roles)),
                    began_ms=session.began_ms,
                    used_ms=session.used_ms,
                )
                for key, session in self._sessions.items()
            ),
        )

    def restore(self, kept: KeptSessions) -> None:
        """Those of before the restart, with the limits that they had."""
        self._key = bytes.fromhex(kept.secret)
        for each in kept.sessions[-MOST_SESSIONS:]:
            person = Person(id=each.person, name=each.name, language=each.language, roles=frozenset(each.roles))
            self._sessions[bytes.fromhex(each.key)] = Session(person, began_ms=each.began_ms, used_ms=each.used_ms)
        self._sweep()

    def csrf(self, cookie: str) -> str:
        """The token that a form of this cookie's pages carries."""
        return hmac.new(self._key, cookie.encode(), hashlib.sha256).hexdigest()

    def is_csrf(self, cookie: str | None, token: str) -> bool:
        return bool(cookie) and hmac.compare_digest(self.csrf(cookie or "").encode(), token.encode())

    def _is_over(self, session: Session, now: int) -> bool:
        return now - session.used_ms >= self._idle_ms or now - session.began_ms >= self._longest_ms

    def _sweep(self) -> None:
        now = self._clock.mono_ms()
        for key in [key for key, session in self._sessions.items() if self._is_over(session, now)]:
            self._end(key)

    def _end(self, key: bytes) -> None:
        session = self._sessions.pop(key, None)
        if session is not None:
            session.ended.set()
            self.changed.set()


class Tries:
    """Wrong log-ins by the address that they come from; the box itself counts them by badge.  A quiet while forgets them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def wait_seconds(self, address: str) -> int:
        """How long until it may be tried again; 0: now."""
        count, last = self._wrong.get(address, (0, 0))
        left = LOCK_MS - (self._clock.mono_ms() - last)
        return -(-left // 1000) if count >= TRIES_PER_ADDRESS and left > 0 else 0

    def was_wrong(self, address: str) -> None:
        now = self._clock.mono_ms()
        count, last = self._wrong.pop(address, (0, now))
        self._wrong[address] = (count + 1 if now - last < LOCK_MS else 1, now)
        while len(self._wrong) > MOST_ADDRESSES:
            self._wrong.popitem(last=False)


def new_cookie() -> str:
    return secrets.token_urlsafe(32)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
