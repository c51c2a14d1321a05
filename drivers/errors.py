"""Errors of devices, split by what the caller can do.

DriverError
├── DeviceUnavailable    not there, busy, no permission, gone in the middle: reopen later
├── DeviceTimeout        no answer in time: ask again
├── DeviceFault          a person must act (paper, cover, overload); `faults` says which
├── ProtocolViolation    unreadable bytes; the next exchange may be fine
└── Unsupported          never works on this model, in this configuration
"""

from __future__ import annotations


class DriverError(Exception):
    """Base; `code` is stable, the message says what happened and what was expected."""

    code = "driver_error"


class DeviceUnavailable(DriverError):
    code = "device_unavailable"


class DeviceTimeout(DriverError):
    code = "device_timeout"


class DeviceFault(DriverError):
    """`faults` are stable codes such as `paper_out`, `cover_open`, `over_capacity`."""

    code = "device_fault"

    def __init__(self, message: str, faults: tuple[str, ...]) -> None:
        super().__init__(message)
        self.faults = faults


class ProtocolViolation(DriverError):
    code = "protocol_violation"


class Unsupported(DriverError):
    code = "unsupported"
