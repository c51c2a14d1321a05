"""What is plugged in and what comes and goes, as udev and sysfs say it; the only file that knows pyudev.

Nothing is written to any device, and none is opened.  Source: pyudev 0.24; Linux ``Documentation/ABI/stable/sysfs-bus-usb``,
``testing/sysfs-driver-usb-usblp`` (``ieee1284_id``), ``Documentation/hid/hid-transport`` (``report_descriptor``).
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from drivers.errors import Unsupported
from drivers.transports.opening import Address
from drivers.transports.usb_place import parse_place

try:
    import pyudev
except ImportError:  # the extra `agent` is not installed
    pyudev = None

_SUBSYSTEMS = ("tty", "usbmisc", "hidraw", "input", "usb")
_NO_UDEV = "there is no libudev: install the package libudev1 (and pyudev) to have devices found by themselves"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which device it is: ids in hex, its serial number if it has one, the name it gives itself, its USB port and interface."""

    vendor: str
    product: str
    serial: str = ""
    name: str = ""
    port: str = ""
    interface: str = ""

    def is_same_device(self, other: Identity) -> bool:
        """By ids and serial number.  Two of a kind without serial numbers cannot be told apart, and count as one."""
        is_same_kind = (self.vendor, self.product) == (other.vendor, other.product)
        return is_same_kind and (self.serial == other.serial or not self.serial or not other.serial)

    def __str__(self) -> str:
        number = f", serial number {self.serial}" if self.serial else ", without a serial number"
        return f"{self.name or 'a device'} ({self.vendor}:{self.product}{number})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A device file (or a USB device that is used without one).  `interfaces`: class, subclass, protocol of each, in hex."""

    node: str
    subsystem: str
    sys_path: str
    identity: Identity | None
    links: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    is_keyboard: bool = False
    is_marked: bool = False
    """A udev rule says that this keyboard is a scanner."""
    descriptor: bytes = b""
    printer_id: str = ""
    """The IEEE 1284 device id of a printer."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something was plugged in (or became usable), or is gone.  A device is gone with everything below its `sys_path`."""

    is_gone: bool
    sys_path: str
    node: str = ""


class Watch(Protocol):
    """Tells changes; `fileno` is readable when there are some."""

    def fileno(self) -> int: ...

    def changes(self) -> list[Change]:
        """Those that came in; never waits."""
        ...

    def close(self) -> None: ...


class Ports(Protocol):
    """What stands where."""

    def all(self) -> list[Seen]: ...

    def at(self, address: Address) -> Seen | None:
        """What stands at an address; None for what is not there, is no USB device, or is not on this machine."""
        ...


class Udev:
    """The machine's own devices.  Raises Unsupported where there is no libudev."""

    def __init__(self) -> None:
        self._own = threading.local()  # libudev(3): a context is one thread's, and devices are looked up from each device's own
        self._new_context()

    def all(self) -> list[Seen]:
        return [seen for subsystem in _SUBSYSTEMS for seen in self._of(subsystem)]

    def at(self, address: Address) -> Seen | None:
        if address.scheme == "tcp":
            return None
        if address.scheme == "usb":
            return self._usb_device(address.where)
        try:
            return _seen(pyudev.Devices.from_device_file(self._context, os.path.realpath(address.where)))
        except (pyudev.DeviceNotFoundError, OSError, ValueError):
            return None

    def watch(self) -> UdevWatch:
        """From now on.  Raises Unsupported (the kernel gives no events, as in some containers)."""
        try:
            return UdevWatch(pyudev.Monitor.from_netlink(self._new_context()))
        except (OSError, ValueError) as error:
            raise Unsupported(f"udev tells no changes here: {error}") from error

    @property
    def _context(self) -> pyudev.Context:
        if not hasattr(self._own, "context"):
            self._own.context = self._new_context()
        return self._own.context

    def _new_context(self) -> pyudev.Context:
        if pyudev is None:
            raise Unsupported(_NO_UDEV)
        try:
            return pyudev.Context()
        except (ImportError, OSError) as error:
            raise Unsupported(_NO_UDEV) from error

    def _of(self, subsystem: str) -> Iterator[Seen]:
        found = self._context.list_devices(subsystem=subsystem)
        for device in found.match_property("DEVTYPE", "usb_device") if subsystem == "usb" else found:
            seen = _seen(device)
            if seen is not None:
                yield seen

    def _usb_device(self, where: str) -> Seen | None:
        try:
            meant = parse_place(where)
        except Unsupported:
            return None
        fits = []
        for seen in self._of("usb"):
            found = seen.identity
            is_kind = found is not None and (found.vendor, found.product) == (f"{meant.vendor:04x}", f"{meant.product:04x}")
            if found is not None and is_kind and meant.serial in (None, found.serial) and meant.port in (None, found.port):
                fits.append(seen)
        return fits[0] if len(fits) == 1 else None


