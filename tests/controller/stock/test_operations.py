from __future__ import annotations

import asyncio
import sys

import pytest

from controller import db, events
from controller.proofs import why
from controller.proofs.proving import reconcile
from controller.stock import queries
from controller.stock.operations import (
    Adjustment,
    BadQuantity,
    InsufficientStock,
    ReserveLine,
    adjust,
    allocate,
    consume,
    move,
    release,
    reserve,
)
from tests.controller.goods import Shop, holds, numbers


def line(key: str, sku: int, quantity: int = 1) -> ReserveLine:
    return ReserveLine(line_key=key, sku_id=sku, quantity=quantity)


async def test_64_buyers_get_the_last_100_units_and_no_more(database: str) -> None:
    """Each buyer wants two lines of 1 of the same SKU: 128 wanted, 100 there."""
    shop = await Shop.open()
    sku = await shop.stock("milk", 100)

    async def buy(buyer: int) -> bool:
        try:
            await db.in_transaction(lambda: reserve([line(f"{buyer}-1", sku), line(f"{buyer}-2", sku)], site_id="s1"))
        except InsufficientStock:
            return False
        return True

    bought = await asyncio.gather(*(buy(n) for n in range(64)))
    assert sum(bought) == 50
    assert await numbers(sku) == (100, 100, 0)
    assert len(await holds(sku)) == 100
    assert await reconcile() == []


