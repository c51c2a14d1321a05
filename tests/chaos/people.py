"""Who uses the shop while it burns: a person with a scanner, and an office that wants labels.

The person waits for the box's beep after each scan.  No beep while the agent dies: the scan was never acknowledged, and the next
piece is taken; that beep cannot come later, since whoever would have given it is dead and the scanner's line is empty.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from random import Random

from drivers.symbols.commands import Command
from tests.chaos.world import BOX, World, goods, until
from tests.shopday.shop import ApiError

DELIVERY = "DELIVERY-1"
BEEP_SECONDS = 8.0
"""An agent that is alive answers within this, whatever else burns."""
HAND_SECONDS = 0.01
"""From one piece to the next: a person's pace, not a wait for anything."""


class Heard(StrEnum):
    GOOD = "good"
    BAD = "bad"
    NOTHING = "nothing"


class Person:
    """Scans pieces one by one, each with a code of its own.  `pulled`: how many; `heard`: what came back, by code."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.pulled = 0
        self.heard: dict[str, Heard] = {}

    async def begin(self) -> None:
        """Receiving, on a delivery.

        Opening a serial port forgets what came in meanwhile (pyserial flushes it): a scan in that instant gets no beep,
        and a person who hears none pulls the trigger again.
        """
        for text in (Command.RECEIVE.symbol, DELIVERY):
            heard = await self.scan(text)
            if heard is Heard.NOTHING:
                heard = await self.scan(text)
            if heard is not Heard.GOOD:
                raise AssertionError(f"the box answered {heard} to {text}")

    async def scan_next(self) -> Heard:
        if self.pulled >= self._world.pieces:
            raise AssertionError(f"all {self.pulled} pieces are scanned: give the world more")
        code, _ = goods(self.pulled)
        self.pulled += 1
        self.heard[code] = Heard.NOTHING  # also when this is cancelled
        self.heard[code] = await self.scan(code)
        return self.heard[code]

    async def scan(self, text: str, seconds: float = BEEP_SECONDS) -> Heard:
        """One pull of the trigger, once the box listens to the scanner."""
        world = self._world
        await until("the agent opens the scanner", world.has_agent_the_scanner)
        agent, before = world.agent.process, len(world.beeps)
        world.history.note("scan", text=text)
        await world.scanner.do({"do": "scan", "text": text, "aim": "]C0"})

        def is_over() -> bool:
            return len(world.beeps) > before or agent is None or agent.returncode is not None

        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not is_over() and loop.time() < deadline:
            await asyncio.sleep(0.002)
        await world.scanner.do({"do": "configure"})  # what the agent had written before it died is heard before this is done
        heard = [Heard.GOOD if times == 1 else Heard.BAD for times in world.beeps[before:]]
        answer = heard[0] if heard else Heard.NOTHING
        world.history.note("heard", text=text, answer=answer)
        return answer

    async def work(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.scan_next()
            await asyncio.sleep(HAND_SECONDS)


async def watch(world: World, stop: asyncio.Event) -> None:
    """Note when the controller has stored more facts than before."""
    before = 0
    while not stop.is_set():
        stored = world.stored_facts()
        if stored > before:
            world.history.note("stored", facts=stored)
        before = stored
        await asyncio.sleep(0.05)


class Office:
    """Wants labels; some it cancels again.  `wanted`: by document, the id of the print job.

    None of them expires: one whose request was lost with the broker stays open for a minute past its time (by design, the box's
    answer may be on its way), longer than healing may take here.
    """

    def __init__(self, world: World, random: Random) -> None:
        self._world = world
        self._random = random
        self.wanted: dict[str, str] = {}

    async def print_label(self) -> str:
        document = f"JOB-{len(self.wanted):04d}"
        order: dict[str, object] = {"box": BOX, "template": "shelf-label", "document": document}
        order["data"] = {"name": document, "price": "1.00", "code128": document}
        self.wanted[document] = ""
        job = await self._world.insist("/print-jobs", order, f"{self._world.history.seed}-{document}")
        self.wanted[document] = str(job["id"])
        self._world.history.note("job", document=document, job=job["id"])
        return document

    async def cancel(self, document: str) -> None:
        try:
            await self._world.insist(f"/print-jobs/{self.wanted[document]}/cancel", {}, f"{self._world.history.seed}-no-{document}")
        except ApiError as error:
            if error.status != 409:  # it had ended already
                raise

    async def work(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            document = await self.print_label()
            if self._random.random() < 0.15:
                await self.cancel(document)
            await asyncio.sleep(self._random.uniform(0.2, 1.0))
