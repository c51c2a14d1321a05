"""The form of a rule of waves: what is shown is what is read again; what cannot be read names its field."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.orders.states import Delivery
from controller.waves.policies import Match
from controller.waves.rules import BadWaveRule, Rule, checked
from controller.waves.states import Mode, Shape, Timing
from controller.web.wave_forms import fields_of, rule_of

WORD = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)
WORDS = st.lists(WORD, max_size=3, unique=True).map(tuple)
COUNT = st.none() | st.integers(1, 500)
RULES = st.builds(
    Rule,
    id=st.integers(0, 9),
    site=st.just("s1"),
    name=WORD,
    priority=st.integers(0, 10_000),
    is_active=st.booleans(),
    match=st.builds(
        Match,
        channels=WORDS,
        deliveries=st.sets(st.sampled_from(Delivery)).map(lambda some: tuple(each for each in Delivery if each in some)),
        carriers=WORDS,
        services=WORDS,
        shapes=st.sets(st.sampled_from(Shape)).map(lambda some: tuple(each for each in Shape if each in some)),
        zones=WORDS,
        due_minutes=COUNT,
    ),
    mode=st.sampled_from(Mode),
    totes=st.integers(1, 50),
    max_lists=st.integers(1, 500),
    max_lines=COUNT,
    max_units=COUNT,
    timing=st.sampled_from(Timing),
    every_minutes=COUNT,
    times=st.lists(st.builds(time, st.integers(0, 23), st.integers(0, 59)), max_size=3).map(tuple),
    waiting=COUNT,
    releases=st.booleans(),
    version=st.integers(0, 9),
)


@given(RULES)
def test_what_is_shown_is_what_is_read_again(rule: Rule) -> None:
    assert rule_of(fields_of(rule), "s1") == rule


@given(st.dictionaries(st.sampled_from(sorted(fields_of(Rule(site="s1", name="x")))), st.text(max_size=30)))
def test_whatever_is_typed_is_a_rule_or_names_its_field(typed: dict[str, str]) -> None:
    try:
        checked(rule_of(typed, "s1"))
    except BadWaveRule as error:
        assert error.field


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"times": "25:00"}, "times"),
        ({"times": "08:00:30"}, "times"),
        ({"channels": "x" * 41}, "channels"),
        ({"totes": "two"}, "totes"),
        ({"max_lists": ""}, "max_lists"),
    ],
)
def test_what_cannot_be_read_names_its_field(typed: dict[str, str], field: str) -> None:
    with pytest.raises(BadWaveRule) as refused:
        checked(rule_of({**fields_of(Rule(site="s1", name="x")), **typed}, "s1"))
    assert refused.value.field == field


def test_signs_of_either_keyboard_part_words_and_times() -> None:
    typed = {**fields_of(Rule(site="s1", name="x")), "channels": "web，tmall, shop", "times": "8:00，14:30"}
    rule = rule_of(typed, "s1")
    assert rule.match.channels == ("web", "tmall", "shop")
    assert rule.times == (time(8), time(14, 30))
