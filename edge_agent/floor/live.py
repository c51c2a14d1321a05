"""What open screens are told: each answer once, in order and by number; regions and weights as they are now.

An answer is a log: a screen that comes back says which it had last, and gets what it missed; one that was away for too long is told
to load its page anew.  A region is state: what is sent replaces what is shown.  Changes are coalesced to one a second; a weight
comes up to four times a second, since a weight that lags behind is read wrongly.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from edge_agent.floor.link import LinkWatch, Wire, WireShown
from edge_agent.floor.port import Answered, Changed, FloorPort, Heard, Reading, WeightShown
from edge_agent.floor.render import Look, Renderer

INTERVAL = 1.0
IDLE = 2.0
KEPT = 500
"""Answers that a screen may have missed."""
BEHIND = 200
"""A screen that takes nothing for so many answers has to load its page anew."""

Region = Callable[["Watcher"], Awaitable[Mapping[str, object]]]
"""What a region's template is given."""

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Watcher:
    """One open screen.  `regions`: what it shows, by template name."""

    look: Look
    station: str | None
    regions: frozenset[str]
    answers: deque[tuple[int, str]] = field(default_factory=deque)
    pending: dict[str, tuple[int, str]] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    weights: dict[str, WeightShown] = field(default_factory=dict)
    must_reload: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def told(self, number: int, data: str) -> None:
        if len(self.answers) >= BEHIND:
            self.answers.clear()
            self.must_reload = True
        self.answers.append((number, data))
        self.wake.set()


class Live:
    """Keeps what screens show as it is.  `regions` gives each region's values."""

    def __init__(self, port: FloorPort, renderer: Renderer, regions: Mapping[str, Region]) -> None:
        self._port = port
        self._renderer = renderer
        self._regions = regions
        self._watchers: set[Watcher] = set()
        self._kept: deque[tuple[int, str, Reading]] = deque(maxlen=KEPT)
        self._number = 0
        self._turns = 0
        self._is_weighing = False
        self._run = secrets.token_hex(4)  # numbers begin anew with the agent
        self._changed = asyncio.Event()
        self._watched = asyncio.Event()
        self._link = LinkWatch()
        self.wire = WireShown(Wire.LIVE, waiting=0)

    async def run(self) -> None:
        """Until cancelled."""
        unlisten = self._port.listen(self._on_heard)
        try:
            while True:
                await _until(self._changed, IDLE if self._watchers else None)
                self._changed.clear()
                if self._watchers:
                    await self.look()
                    await asyncio.sleep(INTERVAL)
        finally:
            unlisten()

    @contextmanager
    def watching(self, watcher: Watcher, last_id: str) -> Iterator[Watcher]:
        """Someone opened a page, or is back; `last_id`: the id of the last answer that it got, or nothing."""
        self._catch_up(watcher, last_id)
        self._watchers.add(watcher)
        self._weigh()
        self._changed.set()
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
            self._weigh()

    @property
    def watchers(self) -> int:
        return len(self._watchers)

    @property
    def position(self) -> str:
        """The id of the latest answer, for a page that is loaded now."""
        return self.id_of(self._number)

    def turn(self) -> int:
        """Counts looks at the box: what a screen gets from an earlier look than the one that it shows, it passes over."""
        self._turns += 1
        return self._turns

    def id_of(self, number: int) -> str:
        return f"{self._run}-{number}"

    def answer(self, look: Look, station: str, reading: Reading) -> dict[str, object]:
        """An answer as a screen takes it; `row` is its line in the list; buttons and commands have none."""
        values = {"reading": reading, "at": station, "csrf": ""}
        return {
            "id": reading.id,
            "verdict": reading.verdict.value,
            "undoes": reading.undoes,
            "panel": self._renderer.render("verdict.html", look, values),
            "row": self._renderer.render("reading.html", look, values) if reading.symbol else "",
        }

    async def look(self) -> None:
        """At the box, now; what came of it is on its way to the screens.  Never raises."""
        try:
            before, self.wire = self.wire, self._link.look(await self._port.link())
            if self.wire != before:
                for watcher in self._watchers:
                    watcher.wake.set()  # its next beat tells
            await self._refresh()
        except Exception:  # noqa: BLE001 -- the outermost loop of what is shown live
            _log.exception("what screens show could not be renewed")

    # --- inside --------------------------------------------------------------------------------------------------------------

    def _on_heard(self, heard: Heard) -> None:
        match heard:
            case Answered(station, reading):
                self._number += 1
                self._kept.append((self._number, station, reading))
                shown: dict[Look, str] = {}  # once for all screens that look alike: many may be open, and the scanner waits
                for watcher in self._watchers:
                    if watcher.station == station:
                        if watcher.look not in shown:
                            shown[watcher.look] = json.dumps(self.answer(watcher.look, station, reading), ensure_ascii=False)
                        watcher.told(self._number, shown[watcher.look])
                self._changed.set()
            case WeightShown(scale=scale):
                for watcher in self._watchers:
                    if "scale" in watcher.regions:
                        watcher.weights[scale] = heard
                        watcher.wake.set()
            case Changed():
                self._changed.set()

    def _weigh(self) -> None:
        wanted = any("scale" in watcher.regions for watcher in self._watchers)
        if wanted != self._is_weighing:
            self._is_weighing = wanted
            self._port.weigh(wanted=wanted)

    def _catch_up(self, watcher: Watcher, last_id: str) -> None:
        run, _, number = last_id.rpartition("-")
        if not last_id:
            return
        if run != self._run or not (number.isascii() and number.isdigit() and len(number) < 16):
            watcher.must_reload = True
            return
        missed = [(at, reading) for at, station, reading in self._kept if at > int(number) and station == watcher.station]
        oldest = self._kept[0][0] if self._kept else self._number + 1
        if int(number) + 1 < oldest or int(number) > self._number:
            watcher.must_reload = True
            return
        for at, reading in missed:
            watcher.told(at, json.dumps(self.answer(watcher.look, watcher.station or "", reading), ensure_ascii=False))

    async def _refresh(self) -> None:
        """Render what is shown somewhere; each region once for all screens that show the same."""
        rendered: dict[tuple[str, str | None, Look], tuple[int, str]] = {}
        for watcher in list(self._watchers):
            for name in watcher.regions & self._regions.keys():
                key = (name, watcher.station, watcher.look)
                if key not in rendered:
                    turn = self.turn()
                    html = await self._region(name, watcher)
                    if html is None:
                        continue
                    rendered[key] = (turn, html)
                if watcher.shown.get(name) != rendered[key][1]:
                    watcher.pending[name] = rendered[key]
                    watcher.shown[name] = rendered[key][1]
                    watcher.wake.set()

    async def _region(self, name: str, watcher: Watcher) -> str | None:
        try:
            return self._renderer.render(f"region_{name}.html", watcher.look, {"csrf": "", **await self._regions[name](watcher)})
        except Exception:  # noqa: BLE001 -- one bad row must not stop the others
            _log.exception("a region of the floor could not be rendered", extra={"region": name})
            return None


async def _until(event: asyncio.Event, seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
