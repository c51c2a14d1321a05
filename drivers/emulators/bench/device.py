"""One emulated device: its process, its reports, the paper that came out of it."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Report = dict[str, object]
ANSWER_SECONDS = 10
REPORT_LIMIT = 16 * 1024 * 1024
PAPERS_KEPT = 24


class DeviceRefused(Exception):
    """The emulator did not take a command; the message is its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSpec:
    """`protocol` as in `drivers.emulators.emulator.PROTOCOLS`; `place` is `--pty LINK` or `--tcp PORT`."""

    id: str
    protocol: str
    place: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Paper:
    """What came out of a printer, as a PNG, `copies` times; `number` counts from 1 per device."""

    number: int
    png: bytes
    copies: int


@dataclass
class BenchDevice:
    """A running emulator.  `changed` is called after each report that a bystander can see."""

    spec: DeviceSpec
    process: asyncio.subprocess.Process
    commands: asyncio.StreamWriter
    reports: asyncio.StreamReader
    changed: Callable[[], None] = lambda: None
    address: str = ""
    papers: list[Paper] = field(default_factory=list)
    copies_printed: int = 0
    faults: set[str] = field(default_factory=set)
    """What was switched on here, and what the device fell into by itself."""
    seen: dict[str, Report] = field(default_factory=dict)
    """The latest report of each event."""
    counts: Counter[str] = field(default_factory=Counter)
    """How often each event was reported."""
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _answers: dict[int, asyncio.Future[None]] = field(default_factory=dict)
    _is_ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def do(self, command: Report) -> None:
        """Send a command and wait until the emulator took it.  Raises DeviceRefused."""
        number = next(self._numbers)
        answer = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        self.commands.write(json.dumps({**command, "id": number}).encode() + b"\n")
        await self.commands.drain()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await answer
        finally:
            del self._answers[number]
        if command.get("do") == "fault":
            self._switch(str(command.get("name")), on=bool(command.get("on", True)))
            self.changed()

    async def wait_until_ready(self) -> None:
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._is_ready.wait()

    async def follow(self) -> None:
        """Take in the emulator's reports until it ends."""
        async for line in self.reports:
            self._take(json.loads(line))
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(DeviceRefused(f"{self.spec.id} ended with {self.process.returncode}"))

    def _switch(self, fault: str, *, on: bool) -> None:
        (self.faults.add if on else self.faults.discard)(fault)

    def _is_awaited(self, number: int) -> bool:
        """Not any more once whoever sent the command was cancelled."""
        return number in self._answers and not self._answers[number].done()

    def _take(self, report: Report) -> None:
        self.counts[str(report.get("event"))] += 1
        match report:
            case {"event": "ready", "address": str(address)}:
                self.address = address
                self._is_ready.set()
            case {"event": "done", "id": int(number)} if self._is_awaited(number):
                self._answers[number].set_result(None)
                return
            case {"event": "refused", "id": int(number), "message": message} if self._is_awaited(number):
                self._answers[number].set_exception(DeviceRefused(str(message)))
                return
            case {"event": "paper", "png_b64": str(png)}:
                copies = report.get("copies", 1)
                self.copies_printed += copies if isinstance(copies, int) else 1
                number = self.papers[-1].number + 1 if self.papers else 1
                self.papers.append(Paper(number, base64.b64decode(png), copies if isinstance(copies, int) else 1))
                del self.papers[:-PAPERS_KEPT]
            case {"event": "fault", "name": str(fault), "on": bool(on)}:
                self._switch(fault, on=on)
            case {"event": str(event)}:
                self.seen[event] = report
        self.changed()


@asynccontextmanager
async def running(spec: DeviceSpec) -> AsyncIterator[BenchDevice]:
    """The emulator in a process of its own, ended with the block: by closing its commands, then by a signal."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "drivers.emulators", spec.protocol, *spec.place,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=REPORT_LIMIT, start_new_session=True,
    )  # fmt: skip
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("both were asked for as pipes")
    device = BenchDevice(spec, process, process.stdin, process.stdout)
    following = asyncio.create_task(device.follow(), name=f"bench[{spec.id}]")
    try:
        await device.wait_until_ready()
        yield device
    finally:
        device.commands.close()
        try:
            async with asyncio.timeout(3):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        await following
