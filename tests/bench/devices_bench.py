"""The devices' own part: keys decoded, four scanners at once, a label laid out and encoded, a weighing, a plug pulled and put back.

Scanners and scales here are ptys: they carry bytes as fast as they are written, so the scale's end waits as long as its line would
take.
"""

from __future__ import annotations

import asyncio
import os
import select
import statistics
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from random import Random

from drivers.devices import KeyEvent, LabelPrinter
from drivers.documents.model import Barcode, Box, Label, Symbology, Text
from drivers.registry import Kind, find, models
from drivers.testing import ScriptedKeys, ScriptedTransport
from edge_agent.config import DeviceConfig
from edge_agent.device_events import DeviceEvent, Scanned, StateChanged, WeightChanged
from edge_agent.devices import Devices
from edge_agent.seams import SystemClock
from edge_agent.wire.messages import Condition
from tests.bench import chain
from tests.bench.report import Row, row
from tests.drivers.every import CASES

KEYS = 60_000
KEYS_TARGET = 20_000
QUEUE = 64
"""Events that the kernel keeps for a reader, about as many come with one read."""
SCANNERS, SCANS_EACH, PER_SECOND = 4, 250, 50
LABELS, LABEL_MS = 200, 5.0
WEIGHINGS, BYTE_SECONDS = 100, 10 / 9600
WEIGHING_TIMES = 1.5
PLUGS, PULLED_SECONDS, GONE_SECONDS, BACK_SECONDS = 5, 1.5, 1.0, 2.0
WAIT_SECONDS = 60
_DIGIT_KEYS = (11, 2, 3, 4, 5, 6, 7, 8, 9, 10)
_ENTER = 28


def measure() -> Iterator[Row]:
    yield _keys()
    with chain.work_folder() as folder:
        yield asyncio.run(_four_scanners(folder))
    yield from _labels()
    with chain.work_folder() as folder:
        yield asyncio.run(_weighings(folder))
    with chain.work_folder() as folder:
        yield from asyncio.run(_unplugged(folder))


