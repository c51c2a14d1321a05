"""Sums of the ledger by day: what was there at an instant is the same with them and without, however late facts come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from controller import db
from controller.proofs.instants import site_at, sku_at
from controller.proofs.reconciler import Reconciler
from controller.proofs.settling import Trust, differences, settle
from controller.proofs.summing import Summing
from controller.stock.operations import Move, move
from controller.stock.queries import as_of
from controller.stock.sums import summed
from tests.controller.goods import Shop
from tests.controller.proofs.test_seals import sealed

FIRST = datetime(2026, 11, 2, 6, tzinfo=UTC)
DAYS = 6


@pytest.fixture
async def shop(database: str) -> Shop:
    return await Shop.open()


async def summed_up(least: int = 10) -> None:
    await sealed()
    summing = Summing(least)
    while await summing.step():
        pass


def moves(shop: Shop, sku: int, random: Random, count: int) -> list[Move]:
    """Arrivals, sales and put-aways of some days, told in an order of their own."""
    found = []
    for _ in range(count):
        plain = random.choice([shop.arrival(sku, 9), shop.sale(sku, 2), replace(shop.sale(sku, 1), to_location_id=shop.other)])
        when = FIRST + timedelta(minutes=random.randrange(DAYS * 24 * 60))
        found.append(replace(plain, quantity=random.randint(1, 9), occurred_at=when))
    return found


async def told(shop: Shop, instants: Sequence[datetime], skus: Sequence[int]) -> list[object]:
    found: list[object] = []
    for instant in instants:
        found += [await sku_at(sku, "s1", instant) for sku in skus]
        found.append(await site_at("s1", instant))
        for place in (shop.bin, shop.other):
            found.append(await as_of(place, instant))
            found.append(await as_of(place, instant, sku_ids=skus[:1]))
            found.append(await site_at("s1", instant, location_id=place))
    return found


async def test_what_was_there_is_the_same_with_sums_and_without(shop: Shop) -> None:
    random = Random(7)
    milk, tea = await shop.stock("milk", 5), await shop.stock("tea", 5)
    instants = [FIRST + timedelta(minutes=random.randrange(DAYS * 24 * 60)) for _ in range(12)]
    instants += [FIRST.replace(hour=0) + timedelta(days=2), FIRST - timedelta(days=1), FIRST + timedelta(days=60)]
    for size in (60, 17, 25):  # what comes later is partly in the sums, partly not yet, and partly late
        for each in moves(shop, milk, random, size):
            await move([each])
        await move(moves(shop, tea, random, 1))
        before = await told(shop, instants, [milk, tea])
        await summed_up()
        assert await summed([milk, tea]) == {milk}
        assert await told(shop, instants, [milk, tea]) == before
    await Reconciler(pause=0).full_pass()
    assert await differences() == []


async def test_several_that_sum_up_do_it_once(shop: Shop) -> None:
    milk = await shop.stock("milk", 5)
    await move(moves(shop, milk, Random(3), 40))
    await summed_up()
    once = await db.fetch("SELECT * FROM stock_sum ORDER BY id")
    await summed_up()
    assert await db.fetch("SELECT * FROM stock_sum ORDER BY id") == once


async def test_a_sum_that_is_wrong_is_found_and_made_anew(shop: Shop) -> None:
    milk = await shop.stock("milk", 5)
    await move(moves(shop, milk, Random(3), 40))
    right = await sku_at(milk, "s1", FIRST + timedelta(days=30))
    await summed_up()
    await db.execute("UPDATE stock_sum SET quantity = quantity + 1 WHERE location_id = ?", shop.bin)
    assert await sku_at(milk, "s1", FIRST + timedelta(days=30)) != right
    await Reconciler(pause=0).full_pass()
    found = await differences()
    assert {each.kind for each in found} == {"sums"}
    await settle(found[0].id, Trust.ROWS, stored=found[0].stored, expected=found[0].expected)
    assert await summed([milk]) == set()
    assert await sku_at(milk, "s1", FIRST + timedelta(days=30)) == right
    await summed_up()
    await Reconciler(pause=0).full_pass()
    assert await differences() == []
    assert await sku_at(milk, "s1", FIRST + timedelta(days=30)) == right


async def test_only_what_is_sealed_is_summed_up(shop: Shop) -> None:
    milk = await shop.stock("milk", 5)
    await move([shop.sale(milk, 1) for _ in range(20)])
    summing = Summing(5)
    assert not await summing.step()
    await sealed()
    while await summing.step():
        pass
    assert await summed([milk]) == {milk}
