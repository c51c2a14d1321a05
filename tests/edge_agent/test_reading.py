from __future__ import annotations

import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.devices import Pace, Weight
from drivers.errors import DeviceFault, DeviceTimeout, DeviceUnavailable, DriverError, ProtocolViolation
from drivers.registry import Kind, find
from drivers.testing import ScriptedTransport, Slow
from edge_agent import reading
from edge_agent.config import DeviceConfig
from edge_agent.device_events import DeviceEvent, Reporter, StateChanged, WeightChanged
from edge_agent.reading import ANSWER_WITHIN, ANSWERS_WAITING, Answers, Wanted, use_scale
from edge_agent.seams import SystemClock
from edge_agent.wire.messages import Condition
from tests.drivers.scales.on_platter import OnPlatter
from tests.edge_agent.test_devices import Box, Emulator


class Beeper:
    """Takes `takes` signals, then none: its line is held."""

    def __init__(self, takes: int = 1000) -> None:
        self.heard: list[bool] = []
        self._takes = takes

    def signal(self, *, good: bool) -> None:
        if len(self.heard) >= self._takes:
            raise DeviceTimeout("held")
        self.heard.append(good)


def test_answers_sound_in_their_order_and_each_once() -> None:
    answers, beeper = Answers(), Beeper()
    for good in (True, False, True):
        answers.give(good=good)
    answers.sound(beeper)
    answers.sound(beeper)
    assert beeper.heard == [True, False, True]


def test_an_answer_is_due_from_the_read_until_it_is_given() -> None:
    answers = Answers()
    answers.expect()
    answers.expect()
    answers.give(good=True)
    answers.sound(Beeper())
    is_due_after_one = answers.is_due
    answers.give(good=True)
    answers.sound(Beeper())
    assert (is_due_after_one, answers.is_due) == (True, False)


def test_an_answer_that_never_comes_is_not_waited_for_longer_than_a_second() -> None:
    answers = Answers()
    began = time.monotonic()
    answers.expect()
    while answers.is_due:
        assert time.monotonic() - began < ANSWER_WITHIN + 5
    assert time.monotonic() - began >= ANSWER_WITHIN


def test_answers_that_nobody_sounds_do_not_gather() -> None:
    answers, beeper = Answers(), Beeper()
    for _ in range(1000):
        answers.give(good=True)
    answers.sound(beeper)
    assert len(beeper.heard) == ANSWERS_WAITING


def test_a_device_that_takes_no_signals_is_asked_once_and_again_when_it_is_back() -> None:
    answers, held = Answers(), Beeper(takes=0)
    for _ in range(3):
        answers.give(good=True)
        answers.sound(held)
    assert held.heard == []
    back = Beeper()
    answers.begin()
    answers.give(good=False)
    answers.sound(back)
    assert back.heard == [False]


# --- scales ----------------------------------------------------------------------------------------------------------------------


def kg(grams: int, *, stable: bool = True) -> Weight:
    return Weight(Decimal(grams), stable=stable, raw=b"frame")


MOVING = kg(300, stable=False)
FAULT = DeviceFault("too much", ("over_capacity",))
SILENCE = DeviceTimeout("silence")


class Scripted:
    """A scale that answers from a list; asked once more, the box is stopping."""

    def __init__(self, report: Reporter, *answers: Weight | DriverError | None, pace: Pace = Pace.STREAM) -> None:
        self.pace = pace
        self.asked = 0
        self._answers = list(answers)
        self._report = report

    def read_weight(self) -> Weight | None:
        self.asked += 1
        answer = self._answers.pop(0)
        if not self._answers:
            self._report.stop.set()
        if isinstance(answer, DriverError):
            raise answer
        return answer


class Heard:
    """What a scale's thread told."""

    def __init__(self) -> None:
        self.events: list[DeviceEvent] = []
        self.report = Reporter("scale", self.events.append, SystemClock())
        self.wanted = Wanted()

    def of(self, *answers: Weight | DriverError | None, pace: Pace = Pace.STREAM) -> Heard:
        self.wanted.want("test")
        use_scale(Scripted(self.report, *answers, pace=pace), self.report, self.wanted)
        return self

    @property
    def weights(self) -> list[tuple[int, bool]]:
        """Grams, and whether they settled."""
        return [(int(each.what.weight.grams), each.what.is_settled) for each in self.events if isinstance(each.what, WeightChanged)]

    @property
    def states(self) -> list[tuple[Condition, list[str]]]:
        told = [each.what for each in self.events if isinstance(each.what, StateChanged)]
        return [(each.state, [fault.code for fault in each.faults]) for each in told]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WEIGH_EVERY", 0.0)
    monkeypatch.setattr(reading, "ASK_EVERY", 0.0)