def _keys() -> Row:
    """Presses a second through the whole driver, beside a bare loop over the same events."""
    digits = [13 * [int(each)] for each in "0123456789"] * (KEYS // 140)
    codes = [code for scan in digits for code in (*(_DIGIT_KEYS[each] for each in scan), _ENTER)]
    events = [
        event for code in codes for event in (KeyEvent(1, code, 1), KeyEvent(0, 0, 0), KeyEvent(1, code, 0), KeyEvent(0, 0, 0))
    ]
    scanner = find("scanner.wedge").build(ScriptedKeys(*_batches(events)), {})
    began = time.perf_counter()
    texts = 0
    while scanner.read_symbol(1.0) is not None:  # type: ignore[union-attr]  # a wedge is a scanner
        texts += 1
    rate = len(codes) / (time.perf_counter() - began)
    began = time.perf_counter()
    presses = sum(1 for event in events if event.type == 1 and event.value == 1)
    bare = presses / (time.perf_counter() - began)
    is_whole = texts == len(digits)
    return row(
        "keys of a wedge decoded", rate, "keys/s", limit=bare, target=f">= {KEYS_TARGET:,}/s", ok=is_whole and rate >= KEYS_TARGET
    )


def _batches(events: list[KeyEvent]) -> Iterator[list[KeyEvent]]:
    return (events[at : at + QUEUE] for at in range(0, len(events), QUEUE))


async def _four_scanners(folder: Path) -> Row:
    """Scans lost, merged, or out of order, of all that four scanners sent at once."""
    heard: dict[str, list[bytes]] = {}
    states: dict[str, StateChanged] = {}

    def on_event(event: DeviceEvent) -> None:
        if isinstance(event.what, Scanned):
            heard.setdefault(event.device, []).append(event.what.symbol.data)
        elif isinstance(event.what, StateChanged):
            states[event.device] = event.what

    with ExitStack() as stack:
        ends = {f"scanner-{number}": stack.enter_context(_pty(folder / f"scanner-{number}")) for number in range(SCANNERS)}
        configs = [
            DeviceConfig(id=name, kind=Kind.SCANNER, model="scanner.serial", address=f"serial:{folder / name}") for name in ends
        ]
        async with asyncio.timeout(WAIT_SECONDS):
            running = asyncio.create_task(Devices(configs, on_event, SystemClock(), Random(1)).run())
            await _until(lambda: len(states) == SCANNERS)
            sent = {name: [b"%s-%05d" % (name.encode(), number) for number in range(SCANS_EACH)] for name in ends}
            await asyncio.gather(*(asyncio.to_thread(_scan, ends[name], sent[name]) for name in ends))
            await _until(lambda: sum(map(len, heard.values())) >= SCANNERS * SCANS_EACH)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    wrong = (
        sum(1 for name, scans in sent.items() for one, other in zip(scans, heard[name], strict=False) if one != other)
        + SCANNERS * SCANS_EACH
        - sum(map(len, heard.values()))
    )
    name = f"{SCANNERS} scanners at {PER_SECOND} scans/s each: lost, merged or out of order of {SCANNERS * SCANS_EACH:,}"
    return row(name, wrong, "scans", target="0", ok=wrong == 0)


def _scan(end: int, scans: list[bytes]) -> None:
    began = time.monotonic()
    for number, scan in enumerate(scans):
        time.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
        os.write(end, scan + b"\r")


def _labels() -> Iterator[Row]:
    """Another label each time: only fonts and figures that any label uses again are warm."""
    for name in models():
        model = find(name)
        if model.kind is not Kind.LABEL_PRINTER:
            continue
        printer = model.build(ScriptedTransport(), CASES[name].options)
        assert isinstance(printer, LabelPrinter)
        samples = [_encode(printer, number) for number in range(LABELS)][LABELS // 10 :]
        value = statistics.median(samples)
        yield row(
            f"label of 12 elements laid out and encoded, {name} (median)",
            value,
            "ms",
            target=f"<= {LABEL_MS:g} ms",
            ok=value <= LABEL_MS,
        )


def _encode(printer: LabelPrinter, number: int) -> float:
    label = _label(number)
    began = time.perf_counter()
    printer.encode_label(label)
    return (time.perf_counter() - began) * 1000


def _label(number: int) -> Label:
    """A shelf label with 12 elements, 56 x 24 mm, its edges free as a tape printer wants them."""

    def text(x: str, y: str, width: str, height: str, what: str, *, bold: bool = False) -> Text:
        return Text(x=Decimal(x), y=Decimal(y), width=Decimal(width), height=Decimal(height), text=what, bold=bold)

    def box(x: str, y: str, width: str, height: str) -> Box:
        return Box(x=Decimal(x), y=Decimal(y), width=Decimal(width), height=Decimal(height), thickness=Decimal("0.3"))

    def code(x: str, y: str, width: str, height: str, symbology: Symbology, data: str) -> Barcode:
        place = (Decimal(x), Decimal(y), Decimal(width), Decimal(height))
        return Barcode(x=place[0], y=place[1], width=place[2], height=place[3], symbology=symbology, data=data)

    cents = 100 + number * 7
    return Label(
        width=Decimal(56),
        height=Decimal(24),
        elements=(
            text("1", "3.5", "39", "3", f"Green tea, leaf {number % 50} g", bold=True),
            text("1", "6.5", "39", "2.3", f"Best before 2027-{1 + number % 12:02d}-{1 + number % 28:02d}"),
            text("1", "8.8", "39", "2.3", f"Lot L{number:06d}"),
            text("42", "3.5", "12", "2.5", "per kg"),
            text("42", "6", "12", "3.5", f"{cents / 100:.2f}", bold=True),
            text("1", "11.5", "20", "3.5", f"{cents // 100}.{cents % 100:02d}", bold=True),
            text("22", "11.5", "18", "3", f"Shelf B{number % 9}-{number % 30:02d}"),
            code("1", "15", "38", "5.5", Symbology.EAN13, f"{200_000_000_000 + number}"),
            code("42", "9.7", "11", "11", Symbology.QR, f"A-{number:05d}"),
            box("0.5", "3.1", "54", "17.8"),
            box("41", "3.1", "0.3", "17.8"),
            box("0.5", "11", "40", "0.3"),
        ),
    )


async def _weighings(folder: Path) -> Row:
    """From a scale's question to the weight in the event loop, beside the time that its bytes take at 9600 baud, 7E1."""
    came: asyncio.Queue[float] = asyncio.Queue()

    def on_event(event: DeviceEvent) -> None:
        if isinstance(event.what, WeightChanged):
            came.put_nowait(time.perf_counter())

    config = DeviceConfig(
        id="scale", kind=Kind.SCALE, model="toledo.8217", address=f"serial:{folder / 'scale'}", options={"unit": "kg"}
    )
    asked: list[tuple[float, float]] = []
    stop = threading.Event()
    with _pty(folder / "scale") as end:
        answering = threading.Thread(target=_answer, args=(end, asked, stop))
        answering.start()
        running = asyncio.create_task(Devices([config], on_event, SystemClock(), Random(1)).run())
        async with asyncio.timeout(WAIT_SECONDS):
            seen = [await came.get() for _ in range(WEIGHINGS)]
        stop.set()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        answering.join()
    took = statistics.median(event - began for (began, _), event in zip(asked, seen, strict=False)) * 1000
    wire = statistics.median(seconds for _, seconds in asked) * 1000
    name = "scale polled -> weight event (median)"
    target = f"<= {WEIGHING_TIMES:g} x its bytes on the wire"
    return row(name, took, "ms", limit=wire, target=target, ok=took <= WEIGHING_TIMES * wire)


def _answer(end: int, asked: list[tuple[float, float]], stop: threading.Event) -> None:
    """A scale on which something else lies each time it is asked."""
    while not stop.is_set():
        ready, _, _ = select.select([end], [], [], 0.1)
        if not ready or b"W" not in os.read(end, 64):
            continue
        began = time.perf_counter()
        answer = b"\x02%02d.%03d\r" % divmod(1000 + len(asked), 1000)
        time.sleep((1 + len(answer)) * BYTE_SECONDS)
        asked.append((began, time.perf_counter() - began))
        os.write(end, answer)


@contextmanager
def _pty(link: Path) -> Iterator[int]:
    """A serial port at `link`; its other end."""
    end, port = os.openpty()
    tty.setraw(port)
    link.symlink_to(os.ttyname(port))
    try:
        yield end
    finally:
        os.close(end)
        os.close(port)


async def _unplugged(folder: Path) -> list[Row]:
    """A scanner's plug pulled and put back; here the bench says what udev says on a box (in a real kernel: `make test-device`)."""
    came: asyncio.Queue[Condition] = asyncio.Queue()

    def on_event(event: DeviceEvent) -> None:
        if isinstance(event.what, StateChanged):
            came.put_nowait(event.what.state)

    async def until(state: Condition) -> float:
        began = time.perf_counter()
        while await came.get() is not state:
            pass
        return time.perf_counter() - began

    link = folder / "scanner"
    config = DeviceConfig(id="scanner", kind=Kind.SCANNER, model="scanner.serial", address=f"serial:{link}")
    devices = Devices([config], on_event, SystemClock(), Random(1))
    running = asyncio.create_task(devices.run())
    gone: list[float] = []
    back: list[float] = []
    async with asyncio.timeout(WAIT_SECONDS):
        for _ in range(PLUGS):
            with _pty(link):
                devices.plugged()
                back.append(await until(Condition.READY))
            link.unlink()
            gone.append(await until(Condition.ABSENT))
            await asyncio.sleep(PULLED_SECONDS)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return [
        row("unplugged -> told (worst)", max(gone), "s", target=f"<= {GONE_SECONDS:g} s", ok=max(gone) <= GONE_SECONDS),
        row("plugged in -> usable (worst)", max(back), "s", target=f"<= {BACK_SECONDS:g} s", ok=max(back) <= BACK_SECONDS),
    ]


async def _until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        await asyncio.sleep(0.02)
