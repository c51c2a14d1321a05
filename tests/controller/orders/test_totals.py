"""What orders come to: tax of their site, charges and discounts by hand, split without losing a cent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from controller.db import fetch
from controller.orders.money import owe
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from controller.orders.policies import NewLine, NewOrder
from controller.orders.totals import OrderCharge, part_discounts, recount
from controller.payments.policies import PayTerms
from controller.payments.stored import balance_of
from controller.taxes.policies import BadTotal, Discount, Level, LineKind
from controller.taxes.queries import kept
from controller.taxes.rounding import Mode
from controller.taxes.settings import NewRate, percent, set_rate, set_region, set_site_region
from controller.taxes.stored import Region
from tests.controller.orders_shop import OrderShop

pytestmark = pytest.mark.usefixtures("database")

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


async def sold(*amounts: int, is_inclusive: bool = True, reference: str = "r1") -> int:
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
    order = NewOrder(site="s1", channel="web", reference=reference, currency="CNY", lines=lines, pay_terms=PayTerms.PREPAID)
    return ORDERS.row_id(await place(order))


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
