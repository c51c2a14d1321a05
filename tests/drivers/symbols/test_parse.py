from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.symbols.gs1 import Element
from drivers.symbols.gtin import check_digit, expand_upc_e
from drivers.symbols.parse import Ambiguity, Parsed, parse_symbol, symbol_rules
from drivers.symbols.variable import VariableMeasure, verifier

# The check digit of its GTIN is right.
GS1_128 = bytes.fromhex("5D 43 31 30 31 30 39 35 30 36 30 30 30 31 33 34 33 35 32 31 30 41 42 43 1D 31 37 32 37 30 31 30 31")
ELEMENTS = (Element("01", "09506000134352"), Element("10", "ABC"), Element("17", "270101"))


def test_a_gs1_128_gives_its_elements_and_its_gtin() -> None:
    assert parse_symbol(GS1_128) == Parsed(
        text="010950600013435210ABC\x1d17270101",
        aim="]C1",
        gtin14="09506000134352",
        gs1=ELEMENTS,
        batch="ABC",
        expires=date(2027, 1, 1),
    )


@pytest.mark.parametrize("aim", ["]C1", "]d2", "]e0", "]Q3"])
@pytest.mark.parametrize("data", [GS1_128[3:], b"\x1d" + GS1_128[3:], GS1_128[3:].replace(b"\x1d", b"{GS}")])
def test_all_gs1_carriers_and_all_spellings_of_fnc1_are_alike(aim: str, data: bytes) -> None:
    parsed = parse_symbol(data, aim)
    assert (parsed.gs1, parsed.gtin14, parsed.is_ambiguous) == (ELEMENTS, "09506000134352", False)


@pytest.mark.parametrize("aim", [None, "]C0", "]d1", "]Q1"])
def test_elements_without_a_carrier_that_says_so_are_ambiguous_and_not_guessed(aim: str | None) -> None:
    parsed = parse_symbol(GS1_128[3:], aim)
    assert (parsed.gs1, parsed.gtin14, parsed.is_ambiguous) == (None, None, True)


def test_what_a_gs1_carrier_holds_and_nobody_can_read_is_ambiguous() -> None:
    assert parse_symbol(b"]C1019506").is_ambiguous


@pytest.mark.parametrize(
    ("data", "gtin"),
    [
        (b"]E04006381333931", "04006381333931"),
        (b"4006381333931", "04006381333931"),
        (b"]E496385074", "00000096385074"),
        (b"]E3400638133393112", "04006381333931"),  # EAN-13 with a two-digit add-on
        (b"]I109506000134352", "09506000134352"),
        (b"]C04006381333931", None),  # Code 128 that is no GS1-128 carries no GTIN
        (b"]E02012345678903", None),
        (b"]d20102012345678903", None),
    ],
)
def test_a_gtin_is_read_where_the_carrier_may_hold_one(data: bytes, gtin: str | None) -> None:
    assert parse_symbol(data).gtin14 == gtin


def test_the_aim_identifier_is_kept_off_the_data() -> None:
    assert parse_symbol(b"]A0HELLO") == Parsed("HELLO", "]A0")
    assert parse_symbol(b"]A0HELLO", "]Q1") == Parsed("]A0HELLO", "]Q1")


def test_bytes_that_are_no_text_are_kept_beside_it() -> None:
    assert parse_symbol(b"\xff\x00a", "]Q1") == Parsed("\ufffd\ufffda", "]Q1", raw=b"\xff\x00a")


@given(st.binary(max_size=300), st.sampled_from([None, "]E0", "]E3", "]C0", "]C1", "]d2", "]e0", "]Q3", "]I1", "]zz", ""]))
@example(b"{GS}", "]C1")
@example(b"\x1d", "]C1")
@example(b"8008", "]d2")
@example(b"17999999", "]C1")
@example("01٤".encode(), "]Q3")
def test_any_bytes_are_read_without_an_error_and_without_a_wrong_gtin(data: bytes, aim: str | None) -> None:
    parsed = parse_symbol(data, aim)
    assert parsed.gtin14 is None or (len(parsed.gtin14) == 14 and parsed.gtin14.isascii() and parsed.gtin14.isdigit())
    assert (parsed.raw is not None) == ("\ufffd" in parsed.text)
    assert "\0" not in parsed.text


@given(st.from_regex(rb"[0-9\x1d{}GS()A]{1,60}", fullmatch=True))
def test_digits_in_a_gs1_carrier_never_raise(data: bytes) -> None:
    parse_symbol(data, "]C1")


