from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from drivers.documents import fonts
from drivers.documents.errors import DocumentError, NoGlyph, NotShaped
from drivers.documents.fonts import Family, can_shape, check_characters, draw, draw_in_cells, estimate, measure


@pytest.mark.parametrize("text", ["Ünïcödé €¥£×…", "西湖龙井（特级）", "茶 tea"])
def test_latin_and_han_are_there(text: str) -> None:
    check_characters(text)
    check_characters(text, "mono-bold")


@pytest.mark.parametrize("char", ["𓀀", "\ue000"])
def test_a_character_without_a_glyph_is_no_box_on_paper_but_an_error(char: str) -> None:
    with pytest.raises(NoGlyph):
        measure(f"a{char}", 20, "sans")


@pytest.mark.parametrize("text", ["A", "茶", "茶A"])
def test_text_leaves_ink_as_wide_as_it_measures(text: str) -> None:
    image = Image.new("L", (200, 60), 255)
    draw(ImageDraw.Draw(image), (10, 40), text, 30, "sans-bold")
    box = image.point(lambda value: 255 - value).getbbox()
    assert box
    assert box[0] >= 10 - 2
    assert box[2] <= 10 + measure(text, 30, "sans-bold") + 2


def test_cells_hold_their_characters() -> None:
    image = Image.new("L", (60, 24), 255)
    draw_in_cells(ImageDraw.Draw(image), (0, 0), "茶 i", (12, 24), bold=False)
    ink = [image.crop((left, 0, left + 12, 24)).point(lambda value: 255 - value).getbbox() is not None for left in range(0, 60, 12)]
    assert ink == [True, True, False, True, False]


def picture(text: str, family: Family = "sans") -> Image.Image:
    image = Image.new("L", (400, 60), 255)
    canvas = ImageDraw.Draw(image)
    canvas.fontmode = "1"
    draw(canvas, (10, 40), text, 30, family)
    return image


def is_ink_at(image: Image.Image, left: float, right: float) -> bool:
    return image.crop((round(left), 0, round(right), 60)).histogram()[0] > 0


needs_shaping = pytest.mark.skipif(not can_shape(), reason="Pillow has no Raqm layout here")


@needs_shaping
def test_hebrew_runs_from_the_right() -> None:
    """A wide and a narrow letter: the first one typed stands on the right."""
    together, first, second = (picture(text) for text in ("שו", "ש", "ו"))
    width_of_second = measure("ו", 30, "sans")
    area = (10 + round(width_of_second), 0, 10 + round(width_of_second) + 30, 60)
    assert together.crop(area).tobytes() == first.crop((10, 0, 40, 60)).tobytes()
    assert (
        together.crop((10, 0, 10 + round(width_of_second), 60)).tobytes()
        == second.crop((10, 0, 10 + round(width_of_second), 60)).tobytes()
    )


@needs_shaping
def test_arabic_letters_join() -> None:
    joined, alone = measure("ببب", 30, "sans"), 3 * measure("ب", 30, "sans")
    assert joined < 0.8 * alone


@needs_shaping
def test_a_number_in_arabic_text_keeps_its_order() -> None:
    """The number stands left of the words, and is not turned around."""
    image = picture("سعر 12")
    number = picture("12")
    width = round(measure("12", 30, "sans"))
    assert image.crop((10, 0, 10 + width, 60)).tobytes() == number.crop((10, 0, 10 + width, 60)).tobytes()


@needs_shaping
def test_a_mark_stands_over_its_letter() -> None:
    assert measure("x\u0302", 30, "sans") == measure("x", 30, "sans")
    assert picture("x\u0302").histogram()[0] > picture("x").histogram()[0]


@needs_shaping
def test_two_directions_in_two_fonts_are_refused() -> None:
    with pytest.raises(NotShaped, match="one font"):
        check_characters("תה 茶")


@pytest.mark.parametrize("text", ["שלום", "x\u0302"])
def test_without_shaping_such_texts_are_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "can_shape", lambda: False)
    with pytest.raises(NotShaped, match="libfribidi0"):
        check_characters(f"{text} without", "sans")
    check_characters("plain without", "sans")


@pytest.mark.parametrize("text", ["ชาเขียว", "हरी चाय", "பச்சை தேநீர்", "🫖", "👩‍🔬", "🇨🇳"])
def test_a_script_is_drawn_in_one_font_or_refused(text: str) -> None:
    """Which of the two depends on the fonts of this machine; letters that are not there never come out as boxes."""
    try:
        check_characters(text)
    except NoGlyph as error:
        assert error.character in text
    else:
        assert picture(text).histogram()[0] > 50


@settings(max_examples=80, deadline=None)
@given(st.text("Wil. 茶龙שءب0x\u0302ก", max_size=20), st.sampled_from(["sans", "sans-bold", "mono"]))
def test_the_estimate_is_the_measure_but_for_kerning(text: str, family: Family) -> None:
    try:
        measured = measure(text, 24, family)
    except DocumentError:
        return
    assert abs(estimate(text, 24, family) - measured) <= 2 + 0.12 * measured
