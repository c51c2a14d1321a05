"""One form of each number, however it was typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.customers.phones import CALLING_CODES, is_plausible, last_four, normal_phone


@pytest.mark.parametrize(
    "typed",
    [
        "13812341234",
        "138 1234 1234",
        "138-1234-1234",
        "+86 138 1234 1234",
        "+8613812341234",
        "8613812341234",
        "86-138-1234-1234",
        "0086 13812341234",
        "１３８１２３４１２３４",
        "（138）12341234",
        "+86（138）1234–1234",
        " 013812341234 ",
    ],
)
def test_a_chinese_mobile_number_has_one_form(typed: str) -> None:
    assert normal_phone(typed) == "+8613812341234"


@pytest.mark.parametrize(
    ("typed", "country", "expected"),
    [
        ("010-6552 9988", "CN", "+861065529988"),
        ("+86 (0)10 6552 9988", "CN", "+861065529988"),
        ("400-820-8820", "CN", "+864008208820"),
        ("021-62345678-801", "CN", "+862162345678;ext=801"),
        ("18412345678-1234", "CN", "+8618412345678;ext=1234"),
        ("18412345678转1234", "CN", "+8618412345678;ext=1234"),
        ("07911 123456", "GB", "+447911123456"),
        ("+44 (0)7911 123456", "CN", "+447911123456"),
        ("06 1234567", "IT", "+39061234567"),
        ("9123 4567", "HK", "+85291234567"),
        ("(212) 555-0123", "US", "+12125550123"),
    ],
)
def test_numbers_of_other_kinds(typed: str, country: str, expected: str) -> None:
    assert normal_phone(typed, country) == expected


@pytest.mark.parametrize(
    "typed", ["", "12345", "12812341234", "1381234123", "138123412345", "call me", "11111111111", "+", "0000", "１２３"]
)
def test_what_cannot_be_a_number_has_none(typed: str) -> None:
    assert normal_phone(typed) is None
    assert not is_plausible(typed)


def test_without_a_country_of_ours_a_number_needs_its_plus() -> None:
    assert normal_phone("12345678", "QQ") is None
    assert normal_phone("+85291234567", "QQ") == "+85291234567"


def test_last_four_are_those_of_the_number_itself() -> None:
    assert last_four("+8618412345678;ext=1234") == "5678"


@given(st.text(), st.sampled_from(sorted(CALLING_CODES)))
def test_the_one_form_of_anything_is_its_own_one_form(typed: str, country: str) -> None:
    number = normal_phone(typed, country)
    if number is not None:
        assert normal_phone(number, "CN") == number
        assert number[1:].partition(";")[0].isascii()


@given(st.text(alphabet=" -().\t", max_size=3), st.integers(13_000_000_000, 19_999_999_999))
def test_separators_change_nothing(between: str, number: int) -> None:
    digits = str(number)
    assert normal_phone(f"{digits[:3]}{between}{digits[3:7]}{between}{digits[7:]}") == normal_phone(digits)
