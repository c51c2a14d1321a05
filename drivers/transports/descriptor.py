"""The pipe on an open file descriptor, which serial ports and device files have in common."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable

from drivers.errors import DeviceTimeout, DeviceUnavailable

WRITE_WAIT = 1.0


class DescriptorPipe:
    """A non-blocking descriptor; `close` is called once, and everything after it is DeviceUnavailable."""

    def __init__(self, descriptor: int, name: str, close: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._name = name
        self._close = close

    def send(self, data: bytes) -> None:
        # The wait is for the next bytes to be taken, not for all of them: a receipt takes half a minute at 9600 baud.
        view = memoryview(data)
        deadline = time.monotonic() + WRITE_WAIT
        while view:
            taken = self._send_some(view, max(0.0, deadline - time.monotonic()))
            if taken:
                view = view[taken:]
                deadline = time.monotonic() + WRITE_WAIT
            elif time.monotonic() >= deadline:
                raise DeviceTimeout(f"{self._name} took no more bytes for {WRITE_WAIT:g} s: is the device on, has it paper?")

    def receive(self, timeout: float) -> bytes:
        try:
            ready, _, _ = select.select([self._descriptor], [], [], timeout)
            received = os.read(self._descriptor, 4096) if ready else b""
        except BlockingIOError:
            return b""
        except (OSError, ValueError) as error:  # ValueError: closed
            raise self._gone() from error
        if ready and not received:
            raise self._gone()
        return received

    def close(self) -> None:
        if self._descriptor >= 0:
            self._descriptor = -1
            self._close()

    def _send_some(self, view: memoryview, timeout: float) -> int:
        try:
            _, ready, _ = select.select([], [self._descriptor], [], timeout)
            return os.write(self._descriptor, view) if ready else 0
        except BlockingIOError:
            return 0
        except (OSError, ValueError) as error:
            raise self._gone() from error

    def _gone(self) -> DeviceUnavailable:
        return DeviceUnavailable(f"{self._name} is gone: plug the device in again")
