from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import permutations
from uuid import uuid4

import pytest

from controller import db
from controller.catalog.operations import NewBarcode, add_barcode
from controller.counts.facts import apply_counted
from controller.counts.limits import set_policy
from controller.counts.policies import Policy
from controller.facts import APPLIED, FactIn, Parked
from controller.proofs.proving import reconcile
from controller.sites.operations import create_bin
from controller.stock import queries
from controller.stock.operations import ReserveLine, move, reserve
from edge_agent.wire.facts import Counted, CountLine
from edge_agent.wire.messages import Symbol
from tests.controller.goods import Shop, add_sku, at, holds, newest_entry, numbers


def counted(lines: dict[str, int], *, minute: int, bin_code: str = "A-1") -> FactIn[Counted]:
    return FactIn(
        id=uuid4(),
        box="b1",
        site_id="s1",
        device="gun",
        person="wang",
        data=Counted(bin=bin_code, lines=[CountLine(symbol=Symbol(text=text), quantity=n) for text, n in lines.items()]),
        occurred_at=at(minute),
    )


async def a_shop() -> tuple[Shop, int]:
    shop = await Shop.open()
    sku = await add_sku("milk")
    await add_barcode("milk", NewBarcode(barcode="MILK"))
    await set_policy(Policy(units=1000, value_minor=10**9, approve_minor=10**9))
    return shop, sku


async def test_a_count_that_finds_less_than_is_promised_withdraws(database: str) -> None:
    shop, sku = await a_shop()
    await move([shop.arrival(sku, 10)])
    await reserve([ReserveLine(line_key="a", sku_id=sku, quantity=6)], site_id="s1")
    await reserve([ReserveLine(line_key="b", sku_id=sku, quantity=4)], site_id="s1")
    fact = counted({"MILK": 7}, minute=5)
    for _ in range(3):  # the same fact thrice is booked once
        assert await apply_counted([fact]) == [APPLIED]
    assert await numbers(sku) == (7, 6, 0)
    assert await holds(sku) == {"a": "reserved", "b": "withdrawn"}
    newest = await newest_entry(sku)
    assert (newest.change, newest.reason, newest.document, newest.person) == (-3, "counted", "CT-100001", "wang")
    assert await reconcile() == []


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_a_sale_during_the_count_is_no_variance_in_any_order_of_arrival(database: str, order: tuple[int, ...]) -> None:
    """10 came, 2 were sold, 8 were counted, 3 were sold: 5 are there, whatever arrives first."""
    shop, sku = await a_shop()
    count = counted({"MILK": 8}, minute=2)
    steps: list[Callable[[], Awaitable[object]]] = [
        lambda: move([shop.arrival(sku, 10, minute=0)]),
        lambda: move([shop.sale(sku, 2, minute=1)]),
        lambda: apply_counted([count]),
        lambda: move([shop.sale(sku, 3, minute=3)]),
    ]
    for step in order:
        await steps[step]()
    assert await numbers(sku) == (5, 0, 0)
    loss = await db.fetch("SELECT COALESCE(SUM(borrowed), 0) AS borrowed FROM balance")
    assert loss[0]["borrowed"] == 0
    assert await queries.as_of(shop.bin, at(2)) == {sku: 8}
    assert await reconcile() == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_two_counts_pin_the_bin_in_any_order(database: str, order: tuple[int, ...]) -> None:
    shop, sku = await a_shop()
    steps: list[Callable[[], Awaitable[object]]] = [
        lambda: apply_counted([counted({"MILK": 4}, minute=2)]),
        lambda: apply_counted([counted({"MILK": 9}, minute=4)]),
        lambda: move([shop.arrival(sku, 6, minute=3)]),
    ]
    for step in order:
        await steps[step]()
    assert await numbers(sku) == (9, 0, 0)
    assert await queries.as_of(shop.bin, at(2)) == {sku: 4}
    assert await reconcile() == []


async def test_a_count_while_others_sell_finds_what_it_found(database: str) -> None:
    """Sales from before the count commit while it is being booked; each is seen by one of the two sides."""
    shop, sku = await a_shop()
    await move([shop.arrival(sku, 50)])

    async def count() -> None:
        await db.in_transaction(lambda: apply_counted([counted({"MILK": 8}, minute=30)]))

    async def sell(minute: int) -> None:
        await db.in_transaction(lambda: move([shop.sale(sku, 1, minute=minute)]))

    await asyncio.gather(*(sell(n) for n in range(1, 11)), count(), *(sell(n) for n in range(11, 21)))
    assert await numbers(sku) == (8, 0, 0)
    assert await queries.as_of(shop.bin, at(30)) == {sku: 8}
    assert await reconcile() == []


async def test_what_is_not_listed_was_not_there(database: str) -> None:
    shop, sku = await a_shop()
    other = await add_sku("rice")
    await move([shop.arrival(sku, 5), shop.arrival(other, 3)])
    await apply_counted([counted({"MILK": 5}, minute=1)])
    assert (await numbers(sku), await numbers(other)) == ((5, 0, 0), (0, 0, 0))
    await apply_counted([counted({}, minute=2)])
    assert await numbers(sku) == (0, 0, 0)


async def test_unknown_bin_and_unknown_symbol_park(database: str) -> None:
    await a_shop()
    assert await apply_counted([counted({"MILK": 1}, minute=1, bin_code="Z-9")]) == [Parked("unknown_bin", "bin:s1:Z-9")]
    assert await apply_counted([counted({"WHAT": 1}, minute=1)]) == [Parked("unknown_barcode", "barcode:WHAT")]
    await create_bin("s1", "Z-9")
    assert await apply_counted([counted({"MILK": 1}, minute=1, bin_code="Z-9")]) == [APPLIED]


async def test_goods_counted_where_none_were_known_settle_a_discrepancy(database: str) -> None:
    shop, sku = await a_shop()
    await move([shop.sale(sku, 2, minute=1)])
    assert len(await queries.counts_needed("s1")) == 1
    await apply_counted([counted({"MILK": 3}, minute=5)])
    assert await numbers(sku) == (3, 0, 0)
    assert await queries.counts_needed("s1") == []
    assert await reconcile() == []
