"""Lots: found by what was read, in any order; blocked everywhere at once; movements that name them, with counts among them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations

import pytest

from controller import db, events
from controller.errors import NotFound
from controller.proofs.proving import reconcile
from controller.sites.models import LocationKind
from controller.sites.operations import create_bin
from controller.sites.queries import special
from controller.stock.lots import BadLot, Cause, LotLevel, LotSeen, block, lot_of, lots_at, lots_of, unblock
from controller.stock.marks import mark_counted
from controller.stock.operations import Move, Reason, ReserveLine, move, reserve
from controller.stock.queries import as_of, withdrawn
from tests.controller.goods import Shop, add_sku, at

SOON, LATE = date(2026, 12, 1), date(2027, 6, 1)


@pytest.fixture
async def shop(database: str) -> Shop:
    return await Shop.open()


async def by_lot(sku: int) -> dict[int, int]:
    rows = await db.fetch("SELECT lot_id, SUM(on_hand) AS n FROM balance WHERE sku_id = ? GROUP BY lot_id", sku)
    return {row["lot_id"]: int(row["n"]) for row in rows if row["n"]}


async def level(sku: int) -> tuple[int, int, int]:
    rows = await db.fetch("SELECT on_hand, reserved, quarantined FROM availability WHERE sku_id = ?", sku)
    return rows[0]["on_hand"], rows[0]["reserved"], rows[0]["quarantined"]


async def named() -> list[str]:
    return [each.name for each in await events.feed(0)]


@pytest.mark.parametrize("told", [*permutations([SOON, LATE, None])])
async def test_of_two_dates_the_earlier_holds_whichever_came_first(shop: Shop, told: tuple[date | None, ...]) -> None:
    sku = await add_sku("milk")
    assert len({await lot_of(sku, "L1", day, site="s1") for day in told}) == 1
    rows = await db.fetch("SELECT code, expiry FROM lot")
    assert rows == [{"code": "L1", "expiry": SOON}]
    assert [row["state"] for row in await db.fetch("SELECT state FROM task WHERE kind = 'lot_expiry_disputed'")] == ["open"]
    await lot_of(sku, "L1", LATE)
    assert (await named()).count("lot_expiry_disputed") == 1  # told once


async def test_what_tells_lots_apart(shop: Shop) -> None:
    milk, rice = await add_sku("milk"), await add_sku("rice")
    seen = [
        LotSeen(sku_id=milk, code="A"),
        LotSeen(sku_id=milk, code="A", expiry=SOON),
        LotSeen(sku_id=rice, code="A"),
        LotSeen(sku_id=milk, expiry=SOON),
        LotSeen(sku_id=milk, expiry=LATE),
        LotSeen(sku_id=milk),
    ]
    found = await lots_of(seen)
    assert found[0] == found[1]
    assert found[-1] == 0
    assert len(set(found)) == 5
    assert await lots_of(seen) == found
    assert "lot_expiry_disputed" not in await named()
    for bad in ("x" * 65, "a\nb"):
        with pytest.raises(BadLot):
            await lot_of(milk, bad)


async def test_a_movement_without_a_lot_takes_what_expires_first(shop: Shop) -> None:
    sku = await shop.stock("milk", 2)
    late, soon, never = await lot_of(sku, "A", LATE), await lot_of(sku, "B", SOON), await lot_of(sku, "C")
    await move([replace(shop.arrival(sku, 3), lot_id=lot) for lot in (late, soon, never)])
    left = []
    for _ in range(5):
        await move([shop.sale(sku, 2)])
        left.append(await by_lot(sku))
    assert left[0] == {soon: 1, late: 3, never: 3, 0: 2}
    assert left[1] == {late: 2, never: 3, 0: 2}
    assert left[3] == {never: 1, 0: 2}
    assert left[4] == {0: 1}
    assert "count_needed" not in await named()


async def test_goods_take_their_lots_along(shop: Shop) -> None:
    sku = await shop.stock("milk", 1)
    lot = await lot_of(sku, "A", SOON)
    await move([replace(shop.arrival(sku, 3), lot_id=lot)])
    await move([replace(shop.sale(sku, 4), to_location_id=shop.other, reason=Reason.RELOCATED)])
    rows = await db.fetch("SELECT lot_id, on_hand FROM balance WHERE location_id = ? ORDER BY lot_id", shop.other)
    assert rows == [{"lot_id": 0, "on_hand": 1}, {"lot_id": lot, "on_hand": 3}]


async def test_a_lot_that_does_not_fit_is_turned_over_and_asks_for_a_count(shop: Shop) -> None:
    sku = await shop.stock("milk", 1)
    first, second = await lot_of(sku, "A", SOON), await lot_of(sku, "B", LATE)
    await move([replace(shop.arrival(sku, 3), lot_id=first)])
    await move([replace(shop.sale(sku, 2), lot_id=second)])
    assert await by_lot(sku) == {first: 2}  # what nobody knew the lot of was the likeliest
    needed = [each.data for each in await events.feed(0) if each.name == "count_needed"]
    assert needed == [{"sku_id": sku, "location_id": shop.bin, "missing": 2, "lot_id": second}]
    assert await reconcile() == []
    await move([replace(shop.sale(sku, 5), lot_id=second)])
    await move([replace(shop.arrival(sku, 6), lot_id=second)])
    assert await by_lot(sku) == {second: 3}
    assert await reconcile() == []


async def test_a_blocked_lot_is_never_granted_and_takes_back_what_it_covered(shop: Shop) -> None:
    sku = await shop.stock("milk", 4)
    lot = await lot_of(sku, "A", SOON)
    quarantine = await special("s1", LocationKind.QUARANTINE)
    arrival = replace(shop.arrival(sku, 6), lot_id=lot)
    await move([arrival, replace(arrival, quantity=2, to_location_id=quarantine)])
    await reserve([ReserveLine(line_key=f"{n}", sku_id=sku, quantity=3) for n in range(3)], site_id="s1")
    for _ in range(2):
        assert await block(lot, reason=" glass ") == {"s1": 6}
    assert await level(sku) == (12, 3, 8)
    assert await withdrawn(["0", "1", "2"]) == {"1", "2"}
    await move([shop.sale(sku, 5)])  # what is not blocked goes first
    assert await level(sku) == (7, 0, 7)
    await move([replace(arrival, quantity=1)])
    assert await level(sku) == (8, 0, 8)
    assert await lots_at(sku, "s1") == [LotLevel(lot, "A", SOON, True, 8)]
    assert await unblock(lot) == {"s1": 6}
    assert await level(sku) == (8, 0, 2)
    assert [name for name in await named() if name.startswith("lot_")] == ["lot_blocked", "lot_unblocked"]
    assert await reconcile() == []
    with pytest.raises(NotFound):
        await block(999, reason="x")
    with pytest.raises(BadLot):
        await block(lot, reason=" ")


async def test_a_lot_is_free_again_when_no_cause_is_left(shop: Shop) -> None:
    sku = await shop.stock("milk", 1)
    lot = await lot_of(sku, "A", SOON)
    await move([replace(shop.arrival(sku, 6), lot_id=lot)])
    for cause in (Cause.RECALL, Cause.EXPIRED, Cause.RECALL):
        await block(lot, reason="so", cause=cause)
    await unblock(lot, cause=Cause.RECALL)
    await unblock(lot, cause=Cause.PERSON)
    assert await level(sku) == (7, 0, 6), "it is expired all the same"
    await unblock(lot, cause=Cause.EXPIRED)
    assert await level(sku) == (7, 0, 0)
    assert [name for name in await named() if name.startswith("lot_")] == ["lot_blocked", "lot_unblocked"]
    assert await reconcile() == []


async def test_a_lot_must_be_known(shop: Shop) -> None:
    sku = await shop.stock("milk", 4)
    with pytest.raises(NotFound):
        await move([replace(shop.sale(sku, 1), lot_id=77)])
    assert await level(sku) == (4, 0, 0)


async def test_with_lots_and_a_count_the_order_of_arrival_makes_no_difference(shop: Shop) -> None:
    """Four facts and a count of the bin in the middle of them, in each of 120 orders."""
    ends = set()
    for number, order in enumerate(permutations(range(5))):
        sku, place = await add_sku(f"sku{number}"), await create_bin("s1", f"B-{number}")
        lots = [await lot_of(sku, code, SOON + timedelta(days=n)) for n, code in enumerate("AB")]
        arrival = replace(shop.arrival(sku, 5, minute=1), to_location_id=place)
        sale = replace(shop.sale(sku, 2, minute=2), from_location_id=place)
        facts: list[Move | None] = [
            replace(arrival, lot_id=lots[0]),
            sale,
            None,
            replace(sale, lot_id=lots[1], quantity=4, occurred_at=at(4)),
            replace(arrival, lot_id=lots[1], quantity=3, occurred_at=at(5)),
        ]
        for which in order:
            fact = facts[which]
            if fact is None:
                await _count(shop, sku, place, found=4)
            else:
                await move([fact])
        rows = await db.fetch("SELECT SUM(on_hand) AS n, SUM(borrowed) AS b FROM balance WHERE location_id = ?", place)
        ends.add((int(rows[0]["n"]), int(rows[0]["b"])))
        assert await as_of(place, at(3)) == {sku: 4}
    assert ends == {(3, 0)}
    assert await reconcile() == []


async def _count(shop: Shop, sku: int, place: int, *, found: int) -> None:
    """As a count does: the difference to what facts say as of then, and a mark."""
    variance = found - (await as_of(place, at(3))).get(sku, 0)
    loss = await special("s1", LocationKind.LOSS)
    async with db.transaction():
        if variance:
            source, target = (loss, place) if variance > 0 else (place, loss)
            booked = replace(shop.sale(sku, abs(variance), minute=3), from_location_id=source, to_location_id=target)
            await move([replace(booked, reason=Reason.COUNTED, document="count")])
        await mark_counted(place, at(3), document="count")
