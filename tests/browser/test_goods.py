"""Transfers, prices, shelf labels and sales in a real browser: their ways, narrow and wide, in both languages."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from controller import db
from controller.catalog.operations import NewBarcode, add_barcode
from controller.config import parse_config
from controller.pricing.forcing import bring_into_force
from controller.pricing.operations import NewPrice, schedule
from controller.pricing.queries import batches
from controller.sales.imports import begin, go_on
from controller.sales.policies import NewLine, NewReceipt
from controller.sales.recording import record
from controller.sales.rows import HowToRead
from controller.sites.operations import create_bin, create_site
from controller.sites.queries import bins
from controller.stock.operations import Adjustment, adjust
from controller.stock.shelves import choose_shelf
from controller.transfers import operations as transfers
from controller.transfers.operations import NewLine as PlanLine
from controller.transfers.operations import NewTransfer
from edge_agent.wire.goods_facts import TransferEnd
from tests.browser.conftest import OpenPage, Site
from tests.browser.shop import BrowserShop
from tests.browser.test_people import looked_at
from tests.controller.transfers.two_sites import applied, closed, fact, received, sent
from tests.databases import copied

SHOTS = os.environ.get("GOODS_SHOTS", "")
"""A folder for pictures of every page, for a person who looks at them."""


@pytest_asyncio.fixture(loop_scope="session")
async def office(schema_file: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """The shop of the browser's tests, a second site, and a document of each kind in the middle of its way."""
    await db.connect(copied(schema_file, tmp_path / "controller.db"))
    shop = BrowserShop()
    await shop.open()
    await create_site("sh-02", name="Shop 2")
    await create_bin("sh-02", "B-01")
    await add_barcode("MILK-1L", NewBarcode(barcode="MILK"))
    await put_on_the_shelf("MILK-1L", 20)
    site = Site(shop, parse_config({"data": str(tmp_path)}, {}, "test"))
    await site.start()
    yield site
    await site.stop()
    await db.close()


async def put_on_the_shelf(code: str, quantity: int) -> None:
    (sku,) = await db.fetch("SELECT id FROM sku WHERE code = ?", code)
    (place,) = (await bins("sh-01", ["A-01"])).values()
    await adjust(Adjustment(sku_id=sku["id"], location_id=place.id, change=quantity, reason="found"), person="test")


async def documents() -> dict[str, str]:
    """Numbers, by kind."""
    plan = NewTransfer(from_site="sh-01", to_site="sh-02", lines=[PlanLine(sku="MILK-1L", quantity=4)], note="before the weekend")
    number = await transfers.create(plan)
    await transfers.approve(number)
    await applied(
        fact(sent(number, "MILK", 4), "sh-01"),
        fact(closed(number, TransferEnd.SENT), "sh-01", 1),
        fact(received(number, "MILK", 2), "sh-02", 5),
        fact(received(number, "MILK", 1, damaged=True), "sh-02", 6),
        fact(closed(number, TransferEnd.RECEIVED), "sh-02", 7),
    )
    rows = await db.fetch("SELECT id FROM sku WHERE code = 'MILK-1L'")
    await choose_shelf(rows[0]["id"], "sh-02", "B-01")
    later = db.now() + timedelta(days=3)
    await schedule(
        [
            NewPrice(sku="MILK-1L", price_minor=1399, currency="CNY", effective_from=later, note="supplier"),
            NewPrice(
                sku="TEA-500", price_minor=4990, currency="CNY", effective_from=later, until=later + timedelta(days=2), site="sh-01"
            ),
            NewPrice(sku="MILK-1L", price_minor=1190, currency="CNY", effective_from=db.now(), site="sh-02"),
        ]
    )
    await bring_into_force()
    lines = [
        NewLine(text="4006381333931", is_sku=False, quantity=2, amount_minor=2580, discount_minor=200),
        NewLine(
            text="NOBODY-KNOWS-THIS-CODE-OF-A-LONG-FORGOTTEN-SUPPLIER-IN-THE-NORTH", is_sku=False, quantity=1, amount_minor=100
        ),
    ]
    first = NewReceipt(site="sh-01", till="2", number="4711", occurred_at=db.now(), currency="CNY", lines=lines)
    other, second = replace(first, lines=lines[:1]), replace(first, number="4712", lines=lines[:1])
    await record([first, other, second, replace(first, number="4713", lines=(), voids="4712")], source="token:pos")
    file = b"receipt,date,sku,quantity,price\n1,2026-01-01 10:00,TEA-500,1,49.90\n2,yesterday,TEA-500,1,49.90\n"
    await go_on(await begin(file, HowToRead(site="sh-01", time_zone="", currency="")))
    (sale,) = await db.fetch("SELECT id FROM sale WHERE number = '4711'")
    return {"transfer": number, "batch": (await batches(site="sh-01"))[0].number, "sale": str(sale["id"])}


