"""Stock over its public surfaces against a simple model: whatever people and boxes do, every figure is what the model says it is.

The model keeps of each place what came, left and was counted, in the order in which it happened; all else follows from that.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from controller import db
from controller.proofs.proving import reconcile
from edge_agent.wire.facts import HandedOver, Packed, Picked, PutAway, Received, Retracted, Weight
from edge_agent.wire.goods_facts import Adjusted, Condition, TransferReceived, TransferSent
from edge_agent.wire.messages import Symbol
from tests.controller.stock.api_shop import HOME, SKUS, ApiShop, api
from tests.servers import Postgres

LOTS = ("L1", "L2")
FIGURES = ("on_hand", "quarantined", "reserved", "allocated", "incoming", "available")

sites = st.sampled_from(sorted(HOME))
skus = st.sampled_from(SKUS)
few = st.integers(1, 9)
places = st.sampled_from([("s1", "A-1"), ("s1", "A-2"), ("s2", "B-1")])


@dataclass(frozen=True)
class Told:
    """At a step `change` came to a place, or it was found to hold `found`."""

    step: int
    change: int = 0
    found: int | None = None


@dataclass(frozen=True)
class Undoable:
    """What a box told, and what of the model it is."""

    site: str
    fact: UUID
    kind: str
    parts: tuple[tuple[tuple[str, str, str], Told], ...]


class ApiMachine(RuleBasedStateMachine):
    copy: Callable[[str], AbstractContextManager[str]]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.opened = AsyncExitStack()
        self.copies = ExitStack()
        self.folder = tempfile.mkdtemp(prefix="shelfwire-model-")
        self.told: dict[tuple[str, str, str], list[Told]] = {}  # by site, place, SKU
        self.instants: list[datetime] = []  # after each step
        self.carts: dict[str, tuple[str, str, int]] = {}  # site, SKU, quantity; the latest last
        self.undoable: list[Undoable] = []
        self.counts: list[tuple[str, int, tuple[tuple[str, str, str], Told]]] = []
        self.receipts: list[tuple[str, str, str, int, bool]] = []
        self.recalls: dict[str, str] = {}  # by lot
        self.names = itertools.count(1)
        self.touched: set[tuple[str, str]] = set()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    @initialize()
    def open_shop(self) -> None:
        url = self.copies.enter_context(self.copy(self.folder))

        async def work() -> None:
            await db.connect(url)
            self.shop = ApiShop(await self.opened.enter_async_context(api(self.folder)))
            await self.shop.open()

        self.run(work())

    # -- the model

    @property
    def step(self) -> int:
        return len(self.instants)

    def note(
        self, site: str, place: str, sku: str, change: int = 0, *, found: int | None = None
    ) -> tuple[tuple[str, str, str], Told]:
        key, told = (site, place, sku), Told(self.step, change, found)
        self.told.setdefault(key, []).append(told)
        self.touched.add((site, sku))
        return key, told

    def net(self, key: tuple[str, str, str], step: int) -> int:
        """What a place holds, below zero what it owes: the last count, and what moved since."""
        quantity = 0
        for told in self.told.get(key, ()):
            if told.step <= step:
                quantity = told.found if told.found is not None else quantity + told.change
        return quantity

    def keys(self, site: str, sku: str) -> list[tuple[str, str, str]]:
        return [key for key in self.told if (key[0], key[2]) == (site, sku)]

    def on_hand(self, site: str, sku: str) -> int:
        return sum(max(0, self.net(key, self.step)) for key in self.keys(site, sku))

    def held(self, site: str, sku: str) -> int:
        return sum(quantity for where, what, quantity in self.carts.values() if (where, what) == (site, sku))

    def done(self) -> None:
        """A step is over: what can no longer be kept is withdrawn, the latest first."""

        async def free(site: str, sku: str) -> int:
            quarantined = max(0, self.net((site, "quarantine", sku), self.step))
            if self.recalls and sku == "milk":  # which lots were taken is not the model's to know
                level = await self.shop.ask("GET", f"/sites/{site}/stock?q={sku}")
                quarantined = level["items"][0]["quarantined"] if level["items"] else 0
            return self.on_hand(site, sku) - quarantined

        for site, sku in {(key[0], key[2]) for key in self.told}:
            limit = self.run(free(site, sku))
            while self.held(site, sku) > limit:
                del self.carts[next(name for name in reversed(self.carts) if self.carts[name][:2] == (site, sku))]
        self.instants.append(datetime.now(UTC))

    # -- what people and boxes do

    @rule(site=sites, sku=skus, quantity=few, lot=st.sampled_from([None, *LOTS]), damaged=st.booleans(), times=st.integers(1, 2))
    def receive(self, site: str, sku: str, quantity: int, lot: str | None, damaged: bool, times: int) -> None:
        condition = Condition.DAMAGED if damaged else Condition.GOOD
        symbol = Symbol(text=sku.upper())
        fact = Received(document="D-1", symbol=symbol, quantity=quantity, lot=lot if sku == "milk" else None, condition=condition)
        told = self.run(self.shop.tell(site, fact, times=times))
        part = self.note(site, "quarantine" if damaged else "receiving", sku, quantity)
        self.undoable.append(Undoable(site, told, "received", (part,)))
        self.done()

    @rule(where=places, sku=skus, quantity=few)
    def put_away(self, where: tuple[str, str], sku: str, quantity: int) -> None:
        told = self.run(self.shop.tell(where[0], PutAway(bin=where[1], symbol=Symbol(text=sku.upper()), quantity=quantity)))
        parts = (self.note(where[0], "receiving", sku, -quantity), self.note(*where, sku, quantity))
        self.undoable.append(Undoable(where[0], told, "put_away", parts))
        self.done()

    @rule(where=places, sku=skus, change=st.integers(-9, 9).filter(bool), lot=st.sampled_from([None, *LOTS]), by_box=st.booleans())
    def adjust(self, where: tuple[str, str], sku: str, change: int, lot: str | None, by_box: bool) -> None:
        lot = lot if sku == "milk" else None
        if by_box:
            fact = Adjusted(bin=where[1], symbol=Symbol(text=sku.upper()), change=change, reason="damaged", lot=lot)
            told = self.run(self.shop.tell(where[0], fact))
            self.undoable.append(Undoable(where[0], told, "adjusted", (self.note(*where, sku, change),)))
        else:
            body = {"sku": sku, "bin": where[1], "change": change, "reason": "seen", "lot": lot}
            self.run(self.shop.ask("POST", f"/sites/{where[0]}/adjustments", body))
            self.note(*where, sku, change)
        self.done()

    @rule(site=sites, sku=skus, quantity=st.integers(-4, 9).filter(bool), damaged=st.booleans(), times=st.integers(1, 2))
    def sell(self, site: str, sku: str, quantity: int, damaged: bool, times: int) -> None:
        number, damaged = f"R{next(self.names)}", damaged and quantity < 0
        line = {"sku": sku, "quantity": quantity, "amount_minor": quantity * 100, "damaged": damaged}
        self.receipt(site, {"number": number, "lines": [line]}, times)
        self.note(site, "quarantine" if damaged else HOME[site], sku, -quantity)
        self.receipts.append((site, number, sku, quantity, damaged))
        self.done()

    def receipt(self, site: str, told: dict[str, object], times: int = 1) -> None:
        whole = {"site": site, "till": "1", "occurred_at": datetime.now(UTC).isoformat(), "currency": "CNY", **told}
        for _ in range(times):
            answer = self.run(self.shop.ask("POST", "/sales", {"receipts": [whole]}))
            assert answer["refused"] + answer["conflicts"] + answer["waiting"] == 0

    @precondition(lambda self: self.receipts)
    @rule(which=st.integers(0, 99))
    def void(self, which: int) -> None:
        site, number, sku, quantity, damaged = self.receipts.pop(which % len(self.receipts))
        self.receipt(site, {"number": f"V{number}", "voids": number})
        self.note(site, "quarantine" if damaged else HOME[site], sku, quantity)
        self.done()

    @rule(where=places, tea=st.integers(0, 9), milk=st.integers(0, 9))
    def count(self, where: tuple[str, str], tea: int, milk: int) -> None:
        found = {"tea": tea, "milk": milk}

        async def work() -> str:
            planned = await self.shop.ask("POST", "/counts", {"site": where[0], "kind": "chosen", "bins": [where[1]]})
            lines = [{"symbol": sku.upper(), "quantity": quantity} for sku, quantity in found.items() if quantity]
            id_ = f"0193a7c0-0000-7000-8000-{next(self.names):012}"
            await self.shop.ask("POST", f"/counts/{planned['no']}/parts", {"id": id_, "bin": where[1], "lines": lines})
            await self.shop.ask(
                "POST", f"/counts/{planned['no']}/submit", {"without_uncounted": True}, refused="illegal_transition"
            )
            return str(planned["no"])

        no = self.run(work())
        parts = {sku: self.note(*where, sku, found=quantity) for sku, quantity in found.items()}
        for row in self.run(self.shop.all_of(f"/counts/{no}/rows")):
            assert row["state"] == "accepted", row
            self.counts.append((no, row["id"], parts[row["sku"]]))
        self.done()

    @precondition(lambda self: self.counts)
    @rule(which=st.integers(0, 99))
    def undo_a_count(self, which: int) -> None:
        """Only the latest of a place: an older one is nothing that what is there now rests on."""
        no, row, (key, told) = self.counts.pop(which % len(self.counts))
        if any(each.found is not None and each.step > told.step for each in self.told[key]):
            return
        self.run(self.shop.ask("POST", f"/counts/{no}/rows/{row}/undo", {"note": "wrong"}, who="boss"))
        self.told[key].remove(told)
        self.touched.add((key[0], key[2]))
        self.done()

    @precondition(lambda self: self.undoable)
    @rule(which=st.integers(0, 99), times=st.integers(1, 2))
    def take_back(self, which: int, times: int) -> None:
        taken = self.undoable.pop(which % len(self.undoable))
        self.run(self.shop.tell(taken.site, Retracted(fact=taken.fact, kind=taken.kind), times=times))
        for key, told in taken.parts:
            self.told[key].remove(told)
            self.touched.add((key[0], key[2]))
        self.done()

    @rule(sku=skus, quantity=few, arrives=st.integers(0, 9))
    def transfer(self, sku: str, quantity: int, arrives: int) -> None:
        number, symbol = f"T-{next(self.names)}", Symbol(text=sku.upper())
        self.run(self.shop.tell("s1", TransferSent(document=number, symbol=symbol, quantity=quantity, to="s2", bin="A-2")))
        self.note("s1", "A-2", sku, -quantity)
        self.done()
        if arrives:
            fact = TransferReceived(document=number, symbol=symbol, quantity=arrives)
            told = self.run(self.shop.tell("s2", fact))
            part = self.note("s2", "receiving", sku, arrives)
            self.undoable.append(Undoable("s2", told, "transfer_received", (part,)))
            self.done()

    @rule(site=sites, sku=skus, quantity=few, confirmed=st.booleans())
    def hold(self, site: str, sku: str, quantity: int, confirmed: bool) -> None:
        name = f"cart-{next(self.names)}"
        body = {"site": site, "channel": "web", "lines": [{"sku": sku, "quantity": quantity}], "minutes": 60}
        free = self.run(self.shop.free(site, sku))
        got = self.run(self.shop.ask("PUT", f"/carts/{name}", body, refused="insufficient_stock"))
        assert (got is not None) == (quantity <= free), (free, got)
        if got is not None:
            self.carts[name] = (site, sku, quantity)
            self.touched.add((site, sku))
            if confirmed:
                self.run(self.shop.ask("POST", f"/carts/{name}/confirm"))
        self.done()

    @precondition(lambda self: any(name.startswith("cart") for name in self.carts))
    @rule(which=st.integers(0, 99))
    def let_go(self, which: int) -> None:
        carts = [name for name in self.carts if name.startswith("cart")]
        name = carts[which % len(carts)]
        self.run(self.shop.ask("DELETE", f"/carts/{name}"))
        self.touched.add(self.carts.pop(name)[:2])
        self.done()

    @rule(quantity=few)
    def order(self, quantity: int) -> None:
        reference = f"W{next(self.names)}"
        line = {"sku": "tea", "quantity": quantity, "unit_price_minor": 100}
        body = {"site": "s1", "channel": "web", "reference": reference, "currency": "CNY", "lines": [line]}
        free = self.run(self.shop.free("s1", "tea"))
        got = self.run(self.shop.ask("POST", "/orders", body, refused="insufficient_stock"))
        assert (got is not None) == (quantity <= free), (free, got)
        if got is not None:
            self.carts[got["no"]] = ("s1", "tea", quantity)
            self.touched.add(("s1", "tea"))
        self.done()

    @precondition(lambda self: any(name.startswith("SO") for name in self.carts))
    @rule(which=st.integers(0, 99), until=st.sampled_from(["cancelled", "released", "handed_over"]))
    def fulfil(self, which: int, until: str) -> None:
        """What is released is allocated; picking moves it, and handing it over ends the promise."""
        orders = [name for name in self.carts if name.startswith("SO")]
        no = orders[which % len(orders)]
        self.touched.add(("s1", "tea"))
        if until == "cancelled":
            self.run(self.shop.ask("POST", f"/orders/{no}/cancel", {"reason": "asked"}))
            del self.carts[no]
        else:
            lists = self.run(self.shop.ask("POST", f"/orders/{no}/release"))["pick_lists"]
            if until == "handed_over":
                self.ship(no, lists[0]["no"])
        self.done()

    def ship(self, no: str, pick_list: str) -> None:
        lines = self.run(self.shop.ask("GET", f"/pick-lists/{pick_list}"))["lines"]
        for line in lines:
            picked = Picked(pick_list=pick_list, symbol=Symbol(text="TEA"), quantity=line["quantity"], bin=line["bin"])
            self.run(self.shop.tell("s1", picked))
            self.note("s1", line["bin"], "tea", -line["quantity"])
        grams = Weight(grams=Decimal(100), raw_b64="AjAxMjM0DQ==")
        self.run(self.shop.tell("s1", Packed(pick_list=pick_list, weight=grams)))
        (parcel,) = [each for each in self.run(self.shop.all_of("/parcels")) if each["order"] == no]
        self.run(self.shop.tell("s1", HandedOver(parcel=parcel["no"])))
        del self.carts[no]

    @rule(lot=st.sampled_from(LOTS))
    def recall(self, lot: str) -> None:
        if lot in self.recalls:
            self.run(self.shop.ask("POST", f"/recalls/{self.recalls.pop(lot)}/end", {"reason": "it was another"}))
        else:
            self.recalls[lot] = self.run(self.shop.ask("POST", "/recalls", {"lot": lot, "sku": "milk", "reason": "glass"}))[
                "recall"
            ]["no"]
        self.touched |= {(site, "milk") for site in HOME}
        self.done()

    # -- what must hold

    @invariant()
    def every_figure_is_what_the_model_says(self) -> None:
        for site, sku in sorted(self.touched):
            self.run(self.explained(site, sku))
        self.touched.clear()

    async def explained(self, site: str, sku: str) -> None:
        path = f"/sites/{site}/stock/{sku}"
        listed = (await self.shop.ask("GET", f"/sites/{site}/stock?q={sku}"))["items"]
        if not listed:
            assert self.on_hand(site, sku) == 0
            return
        shown = await self.shop.ask("GET", path)
        assert shown["level"] == listed[0]
        level = listed[0]
        assert (level["on_hand"], level["reserved"] + level["allocated"]) == (self.on_hand(site, sku), self.held(site, sku))
        if not (self.recalls and sku == "milk"):
            assert level["quarantined"] == max(0, self.net((site, "quarantine", sku), self.step))
        for figure in FIGURES:
            causes = await self.shop.all_of(f"{path}/why?figure={figure}")
            assert sum(cause["change"] for cause in causes) == level[figure], figure
        for bin_ in shown["bins"]:
            net = self.net((site, bin_["location"], sku), self.step)
            assert bin_["on_hand"] - bin_["missing"] == net, bin_
            causes = await self.shop.all_of(f"{path}/why?bin={bin_['location']}")
            assert sum(cause["change"] for cause in causes) == bin_["on_hand"]
        lots = await self.shop.all_of(f"{path}/lots")
        for lot in lots:
            causes = await self.shop.all_of(f"{path}/why?lot={lot['id']}")
            assert sum(cause["change"] for cause in causes) == lot["on_hand"]
            assert lot["blocked"] == (lot["code"] in self.recalls)
        assert sum(lot["on_hand"] for lot in lots) <= level["on_hand"]

    async def was(self, step: int) -> None:
        """What was there then, as it is known today."""
        instant = quote(self.instants[step].isoformat())
        for site in HOME:
            rows = await self.shop.all_of(f"/sites/{site}/stock-as-of?as_of={instant}")
            by_sku = {row["sku"]: row["quantity"] for row in rows}
            for sku in SKUS:
                then = sum(self.net(key, step) for key in self.keys(site, sku))
                assert by_sku.get(sku, 0) == then, (site, sku, step)
                one = await self.shop.ask("GET", f"/sites/{site}/stock/{sku}/as-of?as_of={instant}")
                assert one["quantity"] == sum(place["quantity"] for place in one["places"]) == then

    def teardown(self) -> None:
        async def work() -> None:
            for step in range(len(self.instants)):
                await self.was(step)
            assert await reconcile() == []

        async def close() -> None:
            await self.opened.aclose()
            await db.close()

        try:
            self.run(work())
        finally:
            self.run(close())
            self.runner.close()
            self.copies.close()
            shutil.rmtree(self.folder)


def keeps_to_the_model(copy: Callable[[str], AbstractContextManager[str]], examples: int) -> None:
    """`copy` makes a fresh database with the schema, given a folder of its own."""

    class Machine(ApiMachine):
        pass

    Machine.copy = staticmethod(copy)
    wanted = int(os.environ.get("SHELFWIRE_MODEL", "0"))
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=wanted or examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=not wanted,
            database=None,
            phases=[Phase.generate],  # an example takes a second: nobody waits until it is small
            report_multiple_bugs=False,
        ),
    )


def test_every_verb_of_stock_over_the_api_keeps_to_the_model(schema_file: Path) -> None:
    keeps_to_the_model(lambda folder: nullcontext(f"sqlite://{shutil.copy(schema_file, folder)}"), examples=4)


def test_every_verb_of_stock_over_the_api_keeps_to_the_model_on_postgresql(postgres: Postgres, schema_database: str) -> None:
    keeps_to_the_model(lambda _: postgres.fresh_database(like=schema_database), examples=1)
