"""What an MQTT session is to its user: events in order, and `publish`.  `edge_agent.wire.session` exports all of it.

A session never hides a loss: `publish` returns after the broker's PUBACK or raises, and a message is PUBACKed only when its handler
calls `Incoming.acknowledge()`, which does nothing once the connection that delivered it is gone (the broker will deliver it again).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection is up and the subscriptions are granted.  `connection` counts from 1 and guards acknowledgements."""

    connection: int
    session_present: bool


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection is gone; the session goes on trying (full jitter, 1 to 60 s)."""

    connection: int
    reason: str


@dataclass(frozen=True, slots=True)
class SubscriptionRefused:
    """The broker denied a filter: ACLs show only here and in `Refused` (MQTT 5, section 3.9.3)."""

    filter: str
    reason_code: int


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message.  Its acknowledgement frees the broker from it, so call it only when the message is safe."""

    topic: str
    payload: bytes
    retain: bool
    duplicate: bool
    acknowledge: Callable[[], None]


Event = Connected | Disconnected | SubscriptionRefused | Incoming


@dataclass(frozen=True, slots=True, kw_only=True)
class Will:
    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True


class Session(Protocol):
    """See the module's docstring.  All methods are called from the event loop's thread."""

    @property
    def is_connected(self) -> bool: ...

    async def run(self) -> None:
        """Connect, subscribe, keep reconnecting; returns never, ends by cancellation (with a clean DISCONNECT)."""
        ...

    def events(self) -> AsyncIterator[Event]:
        """All events, in order; one consumer."""
        ...

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Publish, and wait for the PUBACK (QoS 1).  Raises NotConnected (also if the connection goes first), Refused."""
        ...

    def set_will(self, will: Will) -> None:
        """The will of the next connection."""
        ...
