"""Labels for tests of label printers, and what no operator's data may do."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from drivers.documents.model import Barcode, Box, Label, Symbology, Text
from tests.drivers.documents import samples

SHELF = samples.label("shelf-label", samples.SHELF_DATA)
SHIPPING = samples.label("shipping-label", samples.SHIPPING_DATA)
HOSTILE = st.text(alphabet="\"'\\^~!@CLSPRINTGWNQ0159,;: \r\n\x00\x02\x10\x1b\x1a茶", max_size=24)
CODED = st.text(alphabet="\"'\\^~!@CLSPRINTGW0159,;: ", min_size=1, max_size=8).map(lambda data: data + ".")


def label_of(*elements: Text | Barcode | Box, width: str = "60", height: str = "40") -> Label:
    return Label(width=Decimal(width), height=Decimal(height), elements=elements)


def text(content: str, *, bold: bool = False) -> Text:
    return Text(x=Decimal(2), y=Decimal(2), width=Decimal(56), height=Decimal(6), text=content, bold=bold)


def code(symbology: Symbology, data: str) -> Barcode:
    return Barcode(x=Decimal(2), y=Decimal(10), width=Decimal(56), height=Decimal(20), symbology=symbology, data=data)
