from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.symbols.gs1 import Element
from drivers.symbols.parse import Parsed, parse_symbol

# DEVICES.md section 10: GTIN check digit verified.
GS1_128 = bytes.fromhex("5D 43 31 30 31 30 39 35 30 36 30 30 30 31 33 34 33 35 32 31 30 41 42 43 1D 31 37 32 37 30 31 30 31")
ELEMENTS = (Element("01", "09506000134352"), Element("10", "ABC"), Element("17", "270101"))


def test_a_gs1_128_gives_its_elements_and_its_gtin() -> None:
    assert parse_symbol(GS1_128) == Parsed(
        text="010950600013435210ABC\x1d17270101", aim="]C1", gtin14="09506000134352", gs1=ELEMENTS
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


def test_a_box_without_gs1_carriers_never_loads_biip() -> None:
    code = (
        "import sys; from drivers.symbols.parse import parse_symbol; "
        "assert parse_symbol(b']E04006381333931').gtin14; assert 'biip' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=20).returncode == 0
