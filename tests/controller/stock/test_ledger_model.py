"""The ledger against a dict: any sequence of facts and commitments, with late facts among them."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from controller import db
from controller.catalog.operations import NewBarcode, add_barcode
from controller.counts.facts import apply_counted
from controller.counts.limits import set_policy
from controller.counts.policies import Policy
from controller.facts import FactIn
from controller.proofs.proving import reconcile
from controller.stock import queries
from controller.stock.operations import InsufficientStock, ReserveLine, allocate, consume, move, release, reserve
from edge_agent.wire.facts import Counted, CountLine
from edge_agent.wire.messages import Symbol
from tests.controller.goods import Shop, add_sku, at, numbers

quantities = st.integers(1, 9)


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.mkdtemp(prefix="shelfwire-model-")
        self.moved: dict[int, int] = {}  # change by minute
        self.counted: dict[int, int] = {}  # what was found, by minute
        self.open: dict[str, int] = {}  # commitments, the latest last
        self.lines = 0

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    @initialize()
    def open_shop(self) -> None:
        async def work() -> None:
            await db.connect(f"sqlite://{self.folder}/controller.db", create_schema=True)
            self.shop = await Shop.open()
            self.sku = await add_sku("milk")
            await add_barcode("milk", NewBarcode(barcode="MILK"))
            await set_policy(Policy(units=1000, value_minor=10**9, approve_minor=10**9))

        self.run(work())

    @property
    def there(self) -> int:
        """What must be on hand: the last count, and what moved after it; never below zero."""
        since = max(self.counted, default=-1)
        return max(0, self.counted.get(since, 0) + sum(change for minute, change in self.moved.items() if minute > since))

    def minute(self, wish: int) -> int:
        while wish in self.moved or wish in self.counted:
            wish += 1
        return wish

    def withdraw(self) -> None:
        while sum(self.open.values()) > self.there:
            self.open.popitem()

    @rule(quantity=quantities, wish=st.integers(0, 100))
    def arrive(self, quantity: int, wish: int) -> None:
        minute = self.minute(wish)
        self.run(move([self.shop.arrival(self.sku, quantity, minute=minute)]))
        self.moved[minute] = quantity
        self.withdraw()

    @rule(quantity=quantities, wish=st.integers(0, 100))
    def sell(self, quantity: int, wish: int) -> None:
        minute = self.minute(wish)
        self.run(move([self.shop.sale(self.sku, quantity, minute=minute)]))
        self.moved[minute] = -quantity
        self.withdraw()

    @rule(quantity=st.integers(0, 9), wish=st.integers(0, 100), times=st.integers(1, 3))
    def count(self, quantity: int, wish: int, times: int) -> None:
        minute = self.minute(wish)
        lines = [CountLine(symbol=Symbol(text="MILK"), quantity=quantity)] if quantity else []
        fact = FactIn(id=uuid4(), box="b1", site_id="s1", data=Counted(bin="A-1", lines=lines), occurred_at=at(minute))
        for _ in range(times):
            self.run(apply_counted_once(fact))
        self.counted[minute] = quantity
        self.withdraw()

    @rule(quantity=quantities)
    def promise(self, quantity: int) -> None:
        self.lines += 1
        line = ReserveLine(line_key=f"{self.lines:04d}", sku_id=self.sku, quantity=quantity)
        free = self.there - sum(self.open.values())
        try:
            self.run(reserve([line], site_id="s1"))
        except InsufficientStock as error:
            assert free < quantity
            assert error.available == free
        else:
            assert free >= quantity
            self.open[line.line_key] = quantity

    @rule(which=st.integers(0, 50), keep=st.booleans())
    def give_back_or_allocate(self, which: int, keep: bool) -> None:
        key = f"{which:04d}"
        self.run(allocate([key]) if keep else release([key]))
        if not keep:
            self.open.pop(key, None)

    @rule(quantity=quantities)
    def ship_the_oldest(self, quantity: int) -> None:
        if not self.open:
            return
        key = next(iter(self.open))
        taken = min(quantity, self.open[key])
        minute = self.minute(200)

        async def work() -> None:
            async with db.transaction():
                assert await consume(key, quantity) == taken
                await move([self.shop.sale(self.sku, taken, minute=minute)])

        self.run(work())
        self.moved[minute] = -taken
        self.open[key] -= taken
        if not self.open[key]:
            del self.open[key]
        self.withdraw()

    @invariant()
    def it_adds_up(self) -> None:
        on_hand, reserved, allocated = self.run(numbers(self.sku))
        assert (on_hand, reserved + allocated) == (self.there, sum(self.open.values()))
        assert self.run(reconcile()) == []
        for minute, found in self.counted.items():
            assert self.run(queries.as_of(self.shop.bin, at(minute))).get(self.sku, 0) == found

    def teardown(self) -> None:
        self.run(db.close())
        self.runner.close()
        shutil.rmtree(self.folder)


async def apply_counted_once(fact: FactIn[Counted]) -> None:
    async with db.transaction():
        await apply_counted([fact])


LedgerMachine.TestCase.settings = settings(
    max_examples=20, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)
TestLedger = LedgerMachine.TestCase
