from __future__ import annotations

from controller.orders.operations import place
from controller.review.replay import replay
from controller.review.rules import Outcome, Rule
from controller.review.tables import go_live, make_draft, put_rules
from tests.controller.orders_shop import OrderShop
from tests.controller.review.rule_tables import RV2, amount


async def test_a_draft_is_tried_on_the_orders_of_the_last_days(shop: OrderShop) -> None:
    numbers = [await place(shop.order(("tea", pieces))) for pieces in (1, 4000, 8000)]
    before = await replay(RV2, days=30)
    assert (before.now, before.then) == ({"no_table": 3}, {"no_rule": 1, "service": 1, "finance": 1})
    draft = await make_draft(note="RV2")
    await put_rules(draft, RV2, edition=1)
    await go_live(draft, edition=2, replaces=None)
    stricter = [*RV2, Rule(name="hold", outcome=Outcome.HOLD, conditions=(amount(500000, 2000000),))]
    found = await replay(stricter, days=30)
    assert (found.orders, found.changes, found.complete) == (3, 1, True)
    assert [(each.order, each.now, each.then) for each in found.changed] == [(numbers[1], "service", "hold")]
    assert found.now == {"finance": 1, "no_rule": 1, "service": 1}
    assert found.then == {"finance": 1, "no_rule": 1, "hold": 1}


async def test_nothing_is_changed_by_a_replay(shop: OrderShop) -> None:
    await place(shop.order(("tea", 1)))
    assert (await replay([Rule(name="r", outcome=Outcome.REFUSE)], days=1)).then == {"refuse": 1}
    assert (await replay([], days=1)).now == {"no_table": 1}
