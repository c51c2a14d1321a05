"""What orders come to: tax of their site, charges and discounts by hand, split without losing a cent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from controller import events
from controller.db import fetch, now, transaction
from controller.orders import queries
from controller.orders.amending import Amendment, LineChange, amend
from controller.orders.linking import links, merge, split, undo
from controller.orders.money import owe
from controller.orders.numbers import ORDERS
from controller.orders.operations import place, submit
from controller.orders.policies import NewLine, NewOrder
from controller.orders.totals import OrderCharge, part_discounts, recount
from controller.payments.policies import PayTerms
from controller.payments.stored import balance_of
from controller.taxes.operations import BadTotal
from controller.taxes.queries import kept
from controller.taxes.settings import NewRate, percent, set_class, set_rate, set_region, set_site_region
from controller.taxes.stored import Region
from edge_agent.wire.rounding import Mode
from edge_agent.wire.totals import Discount, Level, LineKind
from tests.controller.orders_shop import OrderShop

pytestmark = pytest.mark.usefixtures("database")

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


async def sold(
    *amounts: int,
    is_inclusive: bool = True,
    reference: str = "r1",
    terms: PayTerms | None = PayTerms.PREPAID,
    is_draft: bool = False,
    customer: int | None = None,
) -> int:
    """An order of one piece each at these prices, to be paid before it leaves; 13 %."""
    if reference == "r1":
        shop = await OrderShop.open()
        await shop.stock("t1", 100)
        await set_region(
            Region(code="CN", name="CN", parent=None, is_inclusive=is_inclusive, level=Level.LINE, mode=Mode.HALF_UP, step=1)
        )
        await set_site_region("s1", "CN")
        await set_rate(NewRate(region="CN", code="vat", value=percent("13"), effective_from=BEGIN))
    lines = [NewLine(sku="t1", quantity=1, unit_price_minor=amount) for amount in amounts]
    order = NewOrder(site="s1", channel="web", reference=reference, currency="CNY", lines=lines, pay_terms=terms, is_draft=is_draft)
    return ORDERS.row_id(await place(replace(order, customer_id=customer)))


async def due(order_id: int) -> int:
    return (await balance_of(order_id)).due_minor


async def test_what_is_due_is_what_the_order_comes_to_with_its_tax() -> None:
    order = await sold(10_000, is_inclusive=False)
    assert await due(order) == 11_300
    found = await kept(ORDERS.number(order))
    assert (found.net_minor, found.tax_minor, found.version) == (10_000, 1300, 1)


async def test_shipping_and_a_discount_by_hand() -> None:
    order = await sold(5000, 6300)
    told = [Discount(basis_points=1000, reason="late"), Discount(minor=200, position=10_001, reason="shipping")]
    counted = await recount(order, charges=[OrderCharge(kind=LineKind.SHIPPING, amount_minor=1130)], discounts=told)
    await owe(order, PayTerms.PREPAID)
    assert (counted.totals.discount_minor, counted.payable_minor) == (1330, 11_100)
    assert await due(order) == 11_100
    again = await recount(order)
    assert again.totals == counted.totals, "charges and discounts stay until they are said anew"
    assert [each.reason for each in (await kept(ORDERS.number(order))).discounts] == ["late", "shipping"]
    assert (await recount(order, charges=[], discounts=[])).payable_minor == 11_300


async def test_a_discount_on_a_line_that_is_not_there_is_refused() -> None:
    order = await sold(5000)
    with pytest.raises(BadTotal):
        await recount(order, discounts=[Discount(minor=1, position=7)])


async def test_parts_of_a_split_order_come_to_what_it_came_to() -> None:
    one = await sold(333, 333, 333)
    two = await sold(333, reference="r2")
    await recount(one, discounts=[Discount(minor=100, reason="coupon")])
    await recount(two)
    (moved,) = await fetch("UPDATE order_line SET is_removed = ? WHERE order_id = ? AND position = 1 RETURNING id", True, one)
    assert moved
    await part_discounts(one, two)
    here, there = await recount(one), await recount(two)
    assert (here.totals.discount_minor, there.totals.discount_minor) == (66, 34)
    assert here.payable_minor + there.payable_minor == 4 * 333 - 100 - 333


async def one_total(order_id: int) -> int:
    """What the order says of itself, which is what was kept of it."""
    found = (await queries.order(ORDERS.number(order_id))).total_minor
    assert found == (await kept(ORDERS.number(order_id))).payable_minor
    return found


async def test_an_order_whose_money_another_till_took_has_a_total_too() -> None:
    order = await sold(10_000, is_inclusive=False, terms=None)
    assert await one_total(order) == 11_300
    assert (await kept(ORDERS.number(order))).version == 1
    assert (await events.history(ORDERS.number(order)))[-1].data["total_minor"] == 11_300


async def test_the_total_follows_the_lines_with_their_tax() -> None:
    order = await sold(10_000, 2000, is_inclusive=False, terms=None)
    await amend(ORDERS.number(order), Amendment(reason="asked", lines=[LineChange(position=2, quantity=3)]))
    assert await one_total(order) == 18_080
    child = ORDERS.row_id(await split(ORDERS.number(order), {1: 1}, reason="two parcels"))
    assert (await one_total(order), await one_total(child)) == (6780, 11_300)
    await undo((await links([order]))[0].id, reason="one parcel")
    assert (await one_total(order), await one_total(child)) == (18_080, 0)


async def test_a_merged_order_takes_the_discounts_along_and_back() -> None:
    one = await sold(10_000, is_inclusive=False, terms=None, customer=7)
    other = await sold(5000, reference="r2", terms=None, customer=7)
    await recount(other, discounts=[Discount(minor=1000, reason="coupon")])
    await merge(ORDERS.number(one), [ORDERS.number(other)], reason="one parcel")
    assert await one_total(one) == (10_000 + 5000 - 1000) * 113 // 100
    await undo((await links([one]))[0].id, reason="two after all")
    assert await one_total(one) + await one_total(other) == (10_000 + 5000 - 1000) * 113 // 100


async def test_charges_and_discounts_are_in_the_total() -> None:
    order = await sold(10_000, is_inclusive=False, terms=None)
    told = [Discount(basis_points=1000, reason="late")]
    await recount(order, charges=[OrderCharge(kind=LineKind.SHIPPING, amount_minor=1000)], discounts=told)
    assert await one_total(order) == 11_300


async def test_a_draft_is_counted_by_the_rates_of_the_day_it_is_placed() -> None:
    order = await sold(10_000, is_inclusive=False, terms=None, is_draft=True)
    assert await one_total(order) == 11_300
    await set_rate(NewRate(region="CN", code="vat", value=percent("10"), effective_from=now()))
    await submit(ORDERS.number(order))
    assert await one_total(order) == 11_000


async def test_regions_that_are_remembered_are_those_that_were_set() -> None:
    first = await sold(10_000, is_inclusive=False, terms=None)
    assert await one_total(first) == 11_300
    await set_class("t1", "books")
    await set_rate(NewRate(region="CN", tax_class="books", code="vat", value=percent("9"), effective_from=BEGIN))
    assert await one_total(await sold(10_000, reference="r2", terms=None)) == 10_900
    with pytest.raises(RuntimeError):
        async with transaction():
            await set_rate(NewRate(region="CN", tax_class="books", code="vat", value=percent("1"), effective_from=now()))
            assert await one_total(await sold(10_000, reference="r3", terms=None)) == 10_100
            raise RuntimeError
    assert await one_total(await sold(10_000, reference="r4", terms=None)) == 10_900
