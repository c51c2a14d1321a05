from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.review.analysis import Cell, Interval, Word, Words, analyse
from controller.review.rules import Condition, Field, OrderFacts, Outcome, Rule, check_rules, judge
from tests.controller.review.rule_tables import RV2, amount, one_of


def inside(order: OrderFacts, box: Mapping[Field, Sequence[Cell]]) -> bool:
    return all(any(_in(order, field, cell) for cell in cells) for field, cells in box.items())


def _in(order: OrderFacts, field: Field, cell: Cell) -> bool:
    match cell:
        case Interval(low, high):
            return low <= order.numbers[field] and (high is None or order.numbers[field] < high)
        case Word(None, others):
            return order.words[field].isdisjoint(others)
        case Word(word, _):
            return word in order.words[field]
        case Words(present, absent):
            return order.words[field] >= set(present) and order.words[field].isdisjoint(absent)


def test_the_gap_of_rv2_is_found_whole_with_an_order_that_falls_into_it() -> None:
    found = analyse(RV2)
    assert [gap.box for gap in found.gaps] == [
        {
            Field.AMOUNT: (Interval(0, 500000),),
            Field.GRADE: (Word(None, ("A",)),),
            Field.CREDIT: (Word(None, ("C",)),),
        }
    ]
    example = found.gaps[0].example
    assert (example.amount, example.grade, example.credit) == (0, "B", "B")
    assert judge(example, RV2).outcome is None


def test_the_overlaps_of_rv2_are_found_with_who_wins() -> None:
    found = analyse(RV2)
    assert [(overlap.first, overlap.second, overlap.wins) for overlap in found.overlaps] == [(1, 4, 4), (2, 4, 4)]
    assert found.overlaps[0].box == {
        Field.AMOUNT: (Interval(0, 500000),),
        Field.GRADE: (Word("A"),),
        Field.CREDIT: (Word("C"),),
    }
    assert (found.overlaps[1].example.amount, found.overlaps[1].example.credit) == (500000, "C")
    assert found.idle == ()


def test_a_table_that_says_something_for_every_order_has_no_gap() -> None:
    rest = Rule(name="the rest", outcome=Outcome.SERVICE, conditions=(amount(below=500000), one_of(Field.GRADE, "A", is_not=True)))
    found = analyse([*RV2, rest])
    assert found.gaps == ()
    assert found.is_clean


def test_a_rule_that_stricter_ones_cover_decides_nothing() -> None:
    rules = [
        Rule(name="a", outcome=Outcome.PASS, conditions=(amount(100, 200),)),
        Rule(name="b", outcome=Outcome.FINANCE, conditions=(amount(0, 150),)),
        Rule(name="c", outcome=Outcome.HOLD, conditions=(amount(150),)),
        Rule(name="d", outcome=Outcome.HOLD, conditions=(amount(200, 300),)),
    ]
    assert analyse(rules).idle == (1, 4)


def test_a_rule_for_all_orders_leaves_no_gap_and_no_rules_leave_one() -> None:
    assert analyse([Rule(name="all", outcome=Outcome.PASS)]).gaps == ()
    (gap,) = analyse([]).gaps
    assert gap.box == {}
    assert judge(gap.example, []).outcome is None


def test_fields_of_several_words_are_cut_into_their_combinations() -> None:
    rules = [Rule(name="r", outcome=Outcome.HOLD, conditions=(one_of(Field.FLAGS, "credit", "unpaid"),))]
    (gap,) = analyse(rules).gaps
    assert gap.box == {Field.FLAGS: (Words((), ("credit", "unpaid")),)}


def test_shares_end_at_the_whole_and_items_begin_with_one() -> None:
    rules = [
        Rule(name="r", outcome=Outcome.HOLD, conditions=(Condition(field=Field.DISCOUNT, at_least=0, below=10_000),)),
        Rule(name="s", outcome=Outcome.HOLD, conditions=(Condition(field=Field.DISCOUNT, at_least=10_000),)),
        Rule(name="t", outcome=Outcome.HOLD, conditions=(Condition(field=Field.ITEMS, at_least=2),)),
    ]
    assert analyse(rules[:2]).gaps == ()
    assert analyse(rules[2:]).gaps[0].box == {Field.ITEMS: (Interval(1, 2),)}


