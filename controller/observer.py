"""Who counts what the gateway does: the metrics, and nobody in most tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

Taken = Callable[[Mapping[tuple[str, str], int]], None]
"""Told of new facts after their commit: how many, by name and outcome."""


class Observer(Protocol):
    """Seconds count from taking messages into a transaction."""

    def committed(self, messages: int, seconds: float) -> None:
        """So many messages were stored."""
        ...

    def taken(self, facts: Mapping[tuple[str, str], int]) -> None:
        """See `Taken`."""
        ...

    def acked(self, seconds: float) -> None:
        """An ack is at the broker."""
        ...
