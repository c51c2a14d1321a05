"""Totals of orders, against cases of public test suites and tax offices, and what holds for every order.

Vendure: order.entity.spec.ts (taxSummary).  Solidus: calculator/default_tax_spec.rb.  Medusa: totals/__tests__/totals.ts.
All amounts in minor units."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.wire.rounding import Mode
from edge_agent.wire.totals import Charge, Discount, DoesNotAddUp, Level, LineKind, Rate, Terms, Totals, total

EXCLUSIVE = Terms(is_inclusive=False)
BY_RATE = Terms(is_inclusive=False, level=Level.RATE)


def percent(value: str, code: str | None = None, *, is_compound: bool = False) -> Rate:
    return Rate(code=code or value, value=Fraction(value) / 100, is_compound=is_compound)


def charges(*amounts: int, rates: tuple[Rate, ...] = (), kind: LineKind = LineKind.GOODS) -> list[Charge]:
    return [Charge(position=at, amount_minor=amount, rates=rates, kind=kind) for at, amount in enumerate(amounts, 1)]


def by_rate(totals: Totals) -> list[tuple[str, int, int]]:
    return [(one.rate.code, one.base_minor, one.tax_minor) for one in totals.rates]


# --- discounts ------------------------------------------------------------------------------------------------------------------


def test_ten_off_three_of_three_thirty_three_leaves_nothing() -> None:
    totals = total(charges(333, 333, 333, rates=(percent("13"),)), Terms(), [Discount(minor=1000)])
    assert [line.discount_minor for line in totals.lines] == [333, 333, 333]
    assert (totals.discount_minor, totals.net_minor, totals.tax_minor, totals.gross_minor) == (999, 0, 0, 0)


def test_a_hundred_percent_leaves_nothing() -> None:
    totals = total(charges(1, 999, 12345, rates=(percent("8.875"),)), EXCLUSIVE, [Discount(basis_points=10_000)])
    assert [line.gross_minor for line in totals.lines] == [0, 0, 0]


def test_one_off_three_equal_lines_is_the_first_ones() -> None:
    totals = total(charges(333, 333, 333), Terms(), [Discount(minor=100)])
    assert [line.discount_minor for line in totals.lines] == [34, 33, 33]


def test_discounts_of_lines_come_before_those_over_the_order_however_they_are_told() -> None:
    over, on_second = Discount(basis_points=1000), Discount(minor=500, position=2)
    expected = [100, 550]
    for told in ([over, on_second], [on_second, over]):
        assert [line.discount_minor for line in total(charges(1000, 1000), Terms(), told).lines] == expected


def test_percents_are_of_what_is_left() -> None:
    ten = Discount(basis_points=1000, position=1)
    assert total(charges(1000), Terms(), [ten, ten]).discount_minor == 190


def test_shipping_is_not_discounted_with_the_order_but_by_its_own() -> None:
    lines = [*charges(1000), Charge(position=9, amount_minor=500, kind=LineKind.SHIPPING)]
    assert total(lines, Terms(), [Discount(basis_points=5000)]).gross_minor == 1000
    assert total(lines, Terms(), [Discount(basis_points=10_000, position=9)]).gross_minor == 1000


def test_a_discount_over_shipping_alone_takes_nothing() -> None:
    assert total(charges(500, kind=LineKind.SHIPPING), Terms(), [Discount(minor=100)]).gross_minor == 500


@pytest.mark.parametrize(
    "wrong",
    [
        Discount(),
        Discount(minor=-1),
        Discount(minor=1, basis_points=1),
        Discount(basis_points=10_001),
        Discount(basis_points=-1),
        Discount(minor=1, position=7),
    ],
)
def test_a_discount_that_means_nothing_is_refused(wrong: Discount) -> None:
    with pytest.raises(DoesNotAddUp):
        total(charges(100), Terms(), [wrong])


# --- public cases ---------------------------------------------------------------------------------------------------------------


def test_vendure_single_rate() -> None:
    totals = total(charges(600, 1000, rates=(percent("5", "tax a"),)), BY_RATE)
    assert by_rate(totals) == [("tax a", 1600, 80)]


def test_vendure_different_rates() -> None:
    lines = [*charges(600, rates=(percent("5", "a"),)), Charge(position=2, amount_minor=1000, rates=(percent("7.5", "b"),))]
    assert by_rate(total(lines, BY_RATE)) == [("a", 600, 30), ("b", 1000, 75)]


BOTH = (percent("5", "a"), percent("7.5", "b"))


def test_several_rates_on_a_line_are_rounded_once_each() -> None:
    """Vendure says 121, 109 and 90 for rate b, rounding each item; once over the order gives 120, 108, 89."""
    assert by_rate(total(charges(600, 1000, rates=BOTH), BY_RATE)) == [("a", 1600, 80), ("b", 1600, 120)]
    tenth = [Discount(basis_points=1000)]
    assert by_rate(total(charges(600, 1000, rates=BOTH), BY_RATE, tenth)) == [("a", 1440, 72), ("b", 1440, 108)]
    by_hand = [Discount(minor=310, position=1), Discount(minor=100, position=2)]
    assert by_rate(total(charges(600, 1000, rates=BOTH), BY_RATE, by_hand)) == [("a", 1190, 60), ("b", 1190, 89)]


def test_vendure_zero_rate() -> None:
    assert by_rate(total(charges(600, rates=(percent("0"),)), BY_RATE)) == [("0", 600, 0)]


def test_vendure_with_shipping() -> None:
    freight = Charge(position=3, amount_minor=500, rates=(percent("20", "shipping"),), kind=LineKind.SHIPPING)
    totals = total([*charges(600, 1000, rates=(percent("5", "a"),)), freight], BY_RATE)
    assert by_rate(totals) == [("a", 1600, 80), ("shipping", 500, 100)]
    assert totals.gross_minor == 2280


def test_solidus_exclusive_and_inclusive() -> None:
    five = (percent("5"),)
    assert total(charges(3000, 3000, rates=five), EXCLUSIVE).tax_minor == 300
    assert total(charges(6000, rates=five), Terms()).tax_minor == 286
    assert total(charges(3000, rates=five), Terms()).tax_minor == 143
    assert total(charges(3000, rates=five), Terms(), [Discount(minor=100, position=1)]).tax_minor == 138
    assert total(charges(3000, rates=five), EXCLUSIVE, [Discount(minor=100, position=1)]).tax_minor == 145


def test_medusa_items_adjustments_and_shipping() -> None:
    ten, fifty = (percent("10"),), (percent("50"),)
    first = [*charges(6000, rates=ten), Charge(position=2, amount_minor=500, rates=fifty)]
    assert (total(first, EXCLUSIVE).tax_minor, total(first, EXCLUSIVE).gross_minor) == (850, 7350)
    discount = [Discount(minor=1000, position=1)]
    assert total(charges(10_000, rates=ten), EXCLUSIVE, discount).gross_minor == 9900
    inclusive = total(charges(10_000, rates=ten), Terms())
    assert (inclusive.net_minor, inclusive.tax_minor, inclusive.gross_minor) == (9091, 909, 10_000)
    freight = Charge(position=2, amount_minor=2500, rates=ten, kind=LineKind.SHIPPING)
    given_by_hand = [Discount(minor=2000, position=1), Discount(minor=200, position=2)]
    totals = total([*charges(10_000, rates=ten), freight], EXCLUSIVE, given_by_hand)
    assert (totals.tax_minor, totals.discount_minor, totals.gross_minor) == (1030, 2200, 11_330)


def test_china_vat_is_in_the_price() -> None:
    """VAT Law of the PRC, 2026: 13 % on goods, 9 % on grain, oil, water and freight; sales = sales with tax / (1 + rate)."""
    freight = Charge(position=2, amount_minor=1090, rates=(percent("9"),), kind=LineKind.SHIPPING)
    totals = total([*charges(11_300, rates=(percent("13"),)), freight], Terms())
    assert by_rate(totals) == [("13", 10_000, 1300), ("9", 1000, 90)]
    assert total(charges(9900, rates=(percent("13"),)), Terms()).tax_minor == 1139


def test_new_york_city_is_rounded_by_line_as_one_rate() -> None:
    """8.875 % = state 4 + city 4.5 + MCTD 0.375 (New York State, Publication 718)."""
    city = (percent("4", "state"), percent("4.5", "city"), percent("0.375", "mctd"))
    totals = total(charges(1000, rates=city), EXCLUSIVE)
    assert totals.tax_minor == 89
    assert by_rate(totals) == [("state", 1000, 40), ("city", 1000, 45), ("mctd", 1000, 4)]
    assert total(charges(10_999, rates=(percent("8.875"),)), EXCLUSIVE).tax_minor == 976


def test_tax_on_tax() -> None:
    """Quebec until 2012: QST of 9.5 % on the price with 5 % GST (Revenu Quebec, QST history): 100.00 costs 114.98."""
    quebec = (percent("5", "gst"), percent("9.5", "qst", is_compound=True))
    totals = total(charges(10_000, rates=quebec), EXCLUSIVE)
    assert (by_rate(totals), totals.gross_minor) == ([("gst", 10_000, 500), ("qst", 10_000, 998)], 11_498)
    back = total(charges(11_498, rates=quebec), Terms())
    assert (back.net_minor, back.tax_minor) == (10_000, 1498)


def test_the_level_decides_where_cents_are_lost() -> None:
    """Ten articles of 0.09 at 19 %: 0.0171 each, 0.171 together (both are allowed by Directive 2006/112/EC; ECJ C-484/06)."""
    lines = charges(*[9] * 10, rates=(percent("19"),))
    taxes = {level: total(lines, replace(EXCLUSIVE, level=level)).tax_minor for level in Level}
    assert taxes == {Level.LINE: 20, Level.RATE: 17, Level.ORDER: 17}


def test_the_order_is_rounded_once_over_its_rates() -> None:
    lines = [*charges(5, rates=(percent("10", "a"),)), Charge(position=2, amount_minor=5, rates=(percent("11", "b"),))]
    assert total(lines, BY_RATE).tax_minor == 2
    assert total(lines, replace(BY_RATE, level=Level.ORDER)).tax_minor == 1


@pytest.mark.parametrize(("mode", "tax"), [(Mode.HALF_UP, 13), (Mode.HALF_EVEN, 12), (Mode.DOWN, 12)])
def test_the_mode_decides_a_half(mode: Mode, tax: int) -> None:
    assert total(charges(125, rates=(percent("10"),)), replace(EXCLUSIVE, mode=mode)).tax_minor == tax


def test_whoever_is_exempt_pays_what_is_left_without_tax() -> None:
    exempt = total(charges(11_300, rates=(percent("13"),)), Terms(is_exempt=True))
    assert (exempt.net_minor, exempt.tax_minor, exempt.gross_minor, exempt.exempted_minor) == (10_000, 0, 10_000, 1300)
    assert by_rate(exempt) == [("13", 10_000, 0)]
    outside = total(charges(10_000, rates=(percent("13"),)), Terms(is_inclusive=False, is_exempt=True))
    assert (outside.gross_minor, outside.exempted_minor) == (10_000, 1300)


def test_cash_is_rounded_to_its_smallest_coin() -> None:
    swiss = total(charges(1273), Terms(step=5))
    assert (swiss.gross_minor, swiss.rounding_minor, swiss.payable_minor) == (1273, 2, 1275)
    assert total(charges(1272), Terms(step=5)).rounding_minor == -2


@pytest.mark.parametrize(
    ("lines", "terms"),
    [
        (charges(-1), Terms()),
        ([*charges(1), *charges(2)], Terms()),
        (charges(1, rates=(percent("5"), percent("5"))), Terms()),
        (charges(1, rates=(percent("-5"),)), Terms()),
        (charges(1), Terms(step=0)),
    ],
)
def test_what_cannot_be_added_up_is_refused(lines: list[Charge], terms: Terms) -> None:
    with pytest.raises(DoesNotAddUp):
        total(lines, terms)


def test_nothing_comes_to_nothing() -> None:
    assert total([], Terms()).payable_minor == 0


# --- what holds for every order -------------------------------------------------------------------------------------------------

RATES = [
    percent("0"),
    percent("5"),
    percent("8.875"),
    percent("13"),
    percent("9.5", "c", is_compound=True),
    Rate(code="third", value=Fraction(1, 3)),
    percent("300"),
]
TERMS = st.builds(
    Terms,
    is_inclusive=st.booleans(),
    level=st.sampled_from(Level),
    mode=st.sampled_from(Mode),
    is_exempt=st.booleans(),
    step=st.sampled_from([1, 5, 10]),
)


@st.composite
def orders(draw: st.DrawFn) -> tuple[list[Charge], list[Discount]]:
    count = draw(st.integers(1, 6))
    lines = [
        Charge(
            position=at,
            amount_minor=draw(st.integers(0, 50) | st.integers(0, 10**7)),
            rates=tuple(draw(st.lists(st.sampled_from(RATES), unique=True, max_size=3))),
            kind=draw(st.sampled_from(LineKind)),
        )
        for at in range(1, count + 1)
    ]
    where = st.none() | st.integers(1, count)
    discounts = st.builds(Discount, minor=st.integers(1, 10**6), position=where) | st.builds(
        Discount, basis_points=st.integers(1, 10_000), position=where
    )
    return lines, draw(st.lists(discounts, max_size=3))


@given(orders(), TERMS)
def test_all_sums_agree_and_nothing_is_negative(order: tuple[list[Charge], list[Discount]], terms: Terms) -> None:
    totals = total(order[0], terms, order[1])
    for line in totals.lines:
        assert line.net_minor + line.tax_minor == line.gross_minor
        assert line.tax_minor == sum(one.tax_minor for one in line.rates)
        priced = line.net_minor + line.tax_minor + line.exempted_minor if terms.is_inclusive else line.net_minor
        assert priced == line.amount_minor - line.discount_minor
        assert min(line.discount_minor, line.net_minor, line.tax_minor, line.exempted_minor) >= 0
    for name in ("discount_minor", "net_minor", "tax_minor", "gross_minor", "exempted_minor"):
        assert getattr(totals, name) == sum(getattr(line, name) for line in totals.lines)
    assert sum(one.tax_minor for one in totals.rates) == totals.tax_minor
    assert totals.payable_minor % terms.step == 0
    assert totals.payable_minor >= 0


@given(orders(), TERMS, st.data())
def test_the_order_of_lines_moves_ties_and_nothing_else(
    order: tuple[list[Charge], list[Discount]], terms: Terms, data: st.DataObject
) -> None:
    """Without discounts, each line's tax may differ by one unit per rate between equals; with rounding by line not even that."""
    lines = [replace(charge, amount_minor=charge.amount_minor) for charge in order[0]]
    one, other = total(lines, terms), total(data.draw(st.permutations(lines)), terms)
    if terms.level is Level.LINE:
        assert sorted(one.lines, key=lambda line: line.position) == sorted(other.lines, key=lambda line: line.position)
    if not terms.is_inclusive:
        assert (one.net_minor, one.tax_minor, one.gross_minor) == (other.net_minor, other.tax_minor, other.gross_minor)
    assert one.gross_minor + one.exempted_minor == other.gross_minor + other.exempted_minor


@given(orders(), TERMS)
def test_exemption_changes_only_who_pays_the_tax(order: tuple[list[Charge], list[Discount]], terms: Terms) -> None:
    taxed = total(order[0], replace(terms, is_exempt=False), order[1])
    exempt = total(order[0], replace(terms, is_exempt=True), order[1])
    assert exempt.net_minor == taxed.net_minor
    assert (exempt.tax_minor, exempt.exempted_minor) == (0, taxed.tax_minor)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8), st.sampled_from(Mode))
def test_rounding_later_is_nearer_to_the_exact_tax(amounts: list[int], mode: Mode) -> None:
    lines = charges(*amounts, rates=(percent("8.875"),))
    exact = Fraction(sum(amounts) * 8875, 100_000)
    for level in (Level.RATE, Level.ORDER):
        assert abs(total(lines, Terms(is_inclusive=False, level=level, mode=mode)).tax_minor - exact) < 1