class UdevWatch:
    """A `Watch` on udev's own events: those that come after its rules, when links and groups are there."""

    def __init__(self, monitor: pyudev.Monitor) -> None:
        for subsystem in _SUBSYSTEMS:
            monitor.filter_by(subsystem)
        monitor.start()
        self._monitor = monitor

    def fileno(self) -> int:
        return int(self._monitor.fileno())

    def changes(self) -> list[Change]:
        changes = []
        while (device := self._monitor.poll(timeout=0)) is not None:
            changes.append(Change(device.action == "remove", device.sys_path, device.device_node or ""))
        return changes

    def close(self) -> None:
        """Its socket closes with it."""


def _seen(device: pyudev.Device) -> Seen | None:
    """None for what has no device file."""
    node = device.device_node
    if not node:
        return None
    usb = device if device.subsystem == "usb" else device.find_parent("usb", "usb_device")
    interface = None if device.subsystem == "usb" else device.find_parent("usb", "usb_interface")
    return Seen(
        node=node,
        subsystem=device.subsystem,
        sys_path=device.sys_path,
        identity=_identity(usb, interface) if usb is not None else None,
        links=tuple(sorted(device.device_links)),
        interfaces=tuple(_interfaces(usb)) if usb is not None else (),
        is_keyboard=_property(device, "ID_INPUT_KEYBOARD") == "1",
        is_marked=_property(device, "SHELFWIRE_SCANNER") == "1",
        descriptor=_file(Path(device.sys_path, "device", "report_descriptor")) if device.subsystem == "hidraw" else b"",
        printer_id=_text(Path(device.sys_path, "device", "ieee1284_id")) if device.subsystem == "usbmisc" else "",
    )


def _identity(usb: pyudev.Device, interface: pyudev.Device | None) -> Identity:
    folder = Path(usb.sys_path)
    words = (_text(folder / "manufacturer"), _text(folder / "product"))
    return Identity(
        vendor=_text(folder / "idVendor"),
        product=_text(folder / "idProduct"),
        serial=_text(folder / "serial"),
        name=" ".join(word for word in words if word),
        port=usb.sys_name,
        interface=_text(Path(interface.sys_path, "bInterfaceNumber")) if interface is not None else "",
    )


def _interfaces(usb: pyudev.Device) -> Iterator[str]:
    for folder in sorted(Path(usb.sys_path).glob(f"{usb.sys_name}:*")):
        yield "".join(_text(folder / name) for name in ("bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol"))


def _property(device: pyudev.Device, name: str) -> str:
    properties: Mapping[str, str] = device.properties
    return properties.get(name, "")


def _text(path: Path) -> str:
    return _file(path).decode("utf-8", "replace").strip()


def _file(path: Path) -> bytes:
    with contextlib.suppress(OSError):  # it has none, or it was pulled out this moment
        return path.read_bytes()
    return b""
