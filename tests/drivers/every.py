"""Every driver on its emulator, in one process: what the rules over all drivers, and the fuzzers, are run on.

`CASES` has a row for each model of `drivers.registry`; a test says so.  It is the only table of models in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from drivers.devices import Encoded, LabelPrinter, LineDisplay, POSPrinter, PrintProof, Scale, Scanner, Weight
from drivers.documents.model import Barcode, Label, Line, Receipt, Symbology, Text
from drivers.emulators.emulator import Command, Talks, make_emulator
from drivers.emulators.usbip_shapes import SHAPES
from drivers.errors import DriverError
from drivers.registry import Driver, Kind, Model, Opened, Over, find, models
from drivers.testing import Through
from drivers.transports.buffered import Buffered, Pipe
from tests.drivers.hid_lines import Keys, Reports

GRAMS = Decimal(1230)
SCANNED = b"4006381333931"
TRIES = 12
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Case:
    """The other end of a model: an emulator's protocol, how the driver is configured for it, and what a person did to it before."""

    emulator: str
    options: Mapping[str, object] = field(default_factory=dict)
    before: tuple[Command, ...] = ()


CASES: Mapping[str, Case] = {
    "adam": Case("adam"),
    "and.standard": Case("and_standard"),
    "brother.pt": Case("brother_pt", {"media": "24"}),
    "brother.ql": Case("brother_ql", {"media": "62"}),
    "cas.pdii": Case("cas_pdii"),
    "cas.stream": Case("cas_stream"),
    "dialog.02": Case("dialog_02", {"nominal_price": 100}),
    "display.escpos": Case("line_display"),
    "epl2": Case("epl2"),
    "escpos": Case("escpos"),
    "escpos.label": Case("escpos"),
    "hid.scale": Case("hid_scale"),
    "mt.sics": Case("mt_sics"),
    "nci": Case("nci"),
    "scanner.hidpos": Case("hidpos"),
    "scanner.serial": Case("scanner"),
    "scanner.wedge": Case("wedge", before=({"do": "configure", "send_aim": True},)),
    "sma": Case("sma"),
    "star.line": Case("star"),
    "toledo.8217": Case("toledo_8217", {"unit": "kg"}),
    "toledo.continuous": Case("toledo_continuous"),
    "tspl": Case("tspl"),
    "zpl": Case("zpl"),
}


class EmulatedPipe:
    """A line with an emulator at its end.  Time passes for it when the host listens and nothing is there.

    What it gives at a time is one report of a HID device, of others at most `_CHUNK` bytes.
    """

    def __init__(self, case: Case) -> None:
        self.reports: list[Mapping[str, object]] = []
        self.emulator = make_emulator(case.emulator, self.reports.append)
        self._most = (case.emulator in SHAPES and SHAPES[case.emulator].report_size) or _CHUNK
        self._answers = b""
        for command in case.before:
            self.do(command)

    def do(self, command: Command) -> None:
        self._answers += self.emulator.on_command(command)

    def send(self, data: bytes) -> None:
        self._answers += self.emulator.on_bytes(data)

    def receive(self, timeout: float) -> bytes:
        del timeout
        if not self._answers and isinstance(self.emulator, Talks) and self.emulator.tick_every:
            self._answers = self.emulator.on_tick(self.emulator.tick_every)
        answers, self._answers = self._answers[: self._most], self._answers[self._most :]
        return answers

    def close(self) -> None:
        """It may be opened again."""


class Overheard:
    """A line that is listened to."""

    def __init__(self, pipe: Pipe, said: list[bytes], *, from_device: bool) -> None:
        self._pipe = pipe
        self._said = said
        self._from_device = from_device

    def send(self, data: bytes) -> None:
        if not self._from_device:
            self._said.append(data)
        self._pipe.send(data)

    def receive(self, timeout: float) -> bytes:
        data = self._pipe.receive(timeout)
        if self._from_device and data:
            self._said.append(data)
        return data

    def close(self) -> None:
        self._pipe.close()


@dataclass(frozen=True, slots=True)
class Pair:
    """A driver, and the emulator it talks to."""

    model: Model
    pipe: EmulatedPipe
    driver: Any


