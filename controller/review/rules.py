"""Rules of review as data, and what they say of an order.  Pure.

A rule is a conjunction of conditions over fields of an order; "or" is another rule.  Numbers are whole and their intervals half
open, `at_least <= value < below`; words are in a set or not in it; of fields that hold several words, one of them is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from msgspec import Meta, Struct

from controller.errors import Rejected
from controller.orders.flags import FlagKind
from controller.orders.states import Delivery

MAX_RULES = 100
MAX_NAME = 80
MAX_VALUES = 100
MAX_VALUE = 40
LARGEST = 10**15
UNKNOWN = "none"
"""The word of a field that nobody filled in: a customer without a grade, an order without a region."""


class BadRule(Rejected):
    """`rule` counts from 1; 0: the table as such."""

    code = "bad_rule"

    def __init__(self, rule: int, expected: str) -> None:
        super().__init__(f"rule {rule}: expected {expected}" if rule else f"expected {expected}")
        self.rule = rule


class Outcome(StrEnum):
    """What becomes of an order, in order of strictness: approved as it comes, a person of service, of finance after service,
    on hold, refused.
    """

    PASS = "pass"  # noqa: S105 -- no secret
    SERVICE = "service"
    FINANCE = "finance"
    HOLD = "hold"
    REFUSE = "refuse"

    @property
    def strictness(self) -> int:
        return STRICTNESS[self]


STRICTNESS = {outcome: place for place, outcome in enumerate(Outcome)}


class Kind(StrEnum):
    """How a field is looked at."""

    NUMBER = "number"
    WORD = "word"
    WORDS = "words"


class Field(StrEnum):
    """What rules look at.

    `AMOUNT` and `ARREARS` in minor units of the order's currency; `ITEMS` pieces, a weighed line counting as one; `DISCOUNT` the
    share of discounts in basis points; `FIRST_ORDER` yes or no.
    """

    AMOUNT = "amount"
    ITEMS = "items"
    DISCOUNT = "discount"
    ARREARS = "arrears"
    CURRENCY = "currency"
    GRADE = "grade"
    CREDIT = "credit"
    CHANNEL = "channel"
    REGION = "region"
    SITE = "site"
    DELIVERY = "delivery"
    FIRST_ORDER = "first_order"
    PAYMENT = "payment"
    FLAGS = "flags"


KINDS: Mapping[Field, Kind] = {
    **dict.fromkeys((Field.AMOUNT, Field.ITEMS, Field.DISCOUNT, Field.ARREARS), Kind.NUMBER),
    **dict.fromkeys((Field.PAYMENT, Field.FLAGS), Kind.WORDS),
    **dict.fromkeys(
        (Field.CURRENCY, Field.GRADE, Field.CREDIT, Field.CHANNEL, Field.REGION, Field.SITE, Field.DELIVERY, Field.FIRST_ORDER),
        Kind.WORD,
    ),
}
BOUNDS: Mapping[Field, tuple[int, int | None]] = {
    Field.AMOUNT: (0, None),
    Field.ITEMS: (1, None),
    Field.DISCOUNT: (0, 10_001),
    Field.ARREARS: (0, None),
}
"""Which numbers there are: from, below (None: no end)."""
DOMAINS: Mapping[Field, tuple[str, ...]] = {
    Field.FIRST_ORDER: ("no", "yes"),
    Field.DELIVERY: tuple(Delivery),
    Field.FLAGS: tuple(FlagKind),
}
"""Fields of which all words are known; others may hold any word, or none."""


Number = Annotated[int, Meta(ge=0, le=LARGEST)]
Term = Annotated[str, Meta(min_length=1, max_length=MAX_VALUE)]
Terms = Annotated[tuple[Term, ...], Meta(max_length=MAX_VALUES)]


class Condition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Of a number: `at_least` (included) and `below` (excluded); of words: `values`; `is_not`: none of them."""

    field: Field
    at_least: Number | None = None
    below: Number | None = None
    values: Terms = ()
    is_not: bool = False


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of its conditions have to hold; without any it holds for every order."""

    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
    outcome: Outcome
    conditions: Annotated[tuple[Condition, ...], Meta(max_length=len(Field))] = ()


class OrderFacts(Struct, frozen=True, kw_only=True, dict=True, forbid_unknown_fields=True):
    """An order as rules see it."""

    amount: Number
    currency: Term
    items: Number = 1
    discount: Number = 0
    arrears: Number = 0
    grade: Term = UNKNOWN
    credit: Term = UNKNOWN
    channel: Term = UNKNOWN
    region: Term = UNKNOWN
    site: Term = UNKNOWN
    delivery: Term = UNKNOWN
    first_order: bool = False
    payment: Terms = ()
    flags: Terms = ()

    @cached_property
    def numbers(self) -> Mapping[Field, int]:
        return {
            Field.AMOUNT: self.amount,
            Field.ITEMS: self.items,
            Field.DISCOUNT: self.discount,
            Field.ARREARS: self.arrears,
        }

    @cached_property
    def words(self) -> Mapping[Field, frozenset[str]]:
        """Each field's words; of most there is exactly one."""
        one = {
            Field.CURRENCY: self.currency,
            Field.GRADE: self.grade,
            Field.CREDIT: self.credit,
            Field.CHANNEL: self.channel,
            Field.REGION: self.region,
            Field.SITE: self.site,
            Field.DELIVERY: self.delivery,
            Field.FIRST_ORDER: "yes" if self.first_order else "no",
        }
        several = {Field.PAYMENT: frozenset(self.payment), Field.FLAGS: frozenset(self.flags)}
        return {**{field: frozenset((word,)) for field, word in one.items()}, **several}


