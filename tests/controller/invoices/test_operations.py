"""Invoices on both engines: their series has no gap, what they say is frozen, a correction is a further document."""

from __future__ import annotations

import asyncio

import pytest

from controller import db, events
from controller.customers.sealing import use_master_keys
from controller.errors import NotFound
from controller.invoices import queries
from controller.invoices.errors import BadCorrection, BadInvoice, InvoicedOtherwise, NoSeller, NotInvoiceable
from controller.invoices.operations import correct, issue
from controller.invoices.policies import Buyer, Content
from controller.invoices.printing import want
from controller.invoices.sellers import SellerAt, sellers, set_seller
from controller.orders.money import owe
from controller.orders.numbers import ORDERS
from controller.orders.operations import cancel
from controller.orders.totals import recount
from controller.payments.operations import Taking, take
from controller.payments.policies import Means, PayTerms
from edge_agent.wire.totals import Discount
from tests.controller.customers.keys import open_test_keys
from tests.controller.invoices.bills import SELLER, open_bills, order_of
from tests.controller.orders_shop import OrderShop


@pytest.fixture
async def shop(database: str) -> OrderShop:
    return await open_bills()


async def test_an_invoice_is_a_frozen_copy_of_all_that_an_order_came_to(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    order = await order_of(shop, ("tea", 3, 1130), discount=113, shipping=1130)
    await take(ORDERS.row_id(order), Taking(means=Means.CASH, amount_minor=1000))
    number = await issue(order)
    assert number == "INV-000001"
    one = await queries.invoice(number)
    assert (one.net_minor, one.tax_minor, one.payable_minor) == (3900, 507, 4407)
    content = one.content
    assert (content.seller, content.is_inclusive, content.discount_minor) == (SELLER, True, 113)
    assert [(line.kind, line.sku, line.quantity, line.amount_minor) for line in content.lines] == [
        ("goods", "tea", 3, 3390),
        ("shipping", "", 1, 1130),
    ]
    assert [(rate.code, rate.base_minor, rate.tax_minor) for rate in content.rates] == [("vat", 3900, 507)]
    assert [(each.minor, each.reason) for each in content.discounts] == [(113, "by hand")]
    assert [(each.means, each.minor) for each in content.payments] == [("cash", 1000)]

    await set_seller(SellerAt(seller=SELLER.__class__(name="Another")))
    await recount(ORDERS.row_id(order), discounts=[Discount(minor=500, reason="later")])
    assert (await queries.invoice(number)) == one


async def test_what_is_issued_is_never_changed(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    number = await issue(await order_of(shop, ("tea", 1, 1130)))
    with pytest.raises(Exception, match="append-only"):
        await db.execute("UPDATE sales_invoice SET payable_minor = 0 WHERE number = ?", number)
    with pytest.raises(Exception, match="append-only"):
        await db.execute("DELETE FROM sales_invoice WHERE number = ?", number)


async def test_an_order_has_one_invoice_however_often_and_at_once_it_is_asked_for(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    order = await order_of(shop, ("tea", 1, 1130))
    assert set(await asyncio.gather(*(issue(order) for _ in range(4)))) == {"INV-000001"}
    await recount(ORDERS.row_id(order), discounts=[Discount(minor=100)])
    with pytest.raises(InvoicedOtherwise):
        await issue(order)
    await correct("INV-000001", reason="a discount was given")
    assert await issue(order) == "INV-000002"


async def test_a_series_has_no_gap_when_many_are_issued_at_once_and_some_are_rolled_back(shop: OrderShop) -> None:
    await shop.stock("tea", 100)
    orders = [await order_of(shop, ("tea", 1, 1130)) for _ in range(12)]

    async def one(rank: int, order: str) -> None:
        async with db.transaction():
            await issue(order)
            if rank % 3 == 0:
                raise KeyError(order)

    await asyncio.gather(*(one(rank, order) for rank, order in enumerate(orders)), return_exceptions=True)
    rows = await db.fetch("SELECT serial FROM sales_invoice ORDER BY serial")
    assert [row["serial"] for row in rows] == list(range(1, 9))
    assert await issue(orders[0]) == "INV-000009"


async def test_corrections_have_a_series_of_their_own_and_add_up_to_nothing_left(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    order = await order_of(shop, ("tea", 3, 333), discount=100)
    number = await issue(order)
    whole = (await queries.invoice(number)).payable_minor
    first = await correct(number, reason="one came broken", quantities={1: 1})
    second = await correct(number, reason="the rest, too")
    assert (first, second) == ("CN-000001", "CN-000002")
    found = [await queries.invoice(each) for each in (first, second)]
    assert whole + sum(one.payable_minor for one in found) == 0
    invoice = await queries.invoice(number)
    assert all(one.payable_minor < 0 and one.corrects == invoice.id for one in found)
    with pytest.raises(BadCorrection):
        await correct(number, reason="again")
    with pytest.raises(BadCorrection):
        await correct(first, reason="a correction of a correction")
    names = [event.name for event in await events.history(order) if event.name.startswith("invoice")]
    assert names == ["invoice_issued", "invoice_corrected", "invoice_corrected"]


async def test_two_corrections_at_once_take_no_more_back_than_there_is(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    number = await issue(await order_of(shop, ("tea", 3, 1130)))
    done = await asyncio.gather(*(correct(number, reason="broken", quantities={1: 2}) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(each, str) for each in done) == 1
    assert sum(isinstance(each, BadCorrection) for each in done) == 2


async def test_what_cannot_be_invoiced_is_told(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    order = await order_of(shop, ("tea", 1, 1130))
    await cancel(order, reason="asked")
    with pytest.raises(NotInvoiceable):
        await issue(order)
    with pytest.raises(NotFound):
        await issue("SO-999999")
    with pytest.raises(BadInvoice):
        await set_seller(SellerAt(seller=SELLER, prefix="X", correction_prefix="X"))
    await db.execute("DELETE FROM invoice_seller")
    with pytest.raises(NoSeller):
        await issue(await order_of(shop, ("tea", 1, 1130)))
    await set_seller(SellerAt(site="s1", seller=SELLER, prefix="SH"))
    assert [each.site for each in await sellers()] == ["s1"]
    assert await issue(await order_of(shop, ("tea", 1, 1130))) == "SH-000001"


async def test_a_buyer_is_sealed_and_stands_in_no_event(shop: OrderShop) -> None:
    await open_test_keys()
    await shop.stock("tea", 10)
    buyer = Buyer(name="李雷", address="杭州市西湖区 1 号", tax_number="9133X")
    order = await order_of(shop, ("tea", 1, 1130))
    number = await issue(order, buyer)
    correction = await correct(number, reason="broken")
    for each in (number, correction):
        assert await queries.buyer_of(await queries.invoice(each)) == buyer
    await want(number, box="b1")
    for table in ("event", "sales_invoice", "sales_invoice_buyer", "sales_invoice_print"):
        text = str(await db.fetch(f"SELECT * FROM {table}"))
        assert "李雷" not in text and "9133X" not in text and "西湖" not in text, table
    await use_master_keys()
    await issue(await order_of(shop, ("tea", 1, 1130)))  # nobody is named: no key is needed


async def test_money_on_it_is_that_of_the_moment_in_which_it_is_issued(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    order = await order_of(shop, ("tea", 2, 500))
    await owe(ORDERS.row_id(order), PayTerms.ON_DELIVERY)
    content: Content = (await queries.invoice(await issue(order))).content
    await take(ORDERS.row_id(order), Taking(means=Means.CASH, amount_minor=1000))
    assert content.payments == ()
