"""Customer displays that speak Epson's ESC/POS dialect for them: the DM-D series, and others' displays in their Epson mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from drivers.devices import Transport
from drivers.documents.text import printable
from drivers.errors import DriverError
from drivers.registry import Kind, register

CodePage = Literal["cp437", "cp850", "cp852", "cp858", "cp860", "cp863", "cp865", "cp866", "cp1252"]
_TABLES: Mapping[str, int] = {
    "cp437": 0, "cp850": 2, "cp860": 3, "cp863": 4, "cp865": 5, "cp1252": 16, "cp866": 17, "cp852": 18, "cp858": 19,
}  # fmt: skip
_CLEAR = b"\x0c"
_COMPLETE = _CLEAR * 2
"""What a command of ours that broke off takes for its rest (the longest has two bytes of arguments); between commands it clears."""


@dataclass(frozen=True, slots=True)
class DisplayOptions:
    """`code_page` is what its font has; `table` its ESC t number, -1 for Epson's.  `brightness` 1 (dim) to 4 (full).

    `through_printer`: it hangs on a receipt printer's display connector, or stands in the line before one; the display is selected
    for its text, and the printer again after it.
    """

    rows: Annotated[int, Meta(ge=1, le=8)] = 2
    columns: Annotated[int, Meta(ge=8, le=80)] = 20
    code_page: CodePage = "cp858"
    table: Annotated[int, Meta(ge=-1, le=255)] = -1
    brightness: Literal[1, 2, 3, 4] = 4
    through_printer: bool = False


@register("display.escpos", kind=Kind.LINE_DISPLAY, options=DisplayOptions)
class EscposDisplay:
    """ESC/POS customer display.

    It answers nothing, so that nothing is known of what it shows; what was written is believed.  Source: Epson DM-D110
    specification, revision E, section 4.2 (ESC @, ESC t, CLR, US MD1, US $, US X, US C); for the same commands in other makers'
    displays, POS-X XP8200 manual, section 4.1.2 "EPSON Command Mode".
    """

    def __init__(self, transport: Transport, options: DisplayOptions) -> None:
        self._transport = transport
        self._options = options
        self._is_set_up = False

    @property
    def size(self) -> tuple[int, int]:
        return self._options.rows, self._options.columns

    def show(self, lines: Sequence[str]) -> None:
        """Writes every cell, so that nothing has to be cleared and nothing flickers.  Raises DeviceUnavailable, DeviceTimeout."""
        data = encode_rows(lines, self._options)
        if not self._is_set_up:
            data = encode_setup(self._options) + data
        if self._options.through_printer:
            data = b"\x1b=\x02" + data + b"\x1b=\x01"
        try:
            self._transport.write(data)
        except DriverError:
            self._is_set_up = False  # part of it may be there: begin anew
            raise
        self._is_set_up = True


def encode_setup(options: DisplayOptions) -> bytes:
    """Initialise (which clears it), overwrite mode, no cursor, code table, brightness; whatever came before it."""
    table = _TABLES[options.code_page] if options.table < 0 else options.table
    return _COMPLETE + b"\x1b@\x1f\x01\x1fC\x00" + bytes((0x1B, 0x74, table, 0x1F, 0x58, options.brightness))


def encode_rows(lines: Sequence[str], options: DisplayOptions) -> bytes:
    """Each row at its place (US $ column row, from 1), filled with blanks."""
    rows = [*lines[: options.rows], *[""] * (options.rows - len(lines))]
    return b"".join(bytes((0x1F, 0x24, 1, number)) + _row(text, options) for number, text in enumerate(rows, 1))


def _row(text: str, options: DisplayOptions) -> bytes:
    """Exactly the display's columns.  No control character of any kind is left, so that no text is a command."""
    shown = printable(text).replace("\n", " ").encode(options.code_page, "replace")
    return bytes(byte if byte >= 0x20 and byte != 0x7F else 0x3F for byte in shown[: options.columns]).ljust(options.columns)
