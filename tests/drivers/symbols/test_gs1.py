"""Our reader of element strings against biip, the oracle."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from biip import BiipException
from biip.gs1_messages import GS1Message
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.symbols import gs1, identifiers
from drivers.symbols.gs1 import FNC1, Element, date_of, element_string, has_right_check_digit, is_element, parse_elements
from tests.drivers.symbols.make_identifiers import formats

PLAIN = [(ai, pattern, length) for ai, (pattern, length) in gs1._table().items() if ai not in gs1._DATES]


def by_biip(message: str) -> tuple[Element, ...] | None:
    try:
        parsed = GS1Message.parse(message)
    except BiipException:
        return None
    return tuple(Element(each.ai.ai, each.value) for each in parsed.element_strings)


def test_the_table_is_what_its_script_makes_of_biip_s() -> None:
    assert formats() == identifiers.FORMATS


def test_no_identifier_is_the_beginning_of_another() -> None:
    known = sorted(gs1._table())
    assert not [each for each, following in pairwise(known) if following.startswith(each)]
    assert len(known) > 500


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, tuple[Element, ...]]:
    """A message as it is printed: FNC1 after each value of no predefined length, now and then after the others too."""
    text, elements = "", []
    for _ in range(draw(st.integers(1, 5))):
        ai, pattern, length = draw(st.sampled_from(PLAIN))
        value = draw(st.from_regex(gs1._compiled(pattern), fullmatch=True).filter(bool))
        elements.append(Element(ai, value))
        text += ai + value + (FNC1 if not length or draw(st.booleans()) else "")
    return text, tuple(elements)


@given(messages())
def test_what_is_written_is_read_as_it_was(made: tuple[str, tuple[Element, ...]]) -> None:
    text, elements = made
    written = element_string(elements)
    assert written.startswith(FNC1)
    assert len(written) <= len(FNC1 + text)  # FNC1 only where it is needed
    assert parse_elements(written) == elements


@given(messages(), st.booleans())
def test_messages_are_read_as_they_were_made_and_as_biip_reads_them(made: tuple[str, tuple[Element, ...]], trims: bool) -> None:
    text, elements = made
    text = text.removesuffix(FNC1) if trims else text
    assert parse_elements(text) == elements
    assert by_biip(text) in (elements, None)  # it refuses more values: currencies, some dates


@given(st.from_regex(r"(01[0-9]{14}|10[0-9A-Z]{1,22}|17[0-9]{6}|21[a-z]{1,4}|3103[0-9]{6}|\x1d|[0-9]{1,9}){1,6}", fullmatch=True))
@example("10ABC17270101")
@example("1712")
@example("17270230")
@example("310300123")
def test_what_we_read_biip_reads_alike(text: str) -> None:
    ours, theirs = parse_elements(text), by_biip(text.lstrip(FNC1))
    assert ours is None or theirs is None or ours == theirs


@pytest.mark.parametrize(
    "text",
    ["", FNC1, "17270230", "17271301", "10", "10" + "A" * 21, "8008", "01٤" + "1" * 13, "0199", "05123", "10A" + FNC1 * 2 + "21B"],
)
def test_what_is_no_element_string_is_none(text: str) -> None:
    assert parse_elements(text) is None


@pytest.mark.parametrize(
    ("value", "year", "day"),
    [
        ("270101", 2026, date(2027, 1, 1)),
        ("260200", 2026, date(2026, 2, 28)),  # day 00: the month's last
        ("240200", 2026, date(2024, 2, 29)),
        ("760101", 2026, date(2076, 1, 1)),  # 50 years ahead
        ("770101", 2026, date(1977, 1, 1)),  # 49 years back
        ("000101", 2051, date(2100, 1, 1)),
        ("260230", 2026, None),
        ("260001", 2026, None),
    ],
)
def test_two_digit_years_are_of_the_century_that_is_nearest(value: str, year: int, day: date | None) -> None:
    assert date_of(value, year) == day


@pytest.mark.parametrize(
    ("ai", "value", "is_right"),
    [
        ("01", "09506000134352", True),
        ("01", "09506000134353", False),
        ("00", "006141411234567890", True),
        ("414", "9520123456788", True),
        ("253", "9501101530003X1", True),
        ("8006", "095060001343520102", True),
        ("10", "ABC", True),
    ],
)
def test_keys_have_check_digits(ai: str, value: str, is_right: bool) -> None:
    assert is_element(Element(ai, value))
    assert has_right_check_digit(Element(ai, value)) is is_right
