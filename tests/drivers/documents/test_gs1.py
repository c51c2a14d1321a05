from __future__ import annotations

from contextlib import suppress

import pytest
from biip.gs1_messages import GS1Message
from hypothesis import given
from hypothesis import strategies as st

from drivers.documents.barcodes import fnc1_form
from drivers.documents.errors import BadBarcode
from drivers.documents.gs1 import elements
from drivers.symbols.gs1 import Element
from tests.drivers.documents.symbol_data import element_strings


def test_fnc1_stands_first_and_after_each_element_of_no_predefined_length_but_the_last() -> None:
    # GS1 General Specifications 7.8.3: the batch needs it, the GTIN and the date do not
    assert fnc1_form("(01)09506000134352(10)ABC(17)270101") == "\x1d010950600013435210ABC\x1d17270101"
    assert fnc1_form("(01)09506000134352(17)270101(10)ABC") == "\x1d01095060001343521727010110ABC"
    assert fnc1_form("(3103)001234(30)5(11)260101") == "\x1d3103001234305\x1d11260101"


@given(element_strings(20))
def test_another_library_reads_the_same_elements_from_what_the_symbol_holds(data: str) -> None:
    message = GS1Message.parse(fnc1_form(data)[1:])
    assert tuple(Element(each.ai.ai, each.value) for each in message.element_strings) == elements(data)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("09506000134352", "expected elements"),
        ("(01)09506000134353", "wrong check digit"),
        ("(00)340123450000000001", "wrong check digit"),
        ("(414)9506000134353", "check digit"),
        ("(01)0950600013435", "does not take"),
        ("(17)271301", "does not take"),
        ("(17)260231", "does not take"),
        ("(10)", "does not take"),
        ("(10)" + "A" * 21, "does not take"),
        ("(10)a b", "does not take"),
        ("(10)茶", "does not take"),
        ("(10)A\x1dB", "does not take"),
        ("(9999)1", "no application identifier"),
        ("(10)A(B", "expected elements"),
        ("x(10)A", "expected elements"),
        ("", "expected elements"),
        ("(91)" + "A" * 80 + "(92)" + "A" * 20, "longer than"),
    ],
)
def test_what_is_no_element_string_is_refused(data: str, problem: str) -> None:
    with pytest.raises(BadBarcode, match=problem):
        elements(data)


@given(st.text(alphabet="()0123456789AB\x1d^", max_size=40))
def test_garbage_gives_typed_errors_only(data: str) -> None:
    with suppress(BadBarcode):
        assert fnc1_form(data).startswith("\x1d")
