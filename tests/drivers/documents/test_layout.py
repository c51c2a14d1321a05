from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.documents.barcodes import MIN_MODULE_MM, QUIET_ZONE
from drivers.documents.bitmap import draw_label
from drivers.documents.errors import BadBarcode, DocumentError, NoGlyph
from drivers.documents.fonts import measure
from drivers.documents.layout import Bars, Frame, TextLine, dots, family_of, lay_out_label
from drivers.documents.model import Align, Barcode, Box, Element, Label, Rotation, Symbology, Text
from tests.drivers.documents import samples


def label_of(*elements: Element, width: int = 60, height: int = 40) -> Label:
    return Label(width=Decimal(width), height=Decimal(height), elements=elements)


def text(content: str, *, lines: int = 1, width: int = 40, align: Align = "left") -> Text:
    return Text(x=Decimal(2), y=Decimal(2), width=Decimal(width), height=Decimal(8), text=content, lines=lines, align=align)


def code(data: str, symbology: Symbology = Symbology.CODE128, width: int = 56) -> Barcode:
    return Barcode(x=Decimal(2), y=Decimal(20), width=Decimal(width), height=Decimal(12), symbology=symbology, data=data)


@pytest.mark.parametrize(("dpi", "width"), [(203, 480), (300, 709)])
def test_a_label_has_the_size_of_its_millimetres(dpi: int, width: int) -> None:
    assert lay_out_label(label_of(), dpi).width == width
    assert dots(Decimal("25.4"), dpi) == dpi


@settings(max_examples=40, deadline=None)
@given(
    st.text(alphabet="abcW 茶龙，.\n", max_size=80), st.integers(1, 4), st.sampled_from(["left", "center", "right"]), st.booleans()
)
def test_text_stays_inside_its_element(content: str, lines: int, align: Align, fill: bool) -> None:
    element = replace(text(content, lines=lines, align=align), fill=fill)
    layout = lay_out_label(label_of(element), 203)
    for line in layout.items:
        assert isinstance(line, TextLine)
        assert line.left >= dots(element.x, 203)
        assert line.left + measure(line.text, line.size, "sans") <= dots(element.x + element.width, 203) + 1
        assert line.y + line.height <= dots(element.y + element.height, 203)


