"""An order typed with the keyboard alone, with and without scripts; files of orders and orders to merge on any screen."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from controller import db
from controller.config import parse_config
from controller.intake import importing
from controller.intake.taking import take_waiting
from controller.stock.operations import move
from tests.browser.conftest import OpenPage, Site
from tests.browser.shop import BrowserShop
from tests.browser.test_customers import is_well_made
from tests.controller.tracking.shop import NAME, PHONE, PersonShop
from tests.databases import copied

FILE = "订单号,商品编码,数量,单价,门店,收件人\nA-1,tea,2,2.50,s1,王梅\nA-2,tea,many,,s1,\nA-3,new-goods,1,3.00,s1,\n"


@pytest_asyncio.fixture(loop_scope="session")
async def desk(schema_file: Path, tmp_path: Path) -> AsyncIterator[tuple[Site, PersonShop]]:
    """A customer with two orders that could go in one parcel, and a file that was handed on."""
    await db.connect(copied(schema_file, tmp_path / "controller.db"))
    shop = await PersonShop.open()
    await shop.another()
    await db.execute("UPDATE sales_order SET delivery = 'shipping'")
    file = await importing.keep(await importing.read(FILE.encode()), "orders.csv")
    await importing.start(file)
    await importing.hand_on()
    await take_waiting()
    site = Site(BrowserShop(), parse_config({"data": str(tmp_path)}, {}, "test"))
    await site.start()
    yield site, shop
    await site.stop()
    await db.close()


async def begin(page: Page, site: Site) -> None:
    await page.goto(f"{site.address}/orders/new")
    await expect(page.locator("[autofocus]")).to_be_focused()


async def add(page: Page, text: str, shown: str) -> None:
    """As a scanner does: the code and Enter."""
    await expect(page.locator("[autofocus]")).to_be_focused()
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")
    await expect(page.get_by_label(f"Quantity of {shown.partition(' ')[0]}")).to_have_value(shown.partition(" ")[2])


@pytest.mark.parametrize(("language", "width", "dark"), [("en", 1280, False), ("zh-CN", 360, True)])
async def test_pages_fit_any_screen_and_can_be_used_by_everybody(
    open_page: OpenPage, desk: tuple[Site, PersonShop], language: str, width: int, dark: bool
) -> None:
    site, _ = desk
    watched = await open_page(language, width, dark=dark)
    page = watched.page
    for path in ("/orders/import", "/orders/import/1", "/order-merges", "/orders/new"):
        await page.goto(f"{site.address}{path}")
        await is_well_made(page, path)
        assert NAME not in await page.content()
        assert "王梅" not in await page.content()
    await page.locator("input[name=article]").fill("9*tea")
    await page.keyboard.press("Enter")
    await expect(page.locator("input[name=q-1]")).to_have_value("9")
    await is_well_made(page, "/orders/new with a line")
    assert watched.complaints == []


@pytest.mark.parametrize("script", [True, False])
async def test_an_order_is_typed_with_the_keyboard_alone(open_page: OpenPage, desk: tuple[Site, PersonShop], script: bool) -> None:
    site, _ = desk
    page = (await open_page(script=script)).page
    await begin(page, site)
    await add(page, "tea", "tea 1")
    await add(page, "2*tea", "tea 3")
    await page.locator("input[name=sealed_name]").focus()
    await page.keyboard.type("Li Lei")
    await page.keyboard.press("Tab")
    await page.keyboard.type("13900001234")
    await page.get_by_role("button", name="Place order").focus()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(r"/orders/SO-\d+$"))
    await expect(page.get_by_role("heading", level=1)).to_contain_text("SO-")
    assert "Lei" not in page.url


async def test_what_can_be_promised_follows_the_stock_while_somebody_types(
    open_page: OpenPage, desk: tuple[Site, PersonShop]
) -> None:
    site, shop = desk
    sku = await shop.shop.stock("milk", 1)
    watched = await open_page()
    page = watched.page
    await begin(page, site)
    await add(page, "3*milk", "milk 3")
    await expect(page.locator("#promise")).to_contain_text("only 1 there")
    await page.get_by_label("Name", exact=True).fill("Han")
    await move([shop.shop.shop.arrival(sku, 5)])
    await expect(page.locator("#promise")).to_contain_text("6 there")
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Han")
    assert not [url for url in watched.requests if "Han" in url]


async def test_a_double_click_is_one_order_to_somebody_known(open_page: OpenPage, desk: tuple[Site, PersonShop]) -> None:
    site, _ = desk
    page = (await open_page()).page
    await begin(page, site)
    await add(page, "tea", "tea 1")
    await page.get_by_label(re.compile("whole name")).fill(PHONE)
    await page.get_by_role("button", name="Look up").click()
    await page.get_by_role("button", name=re.compile("CU-")).click()
    await expect(page.get_by_text("To their own address")).to_be_visible()
    await page.get_by_label("Sent to an address").check()
    await page.get_by_role("button", name="Place order").dblclick()
    await expect(page).to_have_url(re.compile(r"/orders/(SO-\d+|new)$"))
    rows = await db.fetch("SELECT delivery FROM sales_order WHERE channel = 'office'")
    assert rows == [{"delivery": "shipping"}]
