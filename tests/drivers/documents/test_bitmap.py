from __future__ import annotations

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.documents.bitmap import Bitmap, draw_bars, draw_label, draw_line, paint_label
from drivers.documents.layout import Bars, Frame, LabelLayout, TextLine, lay_out_label
from drivers.documents.model import Barcode, Font, Label, Picture, Rotation, Symbology, Text
from tests.drivers.documents import samples
from tests.drivers.documents.symbol_data import DATA, expected, symbols
from tests.drivers.documents.test_pictures import disc

ROTATIONS: list[Rotation] = [0, 90, 180, 270]


def image_of(bitmap: Bitmap) -> Image.Image:
    """Black on white."""
    return Image.frombytes("1", (bitmap.width, bitmap.height), bitmap.rows).point(lambda value: 255 - value)


def label_of(element: Text | Barcode | Picture, side: int = 60) -> Label:
    return Label(width=Decimal(side), height=Decimal(side), elements=(element,))


def code(symbology: Symbology, data: str, rotation: Rotation = 0, side: int = 60) -> Barcode:
    inner = Decimal(side - 4)
    return Barcode(x=Decimal(2), y=Decimal(2), width=inner, height=inner, symbology=symbology, data=data, rotation=rotation)


def text(content: str, rotation: Rotation = 0, font: Font = "sans") -> Text:
    side = Decimal(20)
    return Text(x=Decimal(2), y=Decimal(2), width=side, height=side, text=content, rotation=rotation, font=font)


def line_of(element: Text) -> TextLine:
    line = lay_out_label(label_of(element), 203).items[0]
    assert isinstance(line, TextLine)
    return line


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(list(Symbology)), st.sampled_from(ROTATIONS), st.sampled_from([203, 300]), st.data())
def test_every_symbol_reads_back_exactly_as_it_was_given(
    symbology: Symbology, rotation: Rotation, dpi: int, data: st.DataObject
) -> None:
    content = data.draw(DATA[symbology])
    layout = lay_out_label(label_of(code(symbology, content, rotation, 80), 80), dpi)
    assert symbols(paint_label(layout)) == expected(symbology, content)


@pytest.mark.parametrize("rotation", ROTATIONS)
@pytest.mark.parametrize("symbology", list(Symbology))
def test_the_picture_of_a_symbol_is_what_the_label_has_there(symbology: Symbology, rotation: Rotation) -> None:
    element = code(symbology, samples.CODES[symbology], rotation, 80)
    layout = lay_out_label(label_of(element, 80), 203)
    bars = next(item for item in layout.items if isinstance(item, Bars))
    bitmap = draw_bars(bars)
    assert (bitmap.width, bitmap.height) == (bars.width, bars.height)
    area = (bars.x, bars.y, bars.x + bars.width, bars.y + bars.height)
    assert paint_label(layout).crop(area).tobytes() == image_of(bitmap).convert("L").tobytes()


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_turned_text_is_the_upright_text_turned(rotation: Rotation) -> None:
    upright, turned = (paint_label(lay_out_label(label_of(text("Tea 茶", each)), 203)) for each in (0, rotation))
    side = (16, 16, 176, 176)
    assert upright.crop(side).rotate(-rotation).tobytes() == turned.crop(side).tobytes()
    assert upright.histogram()[0] == turned.histogram()[0] > 200


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_a_line_as_its_ink_alone_stands_where_the_label_has_it(rotation: Rotation) -> None:
    layout = lay_out_label(label_of(text("gy|Á茶", rotation)), 203)
    line = layout.items[0]
    assert isinstance(line, TextLine)
    drawn = draw_line(line)
    assert drawn is not None
    left, top, ink = drawn
    alone = Image.new("L", (layout.width, layout.height), 255)
    alone.paste(image_of(ink).convert("L"), (left, top))
    assert alone.tobytes() == paint_label(layout).tobytes()


def test_nothing_to_see_is_none() -> None:
    assert draw_line(line_of(text(""))) is None


def test_the_whole_label_is_the_preview() -> None:
    layout = lay_out_label(samples.label("shipping-label", samples.SHIPPING_DATA), 203)
    assert image_of(draw_label(layout)).convert("L").tobytes() == paint_label(layout).tobytes()


@pytest.mark.parametrize("thickness", [1, 2, 3, 5])
def test_a_frame_is_as_thick_as_it_says_and_stays_in_its_box(thickness: int) -> None:
    for width, height in product(range(1, 13), repeat=2):
        frame = Frame(x=3, y=2, width=width, height=height, thickness=thickness)
        image = paint_label(LabelLayout(width=24, height=24, dpi=203, items=(frame,)))
        black = {(at % 24 - 3, at // 24 - 2) for at, value in enumerate(image.tobytes()) if not value}
        depth = {(x, y): min(x, y, width - 1 - x, height - 1 - y) for x, y in product(range(width), range(height))}
        assert black == {place for place, inwards in depth.items() if inwards < thickness}, (width, height)


def test_mono_letters_are_all_as_wide() -> None:
    widths = []
    for content in ("iiiii.", "MMMMM."):
        drawn = draw_line(line_of(text(content, font="mono")))
        assert drawn is not None
        widths.append(drawn[0] + drawn[2].width)
    assert widths[0] == widths[1]


def test_a_picture_stands_in_the_middle_of_its_box() -> None:
    element = Picture(x=Decimal(10), y=Decimal(10), width=Decimal(20), height=Decimal(20), png=disc())
    box = paint_label(lay_out_label(label_of(element), 203)).point(lambda value: 255 - value).getbbox()
    assert box
    assert abs((box[0] + box[2]) - (80 + 240)) <= 4
    assert abs((box[1] + box[3]) - (80 + 240)) <= 12
    assert 60 <= box[2] - box[0] <= 70