def test_what_is_too_much_to_tell_is_said_to_be() -> None:
    many = tuple(f"p{number}" for number in range(30))
    assert not analyse([Rule(name="r", outcome=Outcome.PASS, conditions=(one_of(Field.PAYMENT, *many),))]).complete
    wild = [
        Rule(
            name=f"r{number}",
            outcome=Outcome.PASS,
            conditions=(
                amount(number * 10, number * 10 + 7),
                one_of(Field.CHANNEL, f"c{number}"),
                one_of(Field.REGION, f"r{number}"),
            ),
        )
        for number in range(100)
    ]
    found = analyse(wild)
    assert not found.complete
    assert len(found.gaps) <= 50


WORDS = {Field.GRADE: "ABC", Field.CHANNEL: ["web", "app", "none"], Field.FIRST_ORDER: ["yes", "no"]}
numbers = st.integers(0, 6)
orders = st.builds(
    OrderFacts,
    amount=numbers,
    currency=st.just("CNY"),
    items=st.integers(1, 4),
    grade=st.sampled_from(["A", "B", "C", "none"]),
    channel=st.sampled_from(["web", "app", "pos", "none"]),
    first_order=st.booleans(),
    flags=st.sets(st.sampled_from(["credit", "unpaid", "stock_short"])).map(lambda found: tuple(sorted(found))),
)


@st.composite
def conditions(draw: st.DrawFn, field: Field) -> Condition:
    if field in (Field.AMOUNT, Field.ITEMS):
        low = draw(st.none() | numbers)
        high = draw(st.integers((low or 0) + 1, 9)) if low is None else draw(st.none() | st.integers(low + 1, 9))
        return Condition(field=field, at_least=low, below=high)
    named = WORDS.get(field, ["credit", "unpaid"])
    return one_of(field, *sorted(draw(st.sets(st.sampled_from(list(named)), min_size=1))), is_not=draw(st.booleans()))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    fields = draw(st.sets(st.sampled_from([Field.AMOUNT, Field.ITEMS, Field.FLAGS, *WORDS]), max_size=3))
    parts = tuple(draw(conditions(field)) for field in sorted(fields))
    return Rule(name="r", outcome=draw(st.sampled_from(Outcome)), conditions=parts)


tables = st.lists(rules(), max_size=6)


@given(tables, st.lists(orders, max_size=20))
def test_an_order_is_in_a_gap_if_and_only_if_no_rule_holds(table: list[Rule], some: list[OrderFacts]) -> None:
    check_rules(table)
    found = analyse(table)
    assert found.complete or len(found.gaps) == 50
    for order in some if found.complete else ():
        assert sum(inside(order, gap.box) for gap in found.gaps) == (judge(order, table).outcome is None)
    for gap in found.gaps:
        assert inside(gap.example, gap.box)
        assert judge(gap.example, table).outcome is None


@given(tables, st.lists(orders, max_size=20))
def test_two_rules_hold_for_an_order_if_and_only_if_it_is_in_their_overlap(table: list[Rule], some: list[OrderFacts]) -> None:
    found = {(overlap.first, overlap.second): overlap for overlap in analyse(table).overlaps}
    for order in some:
        holding = {match.rule: match.outcome for match in judge(order, table).matches}
        for (first, second), overlap in found.items():
            assert inside(order, overlap.box) == (first in holding and second in holding)
        pairs = {(one, other) for one in holding for other in holding if one < other and holding[one] is not holding[other]}
        assert pairs <= set(found)
    for overlap in found.values():
        holding = {match.rule: match.outcome for match in judge(overlap.example, table).matches}
        assert {overlap.first, overlap.second} <= set(holding)


@given(tables, st.lists(orders, max_size=30))
def test_a_rule_that_is_idle_never_decides(table: list[Rule], some: list[OrderFacts]) -> None:
    idle = analyse(table).idle
    for order in some:
        assert not any(match.decides and match.rule in idle for match in judge(order, table).matches)


@pytest.mark.parametrize("bound", [499999, 500000, 1999999, 2000000])
def test_the_bounds_of_rv2_are_cuts(bound: int) -> None:
    rules = [*RV2, Rule(name="rest", outcome=Outcome.SERVICE, conditions=(amount(below=500000),))]
    assert analyse(rules).gaps == ()
    assert judge(OrderFacts(amount=bound, currency="CNY"), rules).outcome is not None
