from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from drivers.documents import glyphs
from drivers.documents.fonts import Family, draw, plain_file
from drivers.documents.glyphs import base_line, put_together

FAMILIES: list[Family] = ["sans", "sans-bold", "mono", "mono-bold"]
PLAIN = string.ascii_letters + string.digits + string.punctuation + " "
WORDS = st.sampled_from(
    ["AVATAR", "To.", "Wave,", "fi", "ffl", "office", "Tjw", "'Yo'", "12.50", "__", "-", "1/4", "LT", "  ", "P,"]
)


def drawn_whole(text: str, size: int, family: Family) -> tuple[tuple[int, int], bytes] | None:
    """Where the ink is, and the ink, as the font draws the line."""
    image = Image.new("1", (2 * size * (len(text) + 2), 3 * size))
    draw(ImageDraw.Draw(image), (size, base_line(size)), text, size, family, fill=1)
    box = image.getbbox()
    return ((box[0] - size, box[1]), image.crop(box).tobytes()) if box else None


def together(text: str, size: int, family: Family) -> tuple[tuple[int, int], bytes] | None:
    file = plain_file(text, size, family)
    image = put_together(file, size, text) if file else None
    if image is None:
        return drawn_whole(text, size, family)
    box = image.getbbox()
    return (box[:2], image.crop(box).tobytes()) if box else None


@settings(max_examples=250, deadline=None)
@given(st.lists(st.text(PLAIN, max_size=6) | WORDS, max_size=5).map("".join), st.integers(6, 96), st.sampled_from(FAMILIES))
def test_what_is_put_together_is_what_the_font_draws(text: str, size: int, family: Family) -> None:
    assert together(text, size, family) == drawn_whole(text, size, family)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_labels_have_most_is_put_together(family: Family) -> None:
    for text in ("4006381333931", "12.50", "2027-03-12", "Lot L000123"):
        file = plain_file(text, 24, family)
        assert file
        assert put_together(file, 24, text) is not None


def test_a_line_that_is_not_as_wide_as_its_pairs_say_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """No font of ours moves a character because of two others; one that did would be seen by this."""
    file = plain_file("Tea", 20, "sans")
    assert file
    for width in (-64, 64):
        monkeypatch.setattr(glyphs, "_pair_length", lambda *_, width=width: width)
        assert put_together(file, 20, "Tea") is None


@pytest.mark.parametrize("text", ["茶", "Grün", "a\nb"])
def test_other_than_plain_text_is_not(text: str) -> None:
    file = plain_file("a", 20, "sans")
    assert file
    assert put_together(file, 20, text) is None


def test_nor_is_what_is_very_large() -> None:
    file = plain_file("a", 97, "sans")
    assert file
    assert put_together(file, 96, "a") is not None
    assert put_together(file, 97, "a") is None


def test_nothing_to_see_is_an_empty_picture() -> None:
    file = plain_file(" ", 20, "sans")
    assert file
    for text in ("", " "):
        image = put_together(file, 20, text)
        assert image is not None
        assert image.getbbox() is None


@pytest.mark.parametrize("text", ["", "قهوة", "tea 茶", "e\u0301"])
def test_only_one_font_s_own_characters_have_a_file(text: str) -> None:
    assert plain_file(text, 20, "sans") is None


def test_characters_that_are_made_bold_here_have_no_file() -> None:
    assert plain_file("茶", 64, "sans-bold") is None
    assert plain_file("茶", 64, "sans") is not None
