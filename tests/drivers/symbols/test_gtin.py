from __future__ import annotations

import biip
import pytest
from biip.gtin import Gtin
from biip.upc import Upc
from hypothesis import given
from hypothesis import strategies as st

from drivers.symbols.gtin import check_digit, expand_upc_e, to_gtin14


@pytest.mark.parametrize(
    ("text", "gtin"),
    [
        ("96385074", "00000096385074"),  # GTIN-8, GS1 General Specifications 7.9 example form
        ("036000291452", "00036000291452"),
        ("4006381333931", "04006381333931"),
        ("9506000134352", "09506000134352"),
        ("09506000134352", "09506000134352"),
    ],
)
def test_gtins_of_all_lengths_have_fourteen_digits(text: str, gtin: str) -> None:
    assert to_gtin14(text) == gtin


@pytest.mark.parametrize(
    "text", ["4006381333932", "400638133393", "", "abc", "40063813339311", "٤٠٠٦٣٨١٣٣٣٩٣١", "00000000", "4006381333931 "]
)
def test_what_has_no_right_check_digit_is_no_gtin(text: str) -> None:
    assert to_gtin14(text) is None


@pytest.mark.parametrize(
    "payload", ["21234567890", "021234567890", "201234567890", "291234567890", "041234567890", "0123456", "2012345"]
)
def test_restricted_numbers_are_no_gtins_since_they_may_hold_a_price(payload: str) -> None:
    assert to_gtin14(payload + check_digit(payload)) is None


def test_a_company_may_say_which_restricted_prefixes_are_its_plain_numbers() -> None:
    number = "201234567890" + check_digit("201234567890")
    assert to_gtin14(number, frozenset({"20"})) == "0" + number
    assert to_gtin14(number, frozenset({"21"})) is None


@given(st.from_regex(r"[13-9][0-9]{11}", fullmatch=True))
def test_the_check_digit_agrees_with_biip(payload: str) -> None:
    text = payload + check_digit(payload)
    try:
        expected = Gtin.parse(text).as_gtin_14()
    except biip.BiipException:
        return
    assert to_gtin14(text) == expected


@given(st.from_regex(r"[1-9][0-9]{11}", fullmatch=True), st.integers(0, 12), st.integers(1, 9))
def test_one_wrong_digit_is_found(payload: str, place: int, by: int) -> None:
    text = payload + check_digit(payload)
    wrong = text[:place] + str((int(text[place]) + by) % 10) + text[place + 1 :]
    assert to_gtin14(wrong) is None


@pytest.mark.parametrize(
    ("upc_e", "upc_a"),
    [
        ("02345673", "023456000073"),  # biip's vectors, one for each way of suppressing zeros
        ("02345147", "023450000017"),
        ("06397126", "063200009716"),
        ("08679339", "086700000939"),
        ("04252614", "042100005264"),
        ("04252615", None),
        ("24252614", None),
        ("0425261", None),
    ],
)
def test_a_upc_e_is_expanded_by_its_last_digit(upc_e: str, upc_a: str | None) -> None:
    assert expand_upc_e(upc_e) == upc_a


@given(st.from_regex(r"[01][0-9]{6}", fullmatch=True))
def test_expansion_agrees_with_biip(digits: str) -> None:
    upc_a = Upc.parse(digits).as_upc_a()
    assert expand_upc_e(digits + upc_a[-1]) == upc_a
