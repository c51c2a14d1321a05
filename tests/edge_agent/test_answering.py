"""A station's answer is its scanner's sound and its display's text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from drivers.devices import Weight
from edge_agent.answering import Answering, weight_line
from edge_agent.config import StationConfig
from edge_agent.device_events import DeviceEvent, DrawerMoved, WeightChanged
from edge_agent.displaying import wrapped
from edge_agent.stations.model import Feedback, Verdict


class Told:
    """What the devices were told."""

    def __init__(self) -> None:
        self.sounds: list[tuple[str, bool]] = []
        self.shown: list[tuple[str, list[str]]] = []

    def signal(self, device: str, *, good: bool) -> None:
        self.sounds.append((device, good))

    def show(self, device: str, lines: Sequence[str]) -> None:
        self.shown.append((device, list(lines)))


STATIONS = (
    StationConfig(id="desk", scanner="gun", scale="scale", line_display="display"),
    StationConfig(id="back", scanner="gun-2", scale="scale-2"),
)
SAVED = Feedback(verdict=Verdict.OK, code="scanned", args={"symbol": "milk"})


def weight(device: str, grams: str, *, stable: bool = True) -> DeviceEvent:
    return DeviceEvent(device, 0, WeightChanged(Weight(Decimal(grams), stable), stable))


@pytest.mark.parametrize(
    ("verdict", "good"), [(Verdict.OK, True), (Verdict.DUPLICATE, True), (Verdict.WRONG, False), (Verdict.UNKNOWN, False)]
)
def test_the_sound_is_good_only_if_it_was_saved(verdict: Verdict, good: bool) -> None:
    told = Told()
    Answering(STATIONS, told).answer("back", Feedback(verdict=verdict, code="scanned", args={"symbol": "milk"}))
    assert (told.sounds, told.shown) == ([("gun-2", good)], [])


def test_a_display_shows_the_weight_and_the_last_answer() -> None:
    told = Told()
    answering = Answering(STATIONS, told)
    answering.answer("desk", SAVED)
    answering.on_event(weight("scale", "1234"))
    answering.on_event(weight("scale", "1300", stable=False))
    answering.on_event(weight("scale", "0"))
    assert [lines for _, lines in told.shown] == [
        ["milk — saved"],
        ["1.234 kg", "milk — saved"],
        ["1.300 kg ~", "milk — saved"],
        ["milk — saved"],
    ]
    assert {display for display, _ in told.shown} == {"display"}


@pytest.mark.parametrize(("language", "line"), [("en", "Total CNY 8.40 Milk CNY 4.20"), ("zh-CN", "合计 CNY 8.40 牛奶 CNY 4.20")])
def test_a_customer_sees_the_sum_first(language: str, line: str) -> None:
    told = Told()
    args: dict[str, str | int] = {
        "due_minor": 840, "amount_minor": 420, "currency": "CNY", "name_en": "Milk", "name_zh": "牛奶", "base_units": 1,
        "unit": "piece", "numerator": 1, "denominator": 1,
    }  # fmt: skip
    Answering(STATIONS, told, language).answer("desk", Feedback(verdict=Verdict.OK, code="counter_line", args=args))
    assert told.shown == [("display", [line])]


def test_what_other_devices_tell_is_not_shown() -> None:
    told = Told()
    answering = Answering(STATIONS, told)
    answering.on_event(weight("scale-2", "5"))
    answering.on_event(DeviceEvent("scale", 0, DrawerMoved(is_open=True)))
    assert told.shown == []


def test_grams_are_shown_as_kilograms() -> None:
    assert weight_line(Decimal(15), stable=True) == "0.015 kg"
    assert weight_line(Decimal("-0.5"), stable=True) == "0.000 kg"


def test_a_long_line_goes_on_in_the_next_row() -> None:
    assert wrapped(["4006381333931 — saved"], 2, 20) == ["4006381333931 —", "saved"]
    assert wrapped(["one", "two", "three"], 2, 20) == ["one", "two"]
    assert wrapped([""], 2, 20) == [""]
