"""Promises under load, on both engines, and beside a simple model: never more granted than there, reserved == sum of open holds."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller import db
from controller.errors import DomainError
from controller.fulfilment.operations import release as release_order
from controller.orders.operations import place
from controller.proofs.proving import reconcile
from controller.recalls.operations import recall
from controller.stock.channels import add_channel, set_buffer
from controller.stock.holds import expire_due, lock_holds
from controller.stock.lots import lot_of
from controller.stock.operations import InsufficientStock, ReserveLine, Terms, allocate, consume, move, release, reserve
from controller.stock.presale import set_presale
from controller.stock.states import Hold
from tests.controller.goods import Shop, holds, numbers
from tests.controller.orders_shop import OrderShop

MANY = """
import asyncio, random, sys
from datetime import timedelta
from controller import db
from controller.errors import DomainError
from controller.stock import carts
from controller.stock.holds import expire_due, keep_until
from controller.stock.lots import block, unblock
from controller.stock.operations import ReserveLine, Terms, allocate, release, reserve
chance = random.Random(sys.argv[2])
SKUS, LOT = [int(text) for text in sys.argv[3].split(",")], int(sys.argv[4])
async def buy(name):
    lines = [ReserveLine(line_key=f"{name}/{n}", sku_id=chance.choice(SKUS), quantity=chance.randint(1, 3),
                         presale=chance.random() < 0.3) for n in range(chance.randint(1, 3))]
    await reserve(lines, site_id="s1", terms=Terms(channel=chance.choice(["web", "shop", ""])))
async def cart(name):
    wanted = carts.Wanted(site="s1", channel="web", quantities={sku: chance.randint(1, 2) for sku in SKUS},
                          expires_at=db.now() + timedelta(milliseconds=chance.randint(1, 40)), presale=frozenset(SKUS[:1]))
    await carts.fill_cart(name, wanted)
async def step(number):
    me, other = f"{sys.argv[2]}-{number}", f"{sys.argv[2]}-{chance.randint(0, number)}"
    verb = chance.choice([
        lambda: buy(me), lambda: buy(me), lambda: cart(f"c{me}"), lambda: carts.confirm_cart(f"c{other}"), expire_due,
        lambda: release([f"{other}/0", f"{other}/1"]), lambda: allocate([f"{other}/0"]), lambda: keep_until(f"cart:c{other}", None),
        lambda: block(LOT, reason="x"), lambda: unblock(LOT)])
    try:
        await db.in_transaction(verb)
    except DomainError:
        pass
async def main():
    await db.connect(sys.argv[1])
    for start in range(0, 60, 10):
        await asyncio.gather(*(step(start + n) for n in range(10)))
    await db.close()
