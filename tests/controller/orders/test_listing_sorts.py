"""Orders by money, by when they are due and the oldest first: each page goes on where the one before ended, on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from controller import db
from controller.fulfilment.operations import cancel
from controller.orders import listing, queries
from controller.orders.listing import Sort, Wanted, Which
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from controller.orders.queries import BadCursor, cursor_of
from controller.orders.states import OrderState
from controller.payments import operations as payments
from controller.payments.operations import Expected, Taking
from controller.payments.policies import Means, PaymentState, PayTerms
from controller.payments.refunds import refund_rest
from controller.payments.stored import balances
from tests.controller.two_sites import TwoSites


async def walk(sort: Sort, wanted: Wanted, sites: list[str] | None = None) -> list[str]:
    """All pages of two."""
    found, after = list[str](), None
    while rows := await queries.sorted_orders(sort, after=after, limit=2, wanted=wanted, sites=sites):
        found += [row.no for row in rows]
        after = cursor_of(rows[-1], sort)
    return found


async def some(sites: TwoSites) -> list[str]:
    """Five orders; the first due last, two of them on the same instant, the last one at no time and of site s2."""
    await sites.stocked("tea", 50, 50)
    now = db.now()
    dues = [now + timedelta(hours=hours) for hours in (9, 2, 2, 1)]
    found = [await place(replace(sites.order(("tea", 1)), due_at=due)) for due in dues]
    return [*found, await place(replace(sites.order(("tea", 1)), site="s2"))]


async def test_each_way_of_sorting_has_all_once(sites: TwoSites) -> None:
    a, b, c, d, e = await some(sites)
    assert await walk(Sort.NEWEST, Wanted()) == [e, d, c, b, a]
    assert await walk(Sort.OLDEST, Wanted()) == [a, b, c, d, e]
    assert await walk(Sort.DUE, Wanted()) == [d, b, c, a]
    assert await walk(Sort.OLDEST, Wanted(), ["s1"]) == [a, b, c, d]
    assert await walk(Sort.DUE, Wanted(), ["s2"]) == []
    await cancel(b, reason="asked")
    assert await walk(Sort.DUE, Wanted(), ["s1"]) == [d, c, a]
    assert await walk(Sort.OLDEST, Wanted(up_to=ORDERS.row_id(c), state=OrderState.APPROVED)) == [a, c]
    assert await walk(Sort.NEWEST, Wanted(which=Which("o.id <> ?", (ORDERS.row_id(d),)))) == [e, c, b, a]


@pytest.mark.parametrize("cursor", ["x", "1_", "_1", "2026-01-01_1", "2026-01-01T00:00:00+00:00_-1", "9" * 30])
async def test_a_cursor_that_no_page_gave_is_refused(sites: TwoSites, cursor: str) -> None:
    for sort in (Sort.DUE, Sort.OLDEST):
        with pytest.raises(BadCursor):
            await queries.sorted_orders(sort, after=cursor, limit=2)


async def owe(no: str, *, paid: int = 0) -> None:
    order_id = ORDERS.row_id(no)
    await payments.expect(Expected(order_id=order_id, order_no=no, amount_minor=100, currency="CNY", terms=PayTerms.PREPAID))
    if paid:
        await payments.take(order_id, Taking(means=Means.CASH, amount_minor=paid))


async def test_orders_are_found_by_what_their_money_comes_to(sites: TwoSites) -> None:
    a, b, c, d, e = await some(sites)
    for no, paid in ((a, 0), (b, 40), (c, 100), (e, 0)):
        await owe(no, paid=paid)
    by = {state: Wanted(payment=state) for state in PaymentState}
    assert await walk(Sort.NEWEST, by[PaymentState.PENDING]) == [e, a]
    assert await walk(Sort.OLDEST, by[PaymentState.PENDING]) == [a, e]
    assert await walk(Sort.NEWEST, by[PaymentState.PENDING], ["s1"]) == [a]
    assert await walk(Sort.NEWEST, by[PaymentState.PARTIAL]) == [b]
    assert await walk(Sort.NEWEST, by[PaymentState.CAPTURED]) == [c]
    assert await walk(Sort.DUE, by[PaymentState.PENDING]) == [a]
    assert await walk(Sort.NEWEST, Wanted(payment=PaymentState.PENDING, state=OrderState.APPROVED)) == [e, a]
    assert await listing.count(by[PaymentState.PENDING], ["s1"]) == 1
    await payments.take(ORDERS.row_id(b), Taking(means=Means.CASH, amount_minor=60))
    assert await walk(Sort.NEWEST, by[PaymentState.CAPTURED]) == [c, b]
    await refund_rest(ORDERS.row_id(c), reason="cancelled")
    await refund_rest(ORDERS.row_id(a), reason="cancelled")
    for each in (await balances([ORDERS.row_id(no) for no in (a, b, c, e)])).values():
        assert each.order_no in await walk(Sort.NEWEST, by[each.state])
    assert await listing.channels() == ["web"]
    assert d not in await walk(Sort.NEWEST, by[PaymentState.PENDING])
