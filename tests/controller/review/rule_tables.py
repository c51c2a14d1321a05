"""The rule table of RV2, and rules for tests."""

from __future__ import annotations

from controller.review.rules import Condition, Field, OrderFacts, Outcome, Rule


def amount(at_least: int | None = None, below: int | None = None) -> Condition:
    """In minor units."""
    return Condition(field=Field.AMOUNT, at_least=at_least, below=below)


def one_of(field: Field, *values: str, is_not: bool = False) -> Condition:
    return Condition(field=field, values=values, is_not=is_not)


def order(yuan: str, grade: str = "B", credit: str = "A") -> OrderFacts:
    """`yuan` with two decimals."""
    return OrderFacts(amount=int(yuan.replace(".", "")), currency="CNY", grade=grade, credit=credit)


RV2 = (
    Rule(name="small, grade A", outcome=Outcome.PASS, conditions=(amount(below=500000), one_of(Field.GRADE, "A"))),
    Rule(name="sales manager", outcome=Outcome.SERVICE, conditions=(amount(500000, 2000000),)),
    Rule(name="large", outcome=Outcome.FINANCE, conditions=(amount(2000000),)),
    Rule(name="credit C", outcome=Outcome.FINANCE, conditions=(one_of(Field.CREDIT, "C"),)),
)
"""`IF amount < 5000 AND grade = A -> auto pass; IF 5000 <= amount < 20000 -> sales manager; IF amount >= 20000 OR credit rating = C
-> finance director` (document 004).
"""
