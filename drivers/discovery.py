"""What is plugged in and could be configured, each with its lasting address and a suggestion.  Network devices are not looked for.

Nothing is ever written to a device to find out what it is: a question to the one is a command to another.  What cannot be known
without asking is said to be unknown.

Source: usb.ids 2025.07.26 (vendors); USB HID Usage Tables 1.12, section 3 (usage pages 0x8C bar code scanner, 0x8D scale);
USB Device Class Definition for Printing Devices 1.1, section 4.2.1, and IEEE 1284-2000, section 7.6: the device id, whose ``CMD``
names the languages.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drivers.errors import DriverError, ProtocolViolation
from drivers.hid_descriptor import parse_descriptor
from drivers.registry import find, models
from drivers.udev import Identity, Seen

LINKS = "/dev/shelfwire/by-port/"
_OTHER_LINKS = ("/dev/serial/by-path/", "/dev/input/by-path/")
_SCANNER_PAGE, _SCALE_PAGE = 0x8C, 0x8D
_HID_MODELS: Mapping[int, tuple[str, ...]] = {_SCANNER_PAGE: ("scanner.hidpos",), _SCALE_PAGE: ("hid.scale",)}

SCANNER_MAKERS: Mapping[str, str] = {
    "05e0": "Symbol / Zebra",
    "0536": "Hand Held Products / Honeywell",
    "0c2e": "Metrologic / Honeywell",
    "05f9": "PSC / Datalogic",
    "080c": "Datalogic",
    "065a": "Opticon",
    "067e": "Intermec",
    "0745": "CipherLab",
    "076d": "Denso",
    "0db5": "Access IS",
    "1306": "FM20",
    "1eab": "Newland",
    "27dd": "Mindeo",
}
"""As in systemd/udev/70-shelfwire.rules; a test compares them."""
PRINTER_MAKERS: Mapping[str, tuple[str, ...]] = {
    "04b8": ("escpos",),  # Epson
    "0519": ("star.line", "escpos"),  # Star
    "1504": ("escpos", "zpl"),  # Bixolon
    "2730": ("escpos",),  # Citizen
    "1343": ("escpos",),  # Citizen Systems
    "0dd4": ("escpos",),  # Custom
    "154f": ("escpos",),  # SNBC
    "0a5f": ("zpl", "epl2"),  # Zebra
    "1203": ("tspl", "zpl", "epl2"),  # TSC
    "04f9": ("brother.ql", "brother.pt"),  # Brother
    "08a6": ("tspl",),  # Toshiba TEC
}
_ADAPTERS = {"0403": "FTDI", "067b": "Prolific", "1a86": "QinHeng (CH340)", "10c4": "Silicon Labs", "04d8": "Microchip"}
_LANGUAGES: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"ZPL"), "zpl"),
    (re.compile(r"TSPL"), "tspl"),
    (re.compile(r"EPL"), "epl2"),
    (re.compile(r"ESC/?POS|EPSON"), "escpos"),
    (re.compile(r"STAR"), "star.line"),
    (re.compile(r"PT-CBP"), "brother.ql"),
    (re.compile(r"PT-CBP"), "brother.pt"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Something to be configured, or already configured as `device`.

    `models` are suggestions, best first, empty where nobody can know; `why` says how they were come by, or what to do.
    `lasts`: whether the address stays right when the machine starts again with other devices plugged in.
    """

    seen: Seen
    identity: Identity
    address: str
    lasts: bool
    models: tuple[str, ...]
    why: str
    device: str | None = None


