r"""A serial barcode scanner: what it reads it sends, with prefix, AIM identifier and suffix as it was configured.

Commands: ``{"do": "scan", "text": "4006381333931", "aim": "]E0"}`` (or ``"raw_b64"`` instead of ``"text"``; U+001D is FNC1),
``{"do": "configure", "prefix": "", "suffix": "\r", "send_aim": true}``.  It beeps when the host sends BEL.
"""

from __future__ import annotations

import base64
import binascii

from drivers.emulators.emulator import BadCommand, Command, Report, no_command, switch_of, text_of
from drivers.registry import Kind

KIND = Kind.SCANNER
COMMANDS = ("scan", "configure")
FAULTS: tuple[str, ...] = ()
_BEL = 0x07


class ScannerEmulator:
    """Source of the prefixes: AIM identifiers, ISO/IEC 15424 (`]cm`)."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._prefix = b""
        self._suffix = b"\r"
        self._sends_aim = True

    def on_bytes(self, data: bytes) -> bytes:
        beeps = data.count(_BEL)
        if beeps:
            self._report({"event": "beeped", "times": beeps})
        return b""

    def on_command(self, command: Command) -> bytes:
        match command.get("do"):
            case "scan":
                return self._scan(command)
            case "configure":
                self._prefix = text_of(command, "prefix", self._prefix.decode()).encode()
                self._suffix = text_of(command, "suffix", self._suffix.decode()).encode()
                self._sends_aim = switch_of(command, "send_aim") if "send_aim" in command else self._sends_aim
                return b""
            case other:
                raise no_command("scanner", other, COMMANDS)

    def _scan(self, command: Command) -> bytes:
        aim = text_of(command, "aim", "").encode() if self._sends_aim else b""
        return self._prefix + aim + scanned_data(command) + self._suffix


def scanned_data(command: Command) -> bytes:
    """What the symbol of a ``scan`` holds: its `text` or `raw_b64`.  Raises BadCommand."""
    if "raw_b64" not in command:
        return text_of(command, "text").encode()
    try:
        return base64.b64decode(text_of(command, "raw_b64"), validate=True)
    except binascii.Error as error:
        raise BadCommand(f"'raw_b64' is not base64: {error}") from error
