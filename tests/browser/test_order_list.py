"""The list of orders and the board in a real browser: with keys alone, live without jumping, narrow and wide, in both languages."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from controller import db
from controller.orders import batch_work, queries, tags
from controller.orders.flags import FlagKind, set_flag
from controller.orders.numbers import ORDERS
from controller.orders.operations import hold, place
from controller.orders.policies import NewLine, NewOrder
from controller.orders.states import OrderState
from edge_agent.wire.facts import Received
from edge_agent.wire.messages import Symbol
from tests.browser.conftest import OpenPage, Site
from tests.browser.shop import GOODS
from tests.browser.test_people import all_looked_at, tab_to

SCREENS = (
    "/orders",
    "/orders?stage=problem&flag=credit&sort=due&col=clock&col=flags&col=customer",
    "/order-board",
    "/order-batches",
)


async def ordered(reference: str) -> str:
    line = NewLine(sku="MILK-1L", quantity=1, unit_price_minor=1290)
    return await place(NewOrder(site="sh-01", channel="web", reference=reference, currency="CNY", lines=[line]))


async def day(site: Site, orders: int = 4) -> list[str]:
    """So many orders, the first one flagged."""
    code = GOODS[0][3]
    await site.shop.happens(Received(document="D-1", symbol=Symbol(text=code), gtin=f"0{code}", quantity=24))
    found = [await ordered(f"W-{number}") for number in range(orders)]
    await set_flag(ORDERS.row_id(found[0]), FlagKind.CREDIT, "owes")
    await tags.add(found[0], "VIP-2026-11-11-0123456789-ABCDEF")
    return found


async def rows(page: Page) -> list[str]:
    shown: list[str] = await page.eval_on_selector_all("tr[data-no]", "rows => rows.map(row => row.dataset.no)")
    return shown


async def states(*orders: str) -> list[OrderState]:
    return [(await queries.order(no)).state for no in orders]


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("zh-CN", 360)])
async def test_the_pages_fit_and_speak_one_language(open_page: OpenPage, site: Site, language: str, width: int) -> None:
    orders = await day(site)
    due = db.now()
    await db.execute(
        "INSERT INTO order_clock (order_id, site, kind, began_at, near_at, due_at, told, is_void) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        *(ORDERS.row_id(orders[0]), "sh-01", "problem", due, due, due, 0, False),
    )
    watched = await open_page(language, width)
    await all_looked_at(watched, site, language, SCREENS)


async def test_orders_are_chosen_held_and_given_back_with_keys_alone(open_page: OpenPage, site: Site) -> None:
    _, second, third, newest = await day(site)
    page = (await open_page()).page
    await page.goto(f"{site.address}/orders")
    await expect(page.locator(".views .count").first).to_be_visible()  # the scripts are at work
    await expect(page.locator("#bulk")).to_be_hidden()
    for key in ("j", "x", "j", "j", "Shift+X"):
        await page.keyboard.press(key)
    await expect(page.locator("#chosen")).to_have_text("3 orders chosen")
    await page.keyboard.press("k")
    await page.keyboard.press("x")
    await expect(page.locator("#chosen")).to_have_text("2 orders chosen")
    await page.keyboard.press("b")
    await expect(page.get_by_label("What is done")).to_be_focused()
    await page.keyboard.type("Put")
    await page.keyboard.press("Tab")
    await page.keyboard.type("recount")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Put on hold")
    await batch_work.work()
    assert await states(newest, third, second) == [OrderState.ON_HOLD, OrderState.APPROVED, OrderState.ON_HOLD]
    await expect(page.get_by_text("All looked at")).to_be_visible()
    await page.get_by_text("Take back", exact=True).click()
    await page.get_by_label("Why").fill("counted")
    await page.get_by_role("button", name="Take back 2 orders").click()
    await expect(page.get_by_text("Takes back")).to_be_visible()
    await batch_work.work()
    assert OrderState.ON_HOLD not in await states(newest, second)


async def test_a_tag_is_put_on_what_was_chosen_and_shows_in_the_list_and_on_the_order(open_page: OpenPage, site: Site) -> None:
    *_, second, newest = await day(site)
    page = (await open_page()).page
    await page.goto(f"{site.address}/orders")
    await expect(page.locator(".views .count").first).to_be_visible()  # the scripts are at work
    for number in (0, 1):
        await page.locator("tr[data-no] input").nth(number).check()
    await expect(page.locator("#tagged")).to_be_hidden()
    await page.get_by_label("What is done").select_option("tag")
    await page.locator("#bulk").get_by_label("Why").fill("campaign")
    await page.get_by_role("button", name="Do it with these orders").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Orders")  # the browser asks for the tag first
    await page.locator("#tagged input").fill("双十一")
    await page.get_by_role("button", name="Do it with these orders").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("双十一")
    await batch_work.work()
    await page.goto(f"{site.address}/orders?tag=双十一")
    assert await rows(page) == [newest, second]
    await expect(page.locator("tr[data-no] .tag.word")).to_have_text(["双十一", "双十一"])
    await page.goto(f"{site.address}/orders/{newest}")
    await page.get_by_role("button", name="Remove tag 双十一").click()
    await expect(page.get_by_text("The tag is off the order.")).to_be_visible()
    await page.get_by_text("Add a tag", exact=True).click()
    await page.get_by_label("Tag", exact=True).fill("to be called")
    await page.get_by_role("button", name=f"Tag {newest}").click()
    await expect(page.get_by_role("link", name="to be called")).to_be_visible()
    assert (await queries.order(newest)).tags == ("to be called",)


async def test_a_list_that_somebody_works_in_stays_where_it_is(open_page: OpenPage, site: Site) -> None:
    orders = await day(site)
    page = (await open_page()).page
    await page.goto(f"{site.address}/orders?state=approved")
    await expect(page.locator(".views .count").first).to_be_visible()
    before = await rows(page)
    await page.locator("tr[data-no] input").nth(1).check()
    await hold(orders[1], reason="asked")
    await ordered("W-new")
    await expect(page.locator("#newer")).to_contain_text("New orders: 1")
    await expect(page.locator("#newer")).to_contain_text("No longer matching: 1")
    assert await rows(page) == before
    await expect(page.locator("tr.gone")).to_have_attribute("data-no", orders[1])
    await expect(page.locator("tr[data-no] input").nth(1)).to_be_checked()
    await expect(page.locator("#bulk [name=count]")).to_have_value("4")  # what was looked at
    await page.get_by_role("button", name="Show the list as it is now").click()
    await expect(page.locator("#newer")).to_be_hidden()
    assert len(await rows(page)) == len(before)
    assert orders[1] not in await rows(page)
    await expect(page.locator("#chosen")).to_have_text("1 order chosen")


async def test_all_that_match_without_scripts(open_page: OpenPage, site: Site) -> None:
    orders = await day(site)
    page = (await open_page(script=False)).page
    await page.goto(f"{site.address}/orders?state=approved")
    await page.get_by_label("All that match: 4").check()
    await page.get_by_label("What is done").select_option("cancel")
    await page.get_by_label("Why").fill("closing")
    await page.get_by_label("how many orders").fill("3")
    await page.get_by_role("button", name="Do it with these orders").click()
    await expect(page.get_by_role("alert")).to_contain_text("type how many")
    await page.get_by_label("how many orders").fill("4")
    await page.get_by_role("button", name="Do it with these orders").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Cancel orders")
    await batch_work.work()
    assert set(await states(*orders)) == {OrderState.CANCELLED}


async def test_an_order_is_found_approved_and_released_with_keys_alone(open_page: OpenPage, site: Site) -> None:
    """From the list to the picking floor: nothing is clicked, and what has the focus is always seen."""
    *_, newest = await day(site)
    await db.execute("UPDATE sales_order SET state = 'in_review' WHERE id = ?", ORDERS.row_id(newest))
    page = (await open_page()).page
    await page.goto(f"{site.address}/orders")
    await expect(page.locator(".views .count").first).to_be_visible()  # the scripts are at work
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(newest)
    await pressed(page, "Approve order")
    await pressed(page, f"Approve {newest}")
    await expect(page.get_by_text("Open", exact=True)).to_be_visible()
    assert await states(newest) == [OrderState.APPROVED]
    await pressed(page, "Release to picking")
    await expect(page.get_by_role("heading", name="Pick list")).to_be_visible()
    assert (await db.fetch("SELECT COUNT(*) AS n FROM pick_list"))[0]["n"] == 1


async def pressed(page: Page, name: str) -> None:
    """Tab to a button from the page's beginning and press Enter on it; that it has the focus can be seen."""
    await tab_to(page, name)
    outline = await page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
    assert outline >= 2, name
    covered = await page.evaluate(
        "(() => { const it = document.activeElement, r = it.getBoundingClientRect();"
        "const top = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2); return !it.contains(top) })()"
    )
    assert not covered, f"{name} has the focus behind something else"
    await page.keyboard.press("Enter")
