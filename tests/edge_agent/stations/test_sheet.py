"""The command sheet: every barcode of it is read back, from each of its papers."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image

from drivers.documents.model import Barcode, Code
from drivers.documents.preview import label_png, receipt_png
from drivers.symbols.commands import Command, parse_command
from edge_agent.stations.sheet import called, labels, receipt, sections
from edge_agent.stations.sheet_page import sheet_body, sheet_page

ALL = [command.symbol for command in Command]


def read(image: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.Code128))]


def test_every_command_is_on_it_once() -> None:
    commands = [command for section in sections() for command in section.commands]
    assert sorted(commands) == sorted(Command)
    assert called(Command.STICKER) == "STICKER: Shelf labels"
    assert called(Command.UNDO, "zh-CN") == "UNDO: 撤销"


@pytest.mark.parametrize(("width", "height", "dpi"), [(60, 30, 203), (60, 30, 300), (76, 25, 203)])
def test_labels_are_read_back(width: int, height: int, dpi: int) -> None:
    made = labels(width, height)
    found = [text for label in made for text in read(Image.open(BytesIO(label_png(label, dpi))))]
    assert sorted(found) == sorted(ALL)
    assert all(isinstance(parse_command(text), Command) for text in found)
    assert [each.data for label in made for each in label.elements if isinstance(each, Barcode)] == found


def test_the_receipt_is_read_back() -> None:
    made = receipt()
    assert sorted(part.data for part in made.parts if isinstance(part, Code)) == sorted(ALL)
    image = Image.open(BytesIO(receipt_png(made)))
    found: set[str] = set()
    for top in range(0, image.height, 300):  # a person holds the scanner over one code at a time
        found |= set(read(image.crop((0, top, image.width, min(top + 500, image.height)))))
    assert sorted(found) == sorted(ALL)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_page_is_read_back(language: str) -> None:
    page = sheet_page(language)
    assert f'<html lang="{language}">' in page
    assert sheet_body(language) in page
    drawn = re.findall(r'aria-label="(\w+)" width="[\d.]+mm" height="\d+mm" viewBox="0 0 (\d+) 1".*?<path d="([^"]+)"', page)
    found = [text for label, width, path in drawn for text in read(bars(int(width), path)) if text == label]
    assert sorted(found) == sorted(ALL)


def bars(width: int, path: str) -> Image.Image:
    """The drawing as a browser would paint it, two dots to a module."""
    image = Image.new("L", (width, 1), 255)
    for x in re.findall(r"M(\d+) 0h1v1h-1z", path):
        image.putpixel((int(x), 0), 0)
    return image.resize((width * 2, 60), Image.Resampling.NEAREST)
