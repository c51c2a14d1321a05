"""Which USB device an address means, and which of its endpoints carry bytes; by pyusb."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import usb.core
import usb.util
from usb.backend import IBackend

from drivers.errors import DeviceUnavailable


def find_device(vendor: int, product: int, serial: str | None, backend: IBackend | None) -> usb.core.Device:
    """The one device with these ids.  Raises DeviceUnavailable for none, and for several that the address does not tell apart."""
    found = usb.core.find(find_all=True, idVendor=vendor, idProduct=product, backend=backend)
    devices = [each for each in found if serial is None or _serial_of(each) == serial]
    name = f"{vendor:04x}:{product:04x}" + (f" with serial number {serial}" if serial else "")
    if not devices:
        raise DeviceUnavailable(f"there is no USB device {name}: plug it in and switch it on, or correct its address")
    if len(devices) > 1:
        raise DeviceUnavailable(f"there are {len(devices)} USB devices {name}: add the serial number to the address")
    return devices[0]


def bulk_endpoints(interface: usb.core.Interface, direction: int) -> Iterator[usb.core.Endpoint]:
    """The bulk endpoints of one direction (USB 2.0 specification, section 9.6.6)."""
    for each in interface:
        is_bulk = usb.util.endpoint_type(each.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK
        if is_bulk and usb.util.endpoint_direction(each.bEndpointAddress) == direction:
            yield each


def _serial_of(device: usb.core.Device) -> str | None:
    with contextlib.suppress(ValueError):  # it has none, or we may not ask
        return str(device.serial_number)
    return None
