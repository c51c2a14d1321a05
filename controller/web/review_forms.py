"""What forms of review say, read: a rule from its fields, an order to try, limits, hours.  Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from babel.numbers import get_currency_precision

from controller.http.routing import BadParameter
from controller.review.clocks import BadTerm, Span
from controller.review.rules import KINDS, UNKNOWN, Condition, Field, Kind, OrderFacts, Outcome, Rule

_MONEY = frozenset({Field.AMOUNT, Field.ARREARS})
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-\u2013]\s*(\d{1,2}):(\d{2})")


def scale_of(field: Field, currency: str) -> int:
    """How many decimals people write of it: money as its currency has them, percent two."""
    if field in _MONEY:
        return int(get_currency_precision(currency))
    return 2 if field is Field.DISCOUNT else 0


def number_of(text: str, digits: int, name: str) -> int | None:
    """A decimal number in units of its last digit; None: nothing was written.  Raises BadParameter."""
    plain = text.strip().replace(",", "").replace("\uff0c", "")
    if not plain:
        return None
    try:
        value = Decimal(plain).scaleb(digits)
    except InvalidOperation as error:
        raise BadParameter(name, "a number") from error
    if not value.is_finite() or value != value.to_integral_value() or not 0 <= value <= 10**15:
        raise BadParameter(name, f"a number from 0 on with at most {digits} decimals")
    return int(value)


def words_of(text: str) -> tuple[str, ...]:
    """Words between commas, also Chinese ones, each once."""
    return tuple(dict.fromkeys(word.strip() for word in re.split("[,\uff0c\u3001]", text) if word.strip()))


def rule_of(fields: Mapping[str, str], currency: str) -> Rule:
    """Raises BadParameter."""
    outcome = fields.get("outcome", "")
    if outcome not in set(Outcome):
        raise BadParameter("outcome", f"one of {', '.join(Outcome)}")
    found = [_condition(field, fields, currency) for field in Field]
    conditions = tuple(condition for condition in found if condition is not None)
    return Rule(name=fields.get("name", "").strip(), outcome=Outcome(outcome), conditions=conditions)


def _condition(field: Field, fields: Mapping[str, str], currency: str) -> Condition | None:
    if KINDS[field] is Kind.NUMBER:
        digits = scale_of(field, currency)
        low = number_of(fields.get(f"{field}_from", ""), digits, f"{field}_from")
        high = number_of(fields.get(f"{field}_below", ""), digits, f"{field}_below")
        return None if low is None and high is None else Condition(field=field, at_least=low, below=high)
    words = words_of(fields.get(field.value, ""))
    return Condition(field=field, values=words, is_not=fields.get(f"{field}_not", "") == "yes") if words else None


def fields_of(rule: Rule, currency: str) -> dict[str, str]:
    """The form's fields for a rule."""
    found = {"name": rule.name, "outcome": rule.outcome.value}
    for condition in rule.conditions:
        field = condition.field
        if KINDS[field] is Kind.NUMBER:
            digits = scale_of(field, currency)
            found[f"{field}_from"] = written(condition.at_least, digits)
            found[f"{field}_below"] = written(condition.below, digits)
        else:
            found[field.value] = ", ".join(condition.values)
            found[f"{field}_not"] = "yes" if condition.is_not else ""
    return found


def written(value: int | None, digits: int) -> str:
    """As people write it, without a unit."""
    return "" if value is None else f"{Decimal(value).scaleb(-digits):f}"


def order_of(fields: Mapping[str, str], currency: str) -> OrderFacts:
    """An order to try; what is left empty is unknown.  Raises BadParameter."""

    def number(field: Field, otherwise: int) -> int:
        value = number_of(fields.get(field.value, ""), scale_of(field, currency), field.value)
        return otherwise if value is None else value

    def word(field: Field) -> str:
        return fields.get(field.value, "").strip() or UNKNOWN

    return OrderFacts(
        amount=number(Field.AMOUNT, 0),
        currency=fields.get("currency", "").strip() or currency,
        items=number(Field.ITEMS, 1),
        discount=number(Field.DISCOUNT, 0),
        arrears=number(Field.ARREARS, 0),
        grade=word(Field.GRADE),
        credit=word(Field.CREDIT),
        channel=word(Field.CHANNEL),
        region=word(Field.REGION),
        site=word(Field.SITE),
        delivery=word(Field.DELIVERY),
        first_order=fields.get("first_order", "") == "yes",
        payment=words_of(fields.get("payment", "")),
        flags=words_of(fields.get("flags", "")),
    )


def spans_of(text: str) -> list[Span]:
    """`09:00-12:00, 13:00-18:00`.  Raises BadTerm."""
    found = []
    for part in words_of(text):
        match = _SPAN.fullmatch(part)
        if match is None:
            raise BadTerm(f"opening hours {part[:20]!r}: expected for example 09:00-18:00")
        first, second, third, fourth = (int(group) for group in match.groups())
        if second > 59 or fourth > 59:
            raise BadTerm(f"opening hours {part[:20]!r}: minutes are 00 to 59")
        found.append(Span(first * 60 + second, third * 60 + fourth))
    return found


def span_text(span: Span) -> str:
    return f"{span.opens // 60:02d}:{span.opens % 60:02d}-{span.closes // 60:02d}:{span.closes % 60:02d}"
