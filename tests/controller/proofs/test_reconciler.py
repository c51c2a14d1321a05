"""The reconciler: it sees what is wrong and nothing else, while others write; it corrects nothing; a manager does, by a diff."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from controller import db, events
from controller.proofs.reconciler import Reconciler, runs
from controller.proofs.seals import Sealer
from controller.proofs.settling import DifferenceChanged, NotSettled, Trust, differences, proposal, settle
from controller.stock.lots import lot_of
from controller.stock.operations import ReserveLine, move, reserve
from tests.controller.goods import Shop, numbers
from tests.controller.proofs.test_seals import AT_ONCE, sealed


@pytest.fixture
async def shop(database: str) -> Shop:
    return await Shop.open()


async def found() -> dict[str, tuple[int, int]]:
    await Reconciler(pause=0).full_pass()
    return {each.kind: (each.stored, each.expected) for each in await differences()}


async def tasks() -> list[str]:
    return [row["state"] for row in await db.fetch("SELECT state FROM task WHERE kind = 'stock_difference' ORDER BY id")]


async def test_a_sound_shop_has_no_difference(shop: Shop) -> None:
    sku = await shop.stock("milk", 9)
    lot = await lot_of(sku, "L1", date(2027, 1, 1))
    await move([shop.sale(sku, 12), replace(shop.arrival(sku, 5), lot_id=lot)])
    await reserve([ReserveLine(line_key="a", sku_id=sku, quantity=1)], site_id="s1")
    await sealed(Sealer(AT_ONCE))
    assert await found() == {}
    (run,) = await runs()
    assert run.finished_at is not None
    assert (run.numbers, run.differences) == (2, 0)


STRAY = (
    "INSERT INTO balance (sku_id, location_id, lot_id, on_hand, borrowed) SELECT 1, id, 7, 4, 0 FROM location WHERE code = 'A-2'"
)


@pytest.mark.parametrize(
    ("damage", "kind", "stored", "expected"),
    [
        ("UPDATE balance SET on_hand = 8", "balance", 8, 9),
        (STRAY, "balance", 4, 0),
        ("UPDATE balance SET borrowed = 3", "borrowed", 3, 0),
        ("UPDATE availability SET on_hand = 10", "on_hand", 10, 9),
        ("UPDATE availability SET quarantined = 1", "quarantined", 1, 0),
        ("UPDATE availability SET reserved = 1", "reserved", 1, 2),
        ("UPDATE availability SET allocated = 2", "allocated", 2, 0),
        ("UPDATE availability SET presale = 5, presold = 5", "presold", 5, 0),
        ("UPDATE serial SET net = 2", "serial", 2, 1),
        ("UPDATE serial SET location_id = 1", "pieces", 1, 0),
    ],
)
async def test_each_number_is_proven(shop: Shop, damage: str, kind: str, stored: int, expected: int) -> None:
    sku = await shop.stock("milk", 8)
    await move([replace(shop.arrival(sku, 1), serial="S1")])
    await reserve([ReserveLine(line_key="a", sku_id=sku, quantity=2)], site_id="s1")
    assert await db.execute(damage) == 1
    assert (await found())[kind] == (stored, expected)
    assert len(await tasks()) == len(await differences())
    before = len(await events.feed(0))
    await found()
    assert len(await events.feed(0)) == before  # seen again is not told again


async def test_what_is_right_again_is_gone_and_its_task_closed(shop: Shop) -> None:
    await shop.stock("milk", 9)
    await db.execute("UPDATE availability SET incoming = 0, reserved = 1")
    assert await found() == {"reserved": (1, 0)}
    await db.execute("UPDATE availability SET reserved = 0")
    assert await found() == {}
    assert await tasks() == ["done"]
    assert [each.state for each in await differences(state="gone")] == ["gone"]


async def test_an_entry_that_was_changed_is_a_difference_of_the_seals(shop: Shop) -> None:
    await shop.stock("milk", 9)
    await sealed(Sealer(AT_ONCE))
    if db.engine() is db.Engine.SQLITE:
        await db.execute("DROP TRIGGER stock_movement_no_update")
    else:
        await db.execute("DROP TRIGGER stock_movement_append_only ON stock_movement")
    await db.execute("UPDATE stock_movement SET quantity = 10")
    assert (await found())["seal"] == (1, 1)  # entry 1 in block 1
    (broken,) = [each for each in await differences() if each.kind == "seal"]
    with pytest.raises(NotSettled):
        await settle(broken.id, Trust.ROWS, stored=1, expected=1)
    await settle(broken.id, Trust.NOTED, stored=1, expected=1)
    assert "seal" not in await found()


async def test_trusting_the_entries_puts_the_number_right(shop: Shop) -> None:
    sku = await shop.stock("milk", 9)
    await reserve([ReserveLine(line_key=f"{n}", sku_id=sku, quantity=4) for n in range(2)], site_id="s1")
    await db.execute("UPDATE balance SET on_hand = 12")
    await db.execute("UPDATE availability SET on_hand = 12")
    assert await found() == {"balance": (12, 9)}
    (wrong,) = await differences()
    assert [(line.trust, line.before, line.after) for line in proposal(wrong)] == [(Trust.ROWS, 12, 9), (Trust.NUMBER, 0, 3)]
    await settle(wrong.id, Trust.ROWS, stored=12, expected=9)
    assert await found() == {"on_hand": (12, 9)}
    (level,) = await differences()
    with events.acting("person:chen"):
        done = await settle(level.id, Trust.ROWS, stored=12, expected=9)
    assert (done.state, done.settled_by, done.how) == ("settled", "person:chen", "rows")
    assert await numbers(sku) == (9, 8, 0)
    assert await found() == {}
    assert await tasks() == ["done", "done"]


async def test_trusting_the_number_books_the_entry_that_was_missing_and_asks_for_a_count(shop: Shop) -> None:
    sku = await shop.stock("milk", 9)
    await db.execute("UPDATE balance SET on_hand = 7")
    await db.execute("UPDATE availability SET on_hand = 7")
    await found()
    (wrong,) = await differences()
    await settle(wrong.id, Trust.NUMBER, stored=7, expected=9)
    assert await found() == {}
    assert await numbers(sku) == (7, 0, 0)
    rows = await db.fetch("SELECT quantity, document FROM stock_movement WHERE reason = 'reconciled'")
    assert rows == [{"quantity": 2, "document": f"difference {wrong.id}"}]
    assert "count_needed" in {each.name for each in await events.feed(0)}


async def test_a_level_put_right_withdraws_what_it_no_longer_covers(shop: Shop) -> None:
    sku = await shop.stock("milk", 9)
    await db.execute("UPDATE availability SET on_hand = 20")
    await reserve([ReserveLine(line_key=f"{n}", sku_id=sku, quantity=6) for n in range(2)], site_id="s1")
    await found()
    (level,) = await differences()
    await settle(level.id, Trust.ROWS, stored=20, expected=9)
    assert await numbers(sku) == (9, 6, 0)
    assert await found() == {}


async def test_a_diff_that_is_old_is_not_booked(shop: Shop) -> None:
    sku = await shop.stock("milk", 9)
    await db.execute("UPDATE availability SET on_hand = 20")
    await found()
    (level,) = await differences()
    with pytest.raises(DifferenceChanged):
        await settle(level.id, Trust.ROWS, stored=19, expected=9)
    await move([shop.sale(sku, 1)])
    with pytest.raises(DifferenceChanged):
        await settle(level.id, Trust.ROWS, stored=20, expected=9)
    assert await numbers(sku) == (19, 0, 0)


async def test_writers_that_go_on_give_no_false_alarm(shop: Shop) -> None:
    skus = [await shop.stock(f"sku{n}", 50) for n in range(8)]
    done = asyncio.Event()

    async def sell(sku: int) -> None:
        for _ in range(12):
            await db.in_transaction(lambda: move([shop.sale(sku, 3), shop.arrival(sku, 2)]))
            await db.in_transaction(lambda: reserve([ReserveLine(line_key=str(uuid4()), sku_id=sku, quantity=1)], site_id="s1"))

    async def prove() -> int:
        passes = 0
        while not done.is_set():
            assert (await Reconciler(pause=0).full_pass()).differences == 0
            passes += 1
        return passes

    proving = asyncio.create_task(prove())
    await asyncio.gather(*(sell(sku) for sku in skus))
    done.set()
    assert await proving >= 1
    assert await found() == {}
