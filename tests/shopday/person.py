"""The person at the counter: pulls the trigger, puts things on the scale, reloads paper; knows only what a person sees."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from drivers.symbols.commands import Command
from tests.shopday.devices import LABELS, SCALE, SCANNER
from tests.shopday.shop import Shop

SAME_CODE_SECONDS = 0.35
"""The box takes the same code within 300 ms for one read."""
BEEP_SECONDS = 10.0


class DidNotHappen(Exception):
    """What the script waited for did not come in time."""


async def until(what: str, is_so: Callable[[], Awaitable[object]], seconds: float = 30) -> None:
    """Ask again until it is so.  Raises DidNotHappen."""
    deadline = time.monotonic() + seconds
    while not await is_so():
        if time.monotonic() > deadline:
            raise DidNotHappen(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(0.05)


ERROR_BEEPS = 3


class Person:
    """Scans one after another; each waits for the box's beep, as the last proof that the box has it."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._last: tuple[str, float] = ("", 0.0)
        self.scans = 0

    async def scan(self, text: str, *, waits: bool = True) -> bool:
        """Pull the trigger; whether it was no error beep.  Raises DidNotHappen: no beep came, and somebody waits."""
        same, at = self._last
        if same == text:
            await asyncio.sleep(max(0.0, at + SAME_CODE_SECONDS - time.monotonic()))
        scanner = self._shop.devices[SCANNER]
        before = scanner.counts["beeped"]
        await scanner.do({"do": "scan", "text": text})
        self._last = (text, time.monotonic())
        self.scans += 1
        if waits:
            await until(f"a beep for {text}", lambda: _is(scanner.counts["beeped"] > before), BEEP_SECONDS)
            return int(str(scanner.seen["beeped"]["times"])) < ERROR_BEEPS
        return True

    async def command(self, command: Command) -> None:
        await self.scan(command.symbol)

    async def weigh(self, grams: int) -> None:
        """Put it on; it swings before it rests; then take it off."""
        scale = self._shop.devices[SCALE]
        await scale.do({"do": "fault", "name": "motion", "on": True})
        await scale.do({"do": "put", "grams": str(grams)})
        await asyncio.sleep(0.3)
        await scale.do({"do": "fault", "name": "motion", "on": False})

    async def clear_scale(self) -> None:
        await self._shop.devices[SCALE].do({"do": "remove"})

    async def fault(self, device: str, name: str, *, on: bool) -> None:
        await self._shop.devices[device].do({"do": "fault", "name": name, "on": on})

    async def labels_out(self) -> int:
        return self._shop.devices[LABELS].copies_printed


async def _is(value: bool) -> bool:
    return value
