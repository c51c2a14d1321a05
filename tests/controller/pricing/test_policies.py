from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.pricing.policies import CHAIN, Priced, PriceKind, in_force, instants, overlaps
from tests.controller.goods import at

REGULAR, PROMOTION = PriceKind.REGULAR, PriceKind.PROMOTION


def price(minor: int, begins: int, ends: int | None = None, scope: str = CHAIN, key: int = 1) -> Priced:
    return Priced(
        id=key,
        scope=scope,
        kind=REGULAR if ends is None else PROMOTION,
        price_minor=minor,
        currency="CNY",
        effective_from=at(begins),
        until=None if ends is None else at(ends),
    )


def costs(prices: list[Priced], site: str, minute: int) -> int | None:
    found = in_force(prices, site, at(minute))
    return found.price_minor if found else None


def test_the_sites_own_goes_before_the_chains_and_a_promotion_before_both() -> None:
    prices = [price(100, 0), price(110, 5, scope="s1"), price(80, 10, 20), price(70, 12, 15, scope="s1"), price(105, 18)]
    assert [costs(prices, "s1", minute) for minute in (-1, 0, 5, 10, 12, 15, 19, 20)] == [None, 100, 110, 80, 70, 80, 80, 110]
    assert [costs(prices, CHAIN, minute) for minute in (0, 10, 12, 20)] == [100, 80, 80, 105]


def test_it_begins_and_ends_exactly_at_its_instant() -> None:
    promotion = price(80, 10, 20)
    tick = timedelta(microseconds=1)
    assert not promotion.holds_at(at(10) - tick)
    assert promotion.holds_at(at(10))
    assert promotion.holds_at(at(20) - tick)
    assert not promotion.holds_at(at(20))


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (price(1, 0), price(2, 0), True),
        (price(1, 0), price(2, 1), False),
        (price(1, 0), price(2, 0, scope="s1"), False),
        (price(1, 0), price(2, 0, 5), False),
        (price(1, 0, 5), price(2, 4, 9), True),
        (price(1, 0, 5), price(2, 5, 9), False),
        (price(1, 0, 9), price(2, 3, 4), True),
    ],
)
def test_two_prices_for_one_instant(one: Priced, other: Priced, both: bool) -> None:
    assert overlaps(one, other) is overlaps(other, one) is both


PRICES = st.lists(
    st.builds(
        lambda minor, begins, lasts, scope, key: price(minor, begins, None if lasts is None else begins + lasts, scope, key),
        st.integers(0, 9),
        st.integers(0, 20),
        st.none() | st.integers(1, 9),
        st.sampled_from([CHAIN, "s1", "s2"]),
        st.integers(1, 10**6),
    ),
    max_size=8,
)


@given(PRICES, st.integers(-1, 40))
def test_nothing_changes_between_two_instants(prices: list[Priced], minute: int) -> None:
    before = max((instant for instant in instants(prices) if instant <= at(minute)), default=None)
    now = in_force(prices, "s1", at(minute))
    assert now == (in_force(prices, "s1", before) if before is not None else None)
