"""A screen in a store in a real browser: touch and scanner, both languages, cleared after half a minute of nothing."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from controller.db import fetch
from controller.tracking.screens import add_screen
from tests.browser.conftest import OpenPage, Site
from tests.browser.test_people import looked_at


async def at_the_screen(page: Page, site: Site) -> str:
    """The pick-up code of the order."""
    await site.shop.busy_day()
    key = await add_screen("sh-01", "Entrance", language="en")
    await page.goto(f"{site.address}/terminal?key={key}")
    await expect(page.locator("#entry")).to_be_focused()
    assert key not in page.url
    return str((await fetch("SELECT pickup_code FROM sales_order"))[0]["pickup_code"])


async def test_touched_digits_show_how_far_it_is_and_quiet_clears_it(open_page: OpenPage, site: Site) -> None:
    page = (await open_page("en", 768)).page
    await page.clock.install()
    await at_the_screen(page, site)
    for digit in "100001":
        await page.get_by_role("button", name=digit, exact=True).click()
    await page.get_by_role("button", name="Show").click()
    answer = page.get_by_role("status")
    await expect(answer).to_contain_text("SO-100001")
    await expect(answer).not_to_contain_text("milk")
    await expect(page.locator("#entry")).to_have_attribute("name", "sealed_proof")
    await page.clock.fast_forward(29_000)
    await expect(answer).to_be_visible()
    await page.clock.fast_forward(2_000)
    await expect(page.get_by_role("status")).to_have_count(0)
    await expect(page.locator("#entry")).to_have_attribute("name", "sealed_number")


async def test_a_scan_is_read_wherever_the_focus_is(open_page: OpenPage, site: Site) -> None:
    watched = await open_page("en", 768)
    page = watched.page
    code = await at_the_screen(page, site)
    await page.get_by_role("link", name="English").focus()
    await page.keyboard.type("SO-100001", delay=2)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("SO-100001")
    await page.keyboard.type(code, delay=2)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Whole milk 1 L")
    await page.keyboard.type("SO-999999", delay=2)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("No order of this store")
    assert [text for text in watched.complaints if "404" not in text] == []


@pytest.mark.parametrize(("language", "width"), [("en", 768), ("zh-CN", 360)])
async def test_it_fits_breaks_no_rule_and_is_large(open_page: OpenPage, site: Site, language: str, width: int) -> None:
    page = (await open_page(language, width)).page
    code = await at_the_screen(page, site)
    if language == "zh-CN":
        await page.get_by_role("link", name="中文").click()
    await looked_at(page, language, "/terminal")
    await page.keyboard.type(code)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_be_visible()
    await looked_at(page, language, "/terminal")
    boxes = [await each.bounding_box() for each in await page.locator("a:visible, button:visible, input:visible").all()]
    assert [box for box in boxes if box and min(box["height"], box["width"]) < 56] == []


async def test_a_screen_that_nobody_set_up_asks_nothing_and_works_without_scripts(open_page: OpenPage, site: Site) -> None:
    page = (await open_page("en", 768)).page
    await page.goto(f"{site.address}/terminal")
    await expect(page.get_by_role("heading", name="This screen is not set up")).to_be_visible()
    await expect(page.locator("form")).to_have_count(0)
    plain = (await open_page("en", 768, script=False)).page
    code = await at_the_screen(plain, site)
    await plain.locator("#entry").fill(code)
    await plain.get_by_role("button", name="Show").click()
    await expect(plain.get_by_role("status")).to_contain_text("Whole milk 1 L")
