"""Pure decisions of purchasing."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from controller.errors import IllegalTransition
from controller.purchasing.policies import (
    OPEN,
    BinState,
    Life,
    LineState,
    OrderedLine,
    differences,
    following,
    is_over,
    life_of,
    put_away_order,
    unit_price,
    units_of,
)
from controller.purchasing.states import ORDER, OrderState
from controller.states import advance

DAY = date(2026, 11, 22)
LINES = st.lists(st.builds(LineState, st.integers(1, 20), st.integers(0, 25), st.booleans()), min_size=1, max_size=4)


@given(st.sampled_from(OrderState), LINES, st.booleans(), st.booleans())
@example(OrderState.RECEIVED, [LineState(1, 0, True), LineState(1, 1, False)], False, False)
@example(OrderState.RECEIVED, [LineState(1, 0, True)], True, False)
@example(OrderState.SENT, [LineState(1, 0, True), LineState(1, 0, True)], True, False)
def test_what_lines_make_of_an_order_is_an_edge_of_its_table_and_then_settled(
    state: OrderState, lines: list[LineState], sent: bool, confirmed: bool
) -> None:
    action = following(state, lines, sent=sent, confirmed=confirmed)
    if action is None:
        return
    after = advance(ORDER, state, action)
    assert following(after, lines, sent=sent, confirmed=confirmed) is None
    assert (after is OrderState.RECEIVED) == all(line.received >= line.units for line in lines)


def test_decisions_of_people_stand_against_goods() -> None:
    for state in set(OrderState) - OPEN:
        assert following(state, [LineState(5, 9, False)], sent=True, confirmed=True) is None
        assert LineState(5, 0, False).owed(state) == 0
    assert LineState(5, 9, False).owed(OrderState.SENT) == 0
    assert LineState(5, 2, True).owed(OrderState.SENT) == 0
    with pytest.raises(IllegalTransition):
        advance(ORDER, OrderState.RECEIVED, next(iter(ORDER[OrderState.DRAFT])))


@pytest.mark.parametrize(
    ("packs", "pack", "units"), [(3, (12, 1), 36), (3, (1, 2), None), (4, (1, 2), 2), (1, (1000, 3), None), (3, (1000, 3), 1000)]
)
def test_packs_are_a_whole_number_of_base_units_or_refused(packs: int, pack: tuple[int, int], units: int | None) -> None:
    assert units_of(packs, *pack) == units


@given(st.integers(0, 10**10), st.integers(1, 10**6), st.integers(1, 1000), st.integers(1, 10**5), st.integers(1, 10**5))
def test_a_unit_price_is_exact(price: int, numerator: int, denominator: int, rate: int, per: int) -> None:
    minor, units = unit_price(price, (numerator, denominator), (rate, per))
    assert Fraction(minor, units) == Fraction(price) / Fraction(numerator, denominator) * Fraction(rate, per)
    assert minor < 2**63
    assert 0 < units < 2**63


@pytest.mark.parametrize(
    ("received", "percent", "over"), [(100, 0, False), (101, 0, True), (105, 5, False), (106, 5, True), (110, 10, False)]
)
def test_over_is_beyond_the_tolerance(received: int, percent: int, over: bool) -> None:
    assert is_over(100, received, percent) is over


@pytest.mark.parametrize(
    ("expiry", "life"),
    [
        (None, Life.FINE),
        (date(2026, 12, 2), Life.FINE),
        (date(2026, 12, 1), Life.SHORT),
        (date(2026, 11, 22), Life.SHORT),
        (date(2026, 11, 21), Life.EXPIRED),
    ],
)
def test_goods_keep_long_enough_or_do_not(expiry: date | None, life: Life) -> None:
    assert life_of(expiry, DAY, 10) is life
    assert life_of(DAY, DAY, 0) is Life.FINE, "good until the end of its last day"


def test_an_answer_differs_where_it_says_something_else() -> None:
    mine = [
        OrderedLine(position=1, packs=2, price_minor=100, expected_on=DAY),
        OrderedLine(position=2, packs=1, price_minor=None, expected_on=None),
    ]
    assert differences(mine, {1: mine[0]}) == []
    other = OrderedLine(position=2, packs=1, price_minor=70, expected_on=DAY)
    assert [(each.position, each.field, each.answered) for each in differences(mine, {2: other})] == [
        (2, "price_minor", 70),
        (2, "expected_on", DAY),
    ]


def a_bin(code: str, **more: object) -> BinState:
    values = {"id": hash(code) % 1000, "zone": "", "capacity": None, "holds": 0, "same": 0, "same_lot": 0}
    return BinState(code=code, **{**values, **more})  # type: ignore[arg-type]  # of many kinds


def test_goods_go_to_their_own_bin_then_to_an_empty_one_of_their_zone_then_to_any() -> None:
    bins = [
        a_bin("ANY-FULL", holds=10, capacity=10),
        a_bin("OTHER", holds=5),
        a_bin("EMPTY-FAR", zone="dry"),
        a_bin("EMPTY-NEAR", zone="cold"),
        a_bin("OWN", zone="cold", holds=4, same=4),
        a_bin("OWN-LOT", zone="cold", holds=3, same=3, same_lot=3),
        a_bin("OWN-FULL", zone="cold", holds=9, same=9, capacity=10),
    ]
    found = [each.code for each in put_away_order(bins, 2, frozenset({"cold"}))]
    assert found == ["OWN-LOT", "OWN", "EMPTY-NEAR", "EMPTY-FAR", "OTHER"]
    assert put_away_order(bins[:1], 1, frozenset()) == []