asyncio.run(main())
"""


async def stocked(shop: Shop) -> tuple[list[int], int]:
    """Three SKUs, twelve of each; five of the first in a lot; a buffer of the web shop and a presale of the first."""
    skus = [await shop.stock(code, 7 if code == "a" else 12) for code in "abc"]
    lot = await lot_of(skus[0], "L1")
    await move([replace(shop.arrival(skus[0], 5), lot_id=lot)])
    await add_channel("web", name_en="Web", name_zh="网店")
    await set_buffer("web", 3, reason="for the shop")
    await set_presale(skus[0], "s1", 6)
    return skus, lot


async def test_many_processes_that_do_everything_at_once_leave_books_that_add_up(postgres_url: str) -> None:
    await db.connect(postgres_url, create_schema=True)
    skus, lot = await stocked(await Shop.open())
    arguments = (",".join(map(str, skus)), str(lot))
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", MANY, postgres_url, str(n), *arguments, stderr=asyncio.subprocess.PIPE
        )
        for n in range(3)
    ]
    for process in processes:
        _, trouble = await process.communicate()
        assert process.returncode == 0, trouble.decode()[-2000:]
    assert await reconcile() == []
    assert len({state for sku in skus for state in (await holds(sku)).values()}) >= 2
    await db.close()


async def test_many_tasks_of_one_process_do_the_same_on_sqlite(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/c.db"
    await db.connect(url, create_schema=True)
    skus, lot = await stocked(await Shop.open())
    await db.close()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", MANY, url, "7", ",".join(map(str, skus)), str(lot), stderr=asyncio.subprocess.PIPE
    )
    _, trouble = await process.communicate()
    assert process.returncode == 0, trouble.decode()[-2000:]
    await db.connect(url)
    assert await reconcile() == []
    await db.close()


async def test_a_second_process_is_refused_on_sqlite(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/c.db"
    await db.connect(url, create_schema=True)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", MANY, url, "1", "1", "1", stderr=asyncio.subprocess.PIPE)
    _, trouble = await process.communicate()
    assert process.returncode != 0
    assert "DatabaseInUse" in trouble.decode()
    await db.close()


async def test_a_hold_that_comes_while_its_row_is_waited_for_is_left_to_whoever_has_the_row(copied_database: str) -> None:
    """The row of the other SKU is not locked: a change of its hold beside whoever has that row would be lost in the sums."""
    await db.connect(copied_database)
    shop = await Shop.open()
    tea, milk = await shop.stock("tea", 4), await shop.stock("milk", 4)
    await reserve([ReserveLine(line_key="a/1", sku_id=tea, quantity=1)], site_id="s1")

    async def lines_of_both() -> list[str]:
        return [row["line_key"] for row in await db.in_transaction(lambda: lock_holds(["a/1", "b/1"], (Hold.RESERVED,)))]

    async with db.transaction():
        await db.fetch("SELECT id FROM availability WHERE sku_id = ?" + db.for_update(), tea)
        locking = asyncio.create_task(lines_of_both())
        await asyncio.create_task(_someone_waits())
        later = [ReserveLine(line_key="b/1", sku_id=milk, quantity=1)]
        await asyncio.create_task(db.in_transaction(lambda: reserve(later, site_id="s1")))
    assert await locking == ["a/1"]
    assert await lines_of_both() == ["a/1", "b/1"]


async def _someone_waits() -> None:
    async with asyncio.timeout(30):
        while not await db.fetch("SELECT pid FROM pg_locks WHERE NOT granted LIMIT 1"):
            await asyncio.sleep(0.01)


async def test_a_buffer_is_kept_under_load(database: str) -> None:
    sku = await (await Shop.open()).stock("tea", 40)
    await add_channel("web", name_en="Web", name_zh="网店")
    await set_buffer("web", 15, reason="for the shop")

    async def buy(name: str, channel: str) -> bool:
        try:
            line = ReserveLine(line_key=name, sku_id=sku, quantity=1)
            await db.in_transaction(lambda: reserve([line], site_id="s1", terms=Terms(channel=channel)))
        except InsufficientStock:
            return False
        return True

    assert sum(await asyncio.gather(*(buy(f"w{n}", "web") for n in range(64)))) == 25
    assert sum(await asyncio.gather(*(buy(f"s{n}", "shop") for n in range(64)))) == 15
    assert await numbers(sku) == (40, 40, 0)


async def test_what_arrives_goes_to_presold_lines_whoever_reserves_at_the_same_time(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("phone", 1)
    await reserve([ReserveLine(line_key="x", sku_id=sku, quantity=1)], site_id="s1")
    await set_presale(sku, "s1", 12)
    for number in range(12):
        await reserve([ReserveLine(line_key=f"p{number}", sku_id=sku, quantity=1, presale=True)], site_id="s1")

    async def buy(number: int) -> bool:
        line = ReserveLine(line_key=f"n{number}", sku_id=sku, quantity=1)
        try:
            await db.in_transaction(lambda: reserve([line], site_id="s1"))
        except InsufficientStock:
            return False
        return True

    async def arrive() -> bool:
        await db.in_transaction(lambda: move([shop.arrival(sku, 3)]))
        return False

    got = await asyncio.gather(*(arrive() if number % 5 == 0 else buy(number) for number in range(20)))
    assert not any(got), "all twelve that came were sold before"
    states = await holds(sku)
    assert {states[f"p{number}"] for number in range(12)} == {"reserved"}
    assert await numbers(sku) == (13, 13, 0)
    assert await reconcile() == []


async def test_recall_reservation_and_release_at_the_same_time(database: str) -> None:
    shop = await OrderShop.open()
    sku = await shop.stock("milk", 10)
    lot = await lot_of(sku, "L1")
    await move([replace(shop.shop.arrival(sku, 10), lot_id=lot)])

    async def order(number: int) -> None:
        try:
            no = await db.in_transaction(lambda: place(shop.order(("milk", 2), reference=f"r{number}")))
            await db.in_transaction(lambda: release_order(no))
        except DomainError:
            return

    async def call_back() -> None:
        await db.in_transaction(lambda: recall("L1", "milk", reason="glass"))

    await asyncio.gather(*(call_back() if number == 5 else order(number) for number in range(14)))
    row = (await db.fetch("SELECT * FROM availability"))[0]
    assert (row["on_hand"], row["quarantined"]) == (20, 10)
    assert row["reserved"] + row["allocated"] <= 10
    assert await reconcile() == []
    bound = await db.fetch("SELECT location_id, lot_id, SUM(quantity - picked) AS n FROM pick_line GROUP BY location_id, lot_id")
    assert all(int(one["n"]) <= 10 for one in bound), "no two lists were bound to the same goods"


@dataclass
class Model:
    """What must be true, in plain sums: one SKU, two channels, holds in the order in which they were made."""

    on_hand: int = 0
    presale: int = 0
    states: dict[str, str] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    presold: dict[str, int] = field(default_factory=dict)

    @property
    def taken(self) -> int:
        return sum(self.held.values())

    @property
    def free(self) -> int:
        return self.on_hand - self.taken

    def end(self, key: str, state: str) -> None:
        self.states[key] = state
        self.held.pop(key, None)
        self.presold.pop(key, None)

    def fill(self, came: int = 0) -> None:
        for key in list(self.presold):
            part = min(self.free, self.presold[key])
            self.held[key] += part
            self.presold[key] -= part
            self.presale -= part
            came -= part
            if not self.presold[key]:
                del self.presold[key]
                self.states[key] = "reserved"
        self.presale = max(sum(self.presold.values()), self.presale - max(came, 0))

    def shrink(self) -> None:
        while self.free < 0:
            self.end(next(key for key in reversed(self.states) if self.held.get(key)), "withdrawn")


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["arrive", "sell", "reserve", "presell", "release", "allocate", "consume", "expire"]),
        st.integers(1, 4),
        st.integers(0, 9),
    ),
    max_size=22,
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=STEPS)
async def test_promises_are_what_the_model_says(database: str, steps: list[tuple[str, int, int]]) -> None:
    for table in ("reservation", "pick_line"):
        await db.execute(f"DELETE FROM {table}")
    shop = await Shop.open() if not await db.fetch("SELECT id FROM site") else await _known()
    sku = await shop.stock(f"s{(await db.fetch('SELECT COUNT(*) AS n FROM sku'))[0]['n']}", 3)
    await set_presale(sku, "s1", 6)
    model = Model(on_hand=3, presale=6)
    for number, (verb, quantity, which) in enumerate(steps):
        keys = list(model.states)
        key = keys[which % len(keys)] if keys else "none"
        await _step(shop, sku, model, verb, quantity, key, f"h{number}")
        row = (await db.fetch("SELECT * FROM availability WHERE sku_id = ?", sku))[0]
        stored = (row["on_hand"], row["reserved"] + row["allocated"], row["presold"], row["presale"])
        assert stored == (model.on_hand, model.taken, sum(model.presold.values()), model.presale), verb
        assert await holds(sku) == model.states, verb


async def _known() -> Shop:
    shop = Shop()
    rows = {row["code"]: row["id"] for row in await db.fetch("SELECT code, id FROM location WHERE site_id = 's1'")}
    shop.bin, shop.supplier, shop.customer = rows["A-1"], rows["supplier"], rows["customer"]
    return shop


async def _step(shop: Shop, sku: int, model: Model, verb: str, quantity: int, key: str, new: str) -> None:
    match verb:
        case "arrive":
            await move([shop.arrival(sku, quantity)])
            model.on_hand += quantity
            model.fill(quantity)
        case "sell" if model.on_hand >= quantity:
            await move([shop.sale(sku, quantity)])
            model.on_hand -= quantity
            model.shrink()
        case "reserve" | "presell":
            await _reserve(sku, model, new, quantity, presale=verb == "presell")
        case "release":
            await release([key])
            if key in model.held:
                model.end(key, "released")
                model.fill()
        case "allocate":
            await allocate([key])
            if model.states.get(key) == "reserved":
                model.states[key] = "allocated"
        case "consume" if model.states.get(key) == "allocated" and model.held[key] <= model.on_hand:
            gone = model.held[key]
            async with db.transaction():
                assert await consume(key, gone) == gone
                await move([shop.sale(sku, gone)])
            model.end(key, "consumed")
            model.on_hand -= gone
        case "expire" if model.states.get(key) in ("reserved", "presold"):
            await db.execute("UPDATE reservation SET expires_at = created_at WHERE line_key = ?", key)
            assert await expire_due() == 1
            model.end(key, "expired")
            model.fill()


async def _reserve(sku: int, model: Model, key: str, quantity: int, *, presale: bool) -> None:
    line = ReserveLine(line_key=key, sku_id=sku, quantity=quantity, presale=presale)
    room = model.presale - sum(model.presold.values())
    if model.free >= quantity:
        await reserve([line], site_id="s1")
        model.states[key], model.held[key] = "reserved", quantity
    elif presale and room >= quantity:
        await reserve([line], site_id="s1")
        model.states[key], model.held[key], model.presold[key] = "presold", 0, quantity
    else:
        with pytest.raises(InsufficientStock):
            await db.in_transaction(lambda: reserve([line], site_id="s1"))
