"""Cost as textbooks compute it, and what rounding must never lose."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.costing.policies import Basis, Change, Pool, half_even, shares


def test_the_moving_average_of_a_textbook() -> None:
    """Purchases and issues of one article, perpetual moving average.

    Source: worked by hand after the method in IAS 2, paragraph 27 (weighted average as each shipment is received):
    opening 60 at 15.00; +100 at 19.50 -> 160 at 17.8125; -80; +70 at 22.00 -> 150 at 19.766667.
    """
    pool = Pool(60, 60 * 1500)
    pool = pool.after(pool.coming(100, 100 * 1950))
    assert Fraction(pool.value, pool.quantity) == Fraction("1781.25")
    left = pool.leaving(80)
    assert left.value == -142_500
    pool = pool.after(left)
    pool = pool.after(pool.coming(70, 70 * 2200))
    assert (pool.quantity, pool.value) == (150, 296_500)
    assert pool.cost_of(150) == 296_500
    assert pool.cost_of(1) == 1977


def test_the_last_goods_take_the_rest_of_the_value_with_them() -> None:
    pool = Pool(3, 100)
    costs = []
    while pool.quantity:
        left = pool.leaving(1)
        costs.append(-left.value)
        pool = pool.after(left)
    assert (costs, pool) == ([33, 34, 33], Pool())


def test_an_unknown_cost_is_said_and_is_not_nought() -> None:
    pool = Pool()
    assert pool.cost_of(1) is None
    pool = pool.after(pool.coming(10, None))
    assert (pool, pool.cost_of(1)) == (Pool(0, 0, 10), None)
    assert Pool(5, 0).cost_of(2) == 0, "what was given for free costs nothing, and that is known"
    assert pool.leaving(4) == Change(unknown=-4)
    assert pool.priced(10, 1000) == Change(10, 1000, -10)
    assert Pool(0, 0, 4).priced(10, 1000) == Change(4, 400, -4, difference=600), "six had left: their cost is a price difference"


def test_an_invoice_later_than_its_goods_corrects_what_is_still_here() -> None:
    """100 came at 10.00, 60 left; the invoice says 11.00: 40 are put right, 60 are price difference."""
    pool = Pool(40, 40_000)
    assert pool.corrected(100, 10_000) == Change(value=4000, difference=6000)
    assert Pool(0, 0).corrected(100, 10_000) == Change(difference=10_000)
    assert Pool(500, 1).corrected(100, -10_000) == Change(value=-1, difference=-9999), "a pool is never worth less than nothing"


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**6))
def test_half_even_is_the_nearest_and_even_of_two(numerator: int, denominator: int) -> None:
    assert half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**9), max_size=40))
def test_shares_sum_to_the_whole_and_are_off_by_less_than_one(total: int, weights: list[int]) -> None:
    parts = shares(total, weights)
    assert sum(parts) == (total if weights else 0)
    if sum(weights):
        assert all(abs(part - Fraction(total * weight, sum(weights))) < 1 for part, weight in zip(parts, weights, strict=True))


def test_ten_over_three_lines_of_the_same() -> None:
    assert shares(1000, [333, 333, 333]) == [334, 333, 333]
    assert shares(-1000, [333, 333, 333]) == [-333, -333, -334]


@given(st.integers(0, 10**9), st.integers(1, 10**6), st.lists(st.integers(1, 1000), min_size=1, max_size=30))
def test_many_small_arrivals_cost_what_one_large_one_does(minor: int, units: int, arrivals: list[int]) -> None:
    basis, costs = Basis(minor, units), []
    for each in arrivals:
        basis, cost = basis.booking(each)
        assert cost is not None
        costs.append(cost)
    assert sum(costs) == Basis(minor, units).value_of(sum(arrivals))
    back, cost = basis.booking(-sum(arrivals))
    assert (back.booked_units, back.booked_minor, cost) == (0, 0, -sum(costs))


@given(st.lists(st.tuples(st.sampled_from("ciufk"), st.integers(1, 500), st.integers(0, 10**6)), max_size=60))
def test_a_pool_is_never_below_nought_and_is_the_sum_of_its_changes(steps: list[tuple[str, int, int]]) -> None:
    pool, quantity, value, unknown = Pool(), 0, 0, 0
    for step, units, minor in steps:
        match step:
            case "c":
                change = pool.coming(units, minor)
            case "u":
                change = pool.coming(units, None)
            case "f":
                change = pool.found(units)
            case "k":
                change = pool.corrected(units, minor - 500_000)
            case _:
                change = pool.leaving(min(units, pool.quantity + pool.unknown))
        pool = pool.after(change)
        quantity, value, unknown = quantity + change.quantity, value + change.value, unknown + change.unknown
        assert pool == Pool(quantity, value, unknown)
        assert min(quantity, value, unknown) >= 0
        assert quantity or not value, "no value without goods"


@pytest.mark.parametrize("minor", [0, 1, 7])
def test_what_is_found_leaves_the_average_as_it_is(minor: int) -> None:
    pool = Pool(10, 10 * minor)
    assert pool.after(pool.found(5)).cost_of(15) == 15 * minor
