"""The floor's pages in the system's Chromium, served by the real agent with 100,000 SKUs: the budgets of a slow tablet.

Bytes are what went over the wire without the stream, heads and compression included: a station's page in an empty browser, then
the same page again.  The slow tablet is Chromium with its processor slowed down six times behind 1.6 Mbit/s and 150 ms.  "Ready to
scan" is when the script that catches the scanner's keys has run.  A scan begins with the Enter that ends it; it is captured when
its row is painted, and has its verdict when the panel shows the box's answer, which was on disk before.
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
from collections import Counter as Count
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, CDPSession, Page, async_playwright

from tests.bench import catalogue, load
from tests.bench.counter import Counter, counter, site
from tests.bench.report import Row, percentile, row
from tests.bench.screen import STATION_PAGE, screen
from tests.browser.floor import wedge
from tests.shopday.programs import free_port

KB = 1000
LOADS, SCANS, EVENTS = 5, 100, 3000
SLOWER, BYTES_PER_SECOND, LATENCY_MS = 6, 1_600_000 / 8, 150
WAIT_SECONDS = 20
KINDS = {"text/html": "HTML", "text/css": "CSS", "text/javascript": "JavaScript", "image/svg+xml": "icons"}
BUDGETS = {"HTML": 10, "CSS": 12, "JavaScript": 30, "icons": 6, "all": 60}
WATCH = """() => {
    window.shifted = 0;
    const shifts = list => list.getEntries().filter(each => !each.hadRecentInput).reduce((sum, each) => sum + each.value, 0);
    new PerformanceObserver(list => { window.shifted += shifts(list); }).observe({type: "layout-shift", buffered: true});
    window.captured = []; window.answered = [];
    window.addEventListener("keydown", event => { if (event.key === "Enter") window.entered = performance.now(); }, true);
    const seen = new Set();
    new MutationObserver(() => {
        for (const row of document.querySelectorAll("#readings .captured")) {
            if (seen.has(row.dataset.id)) continue;
            seen.add(row.dataset.id);
            const at = window.entered;
            requestAnimationFrame(() => setTimeout(() => window.captured.push(performance.now() - at)));
        }
    }).observe(document.getElementById("readings"), {childList: true});
    new MutationObserver(() => {
        if (/ (ok|wrong|unknown|duplicate)/.test(document.getElementById("panel").className))
            window.answered.push(performance.now() - window.entered);
    }).observe(document.getElementById("panel"), {attributeFilter: ["class"]});
}"""
TIMES = """async () => {
    await new Promise(told => setTimeout(told, 200));
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    const [navigation] = performance.getEntriesByType("navigation");
    return [paint.startTime, navigation.domContentLoadedEventEnd, window.shifted];
}"""


@dataclass
class Traffic:
    """What a page loaded: bytes on the wire by kind, and how many requests; streams are none."""

    kinds: Count[str] = field(default_factory=Count)
    requests: int = 0
    _kind_of: dict[str, str] = field(default_factory=dict)

    def follow(self, session: CDPSession) -> None:
        session.on("Network.responseReceived", self._answered)
        session.on("Network.loadingFinished", self._finished)

    def _answered(self, event: Mapping[str, Mapping[str, str]]) -> None:
        media_type = event["response"]["mimeType"]
        if media_type != "text/event-stream":
            self._kind_of[str(event["requestId"])] = KINDS.get(media_type, media_type)

    def _finished(self, event: Mapping[str, str | float]) -> None:
        kind = self._kind_of.get(str(event["requestId"]))
        if kind is not None and float(event["encodedDataLength"]) > 0:
            self.kinds[kind] += int(float(event["encodedDataLength"]))
            self.requests += 1


@dataclass
class Found:
    """Bytes, milliseconds, MB."""

    first: Traffic = field(default_factory=Traffic)
    again: Traffic = field(default_factory=Traffic)
    painted: list[float] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    shifts: list[float] = field(default_factory=list)
    captured: list[float] = field(default_factory=list)
    answered_slow: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    nodes: int = 0
    heap_growth: float = 0.0


def measure() -> Iterator[Row]:
    with site() as (folder, url, port):
        asyncio.run(catalogue.fill(folder / "box" / "replica.db", load.SITE))
        found = asyncio.run(_floor(folder, url, port))
    for kind, budget in BUDGETS.items():
        count = found.first.kinds.total() if kind == "all" else found.first.kinds[kind]
        yield _row(f"floor page, first load: {kind}", count / KB, "kB", budget)
    yield _row("floor page, first load: requests", found.first.requests, "", 8)
    yield _row("floor page, repeated load: all", found.again.kinds.total() / KB, "kB", 12)
    yield _row(f"first contentful paint on a slow tablet (median of {LOADS})", statistics.median(found.painted), "ms", 1000)
    yield _row(f"ready to scan on a slow tablet (median of {LOADS})", statistics.median(found.ready), "ms", 1200)
    yield _row("layout shift (worst)", max(found.shifts), "", 0.05)
    yield _row(f"scan -> captured, processor 6 x slower (p95 of {SCANS})", percentile(found.captured, 95), "ms", 60)
    yield _row("the same, worst", max(found.captured), "ms", 100)
    yield _row(f"scan -> verdict on the box's LAN (p95 of {SCANS})", percentile(found.answered, 95), "ms", 150)
    yield _row("the same, processor 6 x slower", percentile(found.answered_slow, 95), "ms", 150)
    yield _row("DOM nodes of a station's page", found.nodes, "", 1500)
    yield _row(f"browser's heap after {EVENTS:,} answers on the stream: grown by", found.heap_growth, "MB", 5)


def _row(name: str, value: float, unit: str, target: float) -> Row:
    return row(name, value, unit, target=f"<= {target:g} {unit}".strip(), ok=value <= target)


async def _floor(folder: Path, url: str, port: int) -> Found:
    pages, found = free_port(), Found()
    async with counter(folder, url, port, {"port": pages}) as desk:
        await desk.start()
        await desk.until_devices_ready()
        async with screen(pages) as at:
            await at.sign_in(1)
            cookies = {cookie.key: cookie.value for cookie in at.client.cookie_jar}
        executable = shutil.which("chromium") or "chromium"
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
            tablet = _Tablet(browser, f"http://127.0.0.1:{pages}", cookies)
            await _loads(tablet, found)
            await _scans(tablet, found)
            await _events(tablet, found, desk)
            await browser.close()
    return found


class _Tablet:
    def __init__(self, browser: Browser, address: str, cookies: Mapping[str, str]) -> None:
        self._browser = browser
        self._address = address
        self._cookies = cookies

    @asynccontextmanager
    async def empty(self) -> AsyncIterator[tuple[Page, CDPSession]]:
        """A browser that was never here, whose person is logged in."""
        context = await self._browser.new_context(viewport={"width": 768, "height": 1024}, locale="zh-CN")
        await context.add_cookies([{"name": name, "value": value, "url": self._address} for name, value in self._cookies.items()])
        page = await context.new_page()
        session = await context.new_cdp_session(page)
        await session.send("Network.enable")
        try:
            yield page, session
        finally:
            await context.close()

    async def open(self, page: Page) -> None:
        """Its stream is there."""
        await page.goto(self._address + STATION_PAGE)
        await page.wait_for_selector("#wire", state="visible", timeout=WAIT_SECONDS * 1000)


async def _loads(tablet: _Tablet, found: Found) -> None:
    async with tablet.empty() as (page, session):
        found.first.follow(session)
        await tablet.open(page)
        found.nodes = await page.evaluate("document.querySelectorAll('*').length")
    async with tablet.empty() as (page, session):
        await tablet.open(page)
        found.again.follow(session)
        await tablet.open(page)
    for _ in range(LOADS):
        async with tablet.empty() as (page, session):
            await _slow_down(session)
            rates = {"downloadThroughput": BYTES_PER_SECOND, "uploadThroughput": BYTES_PER_SECOND}
            await session.send("Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY_MS, **rates})
            await tablet.open(page)
            await page.evaluate(WATCH)
            painted, ready, shifted = await page.evaluate(TIMES)
            found.painted.append(painted)
            found.ready.append(ready)
            found.shifts.append(shifted)


async def _scans(tablet: _Tablet, found: Found) -> None:
    for is_slow in (False, True):
        async with tablet.empty() as (page, session):
            if is_slow:
                await _slow_down(session)
            await tablet.open(page)
            await page.evaluate(WATCH)
            for number in range(SCANS):
                await wedge(page, catalogue.symbol(10_000 + number + SCANS * is_slow))
                await page.wait_for_function(
                    "count => window.answered.length >= count && window.captured.length >= count", arg=number + 1
                )
            answered = await page.evaluate("window.answered")
            if is_slow:
                found.answered_slow, found.captured = answered, await page.evaluate("window.captured")
            else:
                found.answered = answered


async def _events(tablet: _Tablet, found: Found, desk: Counter) -> None:
    async with tablet.empty() as (page, session):
        await tablet.open(page)
        await desk.scan([catalogue.symbol(20_000 + number) for number in range(100)])  # code is compiled, the list is full
        before = await _heap_mb(session)
        await desk.scan([catalogue.symbol(30_000 + number) for number in range(EVENTS)])
        last = catalogue.symbol(30_000 + EVENTS - 1)
        await page.wait_for_selector(f"#readings >> text={last}", timeout=WAIT_SECONDS * 1000)
        found.heap_growth = await _heap_mb(session) - before


async def _slow_down(session: CDPSession) -> None:
    await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})


async def _heap_mb(session: CDPSession) -> float:
    await session.send("HeapProfiler.collectGarbage")
    return float((await session.send("Runtime.getHeapUsage"))["usedSize"]) / 1e6
