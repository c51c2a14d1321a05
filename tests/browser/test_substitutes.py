"""Categories, substitutes, changes of many in a real browser: a tree made, a short line given as something else, prices said."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from controller.db import fetch
from controller.orders.operations import place
from controller.orders.policies import NewLine, NewOrder
from controller.orders.states import WhenShort
from tests.browser.conftest import OpenPage, Site
from tests.browser.test_people import looked_at

MANY = ("/count-schedules", "/price-changes", "/price-changes?q=MILK")


async def short_order() -> str:
    """30 of 24 bottles of milk."""
    line = NewLine(sku="MILK-1L", quantity=30, unit_price_minor=1290)
    order = NewOrder(site="sh-01", channel="web", reference="S-1", currency="CNY", lines=[line], when_short=WhenShort.ACCEPT)
    return await place(order)


async def test_a_tree_is_made_goods_put_in_and_a_substitute_given(open_page: OpenPage, site: Site) -> None:
    await site.shop.busy_day()
    no = await short_order()
    page = (await open_page()).page
    await page.goto(f"{site.address}/categories")
    add = page.locator("section", has=page.get_by_role("heading", name="Add a category"))
    for label, text in (("Code", "dairy"), ("Name in English", "Dairy"), ("Name in Chinese", "乳制品")):
        await add.get_by_label(label, exact=True).fill(text)
    await add.get_by_role("button", name="Add category").click()
    await expect(page.get_by_role("status").filter(has_text="The category is saved.")).to_be_visible()
    await page.goto(f"{site.address}/categories?category=-")
    await page.get_by_label("MILK-1L", exact=True).check()
    await page.get_by_label("TEA-500", exact=True).check()
    await page.get_by_label("Into the category").select_option("dairy")
    await page.get_by_role("button", name="Put into category").click()
    await expect(page.locator("main")).to_contain_text("The goods are in their category now.")
    await page.goto(f"{site.address}/orders/{no}")
    await page.get_by_role("link", name="Substitutes of MILK-1L").click()
    await expect(page.locator("main")).to_contain_text("Same category")
    await page.get_by_text("Give TEA-500", exact=True).click()
    await page.get_by_label("No more than for what was ordered").check()
    await page.get_by_label("Why, and what the customer said").fill("they agreed")
    await page.get_by_role("button", name=f"Give TEA-500 in {no}").click()
    await expect(page.get_by_role("status").filter(has_text="The customer gets the substitute")).to_be_visible()
    rows = await fetch("SELECT sku, quantity, amount_minor FROM order_line WHERE NOT is_removed ORDER BY id DESC LIMIT 1")
    assert [(row["sku"], row["quantity"], row["amount_minor"]) for row in rows] == [("TEA-500", 8, 8 * 1290)]


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("zh-CN", 360)])
async def test_the_pages_fit_and_break_no_rule(open_page: OpenPage, site: Site, language: str, width: int) -> None:
    await site.shop.busy_day()
    no = await short_order()
    watched = await open_page(language, width)
    page = watched.page
    for address in ("/categories", "/categories?category=-", "/substitutes/MILK-1L", f"/orders/{no}/lines/1/substitutes", *MANY):
        await page.goto(f"{site.address}{address}")
        await looked_at(page, language, address)
    assert not watched.complaints


async def test_prices_of_many_are_looked_at_and_said_and_a_count_plans_itself(open_page: OpenPage, site: Site) -> None:
    await site.shop.busy_day()
    page = (await open_page()).page
    await page.goto(f"{site.address}/price-changes")
    await page.get_by_label("Codes as a column of a table, pasted").fill("MILK-1L\nTEA-500")
    await page.get_by_label("How much").fill("-10")
    await page.get_by_label("Where").select_option("sh-01")
    await page.get_by_label("From, in the site's own time").fill("2027-01-05T06:00")
    await page.get_by_role("button", name="Look first").click()
    await expect(page.get_by_role("heading", name="2 of 2 would change")).to_be_visible()
    await expect(page.locator("main")).to_contain_text("11.61")
    await page.get_by_role("button", name="Say 2 prices").click()
    await expect(page.get_by_role("status")).to_contain_text("Said. The prices come into force")
    await page.goto(f"{site.address}/count-schedules")
    await page.get_by_label("Class, of a class").select_option("A")
    await page.get_by_role("button", name="Save schedule").click()
    await page.get_by_role("button", name="Pause: Class A").click()
    await expect(page.locator("table")).to_contain_text("Paused")
    await page.get_by_role("button", name="Let it go on: Class A").click()
    await expect(page.get_by_role("status")).to_contain_text("It goes on.")
