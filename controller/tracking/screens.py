"""Screens in stores: each is set up once with a key of its own, and asks only so often in a while, as do all of them together."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller import db, events
from controller.errors import Conflict, Forbidden, NotFound, Rejected
from controller.sites.queries import site
from controller.tracking.events import TerminalAdded, TerminalRemoved

LANGUAGES = ("zh-CN", "en")
WINDOW = timedelta(minutes=10)
MOST_OF_A_SCREEN = 60
"""Questions in a window: one every ten seconds, for ten minutes on end."""
MOST_OF_ALL = 1200
MOST_SCREENS = 500


class BadScreen(Rejected):
    code = "bad_screen"


class ScreenExists(Conflict):
    code = "screen_exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a screen {name} at this site already")
        self.screen = name


class AskedTooOften(Forbidden):
    """`wait`: seconds until the next question is heard."""

    code = "asked_too_often"

    def __init__(self, wait: int) -> None:
        super().__init__(f"too many questions: the next one is heard in {wait} s")
        self.wait = wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    id: int
    site: str
    name: str
    language: str
    created_at: datetime
    seen_at: datetime | None


async def add_screen(site_id: str, name: str, *, language: str = "zh-CN") -> str:
    """A new screen's key, shown this once; only its hash is kept.  Records TerminalAdded.

    Raises NotFound (site), BadScreen, ScreenExists.
    """
    if not 0 < len(name.strip()) <= 60 or not name.isprintable():
        raise BadScreen("a screen has a name of 1 to 60 characters on one line")
    if language not in LANGUAGES:
        raise BadScreen(f"a screen speaks one of {', '.join(LANGUAGES)}")
    await site(site_id)
    key = secrets.token_urlsafe(24)
    async with db.transaction():
        (count,) = await db.fetch("SELECT COUNT(*) AS n FROM terminal_screen")
        if count["n"] >= MOST_SCREENS:
            raise BadScreen(f"there are {MOST_SCREENS} screens already: remove those that are gone")
        added = await db.execute(
            "INSERT INTO terminal_screen (site_id, name, language, key_hash, created_at, created_by, window_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site_id, name) DO NOTHING",
            *(site_id, name.strip(), language, _hash(key), db.now(), events.actor().actor, db.now()),
        )
        if not added:
            raise ScreenExists(name.strip())
        await events.record(TerminalAdded(screen=name.strip()), subject=f"terminal:{site_id}", site=site_id)
    return key


async def remove_screen(site_id: str, name: str) -> None:
    """It is let in no more.  Records TerminalRemoved.  Raises NotFound."""
    async with db.transaction():
        if not await db.execute("DELETE FROM terminal_screen WHERE site_id = ? AND name = ?", site_id, name):
            raise NotFound("screen", name)
        await events.record(TerminalRemoved(screen=name), subject=f"terminal:{site_id}", site=site_id)


async def screens(site_id: str) -> list[Screen]:
    """By name.  Raises NotFound (site)."""
    await site(site_id)
    rows = await db.fetch(f"{_SCREEN} WHERE site_id = ? ORDER BY name", site_id)
    return [_screen(row) for row in rows]


async def all_screens(*, after: int = 0, limit: int = 50, sites: Collection[str] | None = None) -> list[Screen]:
    """In order of when they were set up, those of `sites` (None: all) with an id above `after`."""
    among, values = ("", []) if sites is None else (f"AND {db.among('site_id')}", [db.listing(sorted(sites))])
    rows = await db.fetch(f"{_SCREEN} WHERE id > ? {among} ORDER BY id LIMIT ?", *(after, *values, limit))
    return [_screen(row) for row in rows]


async def screen_of(key: str) -> Screen | None:
    """The screen that was set up with a key; None: none is, or not any more."""
    rows = await db.fetch(f"{_SCREEN} WHERE key_hash = ?", _hash(key)) if 0 < len(key) <= 100 else []
    return _screen(rows[0]) if rows else None


async def may_ask(screen: Screen) -> None:
    """Count a question.  Raises AskedTooOften, and counts nothing."""
    instant = db.now()
    begun = instant - WINDOW
    async with db.transaction():
        counted = await db.execute(
            "UPDATE terminal_screen SET asked = CASE WHEN window_at <= ? THEN 1 ELSE asked + 1 END, "
            "window_at = CASE WHEN window_at <= ? THEN ? ELSE window_at END, seen_at = ? "
            "WHERE id = ? AND (window_at <= ? OR asked < ?) "
            "AND (SELECT COALESCE(SUM(s.asked), 0) FROM terminal_screen s WHERE s.window_at > ?) < ?",
            *(begun, begun, instant, instant, screen.id, begun, MOST_OF_A_SCREEN, begun, MOST_OF_ALL),
        )
    if not counted:
        rows = await db.fetch("SELECT window_at FROM terminal_screen WHERE window_at > ? ORDER BY window_at LIMIT 1", begun)
        oldest: datetime = rows[0]["window_at"] if rows else instant
        raise AskedTooOften(max(int((oldest + WINDOW - instant).total_seconds()), 1))


_SCREEN = "SELECT id, site_id, name, language, created_at, seen_at FROM terminal_screen"


def _screen(row: db.Row) -> Screen:
    told = {name: row[name] for name in ("id", "name", "language", "created_at", "seen_at")}
    return Screen(site=row["site_id"], **told)


def _hash(key: str) -> str:
    """Of 192 random bits: nothing to be guessed, so that no slow hash is needed."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()
