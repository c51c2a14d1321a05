r"""A scanner that types, as a USB keyboard: `drivers.emulators.wedge`, in reports.

Source: USB HID 1.11, appendix B.1 (keyboard, boot protocol); USB HID Usage Tables 1.12, section 10 (usages of keys).

Commands: ``{"do": "scan", "text": "4006381333931", "aim": "]E0"}`` (U+001D is FNC1), ``{"do": "configure", "layout": "us",
"prefix": "", "suffix": "\r", "send_aim": false, "gs": "ctrl", "caps_lock": "follow", "by_numbers": false, "ctrl_alt": false}`` (see
`drivers.emulators.wedge.Typing`); ``fault`` with `breaks_off` (it stops in the middle of a scan).
It hears the keyboard's lamps: with CapsLock lit it types as a PC then needs it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from drivers.devices import KeyEvent
from drivers.emulators.emulator import BadCommand, Command, Report, no_command, no_fault, switch_of, text_of
from drivers.emulators.wedge import NotTypeable, Typing, typed_keys
from drivers.registry import Kind
from drivers.scanners.layouts import LAYOUTS
from drivers.scanners.strokes import CapsLock

KIND = Kind.SCANNER
COMMANDS = ("scan", "configure", "fault")
FAULTS = ("breaks_off",)
REPORT_SIZE = 8
DESCRIPTOR = bytes.fromhex(
    "0501 0906 A101"  # generic desktop, keyboard, an application
    "0507 19E0 29E7 1500 2501 7501 9508 8102"  # modifiers
    "9501 7508 8101"  # reserved
    "9505 7501 0508 1901 2905 9102 9501 7503 9101"  # lamps
    "9506 7508 1500 2665 00 0507 1900 2965 8100 C0"  # six keys
)
_CAPS_LAMP = 0x02
_MODIFIERS = {29: 0x01, 42: 0x02, 56: 0x04, 125: 0x08, 97: 0x10, 54: 0x20, 100: 0x40, 126: 0x80}
_RUNS = (
    (2, "1E 1F 20 21 22 23 24 25 26 27 2D 2E 2A 2B"),  # digits, minus, equals, backspace, tab
    (16, "14 1A 08 15 17 1C 18 0C 12 13 2F 30 28"),  # q to p, brackets, enter
    (30, "04 16 07 09 0A 0B 0D 0E 0F 33 34 35"),  # a to l, semicolon, apostrophe, grave
    (43, "31 1D 1B 06 19 05 11 10 36 37 38"),  # backslash, z to m, comma, stop, slash
    (55, "55"),
    (57, "2C 39 3A 3B 3C 3D 3E 3F 40 41 42 43"),  # space, CapsLock, F1 to F10
    (71, "5F 60 61 56 5C 5D 5E 57 59 5A 5B 62 63"),  # keypad
    (86, "64"),
    (96, "58"),
    (98, "54"),
)
USAGE_OF_KEY = {first + at: usage for first, run in _RUNS for at, usage in enumerate(bytes.fromhex(run))}
"""Key codes of Linux (`input-event-codes.h`) to usages of page 7, for all keys that a scanner types with."""


class HidKeyboardEmulator:
    """Whole reports in (one byte of lamps), whole reports out."""

    def __init__(self, report: Report) -> None:
        del report  # nobody sees it do anything
        self._typing = Typing()
        self._sends_aim = False
        self._breaks_off = False

    def on_bytes(self, data: bytes) -> bytes:
        if data:
            self._typing = replace(self._typing, lamp=bool(data[-1] & _CAPS_LAMP))
        return b""

    def on_command(self, command: Command) -> bytes:
        match command.get("do"):
            case "scan":
                return self._scan(command)
            case "configure":
                self._configure(command)
            case "fault" if command.get("name") in FAULTS:
                self._breaks_off = switch_of(command)
            case "fault":
                raise no_fault("scanner of this kind", command.get("name"), FAULTS)
            case other:
                raise no_command("scanner of this kind", other, COMMANDS)
        return b""

    def _scan(self, command: Command) -> bytes:
        aim = text_of(command, "aim", "") if self._sends_aim else ""
        try:
            events = typed_keys(aim + text_of(command, "text"), self._typing)
        except NotTypeable as error:
            raise BadCommand(str(error)) from error
        reports = key_reports(events)
        return b"".join(reports[: len(reports) // 4 * 2] if self._breaks_off else reports)

    def _configure(self, command: Command) -> None:
        typing = self._typing
        layout = text_of(command, "layout", typing.layout)
        caps_lock = text_of(command, "caps_lock", typing.caps_lock)
        if layout not in LAYOUTS or caps_lock not in list(CapsLock):
            raise BadCommand(f"'layout' is one of {', '.join(LAYOUTS)}, 'caps_lock' of {', '.join(CapsLock)}")
        self._sends_aim = switch_of(command, "send_aim") if "send_aim" in command else self._sends_aim
        self._typing = replace(
            typing,
            layout=layout,
            prefix=text_of(command, "prefix", typing.prefix),
            suffix=text_of(command, "suffix", typing.suffix),
            gs=text_of(command, "gs", typing.gs),
            caps_lock=CapsLock(caps_lock),
            by_numbers=switch_of(command, "by_numbers") if "by_numbers" in command else typing.by_numbers,
            ctrl_alt=switch_of(command, "ctrl_alt") if "ctrl_alt" in command else typing.ctrl_alt,
        )


def key_reports(events: Iterable[KeyEvent]) -> list[bytes]:
    """One report for each time the keys have changed."""
    modifiers, held = 0, dict[int, None]()
    reports = []
    for event in events:
        if event.type == 0:
            reports.append(bytes((modifiers, 0)) + bytes(held)[:6].ljust(6, b"\0"))
        elif event.code in _MODIFIERS:
            modifiers = modifiers | _MODIFIERS[event.code] if event.value else modifiers & ~_MODIFIERS[event.code]
        elif event.value:
            held[USAGE_OF_KEY[event.code]] = None
        else:
            held.pop(USAGE_OF_KEY[event.code], None)
    return reports
