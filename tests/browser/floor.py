"""The floor's real pages on a port of loopback over a box that behaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Page, expect

from edge_agent.floor.config import FloorConfig, SignIn
from edge_agent.floor.server import Floor
from edge_agent.seams import SystemClock
from edge_agent.ui.listening import listening
from tests.edge_agent.floor.fake_box import BADGE, PIN, FakeBox, busy_day

__all__ = ["FloorSite", "busy_day", "floor_site", "live", "signed_in", "wedge"]


@dataclass
class FloorSite:
    """The pages, and the box behind them.  They can stop, and start again where they were."""

    box: FakeBox
    sign_in: SignIn = SignIn.NONE
    port: int = 0
    open: AsyncExitStack | None = None
    live: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def station(self) -> str:
        return f"{self.address}/floor/stations/counter-1"

    async def start(self) -> None:
        floor = Floor(self.box, FloorConfig(sign_in=self.sign_in, time_zone="Asia/Shanghai"), SystemClock(), "counter-1")
        self.open = AsyncExitStack()
        here = await self.open.enter_async_context(listening(floor.app(), "127.0.0.1", self.port, stop_seconds=0.1))
        self.port = here.port
        self.live = asyncio.create_task(floor.live.run(), name="floor.live")

    async def stop(self) -> None:
        if self.open is not None and self.live is not None:
            self.live.cancel()
            await asyncio.wait([self.live])
            await self.open.aclose()
        self.open = self.live = None


@asynccontextmanager
async def floor_site(sign_in: SignIn = SignIn.NONE, *stations: str) -> AsyncIterator[FloorSite]:
    site = FloorSite(FakeBox(stations or ("counter-1",)), sign_in)
    await site.start()
    try:
        yield site
    finally:
        await site.stop()


async def signed_in(page: Page, site: FloorSite, after: str = "/floor") -> None:
    await page.goto(f"{site.address}/floor/login?next={after}")
    await page.fill("#badge", BADGE)
    await page.fill("#pin", PIN)
    await page.press("#pin", "Enter")
    await page.wait_for_url(f"{site.address}{after}")


async def live(page: Page) -> None:
    """The page's stream is there."""
    await expect(page.locator("#wire")).to_be_visible()


async def wedge(page: Page, symbol: str, *, end: str = "Enter", gap: float = 0.002, stall_after: int = 0) -> None:
    """What a scanner types: keys with their own times, sent without waiting for one another.

    `stall_after`: so many of them come in time, the others half a second late, as on a machine that is too busy.
    """
    session = await page.context.new_cdp_session(page)
    at = SystemClock().now().timestamp()
    keys: list[dict[str, object]] = []
    for index, character in enumerate([*symbol, end] if end else list(symbol)):
        when = at + gap * index
        name = {"Enter": "\r", "Tab": ""}.get(character, character)
        key = {
            "key": character,
            "timestamp": when,
            "windowsVirtualKeyCode": {"Enter": 13, "Tab": 9}.get(character, ord(character[0].upper())),
        }
        keys += [{"type": "keyDown", "text": name, **key}, {"type": "keyUp", **key}]
    await asyncio.gather(*(session.send("Input.dispatchKeyEvent", key) for key in keys[: 2 * stall_after]))
    if stall_after:
        await asyncio.sleep(0.5)
    await asyncio.gather(*(session.send("Input.dispatchKeyEvent", key) for key in keys[2 * stall_after :]))
    await session.detach()
