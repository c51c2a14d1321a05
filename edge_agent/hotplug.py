"""Plugging and unplugging, as udev tells it, to whom it concerns.  Without udev the agent looks by itself, more slowly."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from drivers.udev import Change, Watch

_log = logging.getLogger(__name__)


class Concerned(Protocol):
    def plugged(self) -> None:
        """Something was plugged in: whoever waits for a device tries again now."""
        ...

    def unplugged(self, sys_path: str) -> None:
        """This is gone, with all below it."""
        ...


class Hotplug:
    """Listens until cancelled; `watch` is None where there is no udev."""

    def __init__(self, watch: Watch | None, devices: Concerned) -> None:
        self._watch = watch
        self._devices = devices

    async def run(self) -> None:
        if self._watch is None:
            _log.info("there is no udev here: devices that are plugged in are found by trying again")
            await asyncio.get_running_loop().create_future()
            return
        loop = asyncio.get_running_loop()
        loop.add_reader(self._watch.fileno(), self._take, self._watch)
        try:
            await loop.create_future()
        finally:
            loop.remove_reader(self._watch.fileno())
            self._watch.close()

    def _take(self, watch: Watch) -> None:
        try:
            changes = watch.changes()
        except OSError as error:  # the kernel's queue ran over: it says so once, and what was lost is unknown
            _log.warning("changes of devices were missed: %s", error)
            self._devices.plugged()
            return
        tell(changes, self._devices)


def tell(changes: list[Change], devices: Concerned) -> None:
    """What is gone first: a device that was pulled and put in again is opened anew."""
    for change in changes:
        if change.is_gone:
            devices.unplugged(change.sys_path)
    if any(not change.is_gone for change in changes):
        devices.plugged()
