"""The office's pages of stock in a real browser: they fit, have no barriers, and a file of sales is taken in by a person."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from controller import db
from controller.costing import valuing
from controller.profiles.operations import Profile, put_profile
from controller.sales.imports import go_on
from controller.sales.no_goods import NoGoodsReason, set_aside
from controller.sales.recording import record
from tests.browser.conftest import OpenPage, Site
from tests.browser.test_people import looked_at
from tests.controller.sales.tills import line, receipt

PATHS = (
    "/stock",
    "/stock/MILK-1L?site=sh-01",
    "/stock/MILK-1L/cost?site=sh-01",
    "/ledger?check=yes",
    "/sales/import",
    "/sales/codes",
    "/sales/no-goods",
    "/station-profiles?edit=desk",
)
FILE = "receipt,occurred_at,sku,quantity,unit_price\n1,2026-11-20 10:00,MILK-1L,1,5.90\n2,2026-11-20 10:01,MILK-1L,?,5.90\n"


@pytest.mark.parametrize(("language", "width", "dark"), [("en", 1280, False), ("zh-CN", 360, True)])
async def test_pages_fit_and_have_no_barriers(open_page: OpenPage, site: Site, language: str, width: int, *, dark: bool) -> None:
    await site.shop.busy_day()
    await valuing.catch_up()
    await record([receipt("1", line("POST"), line("BANK CHARGES"), site="sh-01")], source="token:pos")
    await set_aside(["AMAZONFEE"], NoGoodsReason.FEE, "each month")
    await put_profile(Profile(name="desk", activities=("counting",), sign_in="badge", manager_adjusts=True))
    watched = await open_page(language, width, dark=dark)
    for path in PATHS:
        await watched.page.goto(f"{site.address}{path}")
        await looked_at(watched.page, language, path)
    assert watched.complaints == []


async def test_a_file_of_sales_is_looked_at_and_taken_in(open_page: OpenPage, site: Site) -> None:
    page = (await open_page()).page
    await page.goto(f"{site.address}/sales")
    await page.get_by_role("link", name="Take in a file").click()
    await page.get_by_label("CSV or XLSX with the columns").set_input_files(
        {"name": "sales.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    )
    await page.get_by_role("button", name="Look at the file").click()
    await expect(page.get_by_role("heading", name="What would be taken in")).to_be_visible()
    await expect(page.get_by_role("cell", name="quantity")).to_be_visible()
    await page.get_by_role("button", name="Take in 1 receipt").click()
    await expect(page.get_by_text("Under way")).to_be_visible()
    await go_on(1)
    await page.reload()
    await expect(page.get_by_text("Done", exact=True)).to_be_visible()
    assert (await db.fetch("SELECT COUNT(*) AS n FROM sale"))[0]["n"] == 1
    async with page.expect_download() as download:
        await page.get_by_role("link", name="All of them as CSV").click()
    assert (await download.value).suggested_filename == "sales_1_errors.csv"
