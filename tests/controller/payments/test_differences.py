"""What does not add up is found, and what does is not."""

from __future__ import annotations

import pytest

from controller import db
from controller.http.money_api import money_differences
from controller.payments.capturing import deliver
from controller.payments.differences import Difference, DifferenceKind, broken_sums
from controller.payments.ledger import Movement, book
from controller.payments.numbers import PAYMENTS
from controller.payments.policies import EntryKind, PayTerms
from controller.payments.refunds import Refund, refund, refund_rest
from tests.controller.payments.money import cash, order

pytestmark = pytest.mark.usefixtures("database")


def told(found: list[Difference]) -> list[tuple[int, DifferenceKind]]:
    return [(each.order_id, each.kind) for each in found]


async def test_orders_that_add_up_are_no_differences() -> None:
    await order(1)
    await cash(1)
    await order(2)
    await order(3, terms=PayTerms.ON_DELIVERY)
    await deliver(3)
    await order(4)
    await cash(4)
    await refund(4, Refund(amount_minor=10_000, reason="r", is_given=True))
    await refund_rest(4, reason="cancelled")
    assert await money_differences(sites=None) == []


async def test_each_kind_is_found_page_by_page_and_by_site() -> None:
    await order(1)
    await deliver(1)
    await order(2)
    await cash(2, 10_500)
    await order(3)
    await cash(3)
    await refund_rest(3, reason="cancelled")
    await order(4)
    payment = PAYMENTS.row_id(await cash(4))
    await refund(4, Refund(amount_minor=10_000, reason="r", is_given=True))
    await book(Movement(payment_id=payment, kind=EntryKind.CHARGEBACK, amount_minor=10_000))
    everything = [
        (1, DifferenceKind.UNPAID),
        (2, DifferenceKind.OVERPAID),
        (3, DifferenceKind.NOT_RETURNED),
        (4, DifferenceKind.LOST),
    ]
    assert told(await money_differences(sites=None)) == everything
    assert told(await money_differences(sites=["s1"], after=1, limit=2)) == everything[1:3]
    assert await money_differences(sites=["s2"]) == []


async def test_a_sum_that_is_not_its_ledgers_is_found() -> None:
    await order(1)
    await cash(1)
    assert await broken_sums() == []
    await db.execute("UPDATE payment SET captured_minor = captured_minor - 1")
    [found] = await money_differences(sites=None)
    assert (found.kind, found.expected_minor, found.found_minor) == (DifferenceKind.LEDGER, 10_000, 9999)
