from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from drivers.documents import fonts, glyphs
from drivers.documents.fonts import Family, open_font, plain_file
from drivers.documents.glyphs import base_line, put_together

FAMILIES: list[Family] = ["sans", "sans-bold", "mono", "mono-bold"]
PLAIN = string.ascii_letters + string.digits + string.punctuation + " "
WORDS = st.sampled_from(
    ["AVATAR", "To.", "Wave,", "fi", "ffl", "office", "Tjw", "'Yo'", "12.50", "__", "-", "1/4", "LT", "  ", "P,"]
)


FILES = sorted({file for family in FAMILIES for file in fonts._files(family) if file})
"""Also those of which the first in the list leaves nothing over."""


def drawn_whole(file: str, size: int, text: str) -> tuple[tuple[int, ...], bytes] | None:
    """Where the ink is, and the ink, as the font draws the line."""
    image = Image.new("1", (2 * size * (len(text) + 2), 3 * size))
    ImageDraw.Draw(image).text((size, base_line(size)), text, font=open_font(file, size), fill=1, anchor="ls")
    box = image.getbbox()
    return ((box[0] - size, *box[1:]), image.crop(box).tobytes()) if box else None


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(FILES), st.integers(6, 96), st.lists(st.text(PLAIN, max_size=6) | WORDS, max_size=5).map("".join))
def test_what_is_put_together_is_what_the_font_draws(file: str, size: int, text: str) -> None:
    image = put_together(file, size, text)
    if image is not None:
        box = image.getbbox()
        made = ((*box[:2], box[2] + size, box[3]), image.crop(box).tobytes()) if box else None
        assert made == drawn_whole(file, size, text)


@pytest.mark.parametrize("text", ["fj", "fi", "ffl"])
@pytest.mark.parametrize("file", FILES)
def test_neither_a_hook_that_reaches_back_nor_a_ligature_is_lost(file: str, text: str) -> None:
    for size in range(6, 40):
        image = put_together(file, size, text)
        assert image is None or image.crop(image.getbbox()).tobytes() == (drawn_whole(file, size, text) or ((), b""))[1]


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
