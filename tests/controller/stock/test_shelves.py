"""Where goods are taken from when nobody says where: one place, that stays, and is found later where it was not known."""

from __future__ import annotations

import pytest

from controller import db
from controller.errors import NotFound
from controller.proofs.proving import reconcile
from controller.stock.operations import Move, Reason, move
from controller.stock.shelf_keeping import settle_all
from controller.stock.shelves import choose_shelf, shelves
from tests.controller.goods import Shop, add_sku, at


async def shelf(sku: int) -> int:
    async with db.transaction():
        return (await shelves([(sku, "s1")]))[sku, "s1"]


def moved(sku: int, source: int, target: int, quantity: int, minute: int, reason: Reason = Reason.SOLD) -> Move:
    return Move(
        sku_id=sku,
        from_location_id=source,
        to_location_id=target,
        quantity=quantity,
        reason=reason,
        occurred_at=at(minute),
        document=f"sale {minute}",
    )


async def held(sku: int) -> dict[int, int]:
    rows = await db.fetch(
        "SELECT location_id, SUM(on_hand - borrowed) AS n FROM balance WHERE sku_id = ? GROUP BY location_id", sku
    )
    return {row["location_id"]: int(row["n"]) for row in rows if row["n"]}


async def test_it_is_the_fullest_bin_and_stays_so_until_somebody_chooses_another(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 5)
    await move([moved(sku, shop.supplier, shop.other, 8, 1, Reason.RECEIVED)])
    assert await shelf(sku) == shop.other
    await move([moved(sku, shop.supplier, shop.bin, 50, 2, Reason.RECEIVED)])
    assert await shelf(sku) == shop.other
    assert await choose_shelf(sku, "s1", "A-1") == shop.bin
    assert await shelf(sku) == shop.bin
    with pytest.raises(NotFound):
        await choose_shelf(sku, "s1", "Z-9")


async def test_what_was_taken_before_it_was_known_is_booked_over_once(database: str) -> None:
    shop = await Shop.open()
    sku = await add_sku("milk")
    assert await shelf(sku) == shop.receiving
    await move([moved(sku, shop.receiving, shop.customer, 3, 1), moved(sku, shop.customer, shop.receiving, 1, 2, Reason.RETURNED)])
    assert await settle_all() == 0, "no bin holds it"
    await move([moved(sku, shop.supplier, shop.bin, 10, 0, Reason.RECEIVED)])
    assert await settle_all() == 1
    assert await settle_all() == 0
    assert await held(sku) == {shop.bin: 8}
    assert await shelf(sku) == shop.bin
    assert await reconcile() == []
