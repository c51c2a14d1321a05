from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from drivers.documents.bitmap import paint_label
from drivers.documents.model import Barcode, Box, Label, Symbology, Text
from drivers.documents.pictures import Bitmap
from drivers.errors import Unsupported
from drivers.printers.label_ink import Media, Rectangle, Stamp, check_copies, ink, lay_out, stamp_of
from tests.drivers.documents import samples

WIDE = Media(Decimal(200))


def redrawn(label: Label, dpi: int = 203) -> tuple[Image.Image, Image.Image]:
    """The label from its ink, and from its layout."""
    layout = lay_out(label, dpi, WIDE)
    image = Image.new("L", (layout.width + 8, layout.height), 255)
    for part in ink(layout):
        if isinstance(part, Rectangle):
            ImageDraw.Draw(image).rectangle((part.x, part.y, part.x + part.width - 1, part.y + part.height - 1), fill=0)
            continue
        inverted = bytes(byte ^ 0xFF for byte in part.rows)
        layer = Image.new("L", image.size, 255)
        layer.paste(Image.frombytes("1", (part.stride * 8, part.height), inverted).convert("L"), (part.x, part.y))
        image = ImageChops.darker(image, layer)
    return image.crop((0, 0, layout.width, layout.height)), paint_label(layout)


@pytest.mark.parametrize("dpi", [180, 203, 300])
@pytest.mark.parametrize(("name", "data"), [("shelf-label", samples.SHELF_DATA), ("shipping-label", samples.SHIPPING_DATA)])
def test_the_ink_is_the_preview_dot_by_dot(name: str, data: dict, dpi: int) -> None:
    from_ink, from_layout = redrawn(samples.label(name, data), dpi)
    assert from_ink.tobytes() == from_layout.tobytes()


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("symbology", [Symbology.CODE128, Symbology.EAN13, Symbology.QR])
def test_symbols_are_the_same_dots_whichever_way_they_stand(symbology: Symbology, rotation: int) -> None:
    data = "4006381333931"
    box = Barcode(
        x=Decimal(3),
        y=Decimal(3),
        width=Decimal(50),
        height=Decimal(50),
        symbology=symbology,
        data=data,
        rotation=rotation,  # type: ignore[arg-type]  # a Literal, from parametrize
    )
    from_ink, from_layout = redrawn(Label(width=Decimal(60), height=Decimal(60), elements=(box,)))
    assert from_ink.tobytes() == from_layout.tobytes()


@pytest.mark.parametrize(("size", "thickness"), [((10, 5), "0.5"), ((10, 1), "1"), ((1, 10), "1")])
def test_a_frame_is_as_thick_as_it_says(size: tuple[int, int], thickness: str) -> None:
    box = Box(x=Decimal(2), y=Decimal(2), width=Decimal(size[0]), height=Decimal(size[1]), thickness=Decimal(thickness))
    layout = lay_out(Label(width=Decimal(30), height=Decimal(20), elements=(box,)), 203, WIDE)
    areas = [part for part in ink(layout) if isinstance(part, Rectangle)]
    frame = layout.items[0]
    assert {(part.x, part.y) for part in areas} >= {(frame.x, frame.y)}
    inner = max(0, frame.width - 2 * 4) * max(0, frame.height - 2 * 4) if thickness == "0.5" else 0
    assert sum(part.width * part.height for part in areas) == frame.width * frame.height - inner


def test_what_reaches_over_the_edge_is_cut() -> None:
    box = Box(x=Decimal(20), y=Decimal(5), width=Decimal(30), height=Decimal(30), thickness=Decimal(1))
    text = Text(x=Decimal(10), y=Decimal(18), width=Decimal(60), height=Decimal(8), text="Longjing tea")
    layout = lay_out(Label(width=Decimal(30), height=Decimal(20), elements=(box, text)), 203, WIDE)
    parts = list(ink(layout))
    assert parts
    for part in parts:
        width = part.width if isinstance(part, Rectangle) else part.stride * 8
        assert part.x + width <= (layout.width + 7) // 8 * 8
        assert part.y + part.height <= layout.height


@settings(max_examples=60)
@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 20), st.randoms(use_true_random=False))
def test_a_stamp_holds_the_same_dots_from_the_byte_boundary_on(width: int, height: int, x: int, random: object) -> None:
    stride = (width + 7) // 8
    padding = stride * 8 - width
    values = [random.getrandbits(width) for _ in range(height)]  # type: ignore[attr-defined]  # Hypothesis' Random
    bitmap = Bitmap(width, height, b"".join((value << padding).to_bytes(stride, "big") for value in values))
    stamp = stamp_of(bitmap, x, 3)
    assert (stamp.x, stamp.x % 8, stamp.y, stamp.height) == (x - x % 8, 0, 3, height)
    for row, value in enumerate(values):
        bits = int.from_bytes(stamp.rows[row * stamp.stride : (row + 1) * stamp.stride], "big")
        assert bits == value << (stamp.stride * 8 - x % 8 - width)


def test_a_stamp_on_a_boundary_is_the_picture_itself() -> None:
    assert stamp_of(Bitmap(9, 1, b"\x80\x80"), 16, 2) == Stamp(16, 2, 2, b"\x80\x80")


@pytest.mark.parametrize("copies", [0, -1, 100])
def test_too_many_or_no_copies_are_refused(copies: int) -> None:
    with pytest.raises(Unsupported, match="copies"):
        check_copies(copies, 99)


def test_a_label_larger_than_the_media_is_refused() -> None:
    label = Label(width=Decimal(30), height=Decimal(20), elements=())
    for media in (Media(Decimal(29)), Media(Decimal(30), Decimal(19))):
        with pytest.raises(Unsupported, match="media"):
            lay_out(label, 203, media)
    assert lay_out(label, 203, Media(Decimal(30), Decimal(20))).width == 240
