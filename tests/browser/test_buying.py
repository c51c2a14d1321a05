"""Buying in a real browser: from a supplier to an order, its answer, and what came of it; narrow and wide, in both languages."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from controller.purchasing import answers, operations
from controller.purchasing.answers import Answered, AnsweredLine
from controller.purchasing.costs import LandedCosts, set_landed_costs
from controller.purchasing.operations import NewLine, NewOrder
from controller.purchasing.policies import Channel
from controller.purchasing.suppliers import ItemData, SupplierData, put_item, put_supplier
from edge_agent.wire.facts import ReceiptClosed, Received
from edge_agent.wire.goods_facts import Condition
from edge_agent.wire.messages import Symbol
from tests.browser.conftest import OpenPage, Site
from tests.browser.test_people import all_looked_at

SCREENS = ("/suppliers", "/suppliers/dairy", "/purchase-orders", "/purchase-orders/PO-100001", "/receipts", "/receipts/RC-100001")


async def a_delivery(site: Site, *, channel: Channel = Channel.HAND) -> str:
    """A supplier, an order of it that is answered otherwise, and a delivery with a broken carton and something nobody ordered."""
    address = "orders@dairy.example" if channel is Channel.EMAIL else ""
    await put_supplier("dairy", SupplierData(name="Dairy North", channel=channel, address=address, lead_days=2))
    await put_item("dairy", "MILK-1L", ItemData(their_code="M-12", pack_numerator=12, price_minor=6600))
    await put_item("dairy", "TEA-500", ItemData(their_code="T-6", pack_numerator=6, price_minor=9000))
    lines = [NewLine(sku="MILK-1L", packs=2), NewLine(sku="TEA-500", packs=1)]
    no = await operations.draft(NewOrder(site="sh-01", supplier="dairy", lines=lines))
    await operations.approve(no)
    await operations.send(no)
    await answers.take(no, Answered(reference="AB-7", lines=[AnsweredLine(position=2, packs=2, price_minor=9100)]), source="api")
    milk = Symbol(text="4006381333931")
    await site.shop.happens(
        Received(document=no, symbol=milk, gtin="04006381333931", quantity=20, lot="L7"),
        Received(document=no, symbol=milk, gtin="04006381333931", quantity=2, condition=Condition.DAMAGED, reason="broken"),
        Received(document=no, symbol=Symbol(text="9521000001015"), gtin="09521000001015", quantity=1),
        ReceiptClosed(document=no),
    )
    await set_landed_costs("RC-100001", LandedCosts(freight_minor=2200))
    return no


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("zh-CN", 360)])
async def test_the_pages_of_buying_fit_and_speak_one_language(open_page: OpenPage, site: Site, language: str, width: int) -> None:
    await a_delivery(site)
    watched = await open_page(language, width)
    await all_looked_at(watched, site, language, SCREENS)


async def test_an_order_is_made_approved_and_sent(open_page: OpenPage, site: Site) -> None:
    page = (await open_page("en", 1280)).page
    await page.goto(f"{site.address}/purchase-orders/new")
    await page.get_by_role("link", name="Add supplier").click()
    await page.get_by_label("Code: letters and digits").fill("tea-house")
    await page.get_by_label("Name of the company").fill("Tea House")
    await page.get_by_label("Takes orders from").fill("100.00")
    await page.get_by_role("button", name="Save supplier").click()
    await page.get_by_label("SKU", exact=True).fill("TEA-500")
    await page.get_by_label(re.compile("Base units in a pack")).fill("6")
    await page.get_by_label(re.compile("^Price per pack")).fill("30.50")
    await page.get_by_role("button", name="Save article").click()
    await expect(page.get_by_role("cell", name="CN¥30.50")).to_be_visible()
    await page.goto(f"{site.address}/purchase-orders/new?supplier=tea-house&site=sh-01")
    await page.get_by_label("Packs of TEA-500").fill("2")
    await page.get_by_role("button", name="Save as draft").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("PO-100001")
    await page.get_by_role("button", name="Approve", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("less than the supplier takes orders from")
    await page.get_by_role("button", name="Approve all the same").click()
    await page.get_by_role("button", name="I have told the supplier").click()
    await expect(page.locator(".page-head")).to_contain_text("Sent to supplier")


async def test_an_answer_is_accepted_and_a_receipt_settled_without_scripts(open_page: OpenPage, site: Site) -> None:
    no = await a_delivery(site)
    page: Page = (await open_page("en", 1280, script=False)).page
    await page.goto(f"{site.address}/purchase-orders/{no}")
    await page.get_by_role("button", name="Accept: the order becomes this").click()
    await expect(page.get_by_role("status").filter(has_text="The answer is decided")).to_be_visible()
    await expect(page.locator(".facts")).to_contain_text("22 / 36")
    await page.get_by_role("link", name="RC-100001").click()
    await expect(page.get_by_role("table").first).to_contain_text("2 short")
    await page.get_by_label("Duty, CNY").fill("10,5x")
    await page.get_by_role("button", name="Save costs").click()
    await expect(page.get_by_role("alert")).to_contain_text("one of the fields is no number")
    assert await page.get_by_label("Duty, CNY").input_value() == "10,5x"
    await page.get_by_label("Duty, CNY").fill("10.50")
    await page.get_by_role("button", name="Save costs").click()
    await expect(page.get_by_role("table").first).to_contain_text("freight and duty")
    await page.get_by_role("button", name="Settle: this is what came").click()
    await expect(page.locator(".page-head")).to_contain_text("Settled")