@pytest.mark.parametrize("pace", [Pace.STREAM, Pace.POLL])
def test_a_weight_is_told_when_it_changes_and_settles_once(pace: Pace) -> None:
    heard = Heard().of(kg(0), kg(0), MOVING, MOVING, kg(500), kg(500), kg(500), pace=pace)
    assert heard.weights == [(0, True), (300, False), (500, True)]
    assert heard.states == [(Condition.READY, [])]


def test_the_same_weight_twice_is_two_with_motion_or_removal_between() -> None:
    assert Heard().of(kg(500), MOVING, kg(500)).weights == [(500, True), (300, False), (500, True)]
    assert Heard().of(kg(500), kg(0), kg(500)).weights == [(500, True), (0, True), (500, True)]
    assert Heard().of(kg(500), FAULT, kg(500)).weights == [(500, True), (500, True)]


@pytest.mark.parametrize("nothing", [None, SILENCE, ProtocolViolation("noise")])
def test_a_scale_that_says_nothing_new_keeps_its_last_weight(nothing: DriverError | None) -> None:
    assert Heard().of(kg(500), nothing, nothing, kg(500)).weights == [(500, True)]


def test_faults_and_silence_are_told_once_and_as_what_they_are() -> None:
    heard = Heard().of(FAULT, FAULT, kg(1), SILENCE, SILENCE, SILENCE, SILENCE, kg(1), *([ProtocolViolation("noise")] * 3))
    assert heard.states == [
        (Condition.FAULT, ["over_capacity"]),
        (Condition.READY, []),
        (Condition.UNKNOWN, ["no_answer"]),
        (Condition.READY, []),
        (Condition.UNKNOWN, ["unreadable"]),
    ]


def test_after_a_silence_the_next_question_waits_until_no_late_answer_can_pass_for_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LATE_ANSWER", 0.2)
    began = time.monotonic()
    assert Heard().of(kg(500), SILENCE, kg(700), pace=Pace.POLL).weights == [(500, True), (700, True)]
    assert time.monotonic() - began >= 0.2


def test_what_was_shown_is_forgotten_when_it_is_opened_again() -> None:
    heard = Heard().of(kg(500))
    heard.report.stop.clear()
    assert heard.of(kg(500)).weights == [(500, True), (500, True)]


@pytest.mark.parametrize("pace", list(Pace))
def test_a_scale_that_was_pulled_out_is_not_asked_any_more(pace: Pace) -> None:
    heard = Heard()
    heard.report.gone.set()
    with pytest.raises(DeviceUnavailable, match="unplugged"):
        heard.of(kg(500), pace=pace)
    assert heard.weights == []


class TestOnDemand:
    def test_nobody_asks_it_until_its_weight_is_wanted_and_then_until_it_is_had(self) -> None:
        heard = Heard()
        scale = Scripted(heard.report, None, kg(0), MOVING, kg(500), kg(999), pace=Pace.ON_DEMAND)
        thread = threading.Thread(target=use_scale, args=(scale, heard.report, heard.wanted))
        thread.start()
        time.sleep(0.05)  # it could ask thousands of times
        assert (scale.asked, heard.states) == (0, [(Condition.UNKNOWN, [])])
        heard.wanted.want("one")
        heard.wanted.want("two")
        until(lambda: (500, True) in heard.weights)
        time.sleep(0.05)
        heard.report.stop.set()
        thread.join(5)
        assert scale.asked == 4
        assert heard.weights == [(0, True), (300, False), (500, True)]

    def test_a_wish_that_is_taken_back_leaves_the_others(self) -> None:
        wanted = Wanted()
        wanted.want("one")
        wanted.want("two")
        wanted.want("one", wanted=False)
        assert wanted.wait(0)
        wanted.want("two", wanted=False)
        assert not wanted.wait(0)
        wanted.want("one")
        wanted.fulfil()
        assert not wanted.wait(0)

    def test_an_unchanged_weight_is_no_second_weighing_unless_something_was_seen_between(self) -> None:
        heard = Heard()
        scale = Scripted(heard.report, kg(500), kg(500), None, kg(500), SILENCE, kg(500), kg(500), pace=Pace.ON_DEMAND)
        asking = reading._Asking(scale, heard.report, heard.wanted)
        for _ in range(7):
            asking.ask()
        assert heard.weights == [(500, True), (500, True), (500, True)]

    def test_what_it_complains_of_is_over_when_nobody_asks(self) -> None:
        heard = Heard()
        scale = Scripted(heard.report, FAULT, kg(1), pace=Pace.ON_DEMAND)
        asking = reading._Asking(scale, heard.report, heard.wanted)
        asking.ask()
        heard.report.stop.set()
        assert not asking.is_time()
        assert [state for state, _ in heard.states] == [Condition.UNKNOWN, Condition.FAULT, Condition.UNKNOWN]

    def test_its_silence_has_words_of_its_own(self) -> None:
        assert Heard().of(SILENCE, SILENCE, SILENCE, pace=Pace.ON_DEMAND).states[-1] == (Condition.UNKNOWN, ["no_weight"])

    def test_each_weighing_of_a_price_computing_scale_is_one_of_its_own(self) -> None:
        pair, heard = OnPlatter("dialog_02", "dialog.02", {"nominal_price": 100}), Heard()
        asking = reading._Asking(pair.scale, heard.report, heard.wanted)
        for _ in range(2):
            pair.put(0)
            pair.put(500)
            asking.ask()
        asking.ask()
        assert heard.weights == [(500, True), (500, True)]


