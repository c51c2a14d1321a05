"""Character devices that are read and written as they are, such as the kernel's USB printer ports (``/dev/usb/lp0``)."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

from drivers.errors import DeviceUnavailable, Unsupported
from drivers.transports.descriptor import DescriptorPipe
from drivers.transports.opening import refuse_settings


def open_pipe(path: str, settings: dict[str, str]) -> DescriptorPipe:
    """Open `path` for ourselves alone.  Raises Unsupported (no character device), DeviceUnavailable (missing, busy, …)."""
    check(path, settings)
    try:
        if not stat.S_ISCHR(
            Path(path).stat().st_mode
        ):  # before it is opened: that alone may do something, as with a tape or a pipe
            raise _no_device(path)
        opened = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _why_not(path, error) from error
    if not stat.S_ISCHR(os.fstat(opened).st_mode):
        os.close(opened)
        raise _no_device(path)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(opened)
        raise _why_not(path, error) from error
    return DescriptorPipe(opened, path, lambda: os.close(opened))


def check(path: str, settings: dict[str, str]) -> None:
    """What can be said of an address without a device.  Raises Unsupported (a setting)."""
    del path
    refuse_settings("a device file", settings)


def _no_device(path: str) -> Unsupported:
    return Unsupported(f"{path} is not a character device; expected one like /dev/usb/lp0")


def _why_not(path: str, error: Exception) -> DeviceUnavailable:
    match getattr(error, "errno", None):
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return DeviceUnavailable(f"there is no device {path}: plug it in and switch it on, or correct its address")
        case errno.EACCES | errno.EPERM:
            return DeviceUnavailable(f"no permission for {path}: add the agent's user to the group lp")
        case errno.EAGAIN | errno.EBUSY:
            return DeviceUnavailable(f"{path} is in use by another program: stop that one first")
        case _:
            return DeviceUnavailable(f"{path} cannot be opened: {error}")
