from __future__ import annotations

from itertools import permutations
from random import Random

import pytest

from controller import db
from controller.catalog.operations import NewBarcode, NewSku, add_barcode, create_sku
from controller.proofs.proving import reconcile
from controller.sales.policies import NewReceipt, Outcome, Result
from controller.sales.queries import demand
from controller.sales.recording import record
from controller.sales.waiting import book_waiting
from controller.sites.operations import create_site
from controller.stock.operations import ReserveLine, move, reserve
from controller.tasks.queries import waiting
from tests.controller.goods import Shop, add_sku, at, holds, newest_entry, numbers
from tests.controller.sales.tills import line, receipt


async def told(*receipts: NewReceipt) -> list[Result]:
    return await record(receipts, source="token:pos")


async def outcomes(*receipts: NewReceipt) -> list[str]:
    return [result.outcome.value for result in await told(*receipts)]


async def sold(sku: int) -> tuple[int, int, int]:
    rows = await db.fetch("SELECT SUM(sold) AS a, SUM(returned) AS b, SUM(amount_minor) AS c FROM daily_sale WHERE sku_id = ?", sku)
    return tuple(int(value or 0) for value in rows[0].values())  # type: ignore[return-value]  # three columns


async def test_a_receipt_takes_from_the_shelf_and_says_why(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 10)
    assert await outcomes(receipt("1", line("milk", 3))) == ["booked"]
    assert await numbers(sku) == (7, 0, 0)
    newest = await newest_entry(sku)
    assert (newest.source, newest.target, newest.reason, newest.document) == ("A-1", "customer", "sold", "sale 1/1")
    assert await sold(sku) == (3, 0, 300)
    assert await reconcile() == []


async def test_told_again_is_recognised_and_something_else_is_kept_beside(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 10)
    first, other = receipt("1", line("milk", 3)), receipt("1", line("milk", 2))
    assert await outcomes(first, first, other) == ["booked", "repeated", "conflict"]
    assert await outcomes(other, first, receipt("2", line("milk"))) == ["conflict", "repeated", "booked"]
    assert await numbers(sku) == (6, 0, 0)
    assert [row["told"].count("milk") for row in await db.fetch("SELECT told FROM sale_conflict")] == [1]
    assert await waiting() == {"sale_conflict": 1}


async def test_goods_come_back_and_damaged_ones_are_kept_apart(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 10)
    await told(receipt("1", line("milk", 3)), receipt("2", line("milk", -1)), receipt("3", line("milk", -1, damaged=True)))
    rows = await db.fetch("SELECT on_hand, quarantined FROM availability WHERE sku_id = ?", sku)
    assert (rows[0]["on_hand"], rows[0]["quarantined"]) == (9, 1)
    assert await sold(sku) == (3, 2, 100)


async def test_a_sale_is_never_refused_and_takes_the_latest_promise_back(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 5)
    await reserve([ReserveLine(line_key="a", sku_id=sku, quantity=2)], site_id="s1")
    await reserve([ReserveLine(line_key="b", sku_id=sku, quantity=2)], site_id="s1")
    assert await outcomes(receipt("1", line("milk", 3))) == ["booked"]
    assert await holds(sku) == {"a": "reserved", "b": "withdrawn"}
    assert await outcomes(receipt("2", line("milk", 9))) == ["booked"]
    assert (await numbers(sku))[0] == 0
    assert await reconcile() == []


async def test_an_unknown_barcode_waits_and_is_booked_as_of_its_time_once_linked(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 10)
    results = await told(receipt("1", line("milk", 1), line("9521234567899", 2, is_sku=False)))
    assert results == [Result(Outcome.WAITING, "unknown_goods")]
    assert await numbers(sku) == (9, 0, 0)
    assert await book_waiting() == 0
    await add_barcode("milk", NewBarcode(barcode="9521234567899", numerator=2))
    assert await book_waiting() == 1
    assert await book_waiting() == 0
    assert await numbers(sku) == (5, 0, 0)
    newest = await newest_entry(sku)
    assert newest.occurred_at == at(0)
    assert [row["state"] for row in await db.fetch("SELECT state FROM sale")] == ["booked"]


async def test_a_code_that_is_made_later_is_booked_then(database: str) -> None:
    await Shop.open()
    await told(receipt("1", line("tea", 2)))
    sku = await create_sku(NewSku(code="tea", name_en="Tea", name_zh="茶"))
    assert await book_waiting() == 1
    assert await sold(sku) == (2, 0, 200)


