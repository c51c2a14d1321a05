"""Data for every symbology, as Hypothesis makes it up, and what a reader that is not ours tells of a picture."""

from __future__ import annotations

from random import Random

import zxingcpp
from hypothesis import strategies as st
from PIL import Image

from drivers.documents.model import Symbology
from drivers.symbols.gtin import check_digit

ASCII = [chr(code) for code in range(33, 127)]
SET_82 = [char for char in ASCII if char not in "#$@[]^`{|}~\\()"]


def digits(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


def gtin(length: int) -> st.SearchStrategy[str]:
    return digits(length - 1).map(lambda payload: payload + check_digit(payload))


def element_strings(most: int) -> st.SearchStrategy[str]:
    """Some of: GTIN, batch, best before, serial number, weight, count; in any order, `most` characters of batch and serial."""
    batch = st.text(SET_82, min_size=1, max_size=most)
    date = st.dates().map(lambda day: f"{day:%y%m%d}")
    parts = st.fixed_dictionaries(
        {"10": batch},
        optional={"01": gtin(14), "17": date, "21": batch, "3103": digits(6), "30": st.integers(1, 99999999).map(str)},
    )
    return st.tuples(parts, st.randoms()).map(lambda both: _shuffled(*both))


def _shuffled(parts: dict[str, str], random: Random) -> str:
    pairs = sorted(parts.items())
    random.shuffle(pairs)
    return "".join(f"({ai}){value}" for ai, value in pairs)


DATA: dict[Symbology, st.SearchStrategy[str]] = {
    Symbology.CODE128: st.text(ASCII, min_size=1, max_size=12)
    | digits(9)
    | st.tuples(st.sampled_from(ASCII), digits(7)).map("".join),
    Symbology.CODE39: st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.$/+%-", min_size=1, max_size=8),
    Symbology.EAN8: gtin(8),
    Symbology.EAN13: gtin(13).filter(lambda data: data[0] != "0"),
    Symbology.UPCA: gtin(12),
    Symbology.ITF14: gtin(14),
    Symbology.GS1_128: element_strings(4).filter(lambda data: len(data) < 30),
    Symbology.DATAMATRIX: st.text(ASCII, min_size=1, max_size=60),
    Symbology.GS1_DATAMATRIX: element_strings(18),
    Symbology.QR: st.text(ASCII, min_size=1, max_size=60)
    | st.text("茶龙井 a1é", min_size=2, max_size=30).filter(lambda s: s == s.strip()),
    Symbology.GS1_QR: element_strings(18),
}
IDENTIFIERS = {
    Symbology.CODE128: "]C0",
    Symbology.CODE39: "]A0",
    Symbology.EAN8: "]E4",
    Symbology.EAN13: "]E0",
    Symbology.UPCA: "]E0",
    Symbology.ITF14: "]I1",
    Symbology.GS1_128: "]C1",
    Symbology.DATAMATRIX: "]d1",
    Symbology.GS1_DATAMATRIX: "]d2",
    Symbology.QR: "]Q1",
    Symbology.GS1_QR: "]Q3",
}
"""AIM identifiers; UPC-A is an EAN-13 that begins with 0 to whoever reads it.  zxing-cpp says ]Q1 with or without ECI."""


_FORMATS = "Code128,Code39Std,EAN8,EAN13,ITF,DataMatrix,QRCode"


def symbols(image: Image.Image) -> list[tuple[str, str]]:
    """(AIM identifier, text) of all symbols on a picture; GS1 text with brackets.

    zxing-cpp says ]A1 for a Code 39 whose last character happens to be its check character.  It is told not to look for other
    meanings of Code 39 (full ASCII, Code 32).
    """
    formats = zxingcpp.barcode_formats_from_str(_FORMATS)
    found = [(symbol.symbology_identifier, symbol.text) for symbol in zxingcpp.read_barcodes(image, formats=formats)]
    return [("]A0" if identifier == "]A1" else identifier, text) for identifier, text in found]


def expected(symbology: Symbology, data: str) -> list[tuple[str, str]]:
    return [(IDENTIFIERS[symbology], f"0{data}" if symbology is Symbology.UPCA else data)]
