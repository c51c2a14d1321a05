"""Rounding once, and spreading without a rest.  Cases marked Vendure are of its prorate.spec.ts, Solidus of its
distributed_amounts_handler_spec.rb (in cents)."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge_agent.wire.rounding import Mode, apportion, rounded, spread


@pytest.mark.parametrize(
    ("weights", "amount", "parts"),
    [
        ([123], 300, [300]),  # Vendure, to the last but two
        ([4000, 2000, 2000], 300, [150, 75, 75]),
        ([4300, 1400, 2300], 299, [161, 52, 86]),
        ([1000, 1000, 1000], 299, [100, 100, 99]),
        ([10, 20, 10, 30, 50, 20, 10, 40], 95, [5, 10, 5, 15, 25, 10, 5, 20]),
        ([10, 20, 10, 30, 50, 20, 10, 40], 93, [5, 10, 5, 15, 24, 10, 5, 19]),
        ([10, 0], 40, [40, 0]),
        ([0, 0], 10, [5, 5]),
        ([0, 0], 0, [0, 0]),
        ([5000, 5000, 5000], 1500, [500, 500, 500]),  # Solidus; who gets the odd cent is ours: the first
        ([5000, 5000, 5000], 1000, [334, 333, 333]),
        ([15000, 5000, 10000], 1500, [750, 250, 500]),
        ([], 0, []),
    ],
)
def test_parts_are_proportional_and_sum_to_the_whole(weights: list[int], amount: int, parts: list[int]) -> None:
    assert spread(amount, weights) == parts


@pytest.mark.parametrize(("amount", "weights"), [(-1, [1]), (1, [-1, 2]), (1, [])])
def test_what_cannot_be_spread_is_refused(amount: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match="cannot spread"):
        spread(amount, weights)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20), st.data())
def test_no_part_is_above_its_weight(weights: list[int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, sum(weights)))
    parts = spread(amount, weights)
    assert sum(parts) == amount
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=12), st.integers(0, 10**7))
@example([140, 462, 23261, 23261], 1496)  # one remainder three times, under different weights
def test_each_part_is_next_to_its_exact_share_and_the_largest_remainders_are_rounded_up(weights: list[int], amount: int) -> None:
    weighed = weights if any(weights) else [1] * len(weights)
    exact = [Fraction(amount * weight, sum(weighed)) for weight in weighed]
    parts = spread(amount, weights)
    assert all(part - share // 1 in (0, 1) for part, share in zip(parts, exact, strict=True))
    ranks = [(-(share % 1), index) for index, share in enumerate(exact)]  # of equal ones the earlier first
    up = [rank for rank, part, share in zip(ranks, parts, exact, strict=True) if part > share]
    assert up == [rank for rank in ranks if rank in sorted(ranks)[: len(up)]]


@given(st.lists(st.fractions(0, 50), min_size=1, max_size=8), st.data())
def test_no_part_is_above_its_cap(exact: list[Fraction], data: st.DataObject) -> None:
    caps = [data.draw(st.integers(0, 60)) for _ in exact]
    amount = min(rounded(sum(exact, Fraction(0)), Mode.HALF_UP), sum(caps))
    parts = apportion(amount, exact, caps)
    assert sum(parts) == amount
    assert all(0 <= part <= cap for part, cap in zip(parts, caps, strict=True))


def test_what_fits_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="fit nowhere"):
        apportion(3, [Fraction(1), Fraction(2)], [1, 1])


@pytest.mark.parametrize(
    ("halves", "half_up", "half_even", "down"),
    [(0, 0, 0, 0), (1, 1, 0, 0), (2, 1, 1, 1), (3, 2, 2, 1), (4, 2, 2, 2), (5, 3, 2, 2), (7, 4, 4, 3)],
)
def test_halves(halves: int, half_up: int, half_even: int, down: int) -> None:
    exact = Fraction(halves, 2)
    assert (rounded(exact, Mode.HALF_UP), rounded(exact, Mode.HALF_EVEN), rounded(exact, Mode.DOWN)) == (half_up, half_even, down)


@given(st.fractions(0, 10**6), st.sampled_from(Mode))
def test_rounding_goes_to_a_neighbour_and_keeps_whole_numbers(exact: Fraction, mode: Mode) -> None:
    whole = rounded(exact, mode)
    assert abs(whole - exact) < 1
    assert exact.denominator > 1 or whole == exact
    assert mode is Mode.DOWN or abs(whole - exact) <= Fraction(1, 2)