def candidates(seen: Iterable[Seen], configured: Mapping[str, str] | None = None) -> list[Candidate]:
    """All that could be configured; `configured`: the sys_path of what stands at each device's address, by the device's id."""
    everything = list(seen)
    has_file = {each.identity.port for each in everything if each.identity is not None and each.subsystem == "usbmisc"}
    of_path = {path: device for device, path in (configured or {}).items()}
    usb = [each.identity for each in everything if each.subsystem == "usb" and each.identity is not None]
    alike = Counter((each.vendor, each.product, serial) for each in usb for serial in {None, each.serial})
    found = []
    for each in everything:
        if each.identity is None or (each.subsystem == "usb" and each.identity.port in has_file):
            continue
        guess = _guess(each, each.identity)
        if guess is not None:
            address, lasts = _address(each, each.identity, alike)
            known = tuple(model for model in guess[0] if model in models())
            device = next((of_path[path] for path in of_path if f"{path}/".startswith(f"{each.sys_path}/")), None)
            found.append(
                Candidate(
                    seen=each, identity=each.identity, address=address, lasts=lasts, models=known, why=guess[1], device=device
                )
            )
    return sorted(found, key=lambda each: (each.identity.port, each.seen.node))


def toml_block(candidate: Candidate, taken: Iterable[str] = ()) -> str:
    """A `[[device]]` to paste into the configuration; what a person must fill in stands there as ``"?"``, with a comment."""
    model = candidate.models[0] if candidate.models else "?"
    kind = "?"
    missing: tuple[str, ...] = ()
    if candidate.models:
        try:
            found = find(model)
            kind = found.kind.value
            missing = () if found.options is None else tuple(_without_default(found.options))
        except DriverError:  # its package is not installed
            pass
    lines = [
        "[[device]]",
        f'id = "{_free_id(kind, taken)}"',
        f'kind = "{kind}"',
        f'model = "{model}"',
        f'address = "{candidate.address}"',
    ]
    if missing:
        options = ", ".join(f'{name} = "?"' for name in missing)
        lines.append(f"options = {{ {options} }}    # what stands for ? nobody can know but you: docs/configuration.md")
    if len(candidate.models) > 1:
        lines.append(f"# or model = {', '.join(candidate.models[1:])}")
    if not candidate.models:
        lines.append("# which model it is: docs/devices.md")
    if not candidate.lasts:
        lines.append("# this address may change: install systemd/udev/70-shelfwire.rules and plug the device in again")
    return "\n".join(lines) + "\n"


def local_rule(candidate: Candidate) -> str:
    """The udev rule that lets the agent use this device, where the product's own rules do not know it."""
    ids = f'ATTRS{{idVendor}}=="{candidate.identity.vendor}", ATTRS{{idProduct}}=="{candidate.identity.product}"'
    match candidate.seen.subsystem:
        case "input":
            return f'SUBSYSTEM=="input", KERNEL=="event*", {ids}, ENV{{SHELFWIRE_SCANNER}}="1"'
        case "hidraw":
            return f'SUBSYSTEM=="hidraw", {ids}, GROUP="shelfwire-agent", MODE="0660"'
        case "usb":
            return f'SUBSYSTEM=="usb", ENV{{DEVTYPE}}=="usb_device", {ids.replace("ATTRS", "ATTR")}, GROUP="lp", MODE="0660"'
        case "usbmisc":
            return f'SUBSYSTEM=="usbmisc", KERNEL=="lp[0-9]*", {ids}, GROUP="lp", MODE="0660"'
        case _:
            return f'SUBSYSTEM=="tty", {ids}, GROUP="dialout", MODE="0660"'


def languages_of(printer_id: str) -> tuple[str, ...]:
    """The models whose language a printer says that it speaks (``CMD`` or ``COMMAND SET`` of its IEEE 1284 device id)."""
    pairs = (part.partition(":") for part in printer_id.split(";"))
    fields = {key.strip().upper(): value.upper() for key, _, value in pairs}
    spoken = fields.get("CMD") or fields.get("COMMAND SET") or ""
    return tuple(model for pattern, model in _LANGUAGES if pattern.search(spoken))


