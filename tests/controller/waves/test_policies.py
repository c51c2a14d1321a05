"""Composing: the same answer in whatever order it is asked, nobody lost, nobody twice, no wave too large."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.orders.states import Delivery
from controller.waves.policies import MOST_WAVES, LeftOut, Match, Out, Terms, Test, Waiting, compose
from controller.waves.states import Mode, Shape

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def part(number: int, **told: Any) -> Waiting:
    plain = Waiting(
        order_id=number,
        order=f"SO-{100_000 + number}",
        channel="web",
        delivery=Delivery.COLLECTION,
        lines=1,
        units=1,
        placed_at=NOON - timedelta(minutes=number),
    )
    return replace(plain, **told)


ALL = Terms(id=1, name="all", max_lists=10)


def orders(terms: Terms, *parts: Waiting) -> list[list[int]]:
    return [[one.part.order_id for one in wave.members] for wave in compose(parts, [terms], at=NOON).waves]


def test_what_is_due_first_is_served_first_then_the_oldest() -> None:
    soon, later = NOON + timedelta(hours=1), NOON + timedelta(hours=2)
    assert orders(ALL, part(1), part(2, due_at=later), part(3), part(4, due_at=soon)) == [[4, 2, 3, 1]]


def test_a_full_wave_is_followed_by_the_next() -> None:
    assert orders(replace(ALL, max_lists=2), *(part(number) for number in range(1, 6))) == [[5, 4], [3, 2], [1]]
    assert orders(replace(ALL, max_lines=3), part(3, lines=2), part(2, lines=2), part(1)) == [[3], [2, 1]]
    assert orders(replace(ALL, max_units=5), part(3, units=4), part(2, units=1), part(1, units=1)) == [[3, 2], [1]]


def test_so_many_waves_at_once() -> None:
    found = compose([part(number) for number in range(1, MOST_WAVES + 3)], [replace(ALL, max_lists=1)], at=NOON)
    assert len(found.waves) == MOST_WAVES
    assert [(one.part.order_id, one.why, one.detail) for one in found.left_out] == [
        (2, Out.NEXT_TURN, "all"),
        (1, Out.NEXT_TURN, "all"),
    ]


@pytest.mark.parametrize(
    ("match", "fits", "fails", "test"),
    [
        (Match(channels=("web",)), part(1), part(1, channel="shop"), Test.CHANNEL),
        (Match(deliveries=(Delivery.SHIPPING,)), part(1, delivery=Delivery.SHIPPING), part(1), Test.DELIVERY),
        (Match(carriers=("sf",)), part(1, carrier="sf"), part(1), Test.CARRIER),
        (Match(services=("next-day",)), part(1, service="next-day"), part(1, service="slow"), Test.SERVICE),
        (Match(shapes=(Shape.SINGLE_ITEM,)), part(1), part(1, units=2), Test.SHAPE),
        (Match(shapes=(Shape.SINGLE_LINE,)), part(1, units=2), part(1, lines=2, units=2), Test.SHAPE),
        (
            Match(zones=("cold",)),
            part(1, zones=(frozenset({"cold", "dry"}),)),
            part(1, zones=(frozenset({"cold"}), frozenset({"dry"}))),
            Test.ZONE,
        ),
        (Match(zones=("cold",)), part(1, zones=(frozenset({"cold"}),)), part(1), Test.ZONE),
        (
            Match(due_minutes=60),
            part(1, due_at=NOON + timedelta(minutes=60)),
            part(1, due_at=NOON + timedelta(minutes=61)),
            Test.DUE,
        ),
        (Match(due_minutes=60), part(1, due_at=NOON - timedelta(days=1)), part(1), Test.DUE),
    ],
)
def test_conditions(match: Match, fits: Waiting, fails: Waiting, test: Test) -> None:
    rule = replace(ALL, match=match)
    (wave,) = compose([fits], [rule], at=NOON).waves
    assert wave.members[0].because == (test,)
    assert compose([fails], [rule], at=NOON).left_out == (LeftOut(fails, Out.NO_RULE, "", (("all", test),)),)


def test_the_first_rule_that_fits_takes_it_and_what_is_too_large_for_one_goes_to_the_next() -> None:
    small = Terms(id=1, name="small", max_units=3)
    web = Terms(id=2, name="web", match=Match(channels=("web",)))
    found = compose([part(1), part(2, units=9), part(3, units=9, channel="shop")], [small, web], at=NOON)
    assert [(wave.rule.name, [one.part.order_id for one in wave.members]) for wave in found.waves] == [("small", [1]), ("web", [2])]
    (left,) = found.left_out
    assert (left.part.order_id, left.why, left.detail, left.fails) == (3, Out.TOO_LARGE, "small", (("web", Test.CHANNEL),))


def test_what_is_blocked_says_why_and_is_in_no_wave() -> None:
    flagged = part(1, blocked=Out.FLAGGED, detail="credit unpaid")
    found = compose([flagged], [ALL], at=NOON)
    assert not found.waves
    assert found.left_out == (LeftOut(flagged, Out.FLAGGED, "credit unpaid"),)


def test_a_cluster_holds_like_goods_and_as_many_lists_as_there_are_totes() -> None:
    rule = Terms(id=1, name="totes", mode=Mode.CLUSTER, totes=2, max_lists=10)
    parts = [part(number, goods=(7 if number % 2 else 8,)) for number in range(1, 6)]
    (wave,) = compose(parts, [rule], at=NOON).waves
    assert [(one.cluster, one.part.order_id) for one in wave.members] == [(1, 5), (1, 3), (2, 1), (2, 4), (3, 2)]


@given(st.data(), st.randoms(use_true_random=False))
def test_order_of_arrival_changes_nothing_and_every_part_is_somewhere_once(data: st.DataObject, dice: Random) -> None:
    instants = st.none() | st.integers(-50, 500).map(lambda minutes: NOON + timedelta(minutes=minutes))
    parts = [
        part(
            number,
            channel=data.draw(st.sampled_from(["web", "shop"])),
            lines=(lines := data.draw(st.integers(1, 4))),
            units=lines + data.draw(st.integers(0, 5)),
            due_at=data.draw(instants),
            goods=tuple(data.draw(st.lists(st.integers(1, 3), max_size=2, unique=True).map(sorted))),
            blocked=data.draw(st.sampled_from([None, None, None, Out.FLAGGED])),
        )
        for number in range(1, data.draw(st.integers(1, 25)))
    ]
    limit = st.none() | st.integers(1, 12)
    rules = [
        Terms(
            id=number,
            name=str(number),
            match=Match(
                channels=data.draw(st.sampled_from([(), ("web",)])), due_minutes=data.draw(st.none() | st.integers(1, 300))
            ),
            mode=data.draw(st.sampled_from(Mode)),
            totes=data.draw(st.integers(1, 3)),
            max_lists=data.draw(st.integers(1, 8)),
            max_lines=data.draw(limit),
            max_units=data.draw(limit),
        )
        for number in range(1, 4)
    ]
    found = compose(parts, rules, at=NOON)
    shuffled = list(parts)
    dice.shuffle(shuffled)
    assert compose(shuffled, rules, at=NOON) == found
    somewhere = [one.part.order_id for wave in found.waves for one in wave.members] + [one.part.order_id for one in found.left_out]
    assert sorted(somewhere) == [one.order_id for one in parts]
    for wave in found.waves:
        assert 0 < len(wave.members) <= wave.rule.max_lists
        assert sum(one.part.lines for one in wave.members) <= (wave.rule.max_lines or 10**9)
        assert sum(one.part.units for one in wave.members) <= (wave.rule.max_units or 10**9)
        assert not any(one.part.blocked for one in wave.members)
        clusters = [one.cluster for one in wave.members]
        assert clusters == sorted(clusters)
        assert max(map(clusters.count, clusters)) <= (wave.rule.totes if wave.rule.mode is Mode.CLUSTER else 1)
