"""Money in a real browser: what an order is to be paid, money taken and given back; narrow and wide, in both languages."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from controller import db, events
from controller.payments import operations, refunds
from controller.payments.callbacks import Callback, take
from controller.payments.operations import Expected, Taking
from controller.payments.policies import Means, PayTerms
from controller.payments.refunds import Refund
from tests.browser.conftest import OpenPage, Site
from tests.browser.test_people import all_looked_at

SCREENS = ("/payments", "/payments/SO-200001", "/payments?show=differences", "/payments?show=untold")


async def money() -> None:
    """Two orders: one paid by two means with a refund that waits, one paid too much; and a payment that nobody knows."""
    for order_id, due in ((100_001, 88_00), (100_002, 12_00)):
        wanted = Expected(
            order_id=order_id,
            order_no=f"SO-{100_000 + order_id}",
            amount_minor=due,
            currency="CNY",
            terms=PayTerms.PREPAID,
            site="sh-01",
        )
        await operations.expect(wanted)
    wechat = Taking(means=Means.WECHAT, amount_minor=60_00, provider="wechat", reference="4200001234202611221234567890")
    await operations.take(100_001, wechat)
    await operations.take(100_001, Taking(means=Means.CASH, amount_minor=28_00))
    await operations.take(100_002, Taking(means=Means.BANK_TRANSFER, amount_minor=15_00, reference="bank 7"))
    await refunds.set_refund_limit("CNY", 50_00)
    with events.acting("person:somebody"):
        await refunds.refund(100_001, Refund(amount_minor=8_00, reason="scratched"))
        await refunds.refund(100_001, Refund(amount_minor=60_00, reason="returned"))
    told = Callback(id="mv_9", payment="pay_77", kind="captured", amount_minor=500, currency="CNY", at=db.now())
    await take("acme", told)


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("zh-CN", 360)])
async def test_the_pages_of_money_fit_and_speak_one_language(open_page: OpenPage, site: Site, language: str, width: int) -> None:
    await money()
    watched = await open_page(language, width)
    await all_looked_at(watched, site, language, SCREENS)


async def test_money_is_taken_given_back_and_approved(open_page: OpenPage, site: Site) -> None:
    await money()
    page = (await open_page("en", 1280)).page
    await page.goto(f"{site.address}/payments/SO-200001")
    await page.get_by_role("button", name="was given back").first.click()
    await expect(page.get_by_role("status")).to_contain_text("with the customer")
    await page.get_by_role("button", name="Approve refund").first.click()
    await expect(page.get_by_role("status")).to_contain_text("Approved")
    form = page.get_by_role("region", name="Take money")
    await form.get_by_label("Amount").fill("10")
    await form.get_by_label("Reference").fill("4111 1111 1111 1111")
    await form.get_by_role("button", name="Book money").click()
    await expect(page.get_by_role("alert")).to_contain_text("card number")
    await form.get_by_label("Amount").fill("10.00")
    await form.get_by_role("button", name="Book money").click()
    await expect(page.get_by_role("status")).to_contain_text("booked")
    back = page.get_by_role("region", name="Give money back")
    await back.get_by_label("Amount").fill("9999")
    await back.get_by_label("Reason").fill("much too much")
    await back.get_by_role("button", name="Give back").click()
    await expect(page.get_by_role("alert")).to_contain_text("more is to go back")
