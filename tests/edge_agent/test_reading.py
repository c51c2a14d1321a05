from __future__ import annotations

import time

from drivers.errors import DeviceTimeout
from edge_agent.reading import ANSWER_WITHIN, ANSWERS_WAITING, Answers


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
