"""Verifiers and numbers against biip; its examples of national rules: Denmark, Estonia, Germany, Great Britain, Norway, Sweden."""

from __future__ import annotations

from decimal import Decimal

import pytest
from biip.checksums import gs1_price_weight_check_digit
from hypothesis import given
from hypothesis import strategies as st

from drivers.symbols.gtin import check_digit, has_check_digit
from drivers.symbols.variable import BadRule, fits, parse_rule, read_variable, verifier


@given(st.from_regex(r"[0-9]{4,5}", fullmatch=True))
def test_verifiers_agree_with_biip(digits: str) -> None:
    assert verifier(digits) == str(gs1_price_weight_check_digit(digits))


def test_verifiers_of_the_specification() -> None:
    assert (verifier("2875"), verifier("14685")) == ("9", "6")  # GS1 General Specifications 7.9.3, 7.9.4
    with pytest.raises(ValueError, match="3 digits"):
        verifier("123")


@pytest.mark.parametrize(
    ("rule", "number", "price", "grams"),
    [
        ("21IIIIPPPPPPC", "2135040039753", 3975, None),  # Denmark
        ("26IIIIIWWWWWC", "2623570001505", None, "150"),
        ("23IIIIIIWWWWC", "2311111112345", None, "1234"),  # Estonia
        ("24IIIIIIWWWWC*10", "2411111112342", None, "12340"),
        ("25IIIIIIWWWWC*100", "2511111112349", None, "123400"),
        ("22IIIIVPPPPPC", "2211114002394", 239, None),  # Germany
        ("28IIIIVWWWWWC", "2811111068708", None, "6870"),
        ("20IIIIIVPPPPC", "2011122912346", 1234, None),  # Great Britain
        ("23IIIIIIWWWWC", "2302148210869", None, "1086"),  # Norway
        ("20IIIIIXPPPPC", "2088060112343", 1234, None),  # Sweden
    ],
)
def test_national_numbers_are_read(rule: str, number: str, price: int | None, grams: str | None) -> None:
    parsed = parse_rule(rule)
    assert fits(parsed, number)
    measure = read_variable(parsed, number)
    assert measure is not None
    assert (measure.price, measure.grams) == (price, None if grams is None else Decimal(grams))
    assert has_check_digit(measure.base)
    assert measure.base.startswith(rule[:2] + measure.item)


def test_steps_below_a_gram_stay_exact() -> None:
    measure = read_variable(parse_rule("25IIIIIIWWWWC/10"), "2511111112349")
    assert measure is not None
    assert measure.grams == Decimal("123.4")


@given(st.from_regex(r"[0-9]{9}", fullmatch=True), st.integers(1, 9), st.integers(0, 3))
def test_one_wrong_digit_of_the_price_is_found_by_the_verifier_alone(digits: str, by: int, place: int) -> None:
    rule = parse_rule("21IIIIIVPPPPC")
    item, price = digits[:5], digits[5:]
    wrong = price[:place] + str((int(price[place]) + by) % 10) + price[place + 1 :]
    stem = f"21{item}{verifier(price)}{wrong}"
    assert read_variable(rule, stem + check_digit(stem)) is None


@pytest.mark.parametrize(
    "rule",
    ["", "21IIIIIVPPPP", "IIIIIIVPPPPPC", "21IIIIIIIIIIC", "21IIIPPWWWWWC", "21IIIVVPPPPPC", "21IIIVPPPPPPC", "21IPIPIPIPIPC",
     "21IIIIIPPPPPX", "21iiiiivppppc", "21IIIIIPPPPPC/10", "21IIIIIPPPPPC*5", "٢1IIIIIVPPPPC"],
)  # fmt: skip
def test_rules_that_cannot_be_are_refused_with_a_sentence(rule: str) -> None:
    with pytest.raises(BadRule, match=r"a rule|stand together|verifier|steps"):
        parse_rule(rule)
