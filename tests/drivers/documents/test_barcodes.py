from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.documents.barcodes import check_data, code128_segments, matrix, modules
from drivers.documents.errors import BadBarcode
from drivers.documents.model import Symbology

PRINTABLE = st.text(alphabet=[chr(code) for code in range(32, 127)], min_size=1, max_size=40)


def test_ean13_gets_its_check_digit_and_loses_the_zero_of_a_gtin14() -> None:
    assert check_data(Symbology.EAN13, "400638133393") == "4006381333931"  # GS1 General Specifications 7.9.1
    assert check_data(Symbology.EAN13, "04006381333931") == "4006381333931"


@pytest.mark.parametrize(
    ("symbology", "data"),
    [
        (Symbology.EAN13, "4006381333932"),
        (Symbology.EAN13, "14006381333931"),
        (Symbology.EAN13, "40063813339３1"),
        (Symbology.CODE128, "茶"),
        (Symbology.CODE128, "a\x1db"),
        (Symbology.CODE128, ""),
        (Symbology.QR, "\x10\x04\x01"),
        (Symbology.QR, "x" * 801),
    ],
)
def test_data_that_a_symbology_does_not_take_is_refused(symbology: Symbology, data: str) -> None:
    with pytest.raises(BadBarcode):
        check_data(symbology, data)


@given(PRINTABLE)
def test_segments_hold_the_data_and_code_set_c_only_pairs_of_digits(data: str) -> None:
    segments = code128_segments(data)
    assert "".join(text for _, text in segments) == data
    assert all(code_set == "B" or (text.isdigit() and len(text) % 2 == 0) for code_set, text in segments)
    assert all(one[0] != other[0] for one, other in pairwise(segments))


@pytest.mark.parametrize("data", ["P-000123-1", "123456", "12345", "A1234567B", "AB12", "SH01-000042-1", "x"])
def test_our_width_of_code_128_is_the_width_of_the_drawn_one(data: str) -> None:
    assert modules(Symbology.CODE128, data) == len(matrix(Symbology.CODE128, data)[0])


def test_a_matrix_code_is_square() -> None:
    rows = matrix(Symbology.QR, "https://example.org/p/1")
    assert len(rows) == len(rows[0]) == modules(Symbology.QR, "https://example.org/p/1")