async def test_a_transfer_that_came_short_is_settled_by_a_person(open_page: OpenPage, office: Site) -> None:
    number = (await documents())["transfer"]
    page = (await open_page()).page
    await page.goto(f"{office.address}/transfers")
    await expect(page.locator("#live")).to_contain_text("Received short")
    await page.get_by_role("link", name=number).click()
    await expect(page.locator("#live")).to_contain_text("1 did not come yet")
    await page.locator("select[name=decision]").select_option("lost")
    await page.get_by_label("Why").fill("the van was searched")
    await page.get_by_role("button", name="Book it for MILK-1L").click()
    await expect(page.get_by_role("status").filter(has_text="Booked.")).to_be_visible()
    await expect(page.locator("#live")).to_contain_text("Written off as lost")


async def test_a_transfer_is_planned_from_the_keyboard_and_approved(open_page: OpenPage, office: Site) -> None:
    page = (await open_page(script=False)).page
    await page.goto(f"{office.address}/transfers")
    await page.locator("select[name=to_site]").select_option("sh-02")
    await page.get_by_label("Goods, a line each").fill("MILK-1L 2\nCOFFEE 1")
    await page.get_by_role("button", name="Plan it").click()
    await expect(page.get_by_role("alert")).to_contain_text("there is no SKU")
    await page.get_by_label("Goods, a line each").fill("MILK-1L 2")
    await page.get_by_role("button", name="Plan it").click()
    await page.get_by_role("button", name="Approve transfer").click()
    await expect(page.locator("main")).to_contain_text("To be sent")


async def test_a_price_is_said_seen_and_taken_back(open_page: OpenPage, office: Site) -> None:
    page = (await open_page()).page
    await page.goto(f"{office.address}/prices?q=TEA")
    await page.get_by_role("link", name="TEA-500").click()
    await page.get_by_label(re.compile("^Price CNY")).fill("52.00")
    await page.get_by_label("From, in the site's own time").fill(f"{db.now().year + 1}-03-01T06:00")
    await page.get_by_role("button", name="Say price").click()
    await expect(page.locator("#live")).to_contain_text("To come")
    await page.get_by_role("button", name=re.compile("^Take back")).click()
    await expect(page.locator("#live")).to_contain_text("Taken back")


@pytest.mark.parametrize(
    ("language", "width", "dark"), [("en", 360, False), ("en", 1280, True), ("zh-CN", 360, True), ("zh-CN", 1280, False)]
)
async def test_the_pages_fit_speak_one_language_and_are_accessible(
    open_page: OpenPage, office: Site, language: str, width: int, dark: bool
) -> None:
    made = await documents()
    watched = await open_page(language, width, dark=dark)
    for path in (
        "/transfers",
        f"/transfers/{made['transfer']}",
        "/prices",
        "/prices/MILK-1L",
        "/labels",
        f"/labels/{made['batch']}",
        "/sales",
        f"/sales/{made['sale']}",
    ):
        await watched.page.goto(office.address + path)
        await looked_at(watched.page, language, path)
        if SHOTS:
            name = path.strip("/").replace("/", "-")
            await watched.page.screenshot(path=f"{SHOTS}/{name}-{language}-{width}.png", full_page=True)
    assert watched.complaints == []
