"""Scanners in USB HID Point of Sale mode: no keyboard, no layout; data, symbology and the end of a scan come as fields.

Source: USB HID Point of Sale Usage Tables 1.02, section 3 (usage page 8Ch): Scanned Data Report 12h, Symbology Identifier 1 to 3
FBh-FDh, Decoded Data FEh, Decode Data Continued FFh, Sound Good Read Beep 86h, Sound Not On File Beep 87h, Sound Error Beep 85h,
Good Read LED 7Dh.  The count of data bytes is Byte Count of the Generic Desktop page (HID Usage Tables 1.12, 3Bh), as in the
manuals of Access-IS (LSR118 Product Manual, appendix B.1) and Hand Held Products (3800i USB Interfaces, Report 4 for the beeps).
Where everything is, the report descriptor says; nothing is taken for granted.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from drivers.devices import ReportSource, Symbol
from drivers.errors import ProtocolViolation, Unsupported
from drivers.hid_descriptor import Field, ReportDescriptor, ReportKind, parse_descriptor, usage
from drivers.registry import Kind, Over, register
from drivers.symbols.aim import split_aim

PAGE = 0x8C
SCANNED_DATA_REPORT, DECODED_DATA, CONTINUED = usage(PAGE, 0x12), usage(PAGE, 0xFE), usage(PAGE, 0xFF)
SYMBOLOGY = (usage(PAGE, 0xFB), usage(PAGE, 0xFC), usage(PAGE, 0xFD))
BYTE_COUNT = usage(0x01, 0x3B)
GOOD_SIGNALS = (usage(PAGE, 0x86), usage(PAGE, 0x7D))
BAD_SIGNALS = (usage(PAGE, 0x87), usage(PAGE, 0x85))
LONGEST = 4096


@dataclass(frozen=True, slots=True)
class HidPosOptions:
    """`idle_ms` is the longest pause between the reports of one scan; `signals`: sound and light the box's answers where the
    scanner's descriptor offers it (its own good-read beep off).
    """

    idle_ms: int = 300
    signals: bool = True


@dataclass(frozen=True, slots=True)
class Piece:
    """One report of a scan: the symbology that it names, its data, and whether more comes."""

    aim: bytes
    data: bytes
    is_continued: bool


class ScanLayout:
    """Where in which report a scan's parts are.  Raises Unsupported for a descriptor without decoded data."""

    def __init__(self, descriptor: ReportDescriptor) -> None:
        data = [each for each in descriptor.find(ReportKind.INPUT, DECODED_DATA) if DECODED_DATA in each.usages]
        if not data:
            raise Unsupported("this USB device reports no decoded barcode data: set the scanner to USB HID POS (not keyboard) mode")
        self._data = data[0]
        self.report_id = self._data.report_id
        if self._data.bit_size != 8:
            raise Unsupported(f"this scanner reports its data in pieces of {self._data.bit_size} bits, expected bytes")
        self._symbology = tuple(self._place(descriptor, each) for each in SYMBOLOGY)
        self._count = self._place(descriptor, BYTE_COUNT)
        self._continued = self._place(descriptor, CONTINUED)
        flags = self._places(descriptor, CONTINUED)
        if self._count is None and len(flags) > 1 and flags[0].bit_size == self._data.bit_size:
            # Some devices give both the usage FF: a byte that counts, before the data, and the flag behind it.
            self._count, self._continued = (flags[0], CONTINUED), (flags[-1], CONTINUED)
        self._size = descriptor.size_of(ReportKind.INPUT, self.report_id)

    def read(self, report: bytes) -> Piece:
        """Raises ProtocolViolation: a report that is cut off, or counts more bytes than it has."""
        if len(report) < self._size:
            raise ProtocolViolation(f"the scanner sent a report of {len(report)} bytes, expected {self._size}: scan again")
        data = bytes(self._data.values(report))
        count = _value(self._count, report)
        if count is None:
            data = data.rstrip(b"\0")  # no count: what is left over is filled with zeros
        elif count <= len(data):
            data = data[:count]
        else:
            raise ProtocolViolation(f"the scanner's report counts {count} bytes, expected at most {len(data)}: scan again")
        aim = bytes(value or 0 for value in (_value(each, report) for each in self._symbology))
        return Piece(aim.strip(b"\0"), data, bool(_value(self._continued, report)))

    def _place(self, descriptor: ReportDescriptor, wanted: int) -> tuple[Field, int] | None:
        """The field and the index in it that hold a usage in the data's report."""
        places = self._places(descriptor, wanted)
        return (places[0], wanted) if places else None

    def _places(self, descriptor: ReportDescriptor, wanted: int) -> list[Field]:
        """The fields of the data's report that have a usage, in its order."""
        return [
            each for each in descriptor.find(ReportKind.INPUT, wanted) if each.report_id == self.report_id and wanted in each.usages
        ]


