"""Which USB device an address means, and which of its endpoints carry bytes; by pyusb."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import usb.core
import usb.util
from usb.backend import IBackend

from drivers.errors import DeviceUnavailable
from drivers.transports.usb_place import UsbPlace


def find_device(meant: UsbPlace, backend: IBackend | None) -> usb.core.Device:
    """The one device that is meant.  Raises DeviceUnavailable for none, and for several that the address does not tell apart."""
    found = usb.core.find(find_all=True, idVendor=meant.vendor, idProduct=meant.product, backend=backend)
    devices = [each for each in found if _is_meant(each, meant)]
    if not devices:
        raise DeviceUnavailable(f"there is no USB device {meant}: plug it in and switch it on, or correct its address")
    if len(devices) > 1:
        ports = ", ".join(f"@{_port_of(each)}" for each in devices)
        raise DeviceUnavailable(
            f"there are {len(devices)} USB devices {meant}: add the serial number or the port ({ports}) to the address"
        )
    return devices[0]


def bulk_endpoints(interface: usb.core.Interface, direction: int) -> Iterator[usb.core.Endpoint]:
    """The bulk endpoints of one direction (USB 2.0 specification, section 9.6.6)."""
    for each in interface:
        is_bulk = usb.util.endpoint_type(each.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK
        if is_bulk and usb.util.endpoint_direction(each.bEndpointAddress) == direction:
            yield each


def _is_meant(device: usb.core.Device, meant: UsbPlace) -> bool:
    is_there = meant.port is None or _port_of(device) == meant.port
    return is_there and (meant.serial is None or _serial_of(device) == meant.serial)


def _port_of(device: usb.core.Device) -> str:
    """As sysfs names it: the bus, and the ports of the hubs up to the device."""
    return f"{device.bus}-" + ".".join(str(each) for each in device.port_numbers or ())


def _serial_of(device: usb.core.Device) -> str | None:
    with contextlib.suppress(ValueError):  # it has none, or we may not ask
        return str(device.serial_number)
    return None