BUYER = """
import asyncio, sys
from controller import db
from controller.stock.operations import InsufficientStock, ReserveLine, reserve
async def buy(name, sku):
    try:
        await db.in_transaction(lambda: reserve([ReserveLine(line_key=name, sku_id=sku, quantity=1)], site_id="s1"))
    except InsufficientStock:
        return 0
    return 1
async def main(url, worker, sku):
    await db.connect(url)
    print(sum(await asyncio.gather(*(buy(f"{worker}-{n}", sku) for n in range(64)))))
    await db.close()
asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


async def test_three_processes_of_64_buyers_do_not_oversell(postgres_url: str) -> None:
    await db.connect(postgres_url, create_schema=True)
    shop = await Shop.open()
    sku = await shop.stock("milk", 100)
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", BUYER, postgres_url, str(n), str(sku), stdout=asyncio.subprocess.PIPE
        )
        for n in range(3)
    ]
    outputs = [await process.communicate() for process in processes]
    assert sum(int(stdout) for stdout, _ in outputs) == 100
    assert await numbers(sku) == (100, 100, 0)
    assert await reconcile() == []
    await db.close()


async def test_two_lines_of_one_sku_do_not_oversell(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 5)
    with pytest.raises(InsufficientStock) as refused:
        await reserve([line("a", sku, 3), line("b", sku, 3)], site_id="s1")
    assert (refused.value.sku, refused.value.wanted, refused.value.available) == ("milk", 6, 5)
    assert await numbers(sku) == (5, 0, 0)
    assert await holds(sku) == {}


async def test_a_short_second_sku_leaves_the_first_alone(database: str) -> None:
    shop = await Shop.open()
    milk, rice = await shop.stock("milk", 5), await shop.stock("rice", 1)
    with pytest.raises(InsufficientStock):
        await reserve([line("a", milk, 1), line("b", rice, 2)], site_id="s1")
    assert await numbers(milk) == (5, 0, 0)


async def test_reserving_a_line_again_keeps_its_hold(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 5)
    for _ in range(3):
        await reserve([line("a", sku, 3)], site_id="s1")
    assert await numbers(sku) == (5, 3, 0)


async def test_release_allocate_and_consume_happen_once(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 10)
    await reserve([line("a", sku, 3), line("b", sku, 4)], site_id="s1")
    for _ in range(2):
        await allocate(["a", "b"])
    assert await numbers(sku) == (10, 0, 7)
    for _ in range(2):
        await release(["a"])
    assert await numbers(sku) == (10, 0, 4)
    async with db.transaction():
        assert await consume("b", 3) == 3
        await move([shop.sale(sku, 3)])
    assert await numbers(sku) == (7, 0, 1)
    assert await consume("b", 9) == 1
    assert await consume("b", 9) == 0
    assert await holds(sku) == {"a": "released", "b": "consumed"}
    assert await reconcile() == []


async def test_a_fact_that_takes_promised_goods_withdraws_the_latest_commitment(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 10)
    await reserve([line("first", sku, 4)], site_id="s1")
    await reserve([line("second", sku, 3)], site_id="s1")
    await reserve([line("third", sku, 3)], site_id="s1")
    await allocate(["second"])
    await move([shop.sale(sku, 5)])
    assert await numbers(sku) == (5, 4, 0)
    assert await queries.withdrawn(["first", "second", "third"]) == {"second", "third"}
    told = [(e.subject, e.data) for e in await events.feed(0) if e.name == "commitment_withdrawn"]
    assert told == [("third", {"sku_id": sku, "quantity": 3}), ("second", {"sku_id": sku, "quantity": 3})]
    assert await reconcile() == []


async def test_what_was_never_known_comes_from_discrepancy_and_asks_for_a_count(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 3)
    await move([shop.sale(sku, 5)])
    assert await numbers(sku) == (0, 0, 0)
    assert [(need.location, need.borrowed) for need in await queries.counts_needed("s1")] == [("A-1", 2)]
    assert "count_needed" in {e.name for e in await events.feed(0)}
    await move([shop.arrival(sku, 6)])
    assert await numbers(sku) == (4, 0, 0)
    assert await queries.counts_needed("s1") == []
    assert await reconcile() == []


async def test_the_ledger_tells_why(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 9)
    await move([shop.sale(sku, 3)])
    await adjust(Adjustment(sku_id=sku, location_id=shop.bin, change=1, reason="found behind"), person="li")
    where = why.Where(sku_id=sku, site_id="s1")
    entries, _ = await why.entries(why.Figure.ON_HAND, where)
    assert [(e.change, e.balance, e.reason) for e in entries] == [(1, 7, "adjusted"), (-3, 6, "shipped"), (9, 9, "received")]
    assert (entries[0].person, entries[0].document) == ("li", "adjustment: found behind")
    first, following = await why.entries(why.Figure.ON_HAND, where, limit=1)
    second, _ = await why.entries(why.Figure.ON_HAND, where, before=following, limit=1)
    assert [*first, *second] == entries[:2]


async def test_a_quantity_must_be_above_zero(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 9)
    with pytest.raises(BadQuantity):
        await move([shop.sale(sku, 0)])
    with pytest.raises(BadQuantity):
        await reserve([line("a", sku, 0)], site_id="s1")


async def test_reconcile_reports_a_cooked_number(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 9)
    await reserve([line("a", sku, 2)], site_id="s1")
    await db.execute("UPDATE balance SET on_hand = 8")
    await db.execute("UPDATE availability SET reserved = 1")
    found = {(difference.kind, difference.stored, difference.expected) for difference in await reconcile()}
    assert found == {
        ("balance", 8, 9),
        ("on_hand", 9, 8),
        ("reserved", 1, 2),
    }


async def test_movers_and_buyers_together_add_up(database: str) -> None:
    shop = await Shop.open()
    skus = [await shop.stock(f"sku{n}", 50) for n in range(5)]

    async def sell(n: int) -> None:
        await db.in_transaction(lambda: move([shop.sale(sku, 1 + n % 3) for sku in (skus if n % 2 else skus[::-1])]))

    async def buy(n: int) -> None:
        lines = [line(f"{n}-{sku}", sku, 2) for sku in (skus if n % 2 else skus[::-1])]
        try:
            await db.in_transaction(lambda: reserve(lines, site_id="s1"))
        except InsufficientStock:
            return
        if n % 3 == 0:
            await db.in_transaction(lambda: release([entry.line_key for entry in lines]))

    await asyncio.gather(*(sell(n) for n in range(20)), *(buy(n) for n in range(20)))
    assert await reconcile() == []
