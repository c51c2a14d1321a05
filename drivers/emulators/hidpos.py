"""A scanner in USB HID POS mode: its report descriptor, its reports, and the device.  Source: as `drivers.scanners.hid_pos`.

Commands: ``{"do": "scan", "text": "4006381333931", "aim": "]E0"}`` (or ``"raw_b64"``); ``fault`` with `breaks_off` (the last report
of a scan that needs several never comes).
Report: ``{"event": "beeped", "times": 1}`` for its good read beep, 3 for its error beep, when the host wants them.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.emulators.emulator import Command, Report, no_command, no_fault, switch_of, text_of
from drivers.emulators.scanner import scanned_data
from drivers.registry import Kind

KIND = Kind.SCANNER
COMMANDS = ("scan", "fault")
FAULTS = ("breaks_off",)
SCANNED_DATA, TRIGGER = 2, 4
_TIMES = {"good": 1, "bad": 3}
_GOOD, _BAD = 0x40, 0x20  # Report 4: Hand Held Products 3800i USB Interfaces, page 1-12


@dataclass(frozen=True, slots=True, kw_only=True)
class HidPosEmulator:
    """`room`: bytes of data in a report.  `counts`: whether reports count their bytes; without, zeros fill the rest.  `shift`:
    unused bits before the first field, so that nothing is at a byte's edge.  `has_signals`: it takes beeps from the host.
    """

    room: int = 56
    counts: bool = True
    shift: int = 0
    has_signals: bool = True

    @property
    def descriptor(self) -> bytes:
        padding = bytes([0x75, self.shift, 0x95, 1, 0x81, 3]) if self.shift else b""
        count = bytes([0x05, 0x01, 0x09, 0x3B, 0x95, 1, 0x81, 2, 0x05, 0x8C]) if self.counts else b""
        data = bytes([0x09, 0xFB, 0x09, 0xFC, 0x09, 0xFD, 0x95, 3, 0x81, 2, 0x96, *self.room.to_bytes(2, "little"), 0x09, 0xFE])
        more = bytes([0x82, 2, 1, 0x25, 1, 0x75, 1, 0x95, 1, 0x09, 0xFF, 0x81, 2, 0x75, 7, 0x81, 3])
        scanned = bytes([0x85, SCANNED_DATA, 0x09, 0x12, 0xA1, 2, 0x15, 0, 0x26, 0xFF, 0]) + padding + bytes([0x75, 8])
        return bytes([0x05, 0x8C, 0x09, 0x02, 0xA1, 0x01]) + scanned + count + data + more + b"\xc0" + self._trigger() + b"\xc0"

    def reports(self, data: bytes, aim: str = "") -> list[bytes]:
        """One scan: as many reports as its data needs, each with the symbology."""
        pieces = [data[at : at + self.room] for at in range(0, len(data), self.room)] or [b""]
        return [self._report(piece, aim, is_continued=at < len(pieces) - 1) for at, piece in enumerate(pieces)]

    @staticmethod
    def heard(report: bytes) -> list[str]:
        """What an output report makes it do."""
        bits = report[1] if len(report) > 1 and report[0] == TRIGGER else 0
        return [name for bit, name in ((_GOOD, "good"), (_BAD, "bad")) if bits & bit]

    def _report(self, piece: bytes, aim: str, *, is_continued: bool) -> bytes:
        body = (
            bytes([len(piece)]) * self.counts + aim.encode().ljust(3, b"\0") + piece.ljust(self.room, b"\0") + bytes([is_continued])
        )
        bits = int.from_bytes(body, "little") << self.shift
        return bytes([SCANNED_DATA]) + bits.to_bytes(len(body) + (self.shift + 7) // 8, "little")

    def _trigger(self) -> bytes:
        """Report 4: bit 6 Sound Good Read Beep, 5 Sound Error Beep, 2 Initiate Barcode Read, 1 Prevent Read of Barcodes."""
        if not self.has_signals:
            return b""
        unused = bytes([0x95, 1, 0x91, 3])
        usages = (
            unused,
            b"\x09\x5f\x91\x02",
            b"\x09\x60\x91\x02",
            unused,
            unused,
            b"\x09\x85\x91\x02",
            b"\x09\x86\x91\x02",
            unused,
        )
        return bytes([0x85, TRIGGER, 0x09, 0x14, 0xA1, 2, 0x25, 1, 0x75, 1, 0x95, 1]) + b"".join(usages) + b"\xc0"


class HidPosScannerEmulator:
    """The device: whole reports in, whole reports out."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._form = HidPosEmulator()
        self._breaks_off = False

    def on_bytes(self, data: bytes) -> bytes:
        for heard in self._form.heard(data):
            self._report({"event": "beeped", "times": _TIMES[heard]})
        return b""

    def on_command(self, command: Command) -> bytes:
        match command.get("do"):
            case "scan":
                reports = self._form.reports(scanned_data(command), text_of(command, "aim", ""))
                return b"".join(reports[:-1] if self._breaks_off and len(reports) > 1 else reports)
            case "fault" if command.get("name") in FAULTS:
                self._breaks_off = switch_of(command)
            case "fault":
                raise no_fault("scanner of this kind", command.get("name"), FAULTS)
            case other:
                raise no_command("scanner of this kind", other, COMMANDS)
        return b""
