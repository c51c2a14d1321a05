"""From an address to an open line.

    serial:/dev/ttyUSB0?baud=9600&bytesize=7&parity=E&stopbits=1     defaults: 9600, 8, N, 1; flow=rtscts or flow=xonxoff: none
    tcp:192.168.1.50:9100
    usb:04b8:0202    usb:04b8:0202:J5KF012345                        vendor id, product id in hex, then the serial number
    usb:04b8:0202@1-1.2                                              or the port, where two identical ones have no serial number
    file:/dev/usb/lp0
    evdev:/dev/input/by-id/usb-ACME_Scanner-event-kbd                 only for scanners that type (`open_keys`)
    hidraw:/dev/hidraw0                                               only for USB HID scales and scanners (`open_reports`)

A library (pyserial, pyusb, evdev) is imported when an address of its kind is first opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from urllib.parse import parse_qsl

from drivers.devices import KeySource, ReportSource, Transport
from drivers.errors import Unsupported
from drivers.recording import RecordedKeys, RecordedReports, Ring
from drivers.transports.buffered import Buffered, Pipe

_BYTE_LINES = ("serial", "tcp", "usb", "file")
_SCHEMES = (*_BYTE_LINES, "evdev", "hidraw")
_PACKAGES = {"serial": "pyserial", "usb": "pyusb", "evdev": "evdev"}
_EXAMPLES = (
    "serial:/dev/ttyUSB0?baud=9600, tcp:192.168.1.50:9100, usb:04b8:0202, file:/dev/usb/lp0, "
    "evdev:/dev/input/event3, hidraw:/dev/hidraw0"
)


@dataclass(frozen=True, slots=True)
class Address:
    """`scheme:where?settings`, split; what is right for the scheme is checked by its transport."""

    scheme: str
    where: str
    settings: dict[str, str]

    def __str__(self) -> str:
        return f"{self.scheme}:{self.where}"


def parse_address(address: str) -> Address:
    """Split an address.  Raises Unsupported with an example for one that has no known scheme or no place."""
    scheme, _, rest = address.partition(":")
    where, _, query = rest.partition("?")
    if scheme not in _SCHEMES or not where or "\0" in where:
        raise Unsupported(f"{address!r} is not a device address; expected one like {_EXAMPLES}")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError as error:
        raise Unsupported(f"{address!r}: settings after '?' are written like baud=9600&parity=E") from error
    return Address(scheme, where, dict(pairs))


def open_transport(address: str, ring: Ring | None = None) -> Transport:
    """Open a pipe of bytes; what passes is kept in `ring`.

    Raises Unsupported (malformed address), DeviceUnavailable (with what to do about it).
    """
    parsed = check_transport(address)
    pipe: Pipe = _module_of(parsed).open_pipe(parsed.where, parsed.settings)
    return Buffered(pipe, str(parsed), ring)


def open_keys(address: str, ring: Ring | None = None) -> KeySource:
    """Open and grab a keyboard's events.  Raises Unsupported (malformed address), DeviceUnavailable (with what to do about it)."""
    parsed = check_keys(address)
    keys: KeySource = _module_of(parsed).open_key_source(parsed.where, parsed.settings)
    return keys if ring is None else RecordedKeys(keys, ring)


def open_reports(address: str, ring: Ring | None = None) -> ReportSource:
    """Open a USB HID device's reports.  Raises Unsupported (malformed address), DeviceUnavailable (with what to do about it)."""
    parsed = check_reports(address)
    reports: ReportSource = _module_of(parsed).open_report_source(parsed.where, parsed.settings)
    return reports if ring is None else RecordedReports(reports, ring)


# What can be said of an address before its device is there.  Each raises Unsupported, with what is expected.


def check_transport(address: str) -> Address:
    parsed = parse_address(address)
    if parsed.scheme not in _BYTE_LINES:
        what = "key events" if parsed.scheme == "evdev" else "HID reports"
        raise Unsupported(f"{address!r} gives {what}; this model needs bytes, as from {', '.join(_BYTE_LINES)}")
    return _checked(parsed)


def check_keys(address: str) -> Address:
    parsed = parse_address(address)
    if parsed.scheme != "evdev":
        raise Unsupported(f"{address!r} gives no key events; this model types and needs an address like evdev:/dev/input/event3")
    return _checked(parsed)


def check_reports(address: str) -> Address:
    parsed = parse_address(address)
    if parsed.scheme != "hidraw":
        raise Unsupported(f"{address!r} gives no HID reports; this model needs an address like hidraw:/dev/hidraw0")
    return _checked(parsed)


def _checked(address: Address) -> Address:
    _module_of(address).check(address.where, address.settings)
    return address


def refuse_settings(what: str, settings: dict[str, str], known: tuple[str, ...] = ()) -> None:
    """Raises Unsupported if `settings` has one that this kind of line does not know."""
    for name in settings:
        if name not in known:
            raise Unsupported(f"{what} has no setting {name!r}; it has: {', '.join(known) or 'none'}")


# Not inside the transports: a module named in a table is loaded only when it is wanted.
def _module_of(address: Address) -> ModuleType:
    try:
        return import_module(f"drivers.transports.{address.scheme}")
    except ImportError as error:
        raise Unsupported(
            f"an address {address.scheme}:… needs a package that is not installed ({error}): install it with "
            f"`pip install {_PACKAGES[address.scheme]}` into the agent's environment"
        ) from error
