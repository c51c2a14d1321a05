"""A receipt that breaks off at any byte: what the next connection completes of it must never be another one's barcode."""

from __future__ import annotations

import pytest
from PIL import Image

from drivers.devices import Encoded, Readiness
from drivers.documents.model import Code, Line, Logo, Receipt, Symbology
from tests.drivers.documents.test_pictures import disc
from tests.drivers.printers.paired import Paired, read_back

NEXT = "N-1"
MARGIN = 20
"""Rows of white above the first that is printed."""


@pytest.mark.parametrize("model", ["escpos", "star.line"])
@pytest.mark.parametrize(
    ("symbology", "data"),
    [
        (Symbology.CODE128, "j00012"),
        (Symbology.CODE128, "S-2026-000123"),
        (Symbology.GS1_128, "(01)09506000134352(10)AB"),
        (Symbology.EAN13, "4006381333931"),
        (Symbology.EAN8, "96385074"),
        (Symbology.UPCA, "036000291452"),
        (Symbology.CODE39, "AB-12"),
        (Symbology.ITF14, "09506000134352"),
        (Symbology.QR, "j00012"),
    ],
)
def test_a_torn_receipt_bears_its_own_code_or_none(model: str, symbology: Symbology, data: str) -> None:
    protocol = "star" if model == "star.line" else model
    torn = _encoded(model, protocol, data, symbology)
    following = Encoded(_encoded(model, protocol, NEXT, Symbology.CODE128))
    own = {data, data.lstrip("0")}
    for at in _places(torn):
        pair = Paired(model, protocol=protocol)
        pair.driver.status()
        pair.emulator.on_bytes(torn[:at])
        pair.reconnect()
        pair.driver.send(following)  # with what completes the torn one before it
        codes = [code for paper in pair.papers for code in read_back(paper)]
        assert codes.count(NEXT) == 1, at
        assert len(codes) <= 2, at
        assert {code.lstrip("0") for code in codes} <= own | {NEXT}, at


def test_the_receipt_after_a_torn_one_is_whole_though_its_status_is_asked_first() -> None:
    """At every byte of one with logo, text and QR: a question in a command's header is taken for its length."""
    parts = (Logo(png=disc(), width=8), Line(text="Milk 1 l"), Code(symbology=Symbology.QR, data="R-1"), Line(text="Thank you"))
    torn = bytes(Paired("escpos").driver.encode_receipt(Receipt(parts=parts)).data)
    following = Paired("escpos").driver.encode_receipt(Receipt(parts=(Line(text="Next"), Code(symbology=Symbology.QR, data=NEXT))))
    alone = Paired("escpos")
    alone.driver.send(following)
    (expected,) = alone.papers
    for at in range(len(torn)):
        pair = Paired("escpos")
        pair.emulator.on_bytes(torn[:at])
        for _ in range(2):  # whoever connects again and again asks again and again
            pair.reconnect()
            assert pair.driver.status().readiness is Readiness.OK, at
        pair.driver.send(following)
        *before, paper = pair.papers
        assert not before or at > len(torn) - 4, at
        assert _end(paper, expected.height - MARGIN).tobytes() == _end(expected, expected.height - MARGIN).tobytes(), at


def _end(paper: Image.Image, rows: int) -> Image.Image:
    return paper.crop((0, paper.height - rows, *paper.size))


def _encoded(model: str, protocol: str, data: str, symbology: Symbology) -> bytes:
    receipt = Receipt(parts=(Line(text=data), Code(symbology=symbology, data=data)))
    return bytes(Paired(model, protocol=protocol).driver.encode_receipt(receipt).data)


def _places(torn: bytes) -> list[int]:
    """Each of the last bytes, where a printer's own command would stand, and some in a picture."""
    return [*range(max(0, len(torn) - 64), len(torn)), *range(20, max(0, len(torn) - 64), 991)]