async def test_half_a_piece_is_kept_and_not_booked(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("egg", 10)
    await add_barcode("egg", NewBarcode(barcode="HALF", numerator=1, denominator=2))
    await told(receipt("1", line("HALF", 1, is_sku=False), line("HALF", 4, is_sku=False)))
    assert await numbers(sku) == (8, 0, 0)
    assert [row["state"] for row in await db.fetch("SELECT state FROM sale_line ORDER BY position")] == ["refused", "booked"]


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_void_takes_a_receipt_back_whichever_is_told_first(database: str, order: tuple[int, ...]) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 10)
    story = [receipt("1", line("milk", 3)), receipt("2", voids="1", minute=5), receipt("3", line("milk", 1), minute=9)]
    for index in order:
        await told(story[index])
    assert await numbers(sku) == (9, 0, 0)
    assert await sold(sku) == (1, 0, 100)
    assert {row["state"] for row in await db.fetch("SELECT state FROM sale")} == {"booked"}
    assert (await told(receipt("4", voids="1")))[0] == Result(Outcome.CONFLICT, "already_void")
    assert await numbers(sku) == (9, 0, 0)
    assert (await told(receipt("5", voids="99")))[0] == Result(Outcome.WAITING, "unknown_receipt")
    assert await reconcile() == []


async def test_a_void_in_the_same_call_as_its_receipt(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 10)
    await told(receipt("2", voids="1"), receipt("1", line("milk", 3), line("WHAT?", 1, is_sku=False)))
    assert await numbers(sku) == (10, 0, 0)
    await add_barcode("milk", NewBarcode(barcode="WHAT?"))
    assert await book_waiting() == 0, "what is void is never booked"


async def test_sales_deliveries_and_shelves_in_any_order(database: str) -> None:
    """What is sold before anybody says that it came leaves the same numbers as the other way round."""
    shop = await Shop.open()
    found = set()
    for number, order in enumerate(permutations(range(3))):
        sku = await add_sku(f"sku{number}")
        steps = [
            lambda sku=sku: move([shop.arrival(sku, 10, minute=1)]),
            lambda number=number: told(receipt(f"a{number}", line(f"sku{number}", 2), minute=2)),
            lambda number=number: told(receipt(f"b{number}", line(f"sku{number}", 3), minute=3)),
        ]
        for index in order:
            await steps[index]()  # type: ignore[no-untyped-call]  # mypy on lambdas with defaults
        await told(receipt(f"c{number}", line(f"sku{number}", 1), minute=4))
        rows = await db.fetch(
            "SELECT l.code, b.on_hand, b.borrowed FROM balance b JOIN location l ON l.id = b.location_id "
            "WHERE b.sku_id = ? AND (b.on_hand > 0 OR b.borrowed > 0)",
            sku,
        )
        found.add((*(await numbers(sku)), *(tuple(row.values()) for row in rows)))
    assert found == {(4, 0, 0, ("A-1", 4, 0))}
    assert await reconcile() == []


async def test_the_business_day_is_the_sites_own(database: str) -> None:
    await create_site("ny", name="New York", currency="USD", time_zone="America/New_York", day_starts="04:00")
    sku = await add_sku("milk")
    # 12:00 UTC is 07:00 in New York; 20 hours later it is 03:00 there, and still the same business day
    for number, minute in (("1", 0), ("2", 20 * 60), ("3", 21 * 60)):
        await told(receipt(number, line("milk", 1), minute=minute, site="ny"))
    found = await demand("ny", at(0).date(), at(24 * 60).date())
    assert [(row.day.day, row.sku_id, row.sold) for row in found] == [(21, sku, 2), (22, sku, 1)]


async def test_many_receipts_are_few_statements_and_all_there(database: str) -> None:
    shop = await Shop.open()
    skus = [await shop.stock(f"s{index}", 1000) for index in range(5)]
    random = Random(7)
    many = [receipt(str(n), *(line(f"s{random.randrange(5)}", random.randint(1, 3)) for _ in range(3))) for n in range(400)]
    assert set(await outcomes(*many)) == {"booked"}
    assert set(await outcomes(*many)) == {"repeated"}
    total = sum(each.quantity for one in many for each in one.lines)
    assert sum([(await sold(sku))[0] for sku in skus]) == total
    assert sum([(await numbers(sku))[0] for sku in skus]) == 5000 - total
