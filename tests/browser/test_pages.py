"""The pages in a real browser: both languages, narrow and wide, light and dark, with and without scripts, live and stale."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Browser, Page, expect

from edge_agent.wire.messages import Condition, Scan, Symbol
from tests.browser.conftest import Site, Watched, context_of

HAN = re.compile("[\u4e00-\u9fff]")
PATHS = ["/", "/stock", "/orders", "/orders/SO-100001", "/prints", "/unknown-barcodes"]


async def settled(page: Page) -> None:
    """Scripts are loaded and the stream, where there is one, has spoken."""
    if await page.locator("#link-state").count():
        await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")


@pytest.mark.parametrize(
    ("language", "width", "dark"), [("en", 360, False), ("en", 1280, True), ("zh-CN", 360, True), ("zh-CN", 1280, False)]
)
async def test_pages_fit_speak_one_language_and_stay_at_home(
    browser: Browser, site: Site, language: str, width: int, dark: bool
) -> None:
    await site.shop.busy_day()
    context = await context_of(browser, language, width, dark=dark)
    watched = Watched(await context.new_page())
    for path in PATHS:
        response = await watched.page.goto(site.address + path)
        assert response is not None
        assert response.status == 200
        await settled(watched.page)
        scroll, inner = await watched.page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
        assert scroll <= inner, path
        assert await watched.page.get_attribute("html", "lang") == language
        text = (await watched.page.inner_text("main")) + (await watched.page.title())
        if language == "en":
            assert not HAN.search(text), path
        else:
            assert HAN.search(text), path
    assert watched.complaints == []
    assert [url for url in watched.requests if not url.startswith(site.address)] == []
    await context.close()


async def test_what_happens_shows_by_itself(browser: Browser, site: Site) -> None:
    context = await context_of(browser)
    page = await context.new_page()
    await page.goto(site.address)
    await settled(page)
    await site.shop.happens(Scan(symbol=Symbol(text="9900000000000-NEW")))
    await expect(page.locator("#region-scans")).to_contain_text("9900000000000-NEW", timeout=5000)
    await site.shop.device("scanner", Condition.ABSENT)
    await expect(page.locator("#region-boxes")).to_contain_text("Not connected", timeout=5000)
    await context.close()


async def test_the_page_says_when_it_is_stale_and_recovers(browser: Browser, site: Site) -> None:
    context = await context_of(browser)
    page = await context.new_page()
    await page.clock.install()
    await page.goto(site.address)
    await settled(page)
    await page.route("**/events", lambda route: route.abort())
    await context.set_offline(True)
    await page.clock.run_for(12_000)
    await expect(page.locator("#stale")).to_be_visible()
    await expect(page.locator("#link-state")).to_have_text("Delayed")
    await page.unroute("**/events")
    await context.set_offline(False)
    async with asyncio.timeout(20):
        while await page.locator("#stale").is_visible():
            await page.clock.run_for(2000)
    await expect(page.locator("#link-state")).to_have_text("Live")
    await context.close()


async def test_a_table_page_works_without_scripts(browser: Browser, site: Site) -> None:
    await site.shop.busy_day()
    context = await context_of(browser, script=False)
    page = await context.new_page()
    await page.goto(site.address)
    assert "label-printer" in await page.inner_text("#region-boxes")
    await page.goto(f"{site.address}/unknown-barcodes")
    await page.fill("input[name=sku]", "NO-SUCH")
    await page.click("text=Link barcode")
    assert "was not linked to NO-SUCH" in await page.inner_text("[role=alert]")
    await page.fill("input[name=sku]", "SOAP-3")
    await page.click("text=Link barcode")
    assert "Linked to SOAP-3" in await page.inner_text("[role=status]")
    assert "Every scanned barcode is known" in await page.inner_text("main")
    await context.close()


async def test_search_and_paging_keep_their_address(browser: Browser, site: Site) -> None:
    await site.shop.busy_day()
    context = await context_of(browser)
    page = await context.new_page()
    await page.goto(f"{site.address}/stock?per=3")
    await page.click("text=Next page")
    assert "per=3" in page.url
    assert "SOAP-3" in await page.inner_text("main")
    assert "MILK-1L" not in await page.inner_text("main")
    await page.fill("input[name=q]", "tea")
    await page.press("input[name=q]", "Enter")
    assert "TEA-500" in await page.inner_text("main")
    assert "RICE-5KG" not in await page.inner_text("main")
    await context.close()


async def test_keyboard_reaches_everything_and_focus_is_seen(browser: Browser, site: Site) -> None:
    context = await context_of(browser)
    page = await context.new_page()
    await page.goto(f"{site.address}/stock")
    seen = []
    for _ in range(12):
        await page.keyboard.press("Tab")
        width = await page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        assert width >= 2
        seen.append(await page.evaluate("document.activeElement.textContent.trim() || document.activeElement.name"))
    assert seen[0] == "Skip to content"
    assert {"Orders", "Prints", "q", "Search"} <= set(seen)
    await context.close()


async def test_inline_script_does_not_run(browser: Browser, site: Site) -> None:
    context = await context_of(browser)
    page = await context.new_page()
    await page.goto(site.address)
    await page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s); }"
    )
    assert await page.evaluate("window.ran") is None
    await context.close()


async def test_a_language_that_was_chosen_is_kept(browser: Browser, site: Site) -> None:
    context = await context_of(browser, "en")
    page = await context.new_page()
    await page.goto(f"{site.address}/stock")
    await page.click("text=中文")
    await page.goto(f"{site.address}/orders")
    assert await page.get_attribute("html", "lang") == "zh-CN"
    await context.close()


async def test_a_page_that_is_not_there_says_so_in_words(browser: Browser, site: Site) -> None:
    context = await context_of(browser, "zh-CN")
    page = await context.new_page()
    response = await page.goto(f"{site.address}/orders/SO-999999")
    assert response is not None
    assert response.status == 404
    assert "没有这个页面" in await page.inner_text("h1")
    await context.close()
