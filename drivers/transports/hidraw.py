"""USB HID devices that are no keyboards (scales, HID POS scanners), by the kernel's hidraw.  Not a pipe of bytes: a `ReportSource`.

Source: Linux ``Documentation/hid/hidraw.rst`` and ``include/uapi/linux/hidraw.h`` (ioctls ``'H'`` 1, 2); USB HID 1.11, section 5.6.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct

from drivers.errors import DeviceTimeout, DeviceUnavailable, ProtocolViolation, Unsupported
from drivers.transports.descriptor import DescriptorPipe
from drivers.transports.opening import refuse_settings

_MAX_DESCRIPTOR = 4096  # HID_MAX_DESCRIPTOR_SIZE
_READ = 2  # _IOC_READ
_GET_DESCRIPTOR_SIZE = _READ << 30 | 4 << 16 | ord("H") << 8 | 1
_GET_DESCRIPTOR = _READ << 30 | (4 + _MAX_DESCRIPTOR) << 16 | ord("H") << 8 | 2
_LONG_ITEM = 0xFE  # its length is in the next byte (section 6.2.2.3)
_REPORT_ID_ITEM = 0x84  # a global item, tag 8 (USB HID 1.11, section 6.2.2.7); its low two bits are its data's length


def open_report_source(path: str, settings: dict[str, str]) -> HidrawReports:
    """Open `path` for ourselves alone.  Raises Unsupported (no hidraw device), DeviceUnavailable (missing, busy, no permission)."""
    check(path, settings)
    try:
        opened = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _why_not(path, error) from error
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        descriptor = _descriptor_of(opened)
    except OSError as error:
        os.close(opened)
        if error.errno in (errno.ENOTTY, errno.EINVAL):
            raise Unsupported(f"{path} is not a hidraw device; expected one like /dev/hidraw0") from error
        raise _why_not(path, error) from error
    return HidrawReports(DescriptorPipe(opened, path, lambda: os.close(opened)), descriptor)


def check(path: str, settings: dict[str, str]) -> None:
    """What can be said of an address without a device.  Raises Unsupported (a setting)."""
    del path
    refuse_settings("a hidraw address", settings)


class HidrawReports:
    """The kernel hands out one report for each read, and leaves the id away where the descriptor names none."""

    def __init__(self, pipe: DescriptorPipe, descriptor: bytes) -> None:
        self._pipe = pipe
        self._descriptor = descriptor
        self._has_ids = has_report_ids(descriptor)

    @property
    def descriptor(self) -> bytes:
        return self._descriptor

    def read_report(self, timeout: float) -> bytes:
        report = self._pipe.receive(timeout)
        return report if self._has_ids or not report else b"\0" + report

    def write_report(self, report: bytes) -> None:
        try:
            self._pipe.send(report)  # hidraw takes the id first in any case, 0 for none
        except DeviceTimeout:
            raise
        except DeviceUnavailable as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EPIPE:
                raise DeviceTimeout("the device does not take this report") from error
            raise

    def close(self) -> None:
        self._pipe.close()


def has_report_ids(descriptor: bytes) -> bool:
    """Whether its reports begin with an id.  Raises ProtocolViolation for a descriptor that is cut off."""
    at = 0
    while at < len(descriptor):
        item, size = descriptor[at], 1 + (0, 1, 2, 4)[descriptor[at] & 3]
        if item == _LONG_ITEM:
            size = 3 + int.from_bytes(descriptor[at + 1 : at + 2])
        if at + size > len(descriptor):
            raise ProtocolViolation(f"the HID report descriptor ends inside an item at byte {at} of {len(descriptor)}")
        if item & 0xFC == _REPORT_ID_ITEM:
            return True
        at += size
    return False


def _descriptor_of(opened: int) -> bytes:
    (size,) = struct.unpack("I", fcntl.ioctl(opened, _GET_DESCRIPTOR_SIZE, bytes(4)))
    answer = bytearray(struct.pack("I", size) + bytes(_MAX_DESCRIPTOR))  # filled in place: ioctl copies no more than 1024 bytes
    fcntl.ioctl(opened, _GET_DESCRIPTOR, answer)
    return bytes(answer[4 : 4 + size])


def _why_not(path: str, error: Exception) -> DeviceUnavailable:
    match getattr(error, "errno", None):
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return DeviceUnavailable(f"there is no device {path}: plug it in, or correct its address")
        case errno.EACCES | errno.EPERM:
            return DeviceUnavailable(f"no permission for {path}: install the product's udev rules and plug it in again")
        case errno.EAGAIN | errno.EBUSY:
            return DeviceUnavailable(f"{path} is in use by another program: stop that one first")
        case _:
            return DeviceUnavailable(f"{path} cannot be opened: {error}")
