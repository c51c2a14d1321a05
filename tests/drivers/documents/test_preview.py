from __future__ import annotations

import re
from io import BytesIO

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.documents.model import Code, Line, Logo, Receipt, Symbology
from drivers.documents.preview import label_pdf, label_png, receipt_pdf, receipt_png
from tests.drivers.documents import samples
from tests.drivers.documents.symbol_data import DATA, expected, symbols
from tests.drivers.documents.test_pictures import disc


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


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(list(Symbology)), st.data())
def test_codes_on_receipts_read_back_exactly(symbology: Symbology, data: st.DataObject) -> None:
    content = data.draw(DATA[symbology])
    png = receipt_png(Receipt(parts=(Line(text="Tea"), Code(symbology=symbology, data=content))), 48, 832)
    assert symbols(Image.open(BytesIO(png)).convert("L")) == expected(symbology, content)


def test_a_logo_stands_in_the_middle_as_wide_as_it_says() -> None:
    image = Image.open(BytesIO(receipt_png(Receipt(parts=(Logo(png=disc(), width=50),)), 48, 576))).convert("L")
    box = image.point(lambda value: 255 - value).getbbox()
    assert box
    assert abs((box[0] + box[2]) - 576) <= 8
    assert abs(box[2] - box[0] - 288 * 16 / 40) <= 8


def boxes(pdf: bytes) -> list[float]:
    """Width and height of each page, in millimetres (a point is 1/72 inch)."""
    found = re.findall(rb"/MediaBox \[ 0 0 ([0-9.]+) ([0-9.]+) \]", pdf)
    return [float(side) / 72 * 25.4 for page in found for side in page]


@pytest.mark.parametrize("dpi", [203, 300, 600])
def test_a_label_as_pdf_is_one_page_of_its_real_size(dpi: int) -> None:
    pdf = label_pdf(samples.label("shipping-label", samples.SHIPPING_DATA), dpi)
    assert pdf.startswith(b"%PDF-")
    assert boxes(pdf) == pytest.approx([100, 70], abs=0.001)


def test_a_receipt_as_pdf_is_as_wide_as_its_print() -> None:
    image = Image.open(BytesIO(receipt_png(samples.receipt())))
    assert boxes(receipt_pdf(samples.receipt())) == pytest.approx([72, image.height / 8], abs=0.001)


def test_the_same_document_is_the_same_pdf() -> None:
    label = samples.label("shelf-label", samples.SHELF_DATA)
    assert label_pdf(label) == label_pdf(label)


def test_shaped_text_on_receipts_stays_in_its_columns() -> None:
    receipt = Receipt(parts=(Line(text="شاي أخضر", right="12.50"), Line(text="شاي أخضر " * 3), Line(text="تה", right="שקל")))
    image = Image.open(BytesIO(receipt_png(receipt, 32, 384))).convert("L")
    box = image.point(lambda value: 255 - value).getbbox()
    assert box
    assert box[0] <= 4
    assert 370 <= box[2] <= 384
