"""What happens to boxes, gateways and the broker."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from tests.sim.network import ended

if TYPE_CHECKING:
    from tests.sim.boxes import SimBox
    from tests.sim.world import World

CARD_SECONDS = (0.5, 0.5, 2.0, 60.0)
"""To replace a card: some acks for what only the old one knew are still on their way then."""
CORRUPTED = 3
"""Pages that are damaged at once."""


class Mishaps:
    """`group` owns what goes on after a mishap."""

    def __init__(self, world: World, group: asyncio.TaskGroup) -> None:
        self._world = world
        self._random = world.random
        self._group = group
        self._away: dict[SimBox, asyncio.Task[None]] = {}

    async def happen(self) -> None:
        """All that the plan has in store, at any time."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._world.plan.crashes):
                group.create_task(self._one())
            for number in range(self._world.plan.restores):
                group.create_task(self._restore(self._world.folder / f"image-{number}.db"))

    def bring_back(self, box: SimBox, image: Path | None = None, *, damages: bool = False) -> None:
        """A crashed box starts again after a while, perhaps from an image of its card.  Once, however many want it."""
        if box not in self._away:
            self._away[box] = self._group.create_task(self._return(box, image, damages=damages))

    async def all_back(self) -> None:
        while self._away:
            await asyncio.gather(*self._away.values())

    async def _return(self, box: SimBox, image: Path | None, *, damages: bool) -> None:
        await box.bury()
        if damages:
            box.card.damage(self._random, CORRUPTED)
        if image is None:
            await asyncio.sleep(self._random.uniform(0.1, 10))
        else:
            await asyncio.sleep(self._random.choice(CARD_SECONDS))
            box.card.put_back(image)
        await box.start()
        del self._away[box]

    async def _one(self) -> None:
        await asyncio.sleep(self._random.uniform(0.5, 40))
        match self._random.choice(["box", "power", "gateway", "broker", "wipe", "cut", "full"]):
            case "box" | "power" as what:
                box = self._random.choice(self._world.boxes)
                box.crash(power_cut=what == "power")
                self.bring_back(box)
            case "full":
                box = self._random.choice(self._world.boxes)
                box.is_full = True
                await asyncio.sleep(self._random.uniform(0.5, 3))
                box.is_full = False
            case "gateway":
                await self._gateway()
            case "broker" | "wipe" as what:
                await self._broker(wiped=what == "wipe")
            case "cut":
                self._world.broker.cut_all()

    async def _gateway(self) -> None:
        world = self._world
        if not world.gateways:
            return
        name = self._random.choice(sorted(world.gateways))
        session, task = world.gateways.pop(name)
        session.kill()
        await ended(task)
        await asyncio.sleep(self._random.uniform(0.1, 15))
        world.start_gateway(name)

    async def _broker(self, *, wiped: bool) -> None:
        broker = self._world.broker
        broker.is_up = False
        if wiped:
            broker.wipe()
        else:
            broker.cut_all()
        await asyncio.sleep(self._random.uniform(0.1, 10))
        broker.is_up = True

    async def _restore(self, image: Path) -> None:
        """The card of the last box is put back to what it was some seconds ago, or damaged in some of its pages."""
        box = self._world.boxes[-1]
        await asyncio.sleep(self._random.uniform(1, 25))
        if self._random.random() < 0.4:
            box.crash()
            self.bring_back(box, damages=True)
            return
        if not box.image(image):
            return
        await asyncio.sleep(self._random.uniform(0.5, 20))
        if self._random.random() < 0.6:  # what the box sends now is taken in, and acked, when it has its older card
            self._group.create_task(self._gateway())
            await asyncio.sleep(self._random.uniform(0.5, 5))
        box.crash()
        self.bring_back(box, image)