class Held(Struct, frozen=True, kw_only=True):
    """One condition that held, and the value that it held for."""

    condition: Condition
    number: int | None = None
    words: tuple[str, ...] = ()


class Match(Struct, frozen=True, kw_only=True):
    """A rule that holds for the order; `rule` counts from 1.  `decides`: it is the strictest, the first of those."""

    rule: int
    name: str
    outcome: Outcome
    held: tuple[Held, ...]
    decides: bool


class Judgement(Struct, frozen=True, kw_only=True):
    """`outcome` None: no rule holds, so that a person looks."""

    outcome: Outcome | None
    matches: tuple[Match, ...] = ()


def holds(condition: Condition, order: OrderFacts) -> bool:
    if KINDS[condition.field] is Kind.NUMBER:
        value = order.numbers[condition.field]
        return (condition.at_least is None or value >= condition.at_least) and (condition.below is None or value < condition.below)
    return order.words[condition.field].isdisjoint(condition.values) is condition.is_not


def judge(order: OrderFacts, rules: Sequence[Rule]) -> Judgement:
    """What the rules say of an order: the strictest of those that hold; why, for each of them."""
    found = [(place, rule) for place, rule in enumerate(rules, 1) if all(holds(condition, order) for condition in rule.conditions)]
    if not found:
        return Judgement(outcome=None)
    deciding, strictest = max(found, key=lambda each: (each[1].outcome.strictness, -each[0]))
    matches = tuple(
        Match(
            rule=place,
            name=rule.name,
            outcome=rule.outcome,
            held=tuple(_held(condition, order) for condition in rule.conditions),
            decides=place == deciding,
        )
        for place, rule in found
    )
    return Judgement(outcome=strictest.outcome, matches=matches)


def _held(condition: Condition, order: OrderFacts) -> Held:
    if KINDS[condition.field] is Kind.NUMBER:
        return Held(condition=condition, number=order.numbers[condition.field])
    return Held(condition=condition, words=tuple(sorted(order.words[condition.field])))


def check_rules(rules: Sequence[Rule]) -> None:
    """Raises BadRule."""
    if len(rules) > MAX_RULES:
        raise BadRule(0, f"at most {MAX_RULES} rules")
    for place, rule in enumerate(rules, 1):
        if not 0 < len(rule.name.strip()) <= MAX_NAME or not rule.name.isprintable():
            raise BadRule(place, f"a name of 1 to {MAX_NAME} characters on one line")
        if len({condition.field for condition in rule.conditions}) < len(rule.conditions):
            raise BadRule(place, "one condition for each field")
        for condition in rule.conditions:
            _check(place, condition)


def _check(place: int, condition: Condition) -> None:
    """Raises BadRule."""
    name, low, high = condition.field.value, condition.at_least, condition.below
    if KINDS[condition.field] is Kind.NUMBER:
        if condition.values or condition.is_not:
            raise BadRule(place, f"numbers for {name}, from (included) and below (excluded)")
        if low is None and high is None:
            raise BadRule(place, f"a from or a below for {name}")
        if any(bound is not None and not 0 <= bound <= LARGEST for bound in (low, high)):
            raise BadRule(place, f"bounds of {name} from 0 to {LARGEST}")
        if low is not None and high is not None and low >= high:
            raise BadRule(place, f"a from that is less than the below for {name}: {low} to {high} holds for nothing")
        return
    if low is not None or high is not None:
        raise BadRule(place, f"words for {name}")
    _check_words(place, name, condition.values, DOMAINS.get(condition.field))


def _check_words(place: int, name: str, words: Iterable[str], domain: Sequence[str] | None) -> None:
    """Raises BadRule."""
    listed = list(words)
    if not 0 < len(listed) <= MAX_VALUES or len(set(listed)) < len(listed):
        raise BadRule(place, f"1 to {MAX_VALUES} different words for {name}")
    for word in listed:
        if not 0 < len(word) <= MAX_VALUE or not word.isprintable() or word != word.strip() or "," in word:
            raise BadRule(place, f"words of 1 to {MAX_VALUE} characters without commas for {name}")
        if domain and word not in domain:
            raise BadRule(place, f"of {name} one of {', '.join(domain)}")
