"""Using a scanner and a scale, on their threads."""

from __future__ import annotations

import logging
import time
from collections import deque
from decimal import Decimal

from drivers.devices import Scale, Scanner, Signals, Weight
from drivers.errors import DeviceFault, DeviceTimeout, ProtocolViolation
from edge_agent.device_events import Reporter
from edge_agent.faults import fault, faults
from edge_agent.wire.messages import Condition

LISTEN = 0.5
"""Seconds that a scanner is listened to at a time; also the longest that its thread needs to stop."""
LISTEN_FOR_ANSWER = 0.005
"""The same while the box has not answered a scan yet: the answer's sound waits no longer than that."""
ANSWER_WITHIN = 1.0
"""Seconds after which an answer to a scan is no longer waited for."""
ANSWERS_WAITING = 8
"""More than this and the oldest go: a sound that comes late says nothing."""
WEIGH_EVERY = 0.2
"""Seconds between two questions to a scale: at most 5 live weights a second."""
QUESTIONS_UNTIL_UNKNOWN = 3

_log = logging.getLogger(__name__)


class Answers:
    """The box's answers to what a device read, on their way to its sound: from any thread to the device's own."""

    def __init__(self) -> None:
        self._given: deque[bool] = deque(maxlen=ANSWERS_WAITING)
        self._due = 0
        self._due_until = 0.0
        self._is_dumb = False

    def give(self, *, good: bool) -> None:
        """From any thread; never waits."""
        self._given.append(good)

    # --- on the device's thread --------------------------------------------------------------------------------------------------

    @property
    def is_due(self) -> bool:
        return self._due > 0 and time.monotonic() < self._due_until

    def begin(self) -> None:
        """The device is there, anew: what was answered before it is not sounded."""
        self._given.clear()
        self._due, self._is_dumb = 0, False

    def expect(self) -> None:
        """Something was read."""
        self._due = self._due + 1 if self.is_due else 1
        self._due_until = time.monotonic() + ANSWER_WITHIN

    def sound(self, device: Signals) -> None:
        """All that were given.  A device that does not take them gets none until it is opened again.  Raises DeviceUnavailable."""
        while self._given:
            good = self._given.popleft()
            self._due = max(0, self._due - 1)
            if self._is_dumb:
                continue
            try:
                device.signal(good=good)
            except DeviceTimeout:
                self._is_dumb = True
                _log.warning("a device takes no signals; it gets none until it is plugged in again")


def use_scanner(scanner: Scanner, report: Reporter, answers: Answers) -> None:
    """Deliver what it reads until `report.stop`, and sound the `answers` to it.  Raises DeviceUnavailable."""
    report.state(Condition.READY)
    answers.begin()
    while not report.stop.is_set():
        if isinstance(scanner, Signals):
            answers.sound(scanner)
        try:
            symbol = scanner.read_symbol(LISTEN_FOR_ANSWER if answers.is_due else LISTEN)
        except ProtocolViolation as error:
            report.failed(fault(error.code, f"{error}. Scan it again."))
            answers.expect()
            continue
        if symbol is not None:
            report.scanned(symbol)
            answers.expect()


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
