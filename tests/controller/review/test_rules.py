from __future__ import annotations

import pytest

from controller.review.rules import BadRule, Condition, Field, Held, OrderFacts, Outcome, Rule, check_rules, judge
from tests.controller.review.rule_tables import RV2, amount, one_of, order

PASS, SERVICE, FINANCE = Outcome.PASS, Outcome.SERVICE, Outcome.FINANCE


@pytest.mark.parametrize(
    ("yuan", "grade", "credit", "outcome"),
    [
        ("4999.99", "A", "A", PASS),
        ("5000.00", "A", "A", SERVICE),
        ("19999.99", "A", "A", SERVICE),
        ("20000.00", "A", "A", FINANCE),
        ("4999.99", "B", "A", None),
        ("0.00", "A", "B", PASS),
        ("4999.99", "A", "C", FINANCE),
        ("12000.00", "B", "C", FINANCE),
        ("12000.00", "B", "none", SERVICE),
        ("4999.99", "none", "none", None),
    ],
)
def test_the_table_of_rv2_at_its_bounds_its_gap_and_its_overlaps(
    yuan: str, grade: str, credit: str, outcome: Outcome | None
) -> None:
    assert judge(order(yuan, grade, credit), RV2).outcome is outcome


def test_every_rule_that_holds_is_told_with_the_values_it_held_for() -> None:
    found = judge(order("12000.00", "B", "C"), RV2)
    assert [(match.rule, match.outcome, match.decides) for match in found.matches] == [(2, SERVICE, False), (4, FINANCE, True)]
    assert found.matches[0].held == (Held(condition=amount(500000, 2000000), number=1200000),)
    assert found.matches[1].held == (Held(condition=one_of(Field.CREDIT, "C"), words=("C",)),)


def test_the_first_of_the_strictest_decides() -> None:
    rules = [Rule(name=name, outcome=outcome) for name, outcome in (("a", PASS), ("b", FINANCE), ("c", FINANCE))]
    assert [match.decides for match in judge(order("1.00"), rules).matches] == [False, True, False]


def test_outcomes_grow_stricter() -> None:
    assert sorted(Outcome, key=lambda outcome: outcome.strictness) == [PASS, SERVICE, FINANCE, Outcome.HOLD, Outcome.REFUSE]


@pytest.mark.parametrize(
    ("condition", "facts", "holds"),
    [
        (one_of(Field.CHANNEL, "web", "app"), {"channel": "app"}, True),
        (one_of(Field.CHANNEL, "web", "app"), {"channel": "pos"}, False),
        (one_of(Field.CHANNEL, "web", is_not=True), {"channel": "pos"}, True),
        (one_of(Field.CHANNEL, "web", is_not=True), {"channel": "web"}, False),
        (one_of(Field.GRADE, "none"), {}, True),
        (one_of(Field.FIRST_ORDER, "yes"), {"first_order": True}, True),
        (one_of(Field.FIRST_ORDER, "yes"), {}, False),
        (one_of(Field.FLAGS, "credit", "unpaid"), {"flags": ("unpaid",)}, True),
        (one_of(Field.FLAGS, "credit"), {"flags": ("unpaid",)}, False),
        (one_of(Field.FLAGS, "credit", is_not=True), {"flags": ("unpaid",)}, True),
        (one_of(Field.FLAGS, "credit", is_not=True), {"flags": ("credit", "unpaid")}, False),
        (one_of(Field.PAYMENT, "cod"), {"payment": ("card", "cod")}, True),
        (Condition(field=Field.DISCOUNT, at_least=3000), {"discount": 3000}, True),
        (Condition(field=Field.DISCOUNT, at_least=3000), {"discount": 2999}, False),
        (Condition(field=Field.ITEMS, below=100), {"items": 100}, False),
        (Condition(field=Field.ARREARS, at_least=1), {"arrears": 1}, True),
    ],
)
def test_conditions(condition: Condition, facts: dict[str, object], holds: bool) -> None:
    found = OrderFacts(**{"amount": 100, "currency": "CNY", **facts})  # type: ignore[arg-type]  # made of the rows above
    assert (judge(found, [Rule(name="r", outcome=PASS, conditions=(condition,))]).outcome is PASS) is holds


def test_a_rule_without_conditions_holds_for_all_and_no_rule_for_none() -> None:
    assert judge(order("1.00"), [Rule(name="r", outcome=Outcome.HOLD)]).outcome is Outcome.HOLD
    assert judge(order("1.00"), []).outcome is None


def test_the_table_of_rv2_is_a_good_one() -> None:
    check_rules(RV2)


@pytest.mark.parametrize(
    "rule",
    [
        Rule(name=" ", outcome=PASS),
        Rule(name="a\nb", outcome=PASS),
        Rule(name="x" * 81, outcome=PASS),
        Rule(name="r", outcome=PASS, conditions=(amount(),)),
        Rule(name="r", outcome=PASS, conditions=(amount(5, 5),)),
        Rule(name="r", outcome=PASS, conditions=(amount(-1),)),
        Rule(name="r", outcome=PASS, conditions=(amount(1), amount(below=9))),
        Rule(name="r", outcome=PASS, conditions=(Condition(field=Field.AMOUNT, at_least=1, values=("x",)),)),
        Rule(name="r", outcome=PASS, conditions=(Condition(field=Field.GRADE, at_least=1, values=("x",)),)),
        Rule(name="r", outcome=PASS, conditions=(one_of(Field.GRADE),)),
        Rule(name="r", outcome=PASS, conditions=(one_of(Field.GRADE, "A", "A"),)),
        Rule(name="r", outcome=PASS, conditions=(one_of(Field.CHANNEL, "a,b"),)),
        Rule(name="r", outcome=PASS, conditions=(one_of(Field.CHANNEL, " a"),)),
        Rule(name="r", outcome=PASS, conditions=(one_of(Field.FIRST_ORDER, "perhaps"),)),
        Rule(name="r", outcome=PASS, conditions=(one_of(Field.FLAGS, "sunburnt"),)),
    ],
)
def test_bad_rules_are_refused_by_their_place(rule: Rule) -> None:
    with pytest.raises(BadRule) as refused:
        check_rules([Rule(name="good", outcome=PASS), rule])
    assert refused.value.rule == 2


def test_too_many_rules_are_refused() -> None:
    with pytest.raises(BadRule):
        check_rules([Rule(name="r", outcome=PASS)] * 101)
