from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.documents.barcodes import check_data, code128_segments, code128_values, fnc1_form, matrix, modules
from drivers.documents.errors import BadBarcode
from drivers.documents.model import Symbology
from tests.drivers.documents.symbol_data import DATA

PRINTABLE = st.text(alphabet=[chr(code) for code in range(32, 127)], min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("symbology", "data", "held"),
    [  # GS1 General Specifications 7.9.1 and 3.3.2
        (Symbology.EAN13, "400638133393", "4006381333931"),
        (Symbology.EAN13, "04006381333931", "4006381333931"),
        (Symbology.EAN8, "9638507", "96385074"),
        (Symbology.EAN8, "00000096385074", "96385074"),
        (Symbology.UPCA, "03600029145", "036000291452"),
        (Symbology.UPCA, "0036000291452", "036000291452"),
        (Symbology.ITF14, "1540014128876", "15400141288763"),
        (Symbology.ITF14, "15400141288763", "15400141288763"),
    ],
)
def test_a_gtin_gets_its_check_digit_and_loses_the_zeros_before_it(symbology: Symbology, data: str, held: str) -> None:
    assert check_data(symbology, data) == held


@pytest.mark.parametrize(
    ("symbology", "data"),
    [
        (Symbology.EAN13, "4006381333932"),
        (Symbology.EAN13, "14006381333931"),
        (Symbology.EAN13, "40063813339３1"),
        (Symbology.EAN8, "96385075"),
        (Symbology.EAN8, "4006381333931"),
        (Symbology.UPCA, "4006381333931"),
        (Symbology.ITF14, "15400141288764"),
        (Symbology.CODE39, "lower"),
        (Symbology.CODE39, "A" * 41),
        (Symbology.DATAMATRIX, "茶"),
        (Symbology.GS1_128, "09506000134352"),
        (Symbology.GS1_128, "(21)" + "A" * 20 + "(10)" + "B" * 20 + "(17)270101"),
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


@given(PRINTABLE | st.text("0123456789\x1dA", min_size=1, max_size=30))
def test_segments_hold_the_data_and_code_set_c_only_pairs_of_digits(data: str) -> None:
    segments = code128_segments(data)
    assert "".join(text for _, text in segments) == data
    for code_set, text in segments:
        runs = text.split("\x1d")
        assert code_set == "B" or all(not run or (run.isdigit() and len(run) % 2 == 0) for run in runs)
    assert all(one[0] != other[0] for one, other in pairwise(segments))


def test_fnc1_takes_one_character_in_either_set() -> None:
    # GS1 General Specifications 5.4.3: start C, FNC1, 8 pairs; ^BC's example >;>8…
    assert code128_segments("\x1d0109506000134352") == (("C", "\x1d0109506000134352"),)
    assert code128_values(code128_segments("\x1d0109506000134352")) == 10
    assert code128_segments("\x1d10AB") == (("B", "\x1d10AB"),)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(Symbology)), st.data())
def test_our_width_is_the_width_of_the_drawn_one(symbology: Symbology, data: st.DataObject) -> None:
    content = check_data(symbology, data.draw(DATA[symbology]))
    assert modules(symbology, content) == len(matrix(symbology, content)[0])
    if symbology is Symbology.GS1_128:
        assert len(fnc1_form(content)) <= 49


@given(PRINTABLE)
@settings(max_examples=60, deadline=None)
def test_our_width_of_code_128_is_the_width_of_the_drawn_one(data: str) -> None:
    assert modules(Symbology.CODE128, data) == len(matrix(Symbology.CODE128, data)[0])


@pytest.mark.parametrize("symbology", [symbology for symbology in Symbology if symbology.is_matrix])
def test_a_matrix_code_is_square(symbology: Symbology) -> None:
    data = "(01)09506000134352(10)A" if symbology.is_gs1 else "https://example.org/p/1"
    rows = matrix(symbology, data)
    assert len(rows) == len(rows[0]) == modules(symbology, data)


def test_wide_bars_of_code_39_have_three_modules() -> None:
    row = matrix(Symbology.CODE39, "A-1")[0]
    assert len(row) == 16 * 5 - 1
    runs = [
        len(run)
        for run in row.replace(b"\x00", b"#").replace(b"\xff", b".").decode().replace("#.", "# .").replace(".#", ". #").split()
    ]
    assert set(runs) == {1, 3}
