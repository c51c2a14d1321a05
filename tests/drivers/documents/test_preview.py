from __future__ import annotations

from io import BytesIO

import pytest
import zxingcpp
from PIL import Image

from drivers.documents.model import Code, Receipt, Symbology
from drivers.documents.preview import label_png, receipt_png
from tests.drivers.documents import samples


def read_back(png: bytes) -> list[str]:
    return [symbol.text for symbol in zxingcpp.read_barcodes(Image.open(BytesIO(png)).convert("L"))]


@pytest.mark.parametrize("dpi", [203, 300])
def test_barcodes_of_label_previews_read_back(dpi: int) -> None:
    assert read_back(label_png(samples.label("shelf-label", samples.SHELF_DATA), dpi)) == ["4006381333931"]
    assert read_back(label_png(samples.label("shipping-label", samples.SHIPPING_DATA), dpi)) == ["P-000123-1"]


@pytest.mark.parametrize(("columns", "width"), [(32, 384), (42, 504), (48, 576)])
def test_the_receipt_preview_is_as_wide_as_the_paper_and_its_code_reads_back(columns: int, width: int) -> None:
    png = receipt_png(samples.receipt(), columns, width)
    assert Image.open(BytesIO(png)).width == width
    assert read_back(png) == ["S-2026-000123"]


def test_a_qr_code_reads_back_with_its_han_text() -> None:
    receipt = Receipt(parts=(Code(symbology=Symbology.QR, data="https://example.org/茶"),))
    assert read_back(receipt_png(receipt)) == ["https://example.org/茶"]
