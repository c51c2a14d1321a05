"""Lots at release and at the pick: what expires first, what keeps long enough, what was picked instead."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller import db
from controller.fulfilment.binding import KeepsTooShort
from controller.fulfilment.operations import release
from controller.fulfilment.policies import Choice, choose_lots, fresh_enough
from controller.fulfilment.queries import StoredPickLine, pick_lines
from controller.fulfilment.releasing import NotArrived
from controller.needs import FOLLOWER
from controller.orders.operations import place
from controller.stock.lots import block, lot_of
from controller.stock.operations import move
from controller.stock.pickable import Pickable
from controller.stock.presale import set_presale
from controller.tasks.queries import Asked, tasks
from edge_agent.wire.facts import Picked
from tests.controller.orders_shop import OrderShop, books_add_up

TODAY = date(2026, 11, 22)
DAYS = st.none() | st.integers(0, 4).map(lambda days: TODAY + timedelta(days=days))
STOCKS = st.dictionaries(st.tuples(st.integers(1, 4), st.integers(0, 3)), st.tuples(st.integers(1, 9), DAYS), max_size=8).map(
    lambda found: [Pickable(1, place, lot, quantity, day) for (place, lot), (quantity, day) in found.items()]
)


def stocks_of(*rows: tuple[int, int, int, date | None]) -> list[Pickable]:
    return [Pickable(1, *row) for row in rows]


@given(wanted=st.integers(1, 60), stocks=STOCKS)
def test_all_is_sought_somewhere_and_nothing_goes_before_what_expires_earlier(wanted: int, stocks: list[Pickable]) -> None:
    chosen = choose_lots(wanted, stocks, fallback=99)
    assert sum(choice.quantity for choice in chosen) == wanted
    there = {(stock.location_id, stock.lot_id): stock for stock in stocks}
    if wanted <= sum(stock.on_hand for stock in stocks):
        assert all(choice.quantity <= there[choice.location_id, choice.lot_id].on_hand for choice in chosen)
        taken = {(choice.location_id, choice.lot_id): choice.quantity for choice in chosen}
        latest = max((there[key].expiry or date.max) for key in taken)
        left = [stock for key, stock in there.items() if taken.get(key, 0) < stock.on_hand]
        assert all((stock.expiry or date.max) >= latest for stock in left)


@given(stocks=STOCKS, days=st.integers(0, 5))
def test_what_has_no_expiry_always_keeps(stocks: list[Pickable], days: int) -> None:
    until = TODAY + timedelta(days=days)
    fresh = fresh_enough(stocks, until)
    assert all(stock.expiry is None or stock.expiry >= until for stock in fresh)
    assert {id(stock) for stock in stocks if stock.expiry is None} <= {id(stock) for stock in fresh}


def test_the_earliest_goes_first_and_on_one_day_the_tightest_bin() -> None:
    soon, later = TODAY, TODAY + timedelta(days=9)
    stocks = stocks_of((1, 1, 5, later), (2, 2, 3, soon), (3, 3, 9, None), (4, 4, 3, later))
    assert choose_lots(6, stocks, 9) == [Choice(2, 2, 3), Choice(4, 4, 3)]
    assert choose_lots(12, stocks, 9) == [Choice(2, 2, 3), Choice(1, 1, 5), Choice(4, 4, 3), Choice(3, 3, 1)]
    assert choose_lots(30, stocks, 9)[-1] == Choice(3, 3, 19), "the rest is sought where the last of it is"
    assert choose_lots(2, [], 9) == [Choice(9, 0, 2)]


@pytest.fixture
async def shop(database: str) -> OrderShop:
    return await OrderShop.open()


async def milk(shop: OrderShop, **lots: tuple[int, int]) -> dict[str, int]:
    """Milk in lots by name: so many, that keep so many days from now."""
    sku = await shop.stock("milk", 0)
    ids = {}
    for name, (quantity, days) in lots.items():
        ids[name] = await lot_of(sku, name, db.now().date() + timedelta(days=days))
        await move([replace(shop.shop.arrival(sku, quantity), lot_id=ids[name])])
    return ids


async def lines_of(pick_list: str) -> list[StoredPickLine]:
    return await pick_lines(int(pick_list.removeprefix("PL-")) - 100_000)


async def bound(pick_list: str) -> list[tuple[str | None, int]]:
    return [(line.lot, line.quantity) for line in await lines_of(pick_list)]


async def test_what_expires_first_is_bound_first_and_only_once(shop: OrderShop) -> None:
    await milk(shop, OLD=(3, 5), NEW=(10, 60))
    _, first = await shop.released(("milk", 2))
    _, second = await shop.released(("milk", 2))
    assert await bound(first) == [("OLD", 2)]
    assert await bound(second) == [("OLD", 1), ("NEW", 1)], "what the first list will fetch is not there for the second"


async def test_what_keeps_too_short_is_not_bound_by_the_articles_rule_or_the_orders_own(shop: OrderShop) -> None:
    await milk(shop, OLD=(3, 5), NEW=(4, 60))
    await db.execute("UPDATE sku SET min_remaining_days = 10")
    _, plain = await shop.released(("milk", 2))
    assert await bound(plain) == [("NEW", 2)]
    lenient = await place(replace(shop.order(("milk", 3)), min_remaining_days=0))
    assert await bound((await release(lenient))[0]) == [("OLD", 3)]
    strict = await place(replace(shop.order(("milk", 2)), min_remaining_days=90))
    with pytest.raises(KeepsTooShort) as refused:
        await db.in_transaction(lambda: release(strict))
    assert (refused.value.sku, refused.value.missing, refused.value.days) == ("milk", 2, 90)
    assert (await db.fetch("SELECT COUNT(*) AS n FROM pick_list"))[0]["n"] == 2, "nothing of it is written"


async def test_a_blocked_lot_and_what_is_expired_are_never_bound(shop: OrderShop) -> None:
    ids = await milk(shop, BAD=(5, 3), DEAD=(5, -1), GOOD=(2, 60))
    await block(ids["BAD"], reason="glass")
    order = await place(shop.order(("milk", 3)))
    with pytest.raises(KeepsTooShort):
        await db.in_transaction(lambda: release(order))
    _, pick_list = await shop.released(("milk", 2))
    assert await bound(pick_list) == [("GOOD", 2)]


async def test_another_lot_is_booked_as_what_it_was_and_flagged(shop: OrderShop) -> None:
    ids = await milk(shop, OLD=(2, 5), NEW=(4, 60))
    order, pick_list = await shop.released(("milk", 2))
    picked = shop.picked(pick_list, "milk")
    told = Picked(pick_list=pick_list, symbol=picked.symbol, gtin=picked.gtin, quantity=1, lot="NEW")
    assert await shop.report(told, picked) == ["applied", "applied"]
    rows = await db.fetch("SELECT lot_id, SUM(quantity) AS n FROM stock_movement WHERE reason = 'picked' GROUP BY lot_id")
    assert {row["lot_id"]: int(row["n"]) for row in rows} == {ids["NEW"]: 1, ids["OLD"]: 1}
    assert [line.is_other_lot for line in await lines_of(pick_list)] == [True]
    await FOLLOWER.catch_up()
    [task] = [one for one in await tasks(Asked(), limit=9) if one.kind == "lot_mismatch"]
    assert task.subject == order
    assert task.arguments == {"pick_list": pick_list, "sku": "milk", "expected": "OLD", "picked": "NEW"}
    assert await books_add_up()


async def test_a_pick_that_tells_a_lot_goes_to_the_line_that_expects_it(shop: OrderShop) -> None:
    await milk(shop, OLD=(1, 5), NEW=(4, 60))
    _, pick_list = await shop.released(("milk", 2))
    picked = shop.picked(pick_list, "milk")
    await shop.report(Picked(pick_list=pick_list, symbol=picked.symbol, gtin=picked.gtin, quantity=1, lot="NEW"))
    found = {line.lot: (line.picked, line.is_other_lot) for line in await lines_of(pick_list)}
    assert found == {"OLD": (0, False), "NEW": (1, False)}


async def test_what_has_not_arrived_is_not_released(shop: OrderShop) -> None:
    sku = await shop.stock("milk", 1)
    await set_presale(sku, "s1", 5)
    order = shop.order(("milk", 3))
    no = await place(replace(order, lines=[replace(order.lines[0], presale=True)]))
    with pytest.raises(NotArrived):
        await db.in_transaction(lambda: release(no))
    await move([shop.shop.arrival(sku, 5)])
    assert (await release(no))[0].startswith("PL-")
