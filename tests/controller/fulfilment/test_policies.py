from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.fulfilment.papers import money_text, quantity_text, weight_text
from controller.fulfilment.policies import BinStock, PickLine, choose_bins, goods_weight, spread, weight_matches
from edge_agent.wire.prices import line_amount

BINS = st.lists(st.integers(1, 50), max_size=6).map(
    lambda stocks: [BinStock(place, stock) for place, stock in enumerate(stocks, 1)]
)


def line(quantity: int, picked: int = 0, *, sku: int = 1) -> PickLine:
    return PickLine(id=1, order_line_id=1, line_key="SO-1/1", sku_id=sku, location_id=1, quantity=quantity, picked=picked)


@given(st.integers(1, 200), BINS)
def test_all_that_is_wanted_is_sought_somewhere(wanted: int, bins: list[BinStock]) -> None:
    chosen = choose_bins(wanted, bins, fallback=99)
    assert sum(quantity for _, quantity in chosen) == wanted
    assert all(quantity > 0 for _, quantity in chosen)
    assert len({place for place, _ in chosen}) == len(chosen)
    if wanted <= sum(stock.on_hand for stock in bins):
        holds = {stock.location_id: stock.on_hand for stock in bins}
        assert all(quantity <= holds[place] for place, quantity in chosen)


def test_one_bin_is_better_than_two_and_a_tight_one_better_than_a_full_one() -> None:
    assert choose_bins(4, [BinStock(1, 9), BinStock(2, 4), BinStock(3, 3)], fallback=9) == [(2, 4)]
    assert choose_bins(10, [BinStock(1, 2), BinStock(2, 9)], fallback=9) == [(2, 9), (1, 1)]
    assert choose_bins(5, [], fallback=9) == [(9, 5)]
    assert choose_bins(5, [BinStock(1, 2)], fallback=9) == [(1, 5)]


@given(st.integers(0, 60), st.lists(st.tuples(st.integers(1, 20), st.integers(0, 20)), max_size=5))
def test_a_pick_is_laid_out_whole_or_not_at_all(quantity: int, lines: list[tuple[int, int]]) -> None:
    open_lines = [line(wanted, min(picked, wanted)) for wanted, picked in lines]
    taken = spread(quantity, open_lines)
    if quantity > sum(one.open for one in open_lines):
        assert taken is None
    else:
        assert taken is not None
        assert sum(part for _, part in taken) == quantity
        assert all(0 < part <= one.open for one, part in taken)


@pytest.mark.parametrize(
    ("measured", "expected", "fits"),
    [
        ("990", 1000, True),  # 3 % below
        ("969", 1000, False),
        ("1430", 1000, True),  # goods and carton, 3 % above
        ("1431", 1000, False),
        ("90", 100, True),  # 10 g, as 3 % would be less than a scale shows
        ("89", 100, False),
    ],
)
def test_a_parcel_weighs_its_goods_and_at_most_a_carton(measured: str, expected: int, fits: bool) -> None:
    assert weight_matches(Decimal(measured), expected) is fits


def test_an_unknown_weight_makes_the_whole_unknown_but_only_if_it_was_picked() -> None:
    lines = [line(2, 2, sku=1), line(1, 1, sku=2)]
    assert goods_weight(lines, {1: 100, 2: 50}) == 250
    assert goods_weight(lines, {1: 100, 2: None}) is None
    assert goods_weight([line(2, 2, sku=1), line(1, 0, sku=2)], {1: 100}) == 200


def test_money_is_rounded_once_and_written_with_its_currencys_exponent() -> None:
    assert line_amount(355, 128, 100) == 454  # 3.55 x 1.28 = 4.544
    assert line_amount(125, 2, 100) == 3  # 2.5, half up
    assert money_text(123456, "CNY") == "¥1,234.56"
    assert money_text(500, "JPY") == "¥500"
    assert money_text(1500, "KWD") == "KWD 1.500"


def test_weights_and_quantities_carry_their_unit() -> None:
    assert weight_text(Decimal("12.50")) == "12.5 g"
    assert weight_text(Decimal(1250)) == "1.250 kg"
    assert quantity_text(3, "piece") == "3"
    assert quantity_text(355, "gram") == "355 g"
