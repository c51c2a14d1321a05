"""What only a driver itself can say of its options: it is built on a line with nothing at its end."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.errors import DriverError, Unsupported
from drivers.registry import Model, Opened, Over
from drivers.testing import ScriptedKeys
from drivers.transports.buffered import Buffered


class _Nothing:
    """A line at whose other end nothing is."""

    def send(self, data: bytes) -> None:
        """It is gone."""

    def receive(self, timeout: float) -> bytes:
        del timeout
        return b""

    def close(self) -> None:
        """There is nothing to close."""


def check_by_building(model: Model, options: Mapping[str, object]) -> None:
    """Raises Unsupported (an option out of its range, two that do not fit).  Models on HID reports need their device for that."""
    if model.over is Over.REPORTS:
        model.check_options(options)
        return
    opened: Opened = ScriptedKeys() if model.over is Over.KEYS else Buffered(_Nothing(), "nothing")
    try:
        model.build(opened, options)
    except Unsupported:
        raise
    except DriverError:
        return  # it asks its device at once, and nothing is there to ask
