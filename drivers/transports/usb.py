"""USB devices with bulk endpoints (printer class 7, and vendor specific ones), by pyusb on libusb."""

from __future__ import annotations

import contextlib
import errno
import re
from collections.abc import Iterator

import usb.core
import usb.util
from usb.backend import IBackend

from drivers.errors import DeviceTimeout, DeviceUnavailable, Unsupported
from drivers.transports.opening import refuse_settings

_WRITE_MS = 1000
_WHERE = re.compile(r"([0-9a-fA-F]{4}):([0-9a-fA-F]{4})(?::(.+))?")


def open_pipe(where: str, settings: dict[str, str], backend: IBackend | None = None) -> UsbPipe:
    """Claim `vid:pid[:serial]`.  Raises Unsupported (malformed, no bulk endpoint), DeviceUnavailable (missing, busy, …)."""
    refuse_settings("a usb address", settings)
    found = _WHERE.fullmatch(where)
    if found is None:
        raise Unsupported(f"usb:{where} needs a vendor and a product id in hex, as in usb:04b8:0202 or usb:04b8:0202:J5KF012345")
    try:
        device = _find(int(found[1], 16), int(found[2], 16), found[3], backend)
        return _claim(device, where)
    except usb.core.NoBackendError as error:
        raise DeviceUnavailable("there is no libusb: install the package libusb-1.0-0") from error
    except usb.core.USBError as error:
        raise _why_not(where, error) from error


class UsbPipe:
    def __init__(self, device: usb.core.Device, interface: usb.core.Interface, name: str) -> None:
        self._device = device
        self._number = interface.bInterfaceNumber
        self._name = name
        self._in = next(_bulk(interface, usb.util.ENDPOINT_IN), None)
        self._out = next(_bulk(interface, usb.util.ENDPOINT_OUT))

    def send(self, data: bytes) -> None:
        while data:
            try:
                data = data[self._out.write(data[:4096], _WRITE_MS) :]
            except usb.core.USBTimeoutError as error:
                raise DeviceTimeout(f"{self._name} took no more bytes for 1 s: is it out of paper or paused?") from error
            except usb.core.USBError as error:
                raise _why_not(self._name, error) from error

    def receive(self, timeout: float) -> bytes:
        if self._in is None:
            return b""
        try:
            return bytes(self._in.read(4096, max(1, round(timeout * 1000))))  # 0 would wait for ever
        except usb.core.USBTimeoutError:
            return b""
        except usb.core.USBError as error:
            raise _why_not(self._name, error) from error

    def close(self) -> None:
        with contextlib.suppress(usb.core.USBError):
            usb.util.release_interface(self._device, self._number)
        usb.util.dispose_resources(self._device)


def _find(vendor: int, product: int, serial: str | None, backend: IBackend | None) -> usb.core.Device:
    devices = list(usb.core.find(find_all=True, idVendor=vendor, idProduct=product, backend=backend))
    if serial is not None:
        devices = [each for each in devices if each.serial_number == serial]
    name = f"{vendor:04x}:{product:04x}" + (f" with serial number {serial}" if serial else "")
    if not devices:
        raise DeviceUnavailable(f"there is no USB device {name}: plug it in and switch it on, or correct its address")
    if len(devices) > 1:
        raise DeviceUnavailable(f"there are {len(devices)} USB devices {name}: add the serial number to the address")
    return devices[0]


def _claim(device: usb.core.Device, where: str) -> UsbPipe:
    interface = next((each for each in device.get_active_configuration() if any(_bulk(each, usb.util.ENDPOINT_OUT))), None)
    if interface is None:
        raise Unsupported(
            f"the USB device {where} has no bulk endpoint to write to: it is no printer, or it needs another transport"
        )
    number = interface.bInterfaceNumber
    with contextlib.suppress(NotImplementedError):  # not on every platform
        if device.is_kernel_driver_active(number):
            device.detach_kernel_driver(number)
    usb.util.claim_interface(device, number)
    return UsbPipe(device, interface, where)


def _bulk(interface: usb.core.Interface, direction: int) -> Iterator[usb.core.Endpoint]:
    for each in interface:
        is_bulk = usb.util.endpoint_type(each.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK
        if is_bulk and usb.util.endpoint_direction(each.bEndpointAddress) == direction:
            yield each


def _why_not(where: str, error: usb.core.USBError) -> DeviceUnavailable:
    match error.errno:
        case errno.EACCES | errno.EPERM:
            advice = "no permission: install our udev rule and plug it in again"
        case errno.EBUSY:
            advice = "another program uses it: stop that one first"
        case errno.ENODEV | errno.ENOENT | errno.EIO:
            advice = "it is gone: plug it in again"
        case _:
            advice = f"it cannot be used: {error}"
    return DeviceUnavailable(f"USB device {where}: {advice}")
