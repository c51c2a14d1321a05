"""An order says how it is paid to us, or its channel has the money."""

from __future__ import annotations

import pytest

from controller import db
from controller.intake.document import UnreadableOrder, read
from controller.intake.mapping import map_goods
from controller.intake.taking import receive, take_waiting
from controller.orders.flags import FlagKind, blocking
from controller.payments.policies import PayTerms
from tests.controller.intake.sent import document
from tests.controller.orders_shop import OrderShop


async def test_an_order_that_is_to_be_paid_waits_for_its_money(shop: OrderShop) -> None:
    await map_goods("bazaar", "item-tea", "tea")
    await receive("bazaar", document("B-1", pay_terms="prepaid"), source="poll")
    await receive("bazaar", document("B-2", pay_terms="on_delivery"), source="poll")
    await receive("bazaar", document("B-3"), source="poll")
    await take_waiting()
    dues = await db.fetch("SELECT order_id, due_minor, terms FROM order_due ORDER BY order_id")
    assert [(row["due_minor"], row["terms"]) for row in dues] == [(250, PayTerms.PREPAID), (250, PayTerms.ON_DELIVERY)]
    flags = await blocking([row["order_id"] for row in dues])
    assert [FlagKind.UNPAID in flags.get(row["order_id"], ()) for row in dues] == [True, False]


def test_terms_that_there_are_not_are_refused() -> None:
    with pytest.raises(UnreadableOrder):
        read(document(pay_terms="tomorrow"))