@register("scanner.hidpos", kind=Kind.SCANNER, options=HidPosOptions, over=Over.REPORTS)
class HidPosScanner:
    """A scanner in USB HID POS mode.  Source: USB HID Point of Sale Usage Tables 1.02, section 3."""

    def __init__(self, reports: ReportSource, options: HidPosOptions) -> None:
        if not 10 <= options.idle_ms <= 1000:
            raise Unsupported(f"scanner.hidpos: idle_ms is {options.idle_ms}, expected 10 to 1000")
        descriptor = parse_descriptor(reports.descriptor)
        self._reports = reports
        self._layout = ScanLayout(descriptor)
        self._idle = options.idle_ms / 1000
        self._good = _signal_report(descriptor, GOOD_SIGNALS) if options.signals else None
        self._bad = _signal_report(descriptor, BAD_SIGNALS) if options.signals else None
        self._pieces: list[Piece] = []
        self._silence = 0.0

    def read_symbol(self, timeout: float) -> Symbol | None:
        deadline = time.monotonic() + timeout
        while True:
            remaining = max(0.0, deadline - time.monotonic())
            pause = self._idle - self._silence if self._pieces else remaining
            wait = min(pause, remaining)
            report = self._reports.read_report(wait)
            if report:
                self._silence = 0.0
                symbol = self._take(report)
                if symbol is not None or remaining <= 0:  # reports that are none of ours may never stop
                    return symbol
            elif self._pieces and wait == pause:
                self._forget()
                raise ProtocolViolation("a scan was refused, the rest of it never came: scan again")
            else:
                self._silence += wait if self._pieces else 0.0
                return None

    def signal(self, *, good: bool) -> None:
        report = self._good if good else self._bad
        if report is not None:
            self._reports.write_report(report)

    def _take(self, report: bytes) -> Symbol | None:
        if report[0] != self._layout.report_id:
            return None  # status, trigger, weight: not ours
        try:
            piece = self._layout.read(report)
        except ProtocolViolation:
            self._forget()
            raise
        self._pieces.append(piece)
        if sum(len(each.data) for each in self._pieces) > LONGEST:
            self._forget()
            raise ProtocolViolation(f"a scan was refused, it is longer than {LONGEST} bytes")
        if piece.is_continued:
            return None
        pieces, self._pieces = self._pieces, []
        return join(pieces)

    def _forget(self) -> None:
        self._pieces = []
        self._silence = 0.0


def join(pieces: list[Piece]) -> Symbol:
    """One symbol out of its reports.  Raises ProtocolViolation: reports of two symbols, no data."""
    aims = {each.aim for each in pieces if each.aim}
    if len(aims) > 1:
        raise ProtocolViolation("a scan was refused, its reports name two symbologies: scan again")
    data = b"".join(each.data for each in pieces)
    if not data:
        raise ProtocolViolation("a scan was refused, it holds no data: scan again")
    if not aims:
        return Symbol(*split_aim(data))
    identifier = aims.pop()
    aim = identifier if identifier.startswith(b"]") else b"]" + identifier
    rest, found = split_aim(aim)
    if rest or found is None:
        return Symbol(data)  # a maker's own letter: what it stands for is not known
    return Symbol(data.removeprefix(aim), found)


def _value(place: tuple[Field, int] | None, report: bytes) -> int | None:
    return None if place is None else place[0].value_of(report, place[1])


def _signal_report(descriptor: ReportDescriptor, usages: tuple[int, ...]) -> bytes | None:
    """The output report that asks for the first of these usages that the device has."""
    for wanted in usages:
        for each in descriptor.fields:
            if each.kind is ReportKind.OUTPUT and not each.is_constant and wanted in each.usages:
                return descriptor.compose(ReportKind.OUTPUT, each.report_id, {wanted: 1})
    return None
