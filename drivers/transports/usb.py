"""USB devices with bulk endpoints (printer class 7, and vendor specific ones), by pyusb on libusb."""

from __future__ import annotations

import contextlib
import errno
import time

import usb.core
import usb.util
from usb.backend import IBackend

from drivers.errors import DeviceTimeout, DeviceUnavailable, Unsupported
from drivers.transports.opening import refuse_settings
from drivers.transports.usb_devices import bulk_endpoints, find_device
from drivers.transports.usb_place import parse_place

_WRITE_MS = 1000
_ADVICE = {
    errno.EACCES: "no permission: add the agent's user to the group lp and plug it in again",
    errno.EBUSY: "another program uses it: stop that one first",
    errno.ENODEV: "it is gone: plug it in again",
    errno.EIO: "it is gone: plug it in again",
}


def open_pipe(where: str, settings: dict[str, str], backend: IBackend | None = None) -> UsbPipe:
    """Claim `vid:pid[:serial][@port]`.  Raises Unsupported (malformed, no bulk endpoint), DeviceUnavailable (missing, busy, …)."""
    check(where, settings)
    meant = parse_place(where)
    try:
        return _claim(find_device(meant, backend), where)
    except usb.core.NoBackendError as error:
        raise DeviceUnavailable("there is no libusb: install the package libusb-1.0-0") from error
    except usb.core.USBError as error:
        raise _why_not(where, error) from error


def check(where: str, settings: dict[str, str]) -> None:
    """What can be said of an address without a device.  Raises Unsupported (malformed)."""
    refuse_settings("a usb address", settings)
    parse_place(where)


class UsbPipe:
    """A claimed interface; `gives_back`: the kernel's driver had it, and gets it again when it is closed."""

    def __init__(self, device: usb.core.Device, interface: usb.core.Interface, name: str, *, gives_back: bool) -> None:
        self._device = device
        self._gives_back = gives_back
        self._number = interface.bInterfaceNumber
        self._name = name
        self._in = next(bulk_endpoints(interface, usb.util.ENDPOINT_IN), None)
        self._out = next(bulk_endpoints(interface, usb.util.ENDPOINT_OUT))

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
            time.sleep(timeout)  # it never answers
            return b""
        try:
            return bytes(self._in.read(4096, max(1, round(timeout * 1000))))  # 0 would wait for ever
        except usb.core.USBTimeoutError:
            return b""
        except usb.core.USBError as error:
            raise _why_not(self._name, error) from error

    def close(self) -> None:
        _let_go(self._device, self._number, gives_back=self._gives_back)


def _claim(device: usb.core.Device, where: str) -> UsbPipe:
    interface = next((each for each in device.get_active_configuration() if any(bulk_endpoints(each, usb.util.ENDPOINT_OUT))), None)
    if interface is None:
        raise Unsupported(f"USB device {where} has no bulk endpoint to write to: it is no printer")
    number = interface.bInterfaceNumber
    is_taken = _take_from_kernel(device, number)
    try:
        usb.util.claim_interface(device, number)
    except usb.core.USBError:
        _let_go(device, number, gives_back=is_taken)
        raise
    return UsbPipe(device, interface, where, gives_back=is_taken)


def _take_from_kernel(device: usb.core.Device, number: int) -> bool:
    """Whether the kernel's driver had it."""
    with contextlib.suppress(NotImplementedError):  # not on every platform
        if device.is_kernel_driver_active(number):
            device.detach_kernel_driver(number)
            return True
    return False


def _let_go(device: usb.core.Device, number: int, *, gives_back: bool) -> None:
    with contextlib.suppress(usb.core.USBError):  # it may be unplugged
        usb.util.release_interface(device, number)
    if gives_back:  # else there is no /dev/usb/lp0 for other programs until it is plugged in again
        with contextlib.suppress(usb.core.USBError, NotImplementedError):
            device.attach_kernel_driver(number)
    usb.util.dispose_resources(device)


def _why_not(where: str, error: usb.core.USBError) -> DeviceUnavailable:
    advice = _ADVICE.get(error.errno or 0, f"it cannot be used: {error}")
    return DeviceUnavailable(f"USB device {where}: {advice}")
