"""Serial scanners (RS-232, USB virtual ports, network): whatever is read is sent, framed as the scanner was configured.

Source: AIM identifiers by ISO/IEC 15424; beep on BEL, Motorola/Zebra DS9208-1D Product
Reference Guide, table 2-1 ("detected a <BEL> character over RS-232") and chapter RS-232, parameter Beep on <BEL>.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from drivers.devices import Symbol, Transport
from drivers.errors import ProtocolViolation, Unsupported
from drivers.registry import Kind, register
from drivers.scanners.calibration import SIGNATURE
from drivers.scanners.learning import learn_bytes
from drivers.symbols.aim import split_aim

LONGEST = 4096
BEL = b"\x07"
BEEPS_FOR_BAD = 3
_SIGNATURE = SIGNATURE.encode()
# Data may hold FS, GS, RS, US, EOT (ISO/IEC 15434) and, in 2D symbols, tabs and lines; other control characters are line noise.
_NOISE = re.compile(rb"[\x00-\x03\x05-\x08\x0b\x0c\x0e-\x1b\x7f]")


class Framing(StrEnum):
    """Where a scan ends: at CR, LF or CR LF; at `suffix` (for 2D symbols that hold lines); or when the scanner pauses."""

    LINE = "line"
    SUFFIX = "suffix"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class SerialScannerOptions:
    """As the scanner is configured.  `suffix` counts with framing ``suffix``; `idle_ms` is the longest pause inside a scan.

    `gs`: the text it sends for FNC1 instead of U+001D, such as ``{GS}`` or ``|``, if it does.  One scan of the calibration barcode
    tells framing, prefix, suffix, `gs` and `sends_aim`.

    `sends_aim`: every scan begins with an AIM identifier (after `prefix`), so one without is damaged.  `any_bytes`: accept symbols
    that hold control characters or are not UTF-8, at the price that line noise can no longer be told from data.

    `beeps_on_bel`: the scanner sounds when it receives BEL ("Beep on <BEL>" enabled, its own good-read beep off), so that the sound
    is the box's answer: once for what is saved, three times for what is not.
    """

    framing: Framing = Framing.LINE
    prefix: str = ""
    suffix: str = ""
    idle_ms: int = 150
    gs: str = ""
    sends_aim: bool = False
    any_bytes: bool = False
    beeps_on_bel: bool = False


class FrameDecoder:
    """Cuts a stream into frames.  Pure: bytes in, frames out, and `end_scan` when the scanner paused.

    A frame that holds the calibration's signature is not cut: it and all that follows up to the pause tell how the scanner frames.
    """

    def __init__(self, options: SerialScannerOptions) -> None:
        self._framing = options.framing
        self._end = re.compile(rb"[\r\n]" if options.framing is Framing.LINE else re.escape(options.suffix.encode()))
        self._buffer = b""
        self._cut_off = b""  # what a configured suffix cut off since the last pause: it may be the beginning of a calibration scan
        self.is_calibrating = False

    @property
    def is_in_scan(self) -> bool:
        """Whether a scan has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that ended in `data`, without their suffix.  Raises ProtocolViolation (too long; it is dropped)."""
        self._buffer += data
        frames = []
        while self._framing is not Framing.IDLE and (end := self._end.search(self._buffer)):
            self.is_calibrating = _SIGNATURE in self._buffer[: end.start()]
            if self.is_calibrating:
                break
            frames.append(self._buffer[: end.start()])
            if self._framing is Framing.SUFFIX:
                self._cut_off = (self._cut_off + self._buffer[: end.end()])[-LONGEST:]
            self._buffer = self._buffer[end.end() :]
        if len(self._buffer) > LONGEST and not frames:
            self._buffer, self.is_calibrating = b"", False
            raise ProtocolViolation(
                f"the scanner sent more than {LONGEST} bytes in one piece: check its suffix and this line's speed"
            )
        return [each for each in frames if each]

    def rest(self) -> None:
        """The scanner paused between two scans."""
        self._cut_off = b""

    def end_scan(self) -> bytes:
        """The scanner paused: its frame, where the pause ends one.  Raises ProtocolViolation where it should not have."""
        frame, self._buffer = self._buffer, b""
        self.is_calibrating = _SIGNATURE in frame
        before, self._cut_off = self._cut_off, b""
        if self.is_calibrating:
            frame = before + frame
        if self._framing is not Framing.IDLE and not self.is_calibrating:
            raise ProtocolViolation(
                f"a scan of {len(frame)} bytes did not end with the configured suffix: scan again, check the suffix"
            )
        return frame


@register("scanner.serial", kind=Kind.SCANNER, options=SerialScannerOptions)
class SerialScanner:
    """Any scanner on a serial line.  Source: AIM identifiers, ISO/IEC 15424; the frame is its configuration."""

    def __init__(self, transport: Transport, options: SerialScannerOptions) -> None:
        check_options(options)
        self._transport = transport
        self._options = options
        self._decoder = FrameDecoder(options)
        self._frames: list[bytes] = []
        self._silence = 0.0
        self._learned: Mapping[str, object] | None = None

    def read_symbol(self, timeout: float) -> Symbol | None:
        deadline = time.monotonic() + timeout
        while not self._frames:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return None
            if not self._listen(remaining):
                return None
        return parse_frame(self._frames.pop(0), self._options)

    def signal(self, *, good: bool) -> None:
        if self._options.beeps_on_bel:
            self._transport.write(BEL if good else BEL * BEEPS_FOR_BAD)

    def take_learned(self) -> Mapping[str, object] | None:
        learned, self._learned = self._learned, None
        return learned

    def _listen(self, remaining: float) -> bool:
        """Whether it is worth listening on: False after `remaining` seconds of silence, and after a calibration."""
        if not self._decoder.is_in_scan:
            if self._take(self._transport.read(LONGEST, remaining)):
                return True
            self._silence += remaining
            if self._silence >= self._options.idle_ms / 1000:
                self._decoder.rest()
            return False
        pause = self._options.idle_ms / 1000 - self._silence
        wait = min(pause, remaining)
        if self._take(self._transport.read(LONGEST, wait)):
            return True
        self._silence += wait
        if wait < pause:
            return False
        self._silence = 0.0
        frame = self._decoder.end_scan()
        if self._decoder.is_calibrating:
            self._learned = learn_bytes(frame)
            return False
        self._frames.append(frame)
        return True

    def _take(self, data: bytes) -> bool:
        if data:
            self._silence = 0.0
            self._frames += self._decoder.feed(data)
        return bool(data)


def check_options(options: SerialScannerOptions) -> None:
    """Raises Unsupported for options that contradict each other."""
    if options.framing is Framing.SUFFIX and not options.suffix:
        raise Unsupported("scanner.serial: framing 'suffix' needs the option 'suffix', such as \"\\u0003\"")
    if not 10 <= options.idle_ms <= 1000:
        raise Unsupported(f"scanner.serial: idle_ms is {options.idle_ms}, expected 10 to 1000")


def parse_frame(frame: bytes, options: SerialScannerOptions) -> Symbol:
    """What a frame holds; the AIM identifier and the prefix are kept off the data.

    Raises ProtocolViolation (no prefix, no AIM identifier where one is due, line noise).
    """
    prefix = options.prefix.encode()
    _, found, data = frame.rpartition(prefix) if prefix else (b"", b"", frame)
    if found != prefix:
        raise ProtocolViolation(f"the scanner sent {frame!r}, expected it to begin with {prefix!r}")
    data, aim = split_aim(data.replace(options.gs.encode(), b"\x1d") if options.gs else data)
    if options.sends_aim and aim is None:
        raise ProtocolViolation(f"the scanner sent {frame!r}, expected it to begin with an AIM identifier such as ]E0")
    if not 0 < len(data) <= LONGEST:
        raise ProtocolViolation(f"the scanner sent a scan of {len(data)} bytes, expected 1 to {LONGEST}")
    if aim is not None and aim.startswith("]E") and not data.isdigit():  # two scans that lost the suffix between them
        raise ProtocolViolation(f"the scanner sent {frame!r}, expected only digits in an EAN or UPC symbol: scan again")
    if not options.any_bytes and (_NOISE.search(data) or (aim is None and not _is_utf8(data))):
        raise ProtocolViolation(
            f"the scanner sent {frame!r}, which looks like line noise: scan again, check the line's speed and parity"
        )
    return Symbol(data, aim)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
