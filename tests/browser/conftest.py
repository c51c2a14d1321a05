"""The real pages in a real browser: the application on a free port of loopback, the system's Chromium."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config
from tests.browser.shop import BrowserShop

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOCALES = {"en": "en-GB", "zh-CN": "zh-CN"}


@dataclass
class Site:
    """Where the pages are, and the shop behind them."""

    address: str
    shop: BrowserShop
    runner: web.AppRunner


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


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    await db.connect(f"sqlite://{tmp_path}/controller.db", create_schema=True)
    shop = BrowserShop()
    await shop.open()
    config = parse_config({"data": str(tmp_path)}, {}, "test")
    runner = web.AppRunner(make_app(config, Parts()), access_log=None, shutdown_timeout=1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Site(f"http://127.0.0.1:{runner.addresses[0][1]}", shop, runner)
    await runner.cleanup()
    await db.close()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    executable = shutil.which("chromium") or "chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        await browser.close()


async def context_of(
    browser: Browser, language: str = "en", width: int = 1280, *, dark: bool = False, script: bool = True
) -> BrowserContext:
    context = await browser.new_context(
        locale=LOCALES[language],
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        java_script_enabled=script,
    )
    context.set_default_timeout(8000)
    return context
