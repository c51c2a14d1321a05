from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from drivers.documents.errors import NoGlyph
from drivers.documents.fonts import check_characters, draw, draw_in_cells, measure


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
