"""A transaction that PostgreSQL ended for a deadlock is done again at once; nothing is passed by, and nobody is alarmed."""

from __future__ import annotations

import logging

import pytest

from controller import db, events
from controller.events import Recorded
from controller.following import Follower
from controller.intake.mapping import map_goods
from controller.intake.taking import receive, take_waiting
from controller.orders.seams import JustPlaced, seams
from tests.controller.customers.keys import open_test_keys
from tests.controller.intake.sent import document
from tests.controller.orders_shop import OrderShop, told


class Deadlock(Exception):
    """As asyncpg says it."""

    sqlstate = "40P01"


async def test_a_follower_takes_an_event_again(database: str, caplog: pytest.LogCaptureFixture) -> None:
    await OrderShop.open()
    taken: list[int] = []

    async def take(recorded: Recorded) -> None:
        taken.append(recorded.id)
        await db.execute("UPDATE site SET name = name")
        if len(taken) == 1:
            raise Deadlock

    follower = Follower("again", frozenset({"site_created"}), take)
    with caplog.at_level(logging.ERROR):
        await follower.catch_up()
    assert taken == [taken[0]] * 2
    assert not caplog.records
    assert await events.cursor("again")


async def test_an_order_that_lost_a_deadlock_is_placed_at_once(database: str) -> None:
    await open_test_keys()
    shop = await OrderShop.open()
    await shop.stock("tea", 10)
    await map_goods("bazaar", "item-tea", "tea")
    tries: list[int] = []

    async def judge(order_id: int, _: JustPlaced | None = None) -> bool:
        tries.append(order_id)
        if len(tries) == 1:
            raise Deadlock
        return True

    seams().judge = judge
    await receive("bazaar", document("B-1"), source="poll")
    await take_waiting()
    assert len(tries) == 2
    assert await told("order_placed") == 1
