"""Errors of the wire.

WireError
├── BadTopic             not a topic of ours, or a part of it is malformed
├── BadPayload           not JSON, or not the fields and types of its message
├── UnsupportedVersion   a message version that this side does not know
├── UnknownCommand       a command that this side does not know
├── BadArguments         an argument of a command is missing or wrong
├── NotConnected         no broker connection right now; try again after the next Connected
└── Refused              the broker answered with a reason code >= 0x80 (MQTT 5, section 2.4)
"""

from __future__ import annotations


class WireError(Exception):
    """Base; `code` is stable and travels in `rejected` of an ack."""

    code = "wire_error"


class BadTopic(WireError):
    code = "bad_topic"


class BadPayload(WireError):
    code = "bad_payload"


class UnsupportedVersion(WireError):
    code = "unsupported_version"


class UnknownCommand(WireError):
    code = "unknown_command"


class BadArguments(WireError):
    code = "bad_arguments"


class NotConnected(WireError):
    code = "not_connected"


class Refused(WireError):
    """The broker refused a publish or a subscription."""

    code = "refused"

    def __init__(self, what: str, reason_code: int, reason: str) -> None:
        super().__init__(f"the broker refused {what}: {reason} (0x{reason_code:02x})")
        self.reason_code = reason_code
        self.reason = reason
