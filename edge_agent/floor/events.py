"""The stream of server-sent events of an open screen (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime

from aiohttp import ClientConnectionResetError, web

from edge_agent.floor.guard import COOKIE, session_of
from edge_agent.floor.live import Live, Watcher
from edge_agent.floor.port import WeightShown
from edge_agent.floor.render import Renderer
from edge_agent.floor.sessions import Sessions

BEAT_SECONDS = 3.0
WEIGHT_SECONDS = 0.25
GATHER_SECONDS = 0.05
"""Between two sendings to one screen: the first answer goes at once, a flood of them together."""
AGAIN_MS = 500
"""When a browser whose stream broke off connects again."""


class Stream:
    """Sends to one screen what `Live` has for it, and a beat that says how the wire is."""

    def __init__(self, live: Live, renderer: Renderer, sessions: Sessions, now: Callable[[], datetime]) -> None:
        self._live = live
        self._renderer = renderer
        self._sessions = sessions
        self._now = now

    async def serve(self, request: web.Request, watcher: Watcher) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        await response.prepare(request)
        session = session_of(request)
        if self._live.watchers == 0:  # nobody looked for a while
            await self._live.look()
        last_id = request.headers.get("Last-Event-ID") or request.query.get("after", "")
        with self._live.watching(watcher, last_id):
            try:
                await response.write(f"retry: {AGAIN_MS}\n\n".encode())
                while session is None or self._sessions.find(request[COOKIE], is_use=False) is session:
                    await response.write("".join([*self._news(watcher), self._beat(watcher)]).encode())
                    sent = asyncio.get_running_loop().time()
                    await _woken(watcher, None if session is None else session.ended)
                    await asyncio.sleep(sent + GATHER_SECONDS - asyncio.get_running_loop().time())
                await response.write(_event("signed-out", "{}").encode())
            except (ConnectionResetError, ClientConnectionResetError):
                pass
        return response

    def _news(self, watcher: Watcher) -> list[str]:
        if watcher.must_reload:
            watcher.must_reload = False
            watcher.answers.clear()
            return [_event("reload", "{}", self._live.position)]
        watcher.wake.clear()
        answers, regions, weights = list(watcher.answers), watcher.pending, watcher.weights
        watcher.answers.clear()
        watcher.pending, watcher.weights = {}, {}
        news = [_event("answer", data, self._live.id_of(number)) for number, data in answers]
        news += [
            _event("region", _json({"name": name, "turn": turn, "html": html})) for name, (turn, html) in sorted(regions.items())
        ]
        return [*news, *(_event("weight", _json(self._weight(watcher, weight))) for weight in weights.values())]

    def _weight(self, watcher: Watcher, weight: WeightShown) -> dict[str, object]:
        return {"scale": weight.scale, "html": self._renderer.render("weight.html", watcher.look, {"weight": weight})}

    def _beat(self, watcher: Watcher) -> str:
        wire, now = self._live.wire, self._now()
        told = {"wire": wire.wire.value, "waiting": wire.waiting, "sent": wire.sent, "total": wire.total}
        return _event("beat", _json({**told, "time": self._renderer.writer(watcher.look).time(now)[:5], "at": now.isoformat()}))


def _event(name: str, data: str, number: str = "") -> str:
    head = f"event: {name}\n" + (f"id: {number}\n" if number else "")
    return head + "".join(f"data: {line}\n" for line in data.splitlines()) + "\n"


def _json(value: dict[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False)


async def _woken(watcher: Watcher, ended: asyncio.Event | None) -> None:
    """Something is there for the screen, its session is over, or it is time for a beat.  Weights are gathered for a moment."""
    waits = [asyncio.ensure_future(event.wait()) for event in (watcher.wake, ended) if event is not None]
    try:
        await asyncio.wait(waits, timeout=BEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    if watcher.weights and not watcher.answers:
        await asyncio.sleep(WEIGHT_SECONDS)
