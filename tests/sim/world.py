"""A shop under a virtual clock: real agents, real gateways, a hostile network, and an oracle that knows what must hold.

Real: `Box` and `Spooler` with their stores on SQLite files, `Gateway` with ingest, the ledger, orders and paper on SQLite.
Simulated: time, network and broker (`network.py`), boxes' hardware (`boxes.py`, `printers.py`), people (`people.py`) and what goes
wrong (`mishaps.py`).  `oracle.py` says what must hold.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import controller.sqlite
from controller import db, printing
from controller.catalog.operations import NewBarcode, NewSku, create_sku
from controller.documents.operations import store_builtin
from controller.fleet import operations as fleet
from controller.gateway import Gateway
from controller.sites.operations import create_bin, create_site
from controller.stock.operations import Adjustment, adjust
from edge_agent.wire.topics import gateway_filters
from tests.sim import inline_sqlite, oracle
from tests.sim.boxes import SimBox
from tests.sim.mishaps import Mishaps
from tests.sim.network import CALM, Broker, SimSession, ended
from tests.sim.people import Desk, Office, Worker, look_after_printers
from tests.sim.plan import BINS, GOODS, HEALTHY, SITE, SKU, STOCK, Mutant, Plan
from tests.sim.swapping import swap
from tests.sim.twins import UNSETTLED, Twins
from tests.sim.vloop import SimClock

HEAL_SECONDS = 200
"""A request that its box never got is given up a minute after its time, at the next sweep."""


class World:
    """One seed's run: `await play()` says what did not hold."""

    mishaps: Mishaps

    def __init__(self, seed: int, folder: Path, template: Path, mutant: Mutant = HEALTHY) -> None:
        self.random = Random(seed)
        self.plan = mutant.worlds(Plan.of(self.random))
        self.mutant = mutant
        self.broker = Broker(self.random, self.plan.weather)
        self.folder = folder
        self.desk = Desk()
        self.twins = Twins()
        self.is_healing = False
        self.boxes = [SimBox(self, number, has_printers=True) for number in range(self.plan.boxes)]
        if self.plan.restores:
            self.boxes.append(SimBox(self, self.plan.boxes, has_printers=False))
        self.gateways: dict[str, tuple[SimSession, asyncio.Task[None]]] = {}
        shutil.copy(template, folder / "controller.db")

    async def play(self) -> list[str]:
        """What was violated, in words; empty if all held."""
        with self._seams():
            await db.connect(f"sqlite://{self.folder}/controller.db", clock=SimClock(asyncio.get_running_loop()))
            try:
                await self._prepare()
                await self._live()
                return await oracle.violations(self)
            finally:
                try:
                    await self._stop()
                finally:
                    await db.close()

    def start_gateway(self, name: str) -> None:
        is_shared = self.plan.gateways > 1
        session = SimSession(self.broker, name, gateway_filters("gateways" if is_shared else None), is_kept=not is_shared)
        gateway = Gateway(session, SimClock(asyncio.get_running_loop()), Random(self.random.getrandbits(64)), name)
        self.gateways[name] = (session, asyncio.create_task(gateway.run(), name=name))

    @contextlib.contextmanager
    def _seams(self) -> Iterator[None]:
        """No thread, no random source but the seed's, and the mutant's rule taken out."""
        ids = Random(self.random.getrandbits(64))
        undo = [
            swap(controller.sqlite, "open_connection", inline_sqlite.open_connection),
            swap(fleet, "system_random", lambda: ids),
            self.mutant.arm(),
        ]
        try:
            yield
        finally:
            for back in reversed(undo):
                back()

    async def _prepare(self) -> None:
        for box in self.boxes:
            await fleet.register_box(box.id, site=SITE, name=box.id)
            await box.start()
        for index in range(self.plan.gateways):
            self.start_gateway(f"gw-{index}")

    async def _live(self) -> None:
        """People work while things break; then the weather clears, and everything must settle by itself, soon."""
        async with asyncio.TaskGroup() as group:
            self.mishaps = Mishaps(self, group)
            always = [group.create_task(look_after_printers(self)), group.create_task(_make_paper())]
            async with asyncio.TaskGroup() as storm:
                storm.create_task(self.mishaps.happen())
                storm.create_task(Office(self).work())
                for box in self.boxes:
                    storm.create_task(Worker(self, box).work())
            self.is_healing = True
            self.broker.weather = CALM
            await self.mishaps.all_back()
            for box in self.boxes:
                box.set_clock_right()
            await asyncio.sleep(2)  # each box tells so within a second
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEAL_SECONDS):
                    while not await self._is_at_rest():
                        await asyncio.sleep(2)
            for task in always:
                task.cancel()

    async def _is_at_rest(self) -> bool:
        if any(box.pending() or not box.is_up for box in self.boxes):
            return False
        open_ = (
            "SELECT EXISTS (SELECT 1 FROM command WHERE state = 'requested') "
            "OR EXISTS (SELECT 1 FROM print_job WHERE state NOT IN ('printed', 'failed', 'expired', 'cancelled')) "
            "OR EXISTS (SELECT 1 FROM box WHERE link <> 'online') "
            f"OR {UNSETTLED} "
            "OR EXISTS (SELECT 1 FROM fact WHERE outcome = 'parked' AND substr(waits_for, 1, 4) NOT IN ('barc', 'bin:')) "
            "OR EXISTS (SELECT 1 FROM event WHERE name = 'document_wanted' AND id > "
            "coalesce((SELECT CAST(position AS INTEGER) FROM event_cursor WHERE consumer = 'printing'), 0)) AS n"
        )
        return not (await db.fetch(open_))[0]["n"]

    async def _stop(self) -> None:
        for box in self.boxes:
            box.crash()
            await box.bury()
        for session, task in self.gateways.values():
            session.kill()
            await ended(task)


async def _make_paper() -> None:
    """The controller's own task, for ever."""
    while True:
        await asyncio.sleep(3)
        await printing.catch_up()


async def make_template(path: Path) -> None:
    """A controller's database with the site, its goods and its templates, to be copied for each seed."""
    undo = swap(controller.sqlite, "open_connection", inline_sqlite.open_connection)
    await db.connect(f"sqlite://{path}", create_schema=True)
    try:
        await create_site(SITE, name="Simulated shop")
        await store_builtin()
        barcodes = [NewBarcode(barcode=text, numerator=pieces) for text, pieces in GOODS.items()]
        await create_sku(NewSku(code=SKU, name_en="Tea", name_zh="茶"), barcodes)
        sku = (await db.fetch("SELECT id FROM sku WHERE code = ?", SKU))[0]["id"]
        for code in BINS:
            found = Adjustment(sku_id=sku, location_id=await create_bin(SITE, code), change=STOCK, reason="opening stock")
            await adjust(found, person="office")
    finally:
        await db.close()
        undo()