def pair(name: str, through: Through | None = None, pipe: EmulatedPipe | None = None) -> Pair:
    """The driver of a model on its emulator; `pipe`: on one that is there already (plugged in again)."""
    line = pipe or EmulatedPipe(CASES[name])
    return Pair(find(name), line, on_line(name, through(line) if through else line))


def on_line(name: str, line: Pipe) -> Driver:
    """The driver of a model with whatever is at the other end of `line`."""
    return find(name).build(_opened(name, line), CASES[name].options)


def _opened(name: str, line: Pipe) -> Opened:
    match find(name).over:
        case Over.BYTES:
            return Buffered(line, name)
        case Over.REPORTS:
            return Reports(line, SHAPES[CASES[name].emulator].report_descriptor)
        case Over.KEYS:
            return Keys(line)


def over_bytes() -> list[str]:
    """The models that talk to their emulator by bytes."""
    return [name for name in models() if find(name).over is Over.BYTES]


def do_its_work(one: Pair) -> bool:
    """One round of what the device is for.  True: done, and right; False: not yet.  AssertionError: wrong.  Raises DriverErrors."""
    match one.model.kind:
        case Kind.SCALE:
            return _weigh(one)
        case Kind.SCANNER:
            return _scan(one)
        case Kind.LABEL_PRINTER | Kind.RECEIPT_PRINTER:
            return _print(one)
        case Kind.LINE_DISPLAY:
            return _show(one)


def works(one: Pair) -> bool:
    """Whether it does its work within some tries."""
    for _ in range(TRIES):
        try:
            if do_its_work(one):
                return True
        except DriverError:
            continue
    return False


def _weigh(one: Pair) -> bool:
    assert isinstance(one.driver, Scale)
    one.pipe.do({"do": "remove"})  # where a protocol forbids two receipts from one weighing, this is another one
    one.pipe.do({"do": "put", "grams": str(GRAMS)})
    weight = one.driver.read_weight()
    if not isinstance(weight, Weight) or not weight.stable:
        return False
    assert weight.raw
    assert weight.is_legal == (weight.grams > 0)
    return weight.grams == GRAMS


def _scan(one: Pair) -> bool:
    assert isinstance(one.driver, Scanner)
    one.pipe.do({"do": "scan", "text": SCANNED.decode(), "aim": "]E0"})
    symbol = one.driver.read_symbol(0.2)
    return symbol is not None and symbol.data == SCANNED and symbol.aim == "]E0"


def encoded(driver: object) -> Encoded:
    """A small document in the printer's language."""
    if isinstance(driver, POSPrinter):
        return driver.encode_receipt(Receipt(parts=(Line(text="Tea", right="4.50"),)))
    assert isinstance(driver, LabelPrinter)
    ten = Decimal(10)
    text = Text(x=Decimal(2), y=Decimal(1), width=Decimal(24), height=Decimal(4), text="Tea")
    bars = Barcode(
        x=Decimal(1), y=Decimal(6), width=Decimal(27), height=ten, symbology=Symbology.CODE128, data="A-1", human_readable=False
    )
    return driver.encode_label(Label(width=Decimal(29), height=Decimal(20), elements=(text, bars)))


def _print(one: Pair) -> bool:
    assert isinstance(one.driver, POSPrinter | LabelPrinter)
    document = encoded(one.driver)
    one.driver.status()
    before = copies_out(one.pipe)
    one.driver.send(document)
    proof = one.driver.prove(document, 1.0)
    came_out = copies_out(one.pipe) - before
    assert proof is not PrintProof.CONFIRMED or came_out == 1
    return came_out == 1


def copies_out(pipe: EmulatedPipe) -> int:
    """What a bystander counts at a printer."""
    return sum(int(str(report.get("copies", 1))) for report in pipe.reports if report.get("event") == "paper")


def _show(one: Pair) -> bool:
    assert isinstance(one.driver, LineDisplay)
    one.driver.show(["Tea", "4.50"])
    shown = [report for report in one.pipe.reports if report.get("event") == "display"]
    rows = shown[-1]["rows"] if shown else ()
    return isinstance(rows, list) and [row.rstrip() for row in rows[:2]] == ["Tea", "4.50"]
