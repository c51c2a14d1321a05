from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.catalog.models import SymbolKind
from controller.catalog.policies import LARGEST, BadSymbol, Found, measured_units, symbol_of, unknown_key


@pytest.mark.parametrize(
    ("written", "kind", "symbol"),
    [
        ("9521234567899", SymbolKind.GTIN, "09521234567899"),
        (" 96385074 ", SymbolKind.GTIN, "00000096385074"),
        ("2100101012501", SymbolKind.TEXT, "2100101012501"),  # restricted circulation: another company's own number
        ("2100101WWWWWC", SymbolKind.MEASURED, "2100101"),
        ("SHELF-12", SymbolKind.TEXT, "SHELF-12"),
        ("123", SymbolKind.TEXT, "123"),
    ],
)
def test_how_a_barcode_is_looked_up(written: str, kind: SymbolKind, symbol: str) -> None:
    assert symbol_of(written) == (kind, symbol)


@pytest.mark.parametrize("written", ["", "  ", "9521234567890", "x" * 501, "a\0b"])
def test_what_cannot_be_a_barcode(written: str) -> None:
    with pytest.raises(BadSymbol):
        symbol_of(written)


def test_only_a_right_check_digit_measures() -> None:
    assert measured_units("2100101012501") == 1250
    assert measured_units("2100101012502") is None
    assert measured_units("2100101000003") is None  # nothing on the scale


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 10**6))
def test_base_units_are_exact_or_none(quantity: int, numerator: int, denominator: int) -> None:
    units = Found(1, "x", numerator, denominator).base_units(quantity)
    if units is None:
        assert quantity * numerator % denominator or quantity * numerator // denominator > LARGEST
    else:
        assert units * denominator == quantity * numerator


@given(st.text(max_size=600))
def test_unknown_symbols_have_keys_that_an_index_holds(text: str) -> None:
    assert len(unknown_key(text)) <= 500
