"""People: at each box somebody who receives, counts, picks, packs and hands over; an office; somebody who looks after the printers.

A person at a box waits for the beep and scans again when there was none, as one does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from controller import db
from controller.errors import DomainError
from controller.fleet import operations as fleet
from controller.fleet.operations import PrintOrder, Resolution
from controller.fulfilment import operations as fulfilment
from controller.fulfilment.numbers import PARCELS, PICK_LISTS
from controller.orders.operations import place
from controller.orders.policies import NewLine, NewOrder
from drivers.symbols.commands import Command
from tests.sim.plan import BINS, DOZEN, GOODS, PIECE, SITE, SKU

if TYPE_CHECKING:
    from tests.sim.boxes import SimBox
    from tests.sim.world import World

HURRY = (0.31, 0.31, 0.5, 1.0, 4.0)
"""Seconds between scans."""


@dataclass(frozen=True)
class Identify:
    """One command of the office, by the loop's time."""

    box: str
    command: str
    asked_at: float
    expires_at: float


@dataclass
class Desk:
    """What people hand to each other."""

    to_pick: list[tuple[str, int]] = field(default_factory=list)
    """Pick list and its pieces."""
    to_pack: list[str] = field(default_factory=list)
    to_send: list[str] = field(default_factory=list)
    again: Counter[str] = field(default_factory=Counter)
    """By print job: how often a person had it printed again."""
    identities: list[Identify] = field(default_factory=list)


class Worker:
    """At one box, one task after the other."""

    def __init__(self, world: World, box: SimBox) -> None:
        self._world = world
        self._box = box
        self._random = world.random

    async def work(self) -> None:
        await asyncio.sleep(self._random.uniform(0, 2))
        await self._receive(0)
        for number in range(1, self._world.plan.tasks):
            await self._task(number)

    async def _task(self, number: int) -> None:
        desk = self._world.desk
        await asyncio.sleep(self._random.uniform(0, 3))
        if self._box.printers and self._random.random() < 0.85:
            if desk.to_send:
                return await self._hand_over(desk.to_send.pop(0))
            if desk.to_pack:
                return await self._pack(desk.to_pack.pop(0))
            if desk.to_pick:
                return await self._pick(*desk.to_pick.pop(0))
        others = (self._receive_with_care, self._put_away, self._adjust, self._count_in_a_session, self._send_to_another_site)
        luck = self._random.random()
        if luck < 0.4:
            return await self._receive(number)
        return await (self._count() if luck < 0.6 else self._random.choice(others)(number))

    async def _receive(self, number: int) -> None:
        """A delivery, with a code in between that nobody knows."""
        await self._scan(Command.RECEIVE.symbol)
        await self._scan(f"RC-{self._box.id}-{number}")
        for item in range(self._random.randint(1, 4)):
            await self._scan(self._random.choice([*GOODS, f"NOBODY-{self._box.id}-{number}-{item}"]))
        await self._scan(Command.DONE.symbol)

    async def _count(self) -> None:
        await self._scan(Command.COUNT.symbol)
        await self._scan(self._random.choice(BINS))
        for _ in range(self._random.randint(0, 4)):
            await self._scan(self._random.choice([PIECE, DOZEN]))
        await self._scan(Command.DONE.symbol)

    async def _receive_with_care(self, number: int) -> None:
        """Some at once, a broken one, one taken back; the delivery is closed."""
        await self._scans(Command.RECEIVE, f"RC-{self._box.id}-{number}-care", Command.DUO, PIECE, Command.BROKEN, PIECE)
        if self._random.random() < 0.5:
            await self._scans(DOZEN, Command.UNDO)
        await self._scans(Command.DONE, Command.DONE)

    async def _put_away(self, _: int) -> None:
        await self._scans(Command.STORE, PIECE, PIECE, self._random.choice(BINS), Command.THREE, DOZEN, self._random.choice(BINS))
        if self._random.random() < 0.3:
            await self._scan(Command.UNDO.symbol)
        await self._scan(Command.DONE.symbol)

    async def _adjust(self, _: int) -> None:
        reason = self._random.choice([Command.LOST, Command.FOUND, Command.BROKEN])
        await self._scans(Command.CORRECT, reason, self._random.choice(BINS), Command.DUO, PIECE, PIECE)
        if self._random.random() < 0.3:
            await self._scan(Command.UNDO.symbol)
        await self._scan(Command.DONE.symbol)

    async def _count_in_a_session(self, number: int) -> None:
        """One that the office never planned, shared by all boxes; bin after bin, one of them empty."""
        await self._scans(Command.COUNT, f"CT-{900_000 + number}", BINS[0], PIECE, DOZEN, Command.DONE)
        await self._scans(BINS[1], Command.NOTHING, Command.DONE)

    async def _send_to_another_site(self, number: int) -> None:
        """And what comes from one; nobody announced either."""
        await self._scans(Command.OUTBOUND, f"TR-{900_000 + number}", PIECE, PIECE, Command.DONE)
        await self._scans(Command.INBOUND, f"TR-{800_000 + number}", PIECE, Command.DONE)

    async def _scans(self, *symbols: str | Command) -> None:
        for each in symbols:
            await self._scan(each.symbol if isinstance(each, Command) else each)

    async def _pick(self, pick_list: str, pieces: int) -> None:
        """One scan per piece; sometimes the shelf is said to hold no more, sometimes too much is scanned."""
        await self._scan(Command.PICK.symbol)
        await self._scan(pick_list)
        missing = self._random.randint(0, pieces - 1) if self._random.random() < 0.15 else 0
        for _ in range(pieces - missing):
            await self._scan(PIECE)
        if missing:
            await self._scan(Command.SHORT.symbol)
        if self._random.random() < 0.1:
            await self._scan(DOZEN)
        self._world.desk.to_pack.append(pick_list)
        await self._scan(Command.DONE.symbol)

    async def _pack(self, pick_list: str) -> None:
        await self._scan(Command.BOXUP.symbol)
        await self._scan(pick_list)
        await self._until_answered(lambda: self._box.weigh(self._random.randint(100, 2000)), tries=3)
        self._world.desk.to_send.append(pick_list)

    async def _hand_over(self, pick_list: str) -> None:
        """The parcel's number stands on its label: somebody waits for it, for a while."""
        for _ in range(10):
            rows = await db.fetch("SELECT id FROM parcel WHERE pick_list_id = ?", PICK_LISTS.row_id(pick_list))
            if rows:
                await self._scan(Command.SEND.symbol)
                await self._scan(PARCELS.number(rows[0]["id"]))
                return await self._scan(Command.DONE.symbol)
            await asyncio.sleep(2)
        return None

    async def _scan(self, text: str) -> None:
        await asyncio.sleep(self._random.choice(HURRY))
        await self._until_answered(lambda: self._box.scan(text), tries=8)

    async def _until_answered(self, act: Callable[[], None], *, tries: int) -> None:
        for _ in range(tries):
            while not self._box.is_up:
                await asyncio.sleep(0.5)
            before = self._box.answers
            act()
            for _ in range(6):
                await asyncio.sleep(0.05)
                if self._box.answers > before:
                    return
            await asyncio.sleep(0.31)