@pytest.mark.parametrize(("protocol", "model"), [("dialog_02", "dialog.02"), ("adam", "adam")])
async def test_over_a_line_it_is_asked_when_its_weight_is_wanted(tmp_path: Path, protocol: str, model: str) -> None:
    options = {"nominal_price": 100} if model == "dialog.02" else {}
    config = DeviceConfig(id="scale", kind=Kind.SCALE, model=model, address=f"serial:{tmp_path / 'scale'}", options=options)
    box = Box(config)
    async with Emulator.on_pty(protocol, tmp_path / "scale") as scale, box.running():
        await box.until("scale", Condition.UNKNOWN)
        for grams in ("1234", "500"):
            await scale.do("put", grams=grams)
            box.devices.weigh("scale")
            told = await box.next("scale", WeightChanged)
            assert (told.weight.grams, told.is_settled, told.weight.is_legal) == (Decimal(grams), True, True)
            assert box.devices.weight("scale") is None, "what it showed may be over: it is asked again"


PAIRS: dict[str, tuple[str, dict[str, object]]] = {
    "sma": ("sma", {}),
    "and_standard": ("and.standard", {}),
    "dialog_02": ("dialog.02", {"nominal_price": 100}),
    "adam": ("adam", {}),
    "toledo_8217": ("toledo.8217", {"unit": "kg"}),
}
STEPS = st.one_of(
    st.tuples(st.just("put"), st.sampled_from([0, 500, 500, 1234, -10, 99_000])),
    st.tuples(st.just("fault"), st.sampled_from(["motion", "damaged", "mute", "unzeroed"])),
    st.tuples(st.just("mend"), st.sampled_from(["motion", "damaged", "mute", "unzeroed"])),
    st.tuples(st.just("ask"), st.integers(1, 3)),
)


@pytest.mark.parametrize("protocol", sorted(PAIRS))
@settings(max_examples=60)
@given(steps=st.lists(STEPS, max_size=25))
def test_every_settled_weight_is_what_lay_on_the_platter(protocol: str, steps: list[tuple[str, Any]]) -> None:
    model, options = PAIRS[protocol]
    pair, heard = OnPlatter(protocol, model, options), Heard()
    asking = reading._Asking(pair.scale, heard.report, heard.wanted)
    lies, moving, settled = 0, False, 0
    for what, value in steps:
        if what == "put":
            lies = value
            pair.put(value)
        elif what == "ask":
            for _ in range(value):
                before = len(heard.events)
                asking.ask()
                new = [each.what for each in heard.events[before:]]
                legal = [
                    each.weight for each in new if isinstance(each, WeightChanged) and each.is_settled and each.weight.is_legal
                ]
                assert all(weight.grams == lies and not moving for weight in legal)
                settled += len(legal)
        else:
            pair.fault(value, on=what == "fault")
            moving = moving if value != "motion" else what == "fault"
    if protocol == "dialog_02":
        assert settled <= len(pair.told("weighed"))


def test_from_the_question_to_the_event_it_takes_little_more_than_the_line_needs() -> None:
    """At most 1.5 times the protocol's own time on the wire (issue 3, numbers); tried until this shared machine lets it."""
    per_byte, frame = 0.004, b"\x0201.234\r"

    def seconds() -> float:
        transport = ScriptedTransport((b"W", frame), through=lambda pipe: Slow(pipe, per_byte))
        heard = Heard()
        scale: Any = find("toledo.8217").build(transport, {"unit": "kg"})
        asking = reading._Asking(scale, heard.report, heard.wanted)
        began = time.perf_counter()
        asking.ask()
        took = time.perf_counter() - began
        assert heard.weights == [(1234, True)]
        return took

    until(lambda: seconds() <= 1.5 * per_byte * len(frame))


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.002)
