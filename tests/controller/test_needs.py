"""What needs a person becomes a task, once, and is off the list when it is settled."""

from __future__ import annotations

import pytest

from controller import db, events
from controller.catalog.operations import link_barcode
from controller.counts.events import BinCounted
from controller.events import acting
from controller.fleet.events import PrintJobChanged
from controller.fulfilment.operations import cancel
from controller.needs import FOLLOWER
from controller.orders.operations import place
from controller.stock.operations import move
from controller.tasks.queries import Asked, StoredTask, tasks
from edge_agent.wire.facts import Scan
from edge_agent.wire.messages import Symbol
from tests.controller.orders_shop import OrderShop


@pytest.fixture
async def shop(database: str) -> OrderShop:
    return await OrderShop.open()


async def waiting(kind: str) -> list[StoredTask]:
    await FOLLOWER.catch_up()
    return [one for one in await tasks(Asked(), limit=100) if one.kind == kind]


async def happens(event: events.Event, subject: str) -> None:
    async with db.transaction():
        await events.record(event, subject=subject, site="s1")


async def test_more_taken_than_known_asks_for_a_count_until_the_bin_is_counted(shop: OrderShop) -> None:
    sku = await shop.stock("tea", 1)
    for _ in range(2):
        await move([shop.shop.sale(sku, 2)])
    [task] = await waiting("count_needed")
    assert (task.subject, task.site, task.times) == ("A-1", "s1", 2)
    assert task.arguments == {"bin": "A-1", "sku": "tea", "missing": 3}
    await happens(BinCounted(session="CT-1", bin="A-1", round=1, lines=1, person=None), "A-1")
    assert await waiting("count_needed") == []


async def test_a_promise_that_was_taken_back_is_a_task_until_the_order_ends(shop: OrderShop) -> None:
    sku = await shop.stock("tea", 3)
    order = await place(shop.order(("tea", 3)))
    await move([shop.shop.sale(sku, 1)])
    [task] = await waiting("stock_short")
    assert (task.subject, task.arguments) == (order, {"order": order, "sku": "tea", "quantity": 3})
    await cancel(order, reason="told the customer")
    assert await waiting("stock_short") == []


async def test_an_unknown_barcode_is_a_task_until_it_is_linked(shop: OrderShop) -> None:
    await shop.stock("tea", 1)
    await shop.report(Scan(symbol=Symbol(text="NEW-1")), Scan(symbol=Symbol(text="NEW-2")))
    assert {task.subject for task in await waiting("unknown_barcode")} == {"NEW-1", "NEW-2"}
    await link_barcode("NEW-1", "tea")
    assert [task.subject for task in await waiting("unknown_barcode")] == ["NEW-2"]


async def test_a_print_in_doubt_is_a_task_until_somebody_looked(shop: OrderShop) -> None:
    def changed(state: str) -> PrintJobChanged:
        return PrintJobChanged(job="j1", box="b1", printer="p", template="receipt", state=state, document="SO-100001")

    await happens(changed("uncertain"), "j1")
    assert [task.subject for task in await waiting("print_uncertain")] == ["SO-100001"]
    await happens(changed("printed"), "j1")
    assert await waiting("print_uncertain") == []


async def test_what_a_station_told_and_the_books_refused_is_a_task(shop: OrderShop) -> None:
    await shop.stock("tea", 5)
    _, pick_list = await shop.released(("tea", 1))
    assert await shop.report(shop.picked(pick_list, "tea", 3)) == ["over_pick"]
    [task] = await waiting("fact_rejected")
    assert (task.subject, task.arguments["code"]) == ("b1", "over_pick")


async def test_reading_the_feed_again_asks_for_nothing_twice(shop: OrderShop) -> None:
    sku = await shop.stock("tea", 1)
    await move([shop.shop.sale(sku, 2)])
    await FOLLOWER.catch_up()
    await db.execute("DELETE FROM event_cursor")
    await FOLLOWER.catch_up()
    assert len(await waiting("count_needed")) == 1


async def test_an_event_that_breaks_us_does_not_block_the_one_behind_it(shop: OrderShop, caplog: pytest.LogCaptureFixture) -> None:
    sku = await shop.stock("tea", 1)
    async with db.transaction():
        with acting("box:b1"):
            await db.execute(
                "INSERT INTO event (name, subject, site, data, actor, recorded_at, transaction_id) "
                "SELECT 'count_needed', 'x', 's1', '{}', 'test', ?, COALESCE(MAX(transaction_id), 0) FROM event",
                db.now(),
            )
    await move([shop.shop.sale(sku, 2)])
    assert len(await waiting("count_needed")) == 1
    assert "could not be followed" in caplog.text