class Office:
    """Orders, wishes for paper, cancellations, and a box that is to say who it is."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random

    async def work(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(self._world.plan.orders):
                group.create_task(self._order(number))
            for number in range(self._world.plan.wishes):
                group.create_task(self._print(number))
            for box in self._world.boxes:
                group.create_task(self._world.twins.edit(self._world, box.id))
                if box.printers:  # a card that is put back forgets what was done
                    group.create_task(self._identify(box.id))

    async def _order(self, number: int) -> None:
        await asyncio.sleep(self._random.uniform(0, 20))
        pieces = self._random.randint(1, 4)
        lines = [NewLine(sku=SKU, quantity=pieces, unit_price_minor=1290)]
        wanted = NewOrder(site=SITE, channel="web", reference=f"web-{number}", currency="CNY", lines=lines)
        with contextlib.suppress(DomainError):
            order = await place(wanted)
            self._world.desk.to_pick.append(((await fulfilment.release(order))[0], pieces))
            if self._random.random() < 0.2:
                await asyncio.sleep(self._random.uniform(0, 40))
                await fulfilment.cancel(order, reason="the customer changed their mind")

    async def _print(self, number: int) -> None:
        """A label of the office's own; asked for twice with one key; sometimes not wanted any more."""
        await asyncio.sleep(self._random.uniform(1, 25))
        box = self._random.choice([box.id for box in self._world.boxes if box.printers])
        words = {word: word for word in ("from", "order_word", "order", "ship_to_word", "ship_to")}
        lasts = self._random.choice([None, None, 10, 60])
        wanted = PrintOrder(
            box=box, template="shipping-label", data=words | {"parcel": f"W-{number:04}"}, key=f"office:{number}",
            copies=self._random.choice([1, 1, 2]), expires_at=db.now() + timedelta(seconds=lasts) if lasts else None,
        )  # fmt: skip
        for _ in range(10):  # until the box has said which printers it has
            with contextlib.suppress(DomainError):
                job = await fleet.request_print(wanted)
                await fleet.request_print(wanted)
                break
            await asyncio.sleep(3)
        else:
            return
        if self._random.random() < 0.3:
            await asyncio.sleep(self._random.choice([0, 0.3, 1, 5]))
            with contextlib.suppress(DomainError):
                await fleet.cancel_print(job)

    async def _identify(self, box: str) -> None:
        await asyncio.sleep(self._random.uniform(0, 30))
        lasts = self._random.choice([1, 5, 20])
        command = await fleet.send_command(box, "identify", {}, lasts=timedelta(seconds=lasts))
        asked_at = asyncio.get_running_loop().time()
        self._world.desk.identities.append(Identify(box, command, asked_at, asked_at + lasts))


async def look_after_printers(world: World) -> None:
    """For ever: who finds a job in doubt goes to the printer, looks, and says what is to be done."""
    while True:
        await asyncio.sleep(3)
        for row in await db.fetch(
            "SELECT id, box, device, printer, data FROM print_job j WHERE state = 'uncertain' AND NOT EXISTS "
            "(SELECT 1 FROM command WHERE name = 'resolve_job' AND state = 'requested' AND args ->> '$.job' = j.id) ORDER BY id"
        ):
            box = next(box for box in world.boxes if box.id == row["box"])
            is_there = box.printers[row["printer"] or row["device"]].shows(name_on_paper(row["data"]))
            outcome = Resolution.PRINTED if is_there and world.random.random() < 0.9 else Resolution.AGAIN
            world.desk.again[row["id"]] += outcome is Resolution.AGAIN
            with contextlib.suppress(DomainError):
                await fleet.resolve_print(row["id"], outcome)


def name_on_paper(data: str) -> str:
    """What tells a job's paper from all others at its printer: the parcel's number on a label, the order's on a receipt."""
    said = json.loads(data)
    return str(said.get("parcel") or said["number"])
