"""The ledger with lots against a dict, on both engines: whatever comes in whatever order, each number is what it is defined as."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from datetime import date
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from controller import db
from controller.sites.models import LocationKind
from controller.sites.operations import create_bin, create_site
from controller.sites.queries import specials
from controller.stock.lots import block, lot_of, unblock
from controller.stock.operations import InsufficientStock, Move, Reason, ReserveLine, move, release, reserve
from tests.controller.goods import add_sku, at

PLACES = ("A-1", "A-2", "quarantine", "transit")
"""Where goods of site `s1` may be; `B-1` is at the other site."""
ENDS = (*PLACES, "B-1", "supplier", "customer", "loss")
LOTS = 4
"""0: no lot is named; the others expire in another order than they are numbered, the last never."""
EXPIRES = {1: date(2027, 3, 1), 2: date(2026, 12, 1), 3: None}

movements = st.tuples(st.sampled_from(ENDS), st.sampled_from(ENDS), st.integers(0, LOTS - 1), st.integers(1, 9)).filter(
    lambda each: each[0] != each[1]
)
Movement = tuple[str, str, int, int]


class LotsMachine(RuleBasedStateMachine):
    """Two SKUs whose movements are the same but come in another order: the first as they are, the second in batches, shuffled."""

    engine_url = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.told: Counter[str] = Counter()  # what facts say, by place
        self.waiting: list[Movement] = []
        self.moved = 0
        self.lines = 0
        self.open: dict[str, int] = {}

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    @initialize()
    def open_shop(self) -> None:
        self.run(self._open_shop())

    async def _open_shop(self) -> None:
        await db.connect(self.engine_url, create_schema=True)
        if not await db.fetch("SELECT 1 AS one FROM site"):
            for site, codes in (("s1", ("A-1", "A-2")), ("s2", ("B-1",))):
                await create_site(site, name=site)
                for code in codes:
                    await create_bin(site, code)
        numbers = await db.fetch("SELECT COUNT(*) AS n FROM sku")
        self.first, self.second = [await add_sku(f"sku{numbers[0]['n'] + n}") for n in (1, 2)]
        self.lots = {
            sku: {0: 0} | {n: await lot_of(sku, f"L{n}", expiry) for n, expiry in EXPIRES.items()}
            for sku in (self.first, self.second)
        }
        found = await specials(["s1", "s2"])
        self.at = {kind.value: place for (site, kind), place in found.items() if site == "s1"}
        rows = await db.fetch("SELECT id, code FROM location WHERE kind = ?", LocationKind.BIN.value)
        self.at |= {row["code"]: row["id"] for row in rows}

    def as_move(self, sku: int, movement: Movement) -> Move:
        source, target, lot, quantity = movement
        self.moved += 1
        return Move(
            sku_id=sku,
            from_location_id=self.at[source],
            to_location_id=self.at[target],
            quantity=quantity,
            reason=Reason.RELOCATED,
            occurred_at=at(self.moved),
            lot_id=self.lots[sku][lot],
        )

    @rule(found=st.lists(movements, min_size=1, max_size=4))
    def tell(self, found: list[Movement]) -> None:
        for movement in found:
            self.run(move([self.as_move(self.first, movement)]))
            self.told[movement[0]] -= movement[3]
            self.told[movement[1]] += movement[3]
        self.waiting += found

    @rule(random=st.randoms(use_true_random=False), sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4))
    def tell_late(self, random: Any, sizes: list[int]) -> None:
        random.shuffle(self.waiting)
        for size in sizes:
            batch, self.waiting = self.waiting[:size], self.waiting[size:]
            self.run(move([self.as_move(self.second, movement) for movement in batch]))

    @rule(quantity=st.integers(1, 9))
    def promise(self, quantity: int) -> None:
        self.lines += 1
        key = f"{self.first}-{self.lines:04d}"
        free = self.level(self.first)["free"]
        try:
            self.run(reserve([ReserveLine(line_key=key, sku_id=self.first, quantity=quantity)], site_id="s1"))
        except InsufficientStock as error:
            assert (error.available, free < quantity) == (free, True)
        else:
            assert free >= quantity

    @rule(line=st.integers(1, 30))
    def give_back(self, line: int) -> None:
        self.run(release([f"{self.first}-{line:04d}"]))

    @rule(lot=st.integers(1, LOTS - 1), blocked=st.booleans())
    def block(self, lot: int, blocked: bool) -> None:
        self.run(block(self.lots[self.first][lot], reason="recall") if blocked else unblock(self.lots[self.first][lot]))

    def level(self, sku: int) -> dict[str, int]:
        rows = self.run(db.fetch("SELECT * FROM availability WHERE sku_id = ? AND site_id = 's1'", sku))
        row = rows[0] if rows else dict.fromkeys(("on_hand", "reserved", "allocated", "quarantined"), 0)
        return {**row, "free": row["on_hand"] - row["reserved"] - row["allocated"] - row["quarantined"]}

    def balances(self, sku: int) -> dict[str, list[tuple[int, int, int]]]:
        rows = self.run(db.fetch("SELECT * FROM balance WHERE sku_id = ?", sku))
        name = {place: code for code, place in self.at.items()}
        found: dict[str, list[tuple[int, int, int]]] = {}
        for row in rows:
            found.setdefault(name[row["location_id"]], []).append((row["lot_id"], row["on_hand"], row["borrowed"]))
        return found

    @invariant()
    def on_hand_is_what_facts_say_and_never_below_zero(self) -> None:
        balances = self.balances(self.first)
        for place in (*PLACES, "B-1"):
            rows = balances.get(place, [])
            assert sum(on_hand for _, on_hand, _ in rows) == max(0, self.told[place])
            assert sum(borrowed for _, _, borrowed in rows) == max(0, -self.told[place])
            assert all(lot == 0 for lot, _, borrowed in rows if borrowed)

    @invariant()
    def the_order_of_arrival_makes_no_difference(self) -> None:
        if self.waiting:
            return
        first, second = self.balances(self.first), self.balances(self.second)
        for place in (*PLACES, "B-1"):
            assert sum(row[1] for row in first.get(place, [])) == sum(row[1] for row in second.get(place, []))

    @invariant()
    def balances_are_sums_of_entries_by_lot(self) -> None:
        for sku in (self.first, self.second):
            net: Counter[tuple[int, int]] = Counter()
            for row in self.run(db.fetch("SELECT * FROM stock_movement WHERE sku_id = ?", sku)):
                net[row["from_location_id"], row["lot_id"]] -= row["quantity"]
                net[row["to_location_id"], row["lot_id"]] += row["quantity"]
            assert sum(net.values()) == 0
            stored = {
                (self.at[place], lot): on_hand for place, rows in self.balances(sku).items() for lot, on_hand, _ in rows if on_hand
            }
            physical = {self.at[place] for place in (*PLACES, "B-1")}
            assert stored == {spot: left for spot, left in net.items() if left and spot[0] in physical}

    @invariant()
    def availability_is_its_definition(self) -> None:
        balances, level = self.balances(self.first), self.level(self.first)
        here = {place: rows for place, rows in balances.items() if place not in ("B-1", "transit")}
        assert level["on_hand"] == sum(row[1] for rows in here.values() for row in rows)
        blocked = {row["id"] for row in self.run(db.fetch("SELECT id FROM lot WHERE blocked"))}
        assert level["quarantined"] == sum(
            row[1] for place, rows in here.items() for row in rows if place == "quarantine" or row[0] in blocked
        )
        holds = self.run(
            db.fetch("SELECT quantity FROM reservation WHERE sku_id = ? AND state IN ('reserved', 'allocated')", self.first)
        )
        assert level["reserved"] == sum(hold["quantity"] for hold in holds)
        assert level["free"] >= 0

    def teardown(self) -> None:
        self.run(db.close())
        self.runner.close()


def test_the_ledger_with_lots_adds_up_in_any_order(database_url: str) -> None:
    machine = type("LotsMachineHere", (LotsMachine,), {"engine_url": database_url})
    on_sqlite = database_url.startswith("sqlite")
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25 if on_sqlite else 10,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
            phases=[Phase.generate, Phase.shrink],
        ),
    )
