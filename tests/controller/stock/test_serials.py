"""Pieces by their numbers: where each is, in any order; one that came oftener than it left is a task, never silent."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from controller import db, events
from controller.proofs.proving import reconcile
from controller.stock.ledger import BadSerial
from controller.stock.lots import lot_of
from controller.stock.operations import Move, Reason, move
from tests.controller.goods import Shop, add_sku


@pytest.fixture
async def shop(database: str) -> Shop:
    return await Shop.open()


def arrival(shop: Shop, sku: int, serial: str, minute: int) -> Move:
    return replace(shop.arrival(sku, 1, minute=minute), serial=serial)


def sale(shop: Shop, sku: int, serial: str, minute: int) -> Move:
    return replace(shop.sale(sku, 1, minute=minute), serial=serial)


async def piece(sku: int) -> tuple[int, int]:
    rows = await db.fetch("SELECT net, location_id FROM serial WHERE sku_id = ?", sku)
    return rows[0]["net"], rows[0]["location_id"]


async def tasks() -> list[str]:
    return [row["state"] for row in await db.fetch("SELECT state FROM task WHERE kind = 'serial_twice' ORDER BY id")]


async def test_where_a_piece_is_does_not_depend_on_the_order_of_arrival(shop: Shop) -> None:
    for number, order in enumerate(permutations(range(4))):
        sku = await add_sku(f"sku{number}")
        facts = [
            arrival(shop, sku, "S1", 1),
            replace(sale(shop, sku, "S1", 2), to_location_id=shop.other, reason=Reason.RELOCATED),
            replace(sale(shop, sku, "S1", 3), from_location_id=shop.other),
            arrival(shop, sku, "S1", 4),  # it came back
        ]
        for which in order:
            await move([facts[which]])
        assert await piece(sku) == (1, shop.bin)
    assert set(await tasks()) <= {"done"}  # while facts were missing it looked as if it were there twice
    assert await reconcile() == []


async def test_one_number_twice_in_stock_is_a_task_until_one_of_them_is_gone(shop: Shop) -> None:
    sku = await add_sku("phone")
    await move([arrival(shop, sku, "S1", 1), arrival(shop, sku, "S2", 1)])
    assert await tasks() == []
    await move([arrival(shop, sku, "S1", 2)])
    assert await tasks() == ["open"]
    assert [each.subject for each in await events.feed(0) if each.name == "serial_twice"] == ["S1"]
    await move([sale(shop, sku, "S1", 3)])
    assert await tasks() == ["done"]
    assert (await db.fetch("SELECT on_hand FROM availability"))[0]["on_hand"] == 2


async def test_the_same_number_of_another_sku_is_another_piece(shop: Shop) -> None:
    for code in ("phone", "watch"):
        await move([arrival(shop, await add_sku(code), "S1", 1)])
    assert await tasks() == []


async def test_a_number_names_one_piece_and_keeps_its_lot(shop: Shop) -> None:
    sku = await add_sku("phone")
    with pytest.raises(BadSerial):
        await move([replace(arrival(shop, sku, "S1", 1), quantity=2)])
    lot = await lot_of(sku, "A")
    await move([replace(arrival(shop, sku, "S1", 1), lot_id=lot)])
    await move([sale(shop, sku, "S1", 2)])
    assert await db.fetch("SELECT serial, lot_id FROM serial") == [{"serial": "S1", "lot_id": lot}]
    assert [row["serial"] for row in await db.fetch("SELECT serial FROM stock_movement")] == ["S1", "S1"]
    assert await reconcile() == []
