"""Input devices that type (scanners as keyboards), by evdev.  Not a pipe of bytes: a `KeySource`."""

from __future__ import annotations

import contextlib
import errno
import select
from collections.abc import Sequence

import evdev
from evdev import ecodes

from drivers.devices import KeyEvent
from drivers.errors import DeviceUnavailable, Unsupported
from drivers.transports.opening import refuse_settings


def open_key_source(path: str, settings: dict[str, str]) -> EvdevKeys:
    """Open `path` and grab it, so that its keys reach nobody else.

    Raises Unsupported (it has no keys), DeviceUnavailable (missing, grabbed by another program, no permission).
    """
    check(path, settings)
    try:
        opened = evdev.InputDevice(path)
    except (OSError, ValueError) as error:
        raise _why_not(path, error) from error
    if ecodes.EV_KEY not in opened.capabilities():
        opened.close()
        raise Unsupported(f"{path} is an input device without keys; expected a scanner in keyboard mode")
    try:
        opened.grab()
    except OSError as error:
        opened.close()
        raise _why_not(path, error) from error
    return EvdevKeys(opened, path)


def check(path: str, settings: dict[str, str]) -> None:
    """What can be said of an address without a device.  Raises Unsupported (a setting)."""
    del path
    refuse_settings("an evdev address", settings)


class EvdevKeys:
    def __init__(self, opened: evdev.InputDevice[str], name: str) -> None:
        self._device = opened
        self._name = name

    def read_events(self, timeout: float) -> Sequence[KeyEvent]:
        try:
            ready, _, _ = select.select([self._device.fd], [], [], timeout)
            return [KeyEvent(each.type, each.code, each.value) for each in self._device.read()] if ready else []
        except BlockingIOError:
            return []
        except (OSError, ValueError) as error:
            raise self._gone() from error

    def is_caps_lock_on(self) -> bool:
        try:
            return ecodes.LED_CAPSL in self._device.leds()
        except OSError as error:
            raise self._gone() from error

    def held_keys(self) -> frozenset[int]:
        try:
            return frozenset(self._device.active_keys())
        except OSError as error:
            raise self._gone() from error

    def close(self) -> None:
        with contextlib.suppress(OSError):  # it may be unplugged; closing it lets go of the grab anyway
            self._device.close()

    def _gone(self) -> DeviceUnavailable:
        return DeviceUnavailable(f"{self._name} is gone: plug the scanner in again")


def _why_not(path: str, error: Exception) -> DeviceUnavailable:
    match getattr(error, "errno", None):
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return DeviceUnavailable(f"there is no input device {path}: plug the scanner in, or correct its address")
        case errno.EACCES | errno.EPERM:
            return DeviceUnavailable(
                f"no permission for {path}: install the product's udev rules, or mark the scanner (devices rule)"
            )
        case errno.EBUSY:
            return DeviceUnavailable(f"{path} is grabbed by another program: stop that one first")
        case _:
            return DeviceUnavailable(f"{path} cannot be opened as an input device: {error}")
