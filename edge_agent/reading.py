"""Using a scanner and a scale, on their threads."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from decimal import Decimal

from drivers.devices import Learns, Pace, PriceScale, Scale, Scanner, Signals, Weight
from drivers.errors import DeviceFault, DeviceTimeout, DeviceUnavailable, ProtocolViolation
from edge_agent.device_events import Reporter
from edge_agent.faults import WORDS, fault, faults
from edge_agent.liveness import READ_MS
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
LATE_ANSWER = 0.8
"""Seconds until the next question after one that was not answered in time: a late answer to it would pass for one to the next."""
ASK_EVERY = 1.0
"""Seconds between two questions to a scale that is asked only while its weight is wanted: some beep each time."""
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
    """Deliver what it reads until `report.stop`, or until a symbol taught it something, and sound the `answers` to it.

    Raises DeviceUnavailable.
    """
    report.state(Condition.READY)
    answers.begin()
    while not report.stop.is_set():
        if isinstance(scanner, Signals):
            with report.working(READ_MS):
                answers.sound(scanner)
        try:
            with report.working(READ_MS):
                symbol = scanner.read_symbol(LISTEN_FOR_ANSWER if answers.is_due else LISTEN)
        except ProtocolViolation as error:
            report.failed(fault(error.code, f"{error}. Scan it again."))
            answers.expect()
            continue
        if symbol is not None:
            report.scanned(symbol)
            answers.expect()
        if isinstance(scanner, Learns) and (learned := scanner.take_learned()) is not None:
            report.learned(learned)
            answers.give(good=True)
            if isinstance(scanner, Signals):
                answers.sound(scanner)
            return  # it is opened again with what it learned


class Wanted:
    """Whether somebody waits for the weight of a scale that is asked only then: from any thread to the scale's own.

    A wish ends with the first weight that may be booked, or when whoever had it takes it back.
    """

    def __init__(self) -> None:
        self.is_asked = False
        """The scale tells nothing by itself.  Written by its thread, once it is open."""
        self._by: set[str] = set()
        self._turn = threading.Lock()
        self._some = threading.Event()

    def want(self, by: str, *, wanted: bool = True) -> None:
        """From any thread; never waits."""
        with self._turn:
            (self._by.add if wanted else self._by.discard)(by)
            self._heed()

    # --- on the scale's thread -----------------------------------------------------------------------------------------------

    def fulfil(self) -> None:
        """All who waited have their weight."""
        with self._turn:
            self._by.clear()
            self._heed()

    def wait(self, seconds: float) -> bool:
        return self._some.wait(seconds)

    def _heed(self) -> None:
        (self._some.set if self._by else self._some.clear)()


def use_scale(scale: Scale, report: Reporter, wanted: Wanted) -> None:
    """Tell what it shows until `report.stop`, each change once: all the time, or (by its `pace`) only while it is wanted.

    Raises DeviceUnavailable.
    """
    asking = _Asking(scale, report, wanted)
    while asking.is_time():
        asking.ask()


class _Asking:
    """One scale since it was opened: what it showed before is forgotten."""

    def __init__(self, scale: Scale, report: Reporter, wanted: Wanted) -> None:
        self._scale = scale
        self._report = report
        self._wanted = wanted
        self._shown: Weight | None = None
        self._settling = Settling()
        self._unanswered = 0
        self._next_question = 0.0
        self._is_fine = False
        self._may_answer_late = False
        wanted.is_asked = scale.pace is Pace.ON_DEMAND
        if wanted.is_asked:
            report.state(Condition.UNKNOWN)  # nobody asked it yet

    def is_time(self) -> bool:
        """Waits until it is to be asked again; False: stop.  Raises DeviceUnavailable."""
        if self._scale.pace is Pace.POLL:
            self._report.stop.wait(LATE_ANSWER if self._may_answer_late else WEIGH_EVERY)
        elif self._scale.pace is Pace.ON_DEMAND:
            self._wait_until_wanted()
        if self._report.gone.is_set():
            raise DeviceUnavailable("the scale was unplugged: plug it in again")
        return not self._report.stop.is_set()

    def ask(self) -> None:
        self._next_question = time.monotonic() + ASK_EVERY
        self._may_answer_late = False
        try:
            with self._report.working(READ_MS):
                weight = self._scale.read_weight()
        except DeviceFault as error:
            self._report.state(Condition.FAULT, faults(error.faults or ("device_fault",)))
            self._settling.moved()
            self._shown, self._unanswered, self._is_fine = None, 0, False
        except (DeviceTimeout, ProtocolViolation) as error:
            self._was_silent(error)
        else:
            self._report.state(Condition.READY)
            self._unanswered, self._is_fine = 0, True
            if weight is None:
                self._nothing_new()
            else:
                self._tell(weight)

    def _wait_until_wanted(self) -> None:
        self._report.stop.wait(max(0.0, self._next_question - time.monotonic()))
        if not self._wanted.wait(0):
            self._shown = None
            if not self._is_fine:
                self._report.state(Condition.UNKNOWN)  # what it complained of may be over, and nobody asks
        while not (self._report.stop.is_set() or self._report.gone.is_set() or self._wanted.wait(LISTEN)):
            pass

    def _tell(self, weight: Weight) -> None:
        is_settled = self._settling.is_settled(weight)
        if is_settled and weight.is_legal:
            self._wanted.fulfil()  # before it is told: who is not content with it wishes again
        before = self._shown
        if is_settled or before is None or (weight.grams, weight.stable) != (before.grams, before.stable):
            self._report.weight(weight, is_settled=is_settled)
        self._shown = weight
        if isinstance(self._scale, PriceScale):
            self._settling.moved()  # it gives no weighing twice: the next is another one, also of the same weight

    def _was_silent(self, error: DeviceTimeout | ProtocolViolation) -> None:
        self._unanswered += 1
        self._may_answer_late = isinstance(error, DeviceTimeout)
        self._nothing_new()
        if self._unanswered < QUESTIONS_UNTIL_UNKNOWN:
            return
        self._is_fine = False
        if isinstance(error, DeviceTimeout):
            told = fault("no_weight" if self._scale.pace is Pace.ON_DEMAND else "no_answer")
        else:
            told = fault("unreadable", f"{WORDS['unreadable']} ({error})")  # why: one cause is a unit that was not configured
        self._report.state(Condition.UNKNOWN, [told])

    def _nothing_new(self) -> None:
        if self._scale.pace is Pace.ON_DEMAND:
            self._settling.moved()  # such a scale is silent until something has changed


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