def test_text_too_long_shrinks_then_ends_in_an_ellipsis_and_says_so() -> None:
    short = lay_out_label(label_of(text("Longjing")), 203)
    shrunk = lay_out_label(label_of(text("Longjing green tea")), 203)
    cut = lay_out_label(label_of(text("Longjing green tea of the first flush, in tins " * 3)), 203)
    sizes = [layout.items[0].size for layout in (short, shrunk, cut) if isinstance(layout.items[0], TextLine)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[2]
    assert isinstance(cut.items[-1], TextLine)
    assert cut.items[-1].text.endswith("…")
    assert not shrunk.notes
    assert len(cut.notes) == 1


def test_text_that_fills_grows_until_it_meets_an_edge() -> None:
    place = text("K7M-4821", lines=5)
    small, large = (lay_out_label(label_of(replace(place, fill=fill)), 203).items for fill in (False, True))
    assert isinstance(small[0], TextLine)
    assert isinstance(large[0], TextLine)
    assert len(large) == 1
    assert large[0].size > 2 * small[0].size
    assert large[0].height <= dots(place.height, 203)
    five = lay_out_label(label_of(replace(place, fill=True, text="a\nb\nc\nd\ne")), 203).items
    assert [item.text for item in five if isinstance(item, TextLine)] == list("abcde")


def test_a_character_that_no_font_has_is_named() -> None:
    with pytest.raises(NoGlyph, match="U\\+13000, EGYPTIAN HIEROGLYPH A001") as caught:
        lay_out_label(label_of(text("tea 𓀀")), 203)
    assert caught.value.character == "𓀀"


@pytest.mark.parametrize("symbology", list(Symbology))
def test_a_symbol_has_whole_dots_a_module_and_its_quiet_zones(symbology: Symbology) -> None:
    data = samples.CODES[symbology]
    bars = next(item for item in lay_out_label(label_of(code(data, symbology)), 203).items if isinstance(item, Bars))
    assert bars.width % bars.module == 0
    assert bars.x - dots(Decimal(2), 203) >= QUIET_ZONE[symbology] * bars.module
    assert bars.y + bars.height <= dots(Decimal(32), 203)


def test_a_symbol_that_would_not_scan_is_refused() -> None:
    with pytest.raises(BadBarcode, match="does not fit"):
        lay_out_label(label_of(code("PARCEL-WITH-A-LONG-NUMBER", width=25)), 203)


def test_a_frame_as_thin_as_paper_is_still_a_dot() -> None:
    box = Box(x=Decimal(0), y=Decimal(0), width=Decimal(10), height=Decimal(0), thickness=Decimal("0.01"))
    assert lay_out_label(label_of(box), 203).items == (Frame(x=0, y=0, width=80, height=1, thickness=1),)


def test_the_mark_of_a_copy_covers_nothing() -> None:
    label = samples.label("shipping-label", samples.SHIPPING_DATA)
    layout = lay_out_label(label, 203, mark="COPY")
    mark = layout.items[-1]
    assert isinstance(mark, TextLine)
    assert mark.text == "COPY"
    for item in layout.items[:-1]:
        right = (
            item.left + measure(item.text, item.size, family_of(bold=item.bold))
            if isinstance(item, TextLine)
            else item.x + item.width
        )
        left = item.left if isinstance(item, TextLine) else item.x
        beside = right <= mark.x or mark.x + mark.width <= left
        assert beside or item.y + item.height <= mark.y or mark.y + mark.height <= item.y


ROTATIONS: list[Rotation] = [0, 90, 180, 270]


@pytest.mark.parametrize("rotation", ROTATIONS)
@pytest.mark.parametrize("symbology", list(Symbology))
def test_a_turned_symbol_stays_in_its_box_with_its_quiet_zones(symbology: Symbology, rotation: Rotation) -> None:
    box = replace(code(samples.CODES[symbology], symbology), width=Decimal(70), height=Decimal(66), y=Decimal(4), rotation=rotation)
    bars = next(item for item in lay_out_label(label_of(box, width=80, height=80), 203).items if isinstance(item, Bars))
    quiet = QUIET_ZONE[symbology] * bars.module
    left, top = dots(box.x, 203), dots(box.y, 203)
    right, bottom = dots(box.x + box.width, 203), dots(box.y + box.height, 203)
    if bars.is_upended:
        assert top + quiet <= bars.y
        assert bars.y + bars.height + quiet <= bottom
    else:
        assert left + quiet <= bars.x
        assert bars.x + bars.width + quiet <= right
    assert left <= bars.x < bars.x + bars.width <= right
    assert top <= bars.y < bars.y + bars.height <= bottom


@pytest.mark.parametrize(("dpi", "module"), [(203, 2), (300, 3), (600, 6)])
def test_a_trade_item_is_not_printed_narrower_than_gs1_lets_thermal_printers(dpi: int, module: int) -> None:
    """0.249 mm (GS1 General Specifications 5.12.3); a place a little narrower is refused."""
    place = code("4006381333931", Symbology.EAN13, width=30)
    needed = Decimal((95 + 2 * 11) * module) * Decimal("25.4") / dpi
    bars = next(
        item for item in lay_out_label(label_of(replace(place, width=needed + Decimal("0.1"))), dpi).items if isinstance(item, Bars)
    )
    assert bars.module == module
    assert module * Decimal("25.4") / dpi >= MIN_MODULE_MM[Symbology.EAN13]
    with pytest.raises(BadBarcode, match=r"0\.249 mm"):
        lay_out_label(label_of(replace(place, width=needed - Decimal("0.5"))), dpi)


def test_what_stands_below_the_bars_of_gs1_has_brackets() -> None:
    layout = lay_out_label(label_of(code("(01)09506000134352(10)A1", Symbology.GS1_128)), 203)
    assert [item.text for item in layout.items if isinstance(item, TextLine)] == ["(01)09506000134352(10)A1"]


def test_itf_14_has_bearer_bars_above_and_below() -> None:
    items = lay_out_label(label_of(code("15400141288763", Symbology.ITF14)), 203).items
    bars = next(item for item in items if isinstance(item, Bars))
    frames = [item for item in items if isinstance(item, Frame)]
    assert [(frame.x, frame.width, frame.height) for frame in frames] == [(bars.x, bars.width, 2 * bars.module)] * 2
    assert [frame.y for frame in frames] == [bars.y - 2 * bars.module, bars.y + bars.height]


def test_a_character_too_wide_for_its_box_is_cut_and_told() -> None:
    tiny = replace(text("W", lines=2), width=Decimal("0.5"))
    layout = lay_out_label(label_of(tiny), 203)
    assert layout.notes
    assert all(item.text in ("", "…") for item in layout.items if isinstance(item, TextLine))


LENGTHS = st.decimals(min_value=0, max_value=60, places=2)
SIZES = st.decimals(min_value=Decimal("0.1"), max_value=60, places=2)
WORDS = st.text(max_size=40) | st.text("ab 茶\n١٢שא\u0302\u200d\u202eก्षि()🫖\t", max_size=40)
PLACES = {"x": LENGTHS, "y": LENGTHS, "width": SIZES, "height": SIZES, "rotation": st.sampled_from(ROTATIONS)}
TEXTS = st.builds(Text, text=WORDS, lines=st.integers(1, 6), bold=st.booleans(), fill=st.booleans(), **PLACES)
BARCODES = st.builds(
    Barcode, symbology=st.sampled_from(list(Symbology)), data=WORDS | st.text("0123456789()", max_size=20), **PLACES
)


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS | BARCODES, min_size=1, max_size=3), WORDS)
def test_whatever_it_holds_a_label_is_laid_out_or_refused_with_a_sentence(elements: list[Text | Barcode], mark: str) -> None:
    with suppress(DocumentError):
        layout = lay_out_label(label_of(*elements), 203, mark=mark)
        assert draw_label(layout).width == layout.width
