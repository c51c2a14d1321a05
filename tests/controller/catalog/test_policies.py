from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.catalog.models import BaseUnit, SymbolKind
from controller.catalog.operations import NewBarcode, NewSku, create_sku
from controller.catalog.policies import (
    LARGEST,
    BadSymbol,
    Found,
    SymbolKey,
    measured_units,
    symbol_of,
    unknown_key,
    weighed_units,
    whole_grams,
)
from controller.catalog.queries import resolve


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


ITEM = "0109521234567899"
"""The GTIN that the weights below follow."""


@pytest.mark.parametrize(
    ("text", "grams"),
    [
        (f"{ITEM}3103001250", 1250),  # 1.250 kg
        (f"{ITEM}310300125010L1", 1250),
        (f"{ITEM}3104000025", 2),  # 2.5 g: to the even one
        (f"{ITEM}3104000035", 4),  # 3.5 g
        (f"{ITEM}3203000010", 5),  # 0.010 lb = 4.5359 g
        (f"{ITEM}3203000010" + "3103000007", 7),  # both: kilograms
        (f"{ITEM}3105000025", None),  # 0.25 g: nothing
        (f"{ITEM}31030012505", None),  # a digit too many
        (ITEM, None),
        ("9521234567899", None),
    ],
)
def test_a_symbol_says_what_its_pack_weighs(text: str, grams: int | None) -> None:
    assert weighed_units(SymbolKey(text, "09521234567899")) == grams
    assert weighed_units(SymbolKey(text)) is None


async def test_a_pack_that_says_its_weight_is_so_many_grams(database: str) -> None:
    await create_sku(
        NewSku(code="ham", name_en="Ham", name_zh="火腿", base_unit=BaseUnit.GRAM), [NewBarcode(barcode="9521234567899")]
    )
    weighed, plain = await resolve(
        [SymbolKey(f"{ITEM}3103001250", "09521234567899"), SymbolKey("9521234567899", "09521234567899")], site_id="s1"
    )
    assert isinstance(weighed, Found)
    assert isinstance(plain, Found)
    assert (weighed.base_units(2), plain.base_units(2)) == (2500, 2)


@given(st.decimals(0, 10**9, places=4))
def test_grams_are_rounded_half_even(weight: Decimal) -> None:
    whole = whole_grams(weight)
    assert abs(weight - whole) <= Decimal("0.5")
    if abs(weight - whole) == Decimal("0.5"):
        assert whole % 2 == 0
