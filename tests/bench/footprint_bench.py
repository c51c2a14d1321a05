"""What the agent costs a store computer: memory, idle processor time with four devices, seconds from start to ready.

Agent and controller are processes, the four devices are emulators.  "Ready" is the retained birth at the broker.  (The row with
floor pages joins when there are floor pages.)
"""

from __future__ import annotations

import asyncio
import os
import statistics
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from drivers.emulators.bench.device import BenchDevice, DeviceSpec, running
from edge_agent.wire.codec import decode, encode
from edge_agent.wire.messages import BoxState, Link
from edge_agent.wire.topics import BOX_ITSELF
from tests.bench import chain, load
from tests.bench.agent import agent, job_topic, receipt, shelf_label
from tests.bench.report import Row, row
from tests.shopday.programs import Program

KIB_PER_MIB = 1024
STARTS = 5
IDLE_SECONDS = 20
SCANS = 20
TARGETS = {"before": 55.0, "after": 65.0, "idle": 1.0, "ready": 1.0}
DEVICES: Mapping[str, tuple[str, str, str, str, Mapping[str, object]]] = {
    "scanner": ("scanner", "--pty", "scanner", "scanner.serial", {"sends_aim": False}),
    "scale": ("toledo_8217", "--pty", "scale", "toledo.8217", {"unit": "kg"}),
    "receipts": ("escpos", "--pty", "receipt_printer", "escpos", {}),
    "labels": ("zpl", "--tcp", "label_printer", "zpl", {}),
}
"""The emulator's protocol and place; kind, model and options for the agent."""
STATION = {"id": "desk", "scanner": "scanner", "scale": "scale", "label_printer": "labels", "receipt_printer": "receipts"}


@dataclass(frozen=True, slots=True)
class Footprint:
    """MiB, MiB, percent of one processor, seconds."""

    before: float
    after: float
    idle: float
    ready: float


def measure() -> Iterator[Row]:
    with chain.work_folder() as folder, chain.broker(folder) as broker:
        url = f"sqlite://{folder}/controller.db"
        asyncio.run(chain.prepare(url))
        found = asyncio.run(_footprint(folder, url, broker.port))
    yield _row("agent memory before the first print (RSS)", found.before, "MiB", TARGETS["before"])
    yield _row("agent memory after a receipt and a label (RSS)", found.after, "MiB", TARGETS["after"])
    yield _row(f"agent idle with four devices, {IDLE_SECONDS} s", found.idle, "%", TARGETS["idle"])
    yield _row(f"agent start to ready (median of {STARTS})", found.ready, "s", TARGETS["ready"])


def _row(name: str, value: float, unit: str, target: float) -> Row:
    return row(name, value, unit, target=f"<= {target:g} {unit}", ok=value <= target)


async def _footprint(folder: Path, url: str, port: int) -> Footprint:
    controller = chain.controller(folder, "controller", url, port)
    async with AsyncExitStack() as stack:
        listener = await stack.enter_async_context(chain.listening(port))
        stack.push_async_callback(controller.stop)
        await chain.started(controller, listener)
        devices = {name: await stack.enter_async_context(running(_spec(folder, name))) for name in DEVICES}
        box = agent(folder, port, [_config(name, device.address) for name, device in devices.items()], STATION)
        stack.push_async_callback(box.stop)
        seconds = [await _start(box, listener) for _ in range(STARTS)]
        await listener.until(lambda: all(listener.is_ready(name) for name in DEVICES))
        await _scan(devices["scanner"], listener)
        before = resident_mib(box)
        idle = await _idle_percent(box)
        await _print(devices, listener)
        return Footprint(before, resident_mib(box), idle, statistics.median(seconds))


def _spec(folder: Path, name: str) -> DeviceSpec:
    protocol, how, *_ = DEVICES[name]
    return DeviceSpec(id=name, protocol=protocol, place=(how, "0" if how == "--tcp" else str(folder / name)))


def _config(name: str, address: str) -> dict[str, object]:
    _, _, kind, model, options = DEVICES[name]
    return {"id": name, "kind": kind, "model": model, "address": address, "options": options}


async def _start(box: Program, listener: chain.Listener) -> float:
    """Seconds until its birth is at the broker; one that runs already is stopped first."""
    await box.stop()
    listener.states.clear()
    began = perf_counter()
    await box.start()
    await listener.until(lambda: _is_online(listener))
    return perf_counter() - began


def _is_online(listener: chain.Listener) -> bool:
    state = listener.states.get(BOX_ITSELF)
    return state is not None and decode(BoxState, state).state is Link.ONLINE


async def _scan(scanner: BenchDevice, listener: chain.Listener) -> None:
    for symbol in load.SYMBOLS[:SCANS]:
        acked = listener.acked
        await scanner.do({"do": "scan", "text": symbol})
        await listener.until(lambda acked=acked: listener.acked > acked)  # type: ignore[misc]  # mypy on defaults


async def _print(devices: Mapping[str, BenchDevice], listener: chain.Listener) -> None:
    await listener.publish([(job_topic("receipts", "job-1"), encode(receipt(1)))])
    await listener.publish([(job_topic("labels", "job-2"), encode(shelf_label()))])
    async with asyncio.timeout(chain.WAIT_SECONDS):
        while not (devices["receipts"].papers and devices["labels"].papers):
            await asyncio.sleep(0.05)


def resident_mib(program: Program) -> float:
    status = Path(f"/proc/{program.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / KIB_PER_MIB


async def _idle_percent(program: Program) -> float:
    """Of one processor."""
    before, began = _processor_seconds(program), perf_counter()
    await asyncio.sleep(IDLE_SECONDS)
    return 100 * (_processor_seconds(program) - before) / (perf_counter() - began)


def _processor_seconds(program: Program) -> float:
    """User and system time.  Source: proc(5), /proc/pid/stat, fields 14 and 15, counted behind the name in brackets."""
    fields = Path(f"/proc/{program.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
