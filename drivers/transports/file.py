"""Character devices that are read and written as they are, such as the kernel's USB printer ports (``/dev/usb/lp0``)."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import stat
import time

from drivers.errors import DeviceTimeout, DeviceUnavailable, Unsupported
from drivers.transports.opening import refuse_settings

_WRITE_WAIT = 1.0


def open_pipe(path: str, settings: dict[str, str]) -> FilePipe:
    """Open `path` for ourselves alone.  Raises Unsupported (no character device), DeviceUnavailable (missing, busy, …)."""
    refuse_settings("a device file", settings)
    try:
        opened = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _why_not(path, error) from error
    if not stat.S_ISCHR(os.fstat(opened).st_mode):
        os.close(opened)
        raise Unsupported(f"{path} is not a character device; expected one like /dev/usb/lp0")
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(opened)
        raise _why_not(path, error) from error
    return FilePipe(opened, path)


class FilePipe:
    def __init__(self, opened: int, name: str) -> None:
        self._file = opened
        self._name = name

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        deadline = time.monotonic() + _WRITE_WAIT
        while view:
            try:
                _, ready, _ = select.select([], [self._file], [], max(0.0, deadline - time.monotonic()))
                if not ready:
                    raise DeviceTimeout(f"{self._name} took no more bytes for {_WRITE_WAIT:g} s: is it out of paper or paused?")
                view = view[os.write(self._file, view) :]
            except BlockingIOError:
                continue
            except (OSError, ValueError) as error:
                raise self._gone() from error
            deadline = time.monotonic() + _WRITE_WAIT

    def receive(self, timeout: float) -> bytes:
        try:
            ready, _, _ = select.select([self._file], [], [], timeout)
            received = os.read(self._file, 4096) if ready else b""
        except BlockingIOError:
            return b""
        except (OSError, ValueError) as error:
            raise self._gone() from error
        if ready and not received:
            raise self._gone()
        return received

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _gone(self) -> DeviceUnavailable:
        return DeviceUnavailable(f"{self._name} is gone: plug the device in again")


def _why_not(path: str, error: Exception) -> DeviceUnavailable:
    match getattr(error, "errno", None):
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return DeviceUnavailable(f"there is no device {path}: plug it in and switch it on, or correct its address")
        case errno.EACCES | errno.EPERM:
            return DeviceUnavailable(f"no permission for {path}: add the agent's user to the group lp, or install our udev rule")
        case errno.EAGAIN | errno.EBUSY:
            return DeviceUnavailable(f"{path} is in use by another program: stop that one first")
        case _:
            return DeviceUnavailable(f"{path} cannot be opened: {error}")
