"""A counter of a shop: the real agent with four emulated devices, each a process, a real broker, a real controller."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from drivers.emulators.bench.device import BenchDevice, DeviceSpec, running
from edge_agent.wire.codec import decode, encode
from edge_agent.wire.messages import BoxState, Link
from edge_agent.wire.topics import BOX_ITSELF
from tests.bench import chain
from tests.bench.agent import Device, agent, job_topic, receipt, shelf_label
from tests.shopday.programs import Program, ProgramEnded

KIB_PER_MIB = 1024
AHEAD = 20
"""Scans that may be on their way at once: as many as a scanner's buffer holds."""
DEVICES: Mapping[str, tuple[str, str, str, str, Mapping[str, object]]] = {
    "scanner": ("scanner", "--pty", "scanner", "scanner.serial", {"sends_aim": False, "beeps_on_bel": True}),
    "scale": ("toledo_8217", "--pty", "scale", "toledo.8217", {"unit": "kg"}),
    "receipts": ("escpos", "--pty", "receipt_printer", "escpos", {}),
    "labels": ("zpl", "--tcp", "label_printer", "zpl", {}),
}
"""The emulator's protocol and place; kind, model and options for the agent."""
STATION = {"id": "desk", "scanner": "scanner", "scale": "scale", "label_printer": "labels", "receipt_printer": "receipts"}


@dataclass
class Counter:
    box: Program
    listener: chain.Listener
    devices: Mapping[str, BenchDevice]

    async def start(self) -> float:
        """Seconds until its birth is at the broker; one that runs already is stopped first."""
        await self.box.stop()
        self.listener.states.clear()
        began = perf_counter()
        await self.box.start()
        await self._until_online()
        return perf_counter() - began

    async def until_devices_ready(self) -> None:
        await self.listener.until(lambda: all(self.listener.is_ready(name) for name in DEVICES))

    async def scan(self, symbols: Sequence[str]) -> None:
        """As fast as they go; on return all are acked."""
        before = self.listener.acked
        for number, symbol in enumerate(symbols):
            await self.listener.until(lambda number=number: self.listener.acked > before + number - AHEAD)  # type: ignore[misc]  # mypy on defaults
            await self.devices["scanner"].do({"do": "scan", "text": symbol})
        await self.listener.until(lambda: self.listener.acked >= before + len(symbols))

    async def print(self) -> None:
        """A receipt and a label."""
        await self.listener.publish([(job_topic("receipts", "job-1"), encode(receipt(1)))])
        await self.listener.publish([(job_topic("labels", "job-2"), encode(shelf_label()))])
        async with asyncio.timeout(chain.WAIT_SECONDS):
            while not (self.devices["receipts"].papers and self.devices["labels"].papers):
                await asyncio.sleep(0.05)

    def resident_mib(self) -> float:
        return resident_mib(self.box)

    async def idle_percent(self, seconds: float) -> float:
        """Of one processor."""
        before, began = _processor_seconds(self.box), perf_counter()
        await asyncio.sleep(seconds)
        return 100 * (_processor_seconds(self.box) - before) / (perf_counter() - began)

    async def _until_online(self) -> None:
        """Raises ProgramEnded: it will never be."""
        if self.box.process is None:
            raise ProgramEnded(f"{self.box.name} was not started")
        online = asyncio.create_task(self.listener.until(self._is_online))
        ended = asyncio.create_task(self.box.process.wait())
        await asyncio.wait((online, ended), return_when=asyncio.FIRST_COMPLETED)
        for task in (online, ended):
            task.cancel()
        if not online.done():
            raise ProgramEnded(f"{self.box.name} ended: {self.box.tail()}")
        await online

    def _is_online(self) -> bool:
        state = self.listener.states.get(BOX_ITSELF)
        return state is not None and decode(BoxState, state).state is Link.ONLINE


@contextmanager
def site() -> Iterator[tuple[Path, str, int]]:
    """A folder, a controller's database, a broker's port."""
    with chain.work_folder() as folder, chain.broker(folder) as broker:
        url = f"sqlite://{folder}/controller.db"
        asyncio.run(chain.prepare(url))
        yield folder, url, broker.port


@asynccontextmanager
async def counter(folder: Path, url: str, port: int, floor: Device | None = None) -> AsyncIterator[Counter]:
    """Its agent does not run yet.  `floor`: what stands in `[floor]`, if it serves pages."""
    controller = chain.controller(folder, "controller", url, port)
    async with AsyncExitStack() as stack:
        listener = await stack.enter_async_context(chain.listening(port))
        stack.push_async_callback(controller.stop)
        await chain.started(controller, listener)
        devices = {name: await stack.enter_async_context(running(_spec(folder, name))) for name in DEVICES}
        box = agent(folder, port, [_config(name, device.address) for name, device in devices.items()], STATION, floor)
        stack.push_async_callback(box.stop)
        yield Counter(box, listener, devices)


def resident_mib(program: Program) -> float:
    status = Path(f"/proc/{program.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / KIB_PER_MIB


def _spec(folder: Path, name: str) -> DeviceSpec:
    protocol, how, *_ = DEVICES[name]
    return DeviceSpec(id=name, protocol=protocol, place=(how, "0" if how == "--tcp" else str(folder / name)))


def _config(name: str, address: str) -> dict[str, object]:
    _, _, kind, model, options = DEVICES[name]
    return {"id": name, "kind": kind, "model": model, "address": address, "options": options}


def _processor_seconds(program: Program) -> float:
    """User and system time.  Source: proc(5), /proc/pid/stat, fields 14 and 15, counted behind the name in brackets."""
    fields = Path(f"/proc/{program.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
