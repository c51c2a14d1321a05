"""Somebody else uses this box's identity: the broker ends our live connection because another client came with our client id.

Only another machine can do that: one agent runs on a state folder, and a connection that we gave up is not ours any more.  Some
brokers say why they end a connection; Mosquitto 2.0 does not.  Where nothing is said, connections that end again and again soon
after they began are the sign, which a bad network gives too: the words say both.
"""

from __future__ import annotations

from collections import deque

from edge_agent.health import SAME_ID, Health
from edge_agent.seams import Clock

TAKEN_OVER = "Session taken over"
"""MQTT 5, section 3.14.2.1, reason code 0x8E, in paho's words."""
SHORT_MS = 60_000
"""A connection that lasts less is a short one."""
SHORT_ONES = 5
QUIET_MS = 600_000
"""So many short ones within this; and the alert ends when so much time went by without one."""


class TakenOver:
    """See the module's docstring."""

    def __init__(self, health: Health, clock: Clock, box: str) -> None:
        self._health = health
        self._clock = clock
        self._box = box
        self._began_ms: int | None = None
        self._last_ms: int | None = None
        self._short: deque[int] = deque(maxlen=SHORT_ONES)

    def connected(self) -> None:
        """A connection is up."""
        self._began_ms = self._clock.mono_ms()

    def hear(self, reason: str) -> None:
        """Why a connection ended."""
        now = self._clock.mono_ms()
        if reason == TAKEN_OVER:
            self._tell(
                "two_boxes", f"Another box calls itself {self._box}, perhaps by a copied card, and takes the connection from it."
            )
        elif self._began_ms is not None and now - self._began_ms < SHORT_MS:
            self._short.append(now)
            if len(self._short) == SHORT_ONES and now - self._short[0] <= QUIET_MS:
                self._tell("link_flaps", f"The connection ends again and again. Perhaps another box calls itself {self._box}.")
        self._began_ms = None

    def tick(self) -> None:
        """Time went by."""
        if self._last_ms is not None and self._clock.mono_ms() - self._last_ms >= QUIET_MS:
            self._last_ms = None
            self._health.clear(SAME_ID)

    def _tell(self, code: str, what: str) -> None:
        self._last_ms = self._clock.mono_ms()
        told = "If so, switch one off and enrol it as a box of its own; else look at the network. What this box has read is kept."
        self._health.alert(SAME_ID, code, f"{what} {told}")
