"""Waves in a real browser: a rule tried and kept by keyboard, a wave composed, released, followed, printed, cancelled."""

from __future__ import annotations

import os

import pytest
from playwright.async_api import Page, expect

from controller.fulfilment import queries as fulfilment
from controller.orders.flags import FlagKind, set_flag
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from controller.orders.policies import NewLine, NewOrder
from controller.waves.composing import compose_waves
from controller.waves.operations import release, work_once
from controller.waves.policies import Match
from controller.waves.rules import Rule, put_rule
from controller.waves.states import Mode, Shape
from edge_agent.wire.facts import Picked
from edge_agent.wire.messages import Symbol
from tests.browser.conftest import OpenPage, Site
from tests.browser.shop import GOODS
from tests.browser.test_people import looked_at, tab_to


async def ordered(*lines: tuple[str, int], reference: str) -> str:
    goods = [NewLine(sku=sku, quantity=quantity, unit_price_minor=1290) for sku, quantity in lines]
    return await place(NewOrder(site="sh-01", channel="web", reference=reference, currency="CNY", lines=goods))


async def waiting(site: Site) -> list[str]:
    """Three orders of one piece, one of two articles; the last single one is flagged."""
    await site.shop.busy_day()
    orders = [await ordered(("MILK-1L", 1), reference=f"W-{number}") for number in range(3)]
    orders.append(await ordered(("MILK-1L", 1), ("TEA-500", 2), reference="W-9"))
    await set_flag(ORDERS.row_id(orders[2]), FlagKind.BAD_ADDRESS, "no such street")
    return orders


async def work() -> None:
    while await work_once():
        pass


async def choose(page: Page, label: str, text: str) -> None:
    await tab_to(page, label)
    await page.keyboard.type(text)


async def test_a_rule_is_tried_and_kept_and_a_wave_composed_by_keyboard(open_page: OpenPage, site: Site) -> None:
    orders = await waiting(site)
    page = (await open_page()).page
    await page.goto(f"{site.address}/wave-rules?site=sh-01")
    await choose(page, "Name", "Singles")
    await tab_to(page, "One piece")
    await page.keyboard.press("Space")
    await tab_to(page, "Try it")
    await page.keyboard.press("Enter")
    tried = page.locator("section", has=page.get_by_role("heading", name="What composing would do now"))
    await expect(tried).to_contain_text(orders[0])
    await expect(tried).to_contain_text("Flags hold it up")
    await expect(tried).to_contain_text("Lines and pieces does not fit")
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Singles")
    await page.get_by_role("button", name="Keep the rule").press("Enter")
    await expect(page.get_by_role("status").filter(has_text="Kept.")).to_be_visible()
    await page.goto(f"{site.address}/waves")
    await page.get_by_role("button", name="Compose waves").press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Wave WV-100001")
    await page.get_by_role("button", name=f"Take out {orders[1]}").press("Enter")
    await expect(page.get_by_role("status").filter(has_text="Taken out.")).to_be_visible()
    await page.get_by_role("button", name="Release 1 orders for picking").press("Enter")
    await expect(page.get_by_role("status").filter(has_text="Released.")).to_be_visible()
    assert (await fulfilment.pick_lists_of(orders[0])) == []
    await work()
    await expect(page.locator("#live")).to_contain_text("PL-1000", timeout=15_000)


async def test_a_released_wave_is_followed_printed_and_cancelled(open_page: OpenPage, site: Site) -> None:
    orders = await waiting(site)
    await put_rule(Rule(site="sh-01", name="Carts", mode=Mode.CLUSTER, totes=2))
    (no,) = await compose_waves("sh-01")
    await release(no)
    await work()
    page = (await open_page()).page
    await page.goto(f"{site.address}/waves/{no}")
    await expect(page.locator("#live")).to_contain_text("Cart 1")
    pick_list = (await fulfilment.pick_lists_of(orders[0]))[0].no
    barcode = next(code for sku, *_, code in GOODS if sku == "MILK-1L")
    await site.shop.happens(Picked(pick_list=pick_list, symbol=Symbol(text=barcode), gtin=f"0{barcode}", quantity=1))
    facts = page.locator("#live dl.facts")
    await expect(facts).to_contain_text("Fetched", timeout=15_000)
    await page.get_by_label("At the box").select_option("counter-1")
    await page.get_by_role("button", name="Print pick lists").click()
    await expect(page.get_by_role("status").filter(has_text="Asked for.")).to_be_visible()
    await page.get_by_label("Reason").fill("the lorry is early")
    await page.get_by_role("button", name="Cancel the wave").click()
    await expect(page.get_by_role("status").filter(has_text="Cancelled.")).to_be_visible()
    await expect(facts).to_contain_text("the lorry is early")


@pytest.mark.parametrize(("language", "width", "dark"), [("en", 1280, False), ("zh-CN", 360, True)])
async def test_the_pages_fit_and_break_no_rule(open_page: OpenPage, site: Site, language: str, width: int, dark: bool) -> None:
    await waiting(site)
    match = Match(channels=("web", "tmall"), shapes=(Shape.SINGLE_ITEM, Shape.MULTI_LINE))
    await put_rule(Rule(site="sh-01", name="单" if language == "zh-CN" else "Web", mode=Mode.CLUSTER, totes=2, match=match))
    watched = await open_page(language, width, dark=dark)
    page = watched.page
    paths = ["/waves", "/wave-rules?preview=yes&rule=1"]
    for path in [*paths, "composed", "released", "/waves"]:
        if path == "composed":
            await compose_waves("sh-01")
        if path == "released":
            await release("WV-100001")
            await work()
        address = path if path.startswith("/") else "/waves/WV-100001"
        await page.goto(f"{site.address}{address}")
        await expect(page.locator("h1")).to_be_visible()
        if folder := os.environ.get("SCREENSHOTS"):
            await page.screenshot(path=f"{folder}/{path.strip('/').partition('?')[0]}-{language}-{width}.png", full_page=True)
        await looked_at(page, language, path)
    assert watched.complaints == []
