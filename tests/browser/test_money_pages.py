"""Taxes, customers' accounts, marketplaces, sellers, sites and screens in a real browser; narrow and wide, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from controller import db
from controller.customers.operations import add_customer
from controller.customers.policies import Profile
from controller.intake import marketplaces
from controller.payments import accounts
from controller.taxes import settings
from controller.taxes.stored import Region
from edge_agent.wire.rounding import Mode
from edge_agent.wire.totals import Level
from tests.browser.conftest import OpenPage, Site
from tests.browser.test_people import all_looked_at
from tests.controller.customers.keys import open_test_keys

SCREENS = (
    "/taxes?region=CN",
    "/taxes?show=preview&region=CN&lines=TEA-500+113.00",
    "/taxes?show=classes",
    "/taxes?show=sites",
    "/taxes?show=exempt",
    "/taxes?show=history&region=CN",
    "/customer-accounts",
    "/customer-accounts/CU-100001/CNY",
    "/marketplaces",
    "/sellers",
    "/sites",
    "/sites/sh-01",
    "/screens",
)


async def money(name: str = "Ada Lovelace") -> None:
    """A region with a rate, a customer who owes something, a marketplace that does not answer."""
    await open_test_keys()
    region = Region(code="CN", name="CN", parent=None, is_inclusive=True, level=Level.LINE, mode=Mode.HALF_UP, step=1)
    await settings.set_region(region)
    value, begin = settings.percent("13"), datetime(2020, 1, 1, tzinfo=UTC)
    await settings.set_rate(settings.NewRate(region="CN", code="vat", value=value, effective_from=begin, name="13 %"))
    customer = await add_customer(Profile(name=name, phone="13987654321"))
    await accounts.set_limit(customer, "CNY", 500_00)
    await accounts.charge(customer, "CNY", 120_00, document="SO-100001")
    await marketplaces.put_marketplace("tmall", "https://market.example/api", token="t", every_seconds=60)
    await db.execute("UPDATE intake_marketplace SET failed = ?, failures = 2, polled_at = ?", "tmall answered 503", db.now())


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("zh-CN", 360)])
async def test_the_pages_fit_and_speak_one_language(open_page: OpenPage, site: Site, language: str, width: int) -> None:
    await money("Ada Lovelace" if language == "en" else "欧阳青霞")
    watched = await open_page(language, width)
    await all_looked_at(watched, site, language, SCREENS)


async def test_a_rate_is_changed_from_a_day_on_and_tried_before(open_page: OpenPage, site: Site) -> None:
    await money()
    page = (await open_page()).page
    await page.goto(f"{site.address}/taxes?region=CN")
    form = page.get_by_role("region", name="Add a rate to")
    await form.get_by_label("Code").fill("vat")
    await form.get_by_label("Percent").fill("thirteen")
    await form.get_by_label("Holds from").fill("2030-01-01")
    await form.get_by_role("button", name="Add rate").click()
    await expect(page.get_by_role("alert")).to_contain_text("percent")
    await expect(form.get_by_label("Holds from")).to_have_value("2030-01-01")
    await form.get_by_label("Percent").fill("10")
    await form.get_by_role("button", name="Add rate").click()
    await expect(page.get_by_role("status")).to_contain_text("Saved")
    await expect(page.get_by_text("Begins later")).to_be_visible()
    await page.get_by_role("link", name="What would this be taxed?").click()
    await page.get_by_label("Or lines").fill("TEA-500 113.00")
    await page.get_by_label("Region").select_option("CN")
    for day, tax in (("2029-12-31", "13.00"), ("2030-01-01", "10.27")):
        await page.get_by_label("On this day").fill(day)
        await page.get_by_role("button", name="Count the tax").click()
        await expect(page.locator("dl.facts")).to_contain_text(tax)


async def test_money_is_paid_in_once_and_a_statement_says_so(open_page: OpenPage, site: Site) -> None:
    await money()
    page = (await open_page()).page
    await page.goto(f"{site.address}/customer-accounts")
    await page.get_by_role("link", name="CU-100001").click()
    form = page.get_by_role("region", name="Pay in")
    for reference, told in (("bank 7", "Booked"), ("bank 7", "booked before")):
        await form.get_by_label("Amount").fill("20.00")
        await form.get_by_label("Reference").fill(reference)
        await form.get_by_role("button", name="Book payment").click()
        await expect(page.get_by_role("status")).to_contain_text(told)
    await expect(page.locator(".figures")).to_contain_text("100.00")
    first = page.get_by_role("region", name="Movements").locator("tbody tr").first
    await expect(first).to_contain_text("Paid in")
    async with page.expect_download() as download:
        await page.get_by_role("region", name="Statement").get_by_role("button").click()
    path = await (await download.value).path()
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[1] for line in lines] == ["kind", "opening", "charge", "repayment", "closing"]
    assert lines[-1].split(",")[4] == "10000"


async def test_a_secret_is_shown_once_and_a_marketplace_is_asked(open_page: OpenPage, site: Site) -> None:
    await money()
    page = (await open_page()).page
    await page.goto(f"{site.address}/marketplaces")
    await page.get_by_role("button", name="Ask tmall now").click()
    await expect(page.get_by_role("status").filter(has_text="asked within seconds")).to_be_visible()
    form = page.get_by_role("region", name="Make a secret")
    await form.get_by_label("Channel").fill("douyin")
    await form.get_by_role("button", name="Make secret").click()
    secret = await page.locator("#secret").inner_text()
    assert len(secret) > 30
    await page.goto(f"{site.address}/marketplaces")
    await expect(page.get_by_text("/api/v1/intake/douyin/orders")).to_be_visible()
    assert secret not in await page.content()
