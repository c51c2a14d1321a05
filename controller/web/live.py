"""Live pages: regions rendered anew when something happened, sent by server-sent events to those who watch.

A region is state, not a log: what is sent replaces what is shown, so that nothing can be missed or shown twice after a reconnect.
Changes are coalesced to one a second; nothing is rendered while nobody watches; each language and region is rendered once for all.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from markupsafe import Markup

from controller import events
from controller.web import shown
from controller.web.render import Look, Renderer

log = logging.getLogger(__name__)

INTERVAL = 1.0
IDLE = 2.0
"""Seconds between looks at what changes without an event (a waiting count of telemetry)."""


@dataclass(slots=True, eq=False)
class Watcher:
    """One open page; `pending` holds the newest HTML of each region that it has not got yet."""

    look: Look
    pending: dict[str, str] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, regions: Mapping[str, str]) -> None:
        if regions:
            self.pending |= regions
            self.wake.set()

    def take(self) -> dict[str, str]:
        taken, self.pending = self.pending, {}
        self.wake.clear()
        return taken


class Live:
    """Keeps the regions of all languages that somebody watches."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._watchers: set[Watcher] = set()
        self._current: dict[Look, dict[str, str]] = {}
        self._watched = asyncio.Event()
        self._changed = asyncio.Event()
        self.position = 0

    @property
    def watchers(self) -> int:
        return len(self._watchers)

    async def run(self) -> None:
        """For ever: render what somebody watches, at most once a second."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._notice(), name="live: notice events")
            group.create_task(self._refresh(), name="live: refresh")

    async def _notice(self) -> None:
        async for event in events.follow(await events.newest()):
            self.position = event.position
            self._changed.set()

    async def _refresh(self) -> None:
        while True:
            await self._watched.wait()
            await _until(self._changed, IDLE)
            self._changed.clear()
            try:
                await self._render_all()
            except Exception:  # the outermost loop of the live pages: one bad row must not stop them
                log.exception("a live region could not be rendered")
            await asyncio.sleep(INTERVAL)

    async def _render_all(self) -> None:
        data = {}
        for look in {watcher.look for watcher in self._watchers}:
            if look.who not in data:
                data[look.who] = await shown.everything(look.who)
            before = self._current.get(look, {})
            after = self.render(look, data[look.who])
            self._current[look] = after
            changed = {name: html for name, html in after.items() if before.get(name) != html}
            for watcher in self._watchers:
                if watcher.look == look:
                    watcher.offer(changed)

    def render(self, look: Look, data: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
        return {name: self._renderer.render(f"region_{name}.html", look, values) for name, values in data.items()}

    def marked(self, look: Look, data: Mapping[str, Mapping[str, object]]) -> dict[str, Markup]:
        """The same, to be put into a page as it is: it comes from our own escaping templates."""
        return {name: Markup(html) for name, html in self.render(look, data).items()}  # noqa: S704 -- escaped by its template

    @contextmanager
    def watching(self, look: Look) -> Iterator[Watcher]:
        """Someone opened a live page, and gets all regions first: it may have been loaded a while ago."""
        watcher = Watcher(look)
        watcher.offer(self._current.get(look, {}))
        self._watchers.add(watcher)
        self._watched.set()
        self._changed.set()
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
            if not self._watchers:
                self._watched.clear()
                self._current.clear()


async def _until(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
