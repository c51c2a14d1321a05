"""The real pages in a real browser: the application on a free port of loopback, the system's Chromium.

One Chromium for all tests of a run, and so one event loop; a context of its own (cookies, cache, language) for each.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from controller import db
from controller.app import Parts, make_app
from controller.config import Config, parse_config
from edge_agent.ui.listening import listening
from tests.browser.floor import FloorSite, floor_site
from tests.browser.shop import BrowserShop
from tests.databases import copied

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=20_000)  # nothing takes so long, but on two cores with other work it may
LOCALES = {"en": "en-GB", "zh-CN": "zh-CN"}


@dataclass
class Site:
    """The pages on a port, and the shop behind them.  They can stop, and start again where they were."""

    shop: BrowserShop
    config: Config
    port: int = 0
    open: AsyncExitStack | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self.open = AsyncExitStack()
        app = make_app(self.config, Parts())
        self.port = (await self.open.enter_async_context(listening(app, "127.0.0.1", self.port, stop_seconds=0.1))).port

    async def stop(self) -> None:
        if self.open is not None:
            await self.open.aclose()
        self.open = None


@dataclass
class Watched:
    """A page and everything it complained about or asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on(
            "console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser belongs to the loop that started it."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


class OpenPage(Protocol):
    """What `open_page` is."""

    async def __call__(self, language: str = ..., width: int = ..., *, dark: bool = ..., script: bool = ...) -> Watched: ...


@pytest_asyncio.fixture(loop_scope="session")
async def site(schema_file: Path, tmp_path: Path) -> AsyncIterator[Site]:
    await db.connect(copied(schema_file, tmp_path / "controller.db"))
    shop = BrowserShop()
    await shop.open()
    site = Site(shop, parse_config({"data": str(tmp_path)}, {}, "test"))
    await site.start()
    yield site
    await site.stop()
    await db.close()


@pytest_asyncio.fixture(loop_scope="session")
async def floor() -> AsyncIterator[FloorSite]:
    """The floor's pages over a box that behaves; nobody has to log in."""
    async with floor_site() as site:
        yield site


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser() -> AsyncIterator[Browser]:
    executable = shutil.which("chromium") or "chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """Opens pages, each in a context of its own, and closes them with the test."""
    async with AsyncExitStack() as stack:

        async def open_page(language: str = "en", width: int = 1280, *, dark: bool = False, script: bool = True) -> Watched:
            context = await stack.enter_async_context(await context_of(browser, language, width, dark=dark, script=script))
            return Watched(await context.new_page())

        yield open_page


async def context_of(
    browser: Browser, language: str = "en", width: int = 1280, *, dark: bool = False, script: bool = True
) -> BrowserContext:
    context = await browser.new_context(
        locale=LOCALES[language],
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        java_script_enabled=script,
    )
    context.set_default_timeout(20_000)
    return context
