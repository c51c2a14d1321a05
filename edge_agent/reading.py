"""Using a scanner and a scale, on their threads."""

from __future__ import annotations

from decimal import Decimal

from drivers.devices import Scale, Scanner, Weight
from drivers.errors import DeviceFault, DeviceTimeout, ProtocolViolation
from edge_agent.device_events import Reporter
from edge_agent.faults import fault, faults
from edge_agent.wire.messages import Condition

LISTEN = 0.5
"""Seconds that a scanner is listened to at a time; also the longest that its thread needs to stop."""
WEIGH_EVERY = 0.2
"""Seconds between two questions to a scale: at most 5 live weights a second."""
QUESTIONS_UNTIL_UNKNOWN = 3


def use_scanner(scanner: Scanner, report: Reporter) -> None:
    """Deliver what it reads until `report.stop`.  Raises DeviceUnavailable."""
    report.state(Condition.READY)
    while not report.stop.is_set():
        try:
            symbol = scanner.read_symbol(LISTEN)
        except ProtocolViolation as error:
            report.failed(fault(error.code, f"{error}. Scan it again."))
            continue
        if symbol is not None:
            report.scanned(symbol)


def use_scale(scale: Scale, report: Reporter) -> None:
    """Ask for the weight until `report.stop`; tell changes.  Raises DeviceUnavailable."""
    shown: Weight | None = None
    settling = Settling()
    unanswered = 0
    while not report.stop.wait(WEIGH_EVERY):
        try:
            weight = scale.read_weight()
        except DeviceFault as error:
            report.state(Condition.FAULT, faults(error.faults or ("device_fault",)))
            settling.moved()
            shown, unanswered = None, 0
            continue
        except (DeviceTimeout, ProtocolViolation) as error:
            unanswered += 1
            if unanswered >= QUESTIONS_UNTIL_UNKNOWN:
                told = fault("no_answer") if isinstance(error, DeviceTimeout) else fault("unreadable")
                report.state(Condition.UNKNOWN, [told])
            continue
        unanswered = 0
        report.state(Condition.READY)
        if weight is None:
            continue
        is_settled = settling.is_settled(weight)
        if is_settled or shown is None or (weight.grams, weight.stable) != (shown.grams, shown.stable):
            report.weight(weight, is_settled=is_settled)
        shown = weight


class Settling:
    """When a weight may be booked: at rest, and either another one than before or after motion.

    The same weight twice is legitimate, with motion in between.
    """

    def __init__(self) -> None:
        self._grams: Decimal | None = None

    def moved(self) -> None:
        self._grams = None

    def is_settled(self, weight: Weight) -> bool:
        if not weight.stable:
            self.moved()
            return False
        is_new = weight.grams != self._grams
        self._grams = weight.grams
        return is_new
