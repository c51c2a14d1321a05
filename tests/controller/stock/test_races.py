"""Many who move, promise, block and adjust the same lots at once, in tasks and in processes: every number stays true."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import date
from random import Random

from controller import db
from controller.proofs.proving import reconcile
from controller.proofs.reconciler import Reconciler
from controller.proofs.seals import Sealer, verify
from controller.stock.lots import block, lot_of, unblock
from controller.stock.operations import Adjustment, InsufficientStock, Move, ReserveLine, adjust, allocate, move, release, reserve
from tests.controller.goods import Shop
from tests.controller.proofs.test_seals import AT_ONCE, sealed

SKUS = 3
TURNS = 12


async def work(worker: int, turns: int = TURNS) -> None:
    """What one of them does, from what the database holds; each step is a transaction of its own."""
    random = Random(worker)
    skus = [row["id"] for row in await db.fetch("SELECT id FROM sku ORDER BY id")]
    lots = {sku: [row["id"] for row in await db.fetch("SELECT id FROM lot WHERE sku_id = ? ORDER BY id", sku)] for sku in skus}
    places = {row["code"]: row["id"] for row in await db.fetch("SELECT code, id FROM location")}
    for turn in range(turns):
        sku, other = random.sample(skus, 2)
        booked = [
            _move(places, each, random, random.choice([0, *lots[each]]))
            for each in random.sample([sku, other], 2)  # in any order: locks are taken in one
        ]
        await db.in_transaction(lambda booked=booked: move(booked))  # type: ignore[misc]  # a default, as loops bind late
        line = ReserveLine(line_key=f"{worker}-{turn}", sku_id=sku, quantity=random.randint(1, 3))
        with suppress(InsufficientStock):
            await db.in_transaction(lambda line=line: reserve([line], site_id="s1"))  # type: ignore[misc]
        step = random.choice([release, allocate])
        await db.in_transaction(lambda step=step: step([f"{worker}-{random.randrange(turns)}"]))  # type: ignore[misc]
        lot, is_good = random.choice(lots[other]), random.random() < 0.5
        await db.in_transaction(lambda lot=lot, ok=is_good: unblock(lot) if ok else block(lot, reason="race"))  # type: ignore[misc]
        change = Adjustment(sku_id=other, location_id=places["A-2"], change=random.choice([-2, 3]), reason="count")
        await db.in_transaction(lambda change=change: adjust(change, person=f"p{worker}"))  # type: ignore[misc]


def _move(places: dict[str, int], sku: int, random: Random, lot: int) -> Move:
    source, target = random.sample(["A-1", "A-2", "quarantine", "customer", "supplier"], 2)
    shop = Shop()
    shop.bin, shop.customer = places[source], places[target]
    return replace(shop.sale(sku, random.randint(1, 4), minute=random.randrange(60)), lot_id=lot)


async def opened() -> None:
    shop = await Shop.open()
    for n in range(SKUS):
        sku = await shop.stock(f"sku{n}", 40)
        for expiry in (date(2026, 12, 1), date(2027, 1, 1)):
            lot = await lot_of(sku, expiry.isoformat(), expiry)
            await move([replace(shop.arrival(sku, 20, minute=1), lot_id=lot)])


async def proven() -> None:
    assert await reconcile() == []
    assert (await Reconciler(pause=0).full_pass()).differences == 0
    await sealed()
    assert (await verify())[1] == []
    rows = await db.fetch("SELECT COUNT(*) AS n FROM availability WHERE on_hand < reserved + allocated + quarantined")
    assert rows[0]["n"] == 0


async def test_tasks_that_race_for_the_same_lots_keep_every_number_true(database: str) -> None:
    await opened()
    sealer = Sealer(AT_ONCE)
    async with asyncio.TaskGroup() as tasks:
        for worker in range(6):
            tasks.create_task(work(worker))
        for _ in range(5):
            await sealer.step()
            await asyncio.sleep(0)
    await proven()


RACER = """
import asyncio, sys
from controller import db
from tests.controller.stock.test_races import work
async def main(url, worker):
    await db.connect(url)
    await asyncio.gather(*(work(worker * 10 + n, 6) for n in range(3)))
    await db.close()
asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


async def test_processes_that_race_for_the_same_lots_keep_every_number_true(postgres_url: str) -> None:
    await db.connect(postgres_url, create_schema=True)
    await opened()
    racers = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", RACER, postgres_url, str(worker), stderr=asyncio.subprocess.PIPE)
        for worker in range(3)
    ]
    for racer in racers:
        _, stderr = await racer.communicate()
        assert racer.returncode == 0, stderr.decode()
    await proven()
    await db.close()


async def test_a_second_process_on_sqlite_is_refused(tmp_path: object) -> None:
    url = f"sqlite://{tmp_path}/controller.db"
    await db.connect(url, create_schema=True)
    await opened()
    racer = await asyncio.create_subprocess_exec(sys.executable, "-c", RACER, url, "1", stderr=asyncio.subprocess.PIPE)
    _, stderr = await racer.communicate()
    assert racer.returncode != 0
    assert "is in use by another controller process" in stderr.decode()
    assert await reconcile() == []
    await db.close()


async def test_two_that_see_one_new_lot_agree_on_it(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 1)
    dates = [date(2027, 1, 1 + n) for n in range(5)] + [None]
    found = await asyncio.gather(*(lot_of(sku, "L1", expiry) for expiry in dates * 2))
    assert len(set(found)) == 1
    rows = await db.fetch("SELECT expiry, latest_expiry FROM lot")
    assert rows == [{"expiry": date(2027, 1, 1), "latest_expiry": date(2027, 1, 5)}]
    assert [row["kind"] for row in await db.fetch("SELECT kind FROM task")] == ["lot_expiry_disputed"]
