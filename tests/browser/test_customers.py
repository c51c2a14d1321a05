"""Customers and the public look-up in a real browser: without scripts, at 360 px, in both languages, nothing cut off."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from controller import db
from controller.config import parse_config
from controller.customers.operations import add_customer
from controller.customers.policies import Profile
from tests.browser.conftest import OpenPage, Site
from tests.browser.shop import BrowserShop
from tests.controller.tracking.shop import NAME, PHONE, PersonShop
from tests.databases import copied

SERIOUS = {"serious", "critical"}
PAGES = ("/customers", "/customers/new", "/customers/doubles", "/customers/CU-100001", "/orders/SO-100001/timeline", "/track")


@pytest_asyncio.fixture(loop_scope="session")
async def people(schema_file: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """A customer with an order that was handed over, and a double of hers."""
    await db.connect(copied(schema_file, tmp_path / "controller.db"))
    shop = await PersonShop.open()
    await shop.send()
    await add_customer(Profile(name="Jane Smith", phone=PHONE))
    site = Site(BrowserShop(), parse_config({"data": str(tmp_path)}, {}, "test"))
    await site.start()
    yield site
    await site.stop()
    await db.close()


async def is_well_made(page: Page, path: str) -> None:
    assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), f"{path} is wider than the screen"
    violations = (await Axe().run(page)).response["violations"]
    assert [f"{path} {one['id']}: {one['nodes'][0]['html']}" for one in violations if one["impact"] in SERIOUS] == []


@pytest.mark.parametrize(("language", "dark"), [("en", False), ("zh-CN", True)])
async def test_pages_fit_a_telephone_and_can_be_used_by_everybody(
    open_page: OpenPage, people: Site, language: str, dark: bool
) -> None:
    watched = await open_page(language, 360, dark=dark)
    for path in PAGES:
        await watched.page.goto(f"{people.address}{path}")
        await is_well_made(watched.page, path)
        assert NAME not in await watched.page.content()
    assert watched.complaints == []


async def test_a_stranger_follows_an_order_without_scripts(open_page: OpenPage, people: Site) -> None:
    page = (await open_page("zh-CN", 360, script=False)).page
    await page.goto(f"{people.address}/track?no=SO-100001")
    await page.get_by_label("手机号后四位").fill("0000")
    await page.get_by_role("button", name="查询", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("不匹配")
    await page.get_by_label("手机号后四位").fill("4321")
    await page.get_by_role("button", name="查询", exact=True).click()
    await expect(page.get_by_role("heading", name="SO-100001")).to_be_visible()
    await expect(page.get_by_text("欧**")).to_be_visible()
    assert "4321" not in page.url


async def test_somebody_is_shown_in_clear_on_a_button_and_masked_again_when_one_comes_back(
    open_page: OpenPage, people: Site
) -> None:
    page = (await open_page()).page
    await page.goto(f"{people.address}/customers")
    await page.get_by_label(re.compile("Whole telephone")).fill("+86 139 8765 4321")
    await page.get_by_role("button", name="Find").click()
    await page.get_by_role("link", name="欧**").click()
    await page.get_by_role("button", name=re.compile("Show in clear")).click()
    await expect(page.locator("[data-clear]")).to_contain_text(NAME)
    await page.goto(f"{people.address}/customers/CU-100001")
    await expect(page.get_by_text(NAME)).to_have_count(0)
