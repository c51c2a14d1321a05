"""What is looked after without anybody asking."""

from __future__ import annotations

from controller import db
from controller.counts.caring import look_after
from controller.stock.operations import move
from tests.controller.counts.counting import a_shop, line, part, state_of, take


async def test_classes_are_said_and_what_late_facts_settled_is_over(database: str) -> None:
    shop, skus = await a_shop("milk")
    await move([shop.arrival(skus["milk"], 10)])
    await take(part([line("milk", 6, 10)], done=11))
    await move([shop.sale(skus["milk"], 4, minute=5)])
    assert await state_of("CT-100001") == "review"
    await look_after()
    assert await state_of("CT-100001") == "booked"
    assert [row["abc"] for row in await db.fetch("SELECT abc FROM sku_class")] == ["A"]