def test_biip_is_never_loaded() -> None:
    code = (
        "import sys; from drivers.symbols.parse import parse_symbol; "
        "assert parse_symbol(b']C10104006381333931').gtin14; assert 'biip' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=20).returncode == 0


@pytest.mark.parametrize(
    ("data", "gtin"),
    [
        (b"]E006397126", "00063200009716"),  # UPC-E, biip's vectors
        (b"]E008679339", "00086700000939"),
        (b"]E002345147", None),  # 023450000017 or an EAN-8
        (b"04252614", "00042100005264"),
        (b"]E496385074", "00000096385074"),
        (b"]E406397126", None),  # said to be an EAN-8, under a restricted prefix
    ],
)
def test_a_upc_e_is_expanded(data: bytes, gtin: str | None) -> None:
    assert parse_symbol(data).gtin14 == gtin


def test_eight_digits_that_are_right_as_both_upc_e_and_ean_8_are_ambiguous() -> None:
    both = [f"{number:07d}{check_digit(f'{number:07d}')}" for number in range(1_000_000, 1_000_400)]
    right = [each for each in both if expand_upc_e(each)]
    assert right
    for digits in right:
        parsed = parse_symbol(digits.encode(), "]E0")
        assert (parsed.gtin14, parsed.ambiguity) == (None, Ambiguity.UPC_E_OR_EAN_8)
        assert parse_symbol(digits.encode(), "]E4").gtin14 == digits.zfill(14)


def test_a_upc_e_without_its_check_digit_is_not_guessed() -> None:
    assert parse_symbol(b"]E0425261").ambiguity is Ambiguity.UPC_E_WITHOUT_CHECK
    assert parse_symbol(b"]E00425261").ambiguity is Ambiguity.UPC_E_WITHOUT_CHECK
    assert parse_symbol(b"425261").ambiguity is None  # any text


def test_an_sscc_needs_its_check_digit() -> None:
    assert parse_symbol(b"]C100006141411234567890").sscc == "006141411234567890"
    wrong = parse_symbol(b"]C100006141411234567891")
    assert (wrong.sscc, wrong.ambiguity) == (None, Ambiguity.CHECK_DIGIT)
    assert parse_symbol(b"00006141411234567890").ambiguity is Ambiguity.GS1_WITHOUT_CARRIER


def test_weight_count_serial_and_dates_are_typed() -> None:
    parsed = parse_symbol(b"]e00109506000134352310300123415261100211A2B\x1d3012")
    assert (parsed.grams, parsed.best_before, parsed.serial, parsed.count) == (Decimal(1234), date(2026, 11, 30), "1A2B", 12)
    assert parse_symbol(b"]C10109506000134352320200012531030005 67").gs1 is None
    both = parse_symbol(b"]C101095060001343523202000125310300057")
    assert both.gs1 is None  # 310 of five digits
    assert parse_symbol(b"]C1010950600013435232020001253103000567").grams == Decimal(567)
    assert parse_symbol(b"]C101095060001343523202000125").grams == Decimal("1.25") * Decimal("453.59237")


def test_what_an_element_string_says_twice_is_not_taken() -> None:
    parsed = parse_symbol(b"]C10104006381333931\x1d0109506000134352")
    assert (parsed.gtin14, parsed.ambiguity) == (None, Ambiguity.SEVERAL_GTINS)
    assert parse_symbol(b"]C110A\x1d10B").batch is None


def test_a_gtin_element_with_a_wrong_check_digit_is_reported() -> None:
    parsed = parse_symbol(b"]d20109506000134353")
    assert (parsed.gtin14, parsed.ambiguity) == (None, Ambiguity.CHECK_DIGIT)


@pytest.mark.parametrize("data", [b"800302112345678901ABC", b"4149520123456789", b"0309506000134353", b"2531231231231233AB"])
def test_any_key_with_a_wrong_check_digit_is_reported(data: bytes) -> None:
    assert parse_symbol(data, "]C1").ambiguity is Ambiguity.CHECK_DIGIT


# From the tests of GS1's own syntax engine, "validateAIassociations".
@pytest.mark.parametrize(
    "data", [b"400ABC\x1d400AB", b"400ABC\x1d99DEF\x1d400XYZ", b"01123456789012310212345678901231", b"011234567890123137123"]
)
def test_elements_that_contradict_each_other_are_reported(data: bytes) -> None:
    parsed = parse_symbol(data, "]C1")
    assert (parsed.ambiguity, parsed.count) == (Ambiguity.CONTRADICTION, None)


def test_a_unit_s_content_is_never_taken_for_the_unit() -> None:
    both = parse_symbol(b"]C101095060001343520204006381333931\x1d375")
    assert (both.gtin14, both.count, both.ambiguity) == (None, None, Ambiguity.CONTRADICTION)
    content = parse_symbol(b"]C10204006381333931375")
    assert (content.gtin14, content.count, content.ambiguity) == (None, 5, None)
    assert parse_symbol(b"]C1400ABC\x1d99DEF\x1d400ABC").ambiguity is None


RULES = symbol_rules(variable=["21IIIIIVPPPPC", "28IIIIIWWWWWC", "2911IIIIQQQQC"])


def test_a_price_or_weight_is_read_by_the_company_s_rules() -> None:
    price = _ean("2112345" + verifier("0299") + "0299")
    assert parse_symbol(price, "]E0", rules=RULES).variable == VariableMeasure("12345", _ean("211234500000").decode(), price=299)
    weight = parse_symbol(_ean("281234501234"), None, rules=RULES)
    assert (weight.grams, weight.gtin14, weight.ambiguity) == (Decimal(1234), None, None)
    assert parse_symbol(_ean("291100010012"), "]E0", rules=RULES).count == 12
    assert parse_symbol(price, "]E0").variable is None
    assert parse_symbol(price, "]C0", rules=RULES).variable is None


def test_a_wrong_verifier_and_rules_that_contradict_are_reported() -> None:
    wrong = _ean("2112345" + str((int(verifier("0299")) + 1) % 10) + "0299")
    assert parse_symbol(wrong, "]E0", rules=RULES).ambiguity is Ambiguity.VERIFIER
    two = symbol_rules(variable=["21IIIIIPPPPPC", "21IIIIPPPPPPC"])
    assert parse_symbol(_ean("211234500299"), "]E0", rules=two).ambiguity is Ambiguity.SEVERAL_RULES


def test_a_upc_a_is_read_by_a_rule_with_its_zero() -> None:
    rules = symbol_rules(variable=["02IIIIIVPPPPC"])
    digits = _ean("0212345" + verifier("0299") + "0299")[1:]
    assert parse_symbol(digits, "]E0", rules=rules).variable == parse_symbol(b"0" + digits, "]E0", rules=rules).variable
    assert parse_symbol(digits, "]E0", rules=rules).variable is not None


def test_books_and_periodicals() -> None:
    assert parse_symbol(b"9780306406157", "]E0").isbn == "9780306406157"
    assert parse_symbol(b"ISBN 0-306-40615-2", "]Q1").gtin14 == "09780306406157"
    assert parse_symbol(b"0-306-40615-2").isbn == "9780306406157"
    bare = parse_symbol(b"0306406152", "]A0")
    assert (bare.isbn, bare.gtin14, bare.ambiguity) == (None, None, Ambiguity.ISBN_10_OR_OWN)
    assert parse_symbol(b"0306406153", "]A0").ambiguity is None
    assert parse_symbol(b"9770317847001", "]E0").issn == "0317-8471"  # ISO 3297's example number
    assert parse_symbol(b"9790260000438", "]E0").isbn is None  # sheet music


def test_a_digital_link_gives_what_its_element_string_would() -> None:
    link = parse_symbol(b"https://id.gs1.org/01/09506000134352/10/ABC/21/X%2F1?17=270101&3103=000195&utm=1", "]Q1")
    assert (link.gtin14, link.batch, link.serial, link.expires, link.grams) == (
        "09506000134352", "ABC", "X/1", date(2027, 1, 1), Decimal(195),
    )  # fmt: skip
    assert link.is_link
    assert parse_symbol(b"https://id.gs1.org/00/952012345678912345", "]Q1").sscc == "952012345678912345"
    assert parse_symbol(b"https://example.com/01/09506000134353", "]Q1").ambiguity is Ambiguity.LINK
    plain = parse_symbol(b"https://example.com/page?01=1", "]Q1")
    assert (plain.ambiguity, plain.is_link) == (None, False)


@given(st.from_regex(r"https?://[a-z.]{1,9}/(01|00|10|21|414|x)?/?[0-9A-Za-z/%?=&;#.\[\]:+-]{0,40}", fullmatch=True))
def test_any_address_is_read_without_an_error(address: str) -> None:
    parse_symbol(address.encode(), "]Q1")
    parse_symbol(address.replace("//", "//[", 1).encode(), "]Q1")


def _ean(stem: str) -> bytes:
    return (stem + check_digit(stem)).encode()
