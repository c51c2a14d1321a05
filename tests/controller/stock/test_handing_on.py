"""A promise that goes to another line: all of it or a part, whatever it is, and never free in between."""

from __future__ import annotations

import asyncio

import pytest

from controller import db
from controller.stock.handing_on import HandOn, NotHandedOn, hand_on
from controller.stock.operations import InsufficientStock, ReserveLine, allocate, consume, move, reserve
from controller.stock.presale import set_presale
from tests.controller.goods import Shop, add_sku, numbers
from tests.controller.orders_shop import books_add_up


@pytest.fixture
async def shop(database: str) -> Shop:
    return await Shop.open()


async def held(*keys: str) -> list[tuple[int, int, str]]:
    """Quantity, presold and state of some lines."""
    found = {row["line_key"]: row for row in await db.fetch("SELECT * FROM reservation")}
    return [(found[key]["quantity"], found[key]["presold"], found[key]["state"]) for key in keys]


async def test_all_of_it_is_the_other_lines_and_keeps_its_place(shop: Shop) -> None:
    sku = await shop.stock("tea", 5)
    await reserve([ReserveLine(line_key="SO-1/1", sku_id=sku, quantity=5)], site_id="s1")
    before = await db.fetch("SELECT id FROM reservation")
    await hand_on([HandOn("SO-1/1", "SO-2/1", 5)])
    assert await held("SO-2/1") == [(5, 0, "reserved")]
    rows = await db.fetch("SELECT id, document FROM reservation")
    assert [(row["id"], row["document"]) for row in rows] == [(before[0]["id"], "SO-2")]
    assert await numbers(sku) == (5, 5, 0)


async def test_a_part_of_what_has_not_arrived_goes_first(shop: Shop) -> None:
    sku = await add_sku("tea")
    await set_presale(sku, "s1", 6)
    await reserve([ReserveLine(line_key="SO-1/1", sku_id=sku, quantity=6, presale=True)], site_id="s1")
    await move([shop.arrival(sku, 2)])
    assert await held("SO-1/1") == [(6, 4, "presold")]
    await hand_on([HandOn("SO-1/1", "SO-2/1", 3), HandOn("SO-1/1", "SO-3/1", 2)])
    assert await held("SO-1/1", "SO-2/1", "SO-3/1") == [(1, 0, "reserved"), (3, 3, "presold"), (2, 1, "presold")]
    assert await books_add_up()
    await move([shop.arrival(sku, 9)])
    assert await numbers(sku) == (11, 6, 0)
    assert await books_add_up()


async def test_what_was_taken_back_goes_along_as_such(shop: Shop) -> None:
    sku = await shop.stock("tea", 2)
    await reserve([ReserveLine(line_key="SO-1/1", sku_id=sku, quantity=2)], site_id="s1")
    await move([shop.sale(sku, 1)])
    await hand_on([HandOn("SO-1/1", "SO-2/1", 1)])
    assert await held("SO-1/1", "SO-2/1") == [(1, 0, "withdrawn"), (1, 0, "withdrawn")]
    assert await books_add_up()


async def test_what_is_being_fetched_or_is_not_there_stays(shop: Shop) -> None:
    sku = await shop.stock("tea", 9)
    await reserve([ReserveLine(line_key=f"SO-{number}/1", sku_id=sku, quantity=2) for number in (1, 2, 3)], site_id="s1")
    await allocate(["SO-1/1"])
    await consume("SO-2/1", 1)
    for key, quantity in (("SO-1/1", 1), ("SO-2/1", 1), ("SO-3/1", 3), ("SO-3/1", 0), ("SO-9/1", 1)):
        with pytest.raises(NotHandedOn):
            await db.in_transaction(lambda k=key, q=quantity: hand_on([HandOn(k, "SO-8/1", q)]))  # type: ignore[misc]
    assert not await db.fetch("SELECT id FROM reservation WHERE line_key = 'SO-8/1'")
    assert await books_add_up()


async def test_nobody_else_gets_it_meanwhile(shop: Shop) -> None:
    sku = await shop.stock("tea", 10)
    await reserve([ReserveLine(line_key="SO-1/1", sku_id=sku, quantity=10)], site_id="s1")

    async def want(number: int) -> bool:
        try:
            await db.in_transaction(lambda: reserve([ReserveLine(line_key=f"W-{number}/1", sku_id=sku, quantity=1)], site_id="s1"))
        except InsufficientStock:
            return False
        return True

    async def give(number: int) -> bool:
        await db.in_transaction(lambda: hand_on([HandOn("SO-1/1", f"SO-{number}/1", 1)]))
        return False

    done = await asyncio.gather(*(work for number in range(2, 8) for work in (want(number), give(number))))
    assert not any(done)
    assert await numbers(sku) == (10, 10, 0)
    assert await books_add_up()
