"""Serial ports, USB adapters and ptys, by pyserial."""

from __future__ import annotations

import errno
import os
import termios
from typing import TypeVar

import serial

from drivers.errors import DeviceUnavailable, Unsupported
from drivers.transports.descriptor import DescriptorPipe
from drivers.transports.opening import refuse_settings

_FLOWS = ("none", "rtscts", "xonxoff")
_BYTESIZES = {"7": serial.SEVENBITS, "8": serial.EIGHTBITS}
_PARITIES = {"N": serial.PARITY_NONE, "E": serial.PARITY_EVEN, "O": serial.PARITY_ODD}
_STOPBITS = {"1": serial.STOPBITS_ONE, "2": serial.STOPBITS_TWO}
_Choice = TypeVar("_Choice")


def open_pipe(port: str, settings: dict[str, str]) -> DescriptorPipe:
    """Open `port` for ourselves alone.  Raises Unsupported (a setting), DeviceUnavailable (missing, busy, no permission)."""
    check(port, settings)
    flow = settings.get("flow", "none")
    framing = {} if _is_pty(port) else settings
    try:
        opened = serial.Serial(
            port,
            baudrate=int(settings.get("baud", "9600")),
            bytesize=_choice(framing, "bytesize", "8", _BYTESIZES),
            parity=_choice(framing, "parity", "N", _PARITIES),
            stopbits=_choice(settings, "stopbits", "1", _STOPBITS),
            rtscts=flow == "rtscts",
            xonxoff=flow == "xonxoff",
            exclusive=True,
        )
    except (OSError, termios.error, ValueError, OverflowError) as error:  # SerialException is an OSError
        raise _why_not(port, error) from error
    return DescriptorPipe(opened.fileno(), port, opened.close)


def check(port: str, settings: dict[str, str]) -> None:
    """What can be said of an address without a device.  Raises Unsupported (a setting)."""
    del port
    refuse_settings("a serial port", settings, ("baud", "bytesize", "parity", "stopbits", "flow"))
    baud = settings.get("baud", "9600")
    if not baud.isascii() or not baud.isdigit():
        raise Unsupported(f"baud={baud} is not a number; expected one like baud=9600")
    flow = settings.get("flow", "none")
    if flow not in _FLOWS:
        raise Unsupported(f"flow={flow} is not one of {', '.join(_FLOWS)}")
    _choice(settings, "bytesize", "8", _BYTESIZES)
    _choice(settings, "parity", "N", _PARITIES)
    _choice(settings, "stopbits", "1", _STOPBITS)


def _is_pty(port: str) -> bool:
    """Whether it carries whole bytes: the kernel knows no 7 bits, no parity there, and refuses them from the second opening on."""
    return os.path.realpath(port).startswith("/dev/pts/")


def _choice(settings: dict[str, str], name: str, default: str, known: dict[str, _Choice]) -> _Choice:
    value = settings.get(name, default).upper()
    if value not in known:
        raise Unsupported(f"{name}={value} is not one of {', '.join(known)}")
    return known[value]


def _why_not(port: str, error: Exception) -> DeviceUnavailable:
    match getattr(error, "errno", None):
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return DeviceUnavailable(f"there is no serial port {port}: plug the device in, or correct its address")
        case errno.EACCES | errno.EPERM:
            return DeviceUnavailable(f"no permission for {port}: add the agent's user to the group dialout")
        case errno.EAGAIN | errno.EBUSY:
            return DeviceUnavailable(f"{port} is in use by another program: stop that one first")
        case _:
            return DeviceUnavailable(f"{port} cannot be opened as a serial port with these settings: {error}")