def _guess(seen: Seen, identity: Identity) -> tuple[tuple[str, ...], str] | None:
    """Suggested models and why; None for what is no device of a shop."""
    match seen.subsystem:
        case "hidraw":
            return _guess_hid(seen.descriptor)
        case "input" if seen.node.startswith("/dev/input/event") and seen.is_keyboard:
            return _guess_keyboard(seen, identity)
        case "usbmisc" if seen.node.startswith(("/dev/usb/lp", "/dev/lp")):
            return _guess_printer(languages_of(seen.printer_id), identity)
        case "usb" if _may_be_printer(seen, identity):
            return _guess_printer((), identity)
        case "tty":
            return _guess_serial(identity)
        case _:
            return None


def _guess_hid(descriptor: bytes) -> tuple[tuple[str, ...], str] | None:
    try:
        pages = {usage >> 16 for usage in parse_descriptor(descriptor).applications}
    except ProtocolViolation:
        return None
    for page, suggested in _HID_MODELS.items():
        if page in pages:
            return suggested, f"its report descriptor says: usage page 0x{page:02X}"
    return None


def _guess_keyboard(seen: Seen, identity: Identity) -> tuple[tuple[str, ...], str]:
    if seen.is_marked or identity.vendor in SCANNER_MAKERS:
        maker = SCANNER_MAKERS.get(identity.vendor, "a udev rule says so")
        return (
            "scanner.wedge",
        ), f"a scanner that types ({maker}); better set it to USB HID POS or USB COM, which need no keyboard layout"
    return (), "a keyboard; if it is a scanner that types, mark it by a udev rule: shelfwire-agent devices rule"


def _guess_printer(spoken: tuple[str, ...], identity: Identity) -> tuple[tuple[str, ...], str]:
    if spoken:
        return spoken, "the printer says so itself (IEEE 1284 device id)"
    made = PRINTER_MAKERS.get(identity.vendor, ())
    return (
        made,
        "a guess by its maker; the printer does not say what it speaks" if made else "a printer that does not say what it speaks",
    )


def _guess_serial(identity: Identity) -> tuple[tuple[str, ...], str]:
    if identity.vendor in SCANNER_MAKERS:
        return ("scanner.serial",), f"a serial port made by {SCANNER_MAKERS[identity.vendor]}, who make scanners"
    if identity.vendor in PRINTER_MAKERS:
        return PRINTER_MAKERS[identity.vendor], "a serial port whose maker makes printers"
    chip = _ADAPTERS.get(identity.vendor)
    what = f"a serial adapter ({chip})" if chip else "a serial port"
    return (), f"{what}: which device is behind it cannot be asked without writing to it"


def _may_be_printer(seen: Seen, identity: Identity) -> bool:
    if any(each.startswith("0701") for each in seen.interfaces):
        return True
    return identity.vendor in PRINTER_MAKERS and any(each.startswith("ff") for each in seen.interfaces)


def _address(seen: Seen, identity: Identity, alike: Mapping[tuple[str, str, str | None], int]) -> tuple[str, bool]:
    """The address, and whether it lasts.  `alike`: how many USB devices have these ids, and this serial number (None: any)."""
    if seen.subsystem == "usb":
        ids = f"usb:{identity.vendor}:{identity.product}"
        if alike.get((identity.vendor, identity.product, None), 0) <= 1:
            return ids, True
        is_unique = identity.serial and alike.get((identity.vendor, identity.product, identity.serial), 0) <= 1
        return (f"{ids}:{identity.serial}" if is_unique else f"{ids}@{identity.port}"), True
    scheme = {"tty": "serial", "usbmisc": "file", "hidraw": "hidraw", "input": "evdev"}[seen.subsystem]
    for folder in (LINKS, *_OTHER_LINKS):
        for link in seen.links:
            if link.startswith(folder):
                return f"{scheme}:{link}", True
    return f"{scheme}:{seen.node}", False


def _without_default(options: type) -> Iterable[str]:
    for each in dataclasses.fields(options):
        if each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING:
            yield each.name


def _free_id(kind: str, taken: Iterable[str]) -> str:
    used = set(taken)
    name = "device" if kind == "?" else kind.replace("_", "-")
    return name if name not in used else next(f"{name}-{n}" for n in range(2, len(used) + 3) if f"{name}-{n}" not in used)
