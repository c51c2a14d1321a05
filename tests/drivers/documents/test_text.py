from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from drivers.documents.text import columns, printable, wrap


@given(st.text())
def test_nothing_that_could_command_a_printer_is_left(text: str) -> None:
    kept = printable(text)
    assert all(char in "\n\u200c\u200d" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp") for char in kept)
    assert printable(kept) == kept


def test_line_breaks_of_all_kinds_are_one_kind() -> None:
    assert printable("a\r\nb\rc\u2028d\te\u00a0f") == "a\nb\nc\nd e f"


def test_writing_cannot_be_turned_around() -> None:
    assert printable("price \u202e00.1") == "price 00.1"


def test_wide_characters_take_two_columns_and_marks_none() -> None:
    assert columns("茶a") == 3
    assert columns("a\u0301") == 1
    assert columns("（") == 2


def test_words_stay_whole() -> None:
    assert wrap("the quick brown fox", columns, 9) == ["the quick", "brown fox"]


def test_a_script_without_spaces_breaks_between_characters_but_not_before_a_closing_mark() -> None:
    assert wrap("西湖龙井（特级）明前", columns, 8) == ["西湖龙井", "（特级）", "明前"]
    assert wrap("龙井茶。好", columns, 6) == ["龙井", "茶。好"]


def test_a_word_longer_than_the_line_is_broken_inside() -> None:
    assert wrap("ab superlongword", columns, 5) == ["ab", "super", "longw", "ord"]


def test_line_breaks_are_kept() -> None:
    assert wrap("a\n\nb", columns, 5) == ["a", "", "b"]


@given(st.text(alphabet="ab 茶（）。\n", max_size=60), st.integers(2, 12))
def test_wrapping_loses_only_spaces_and_never_overflows(text: str, width: int) -> None:
    lines = wrap(text, columns, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace("\n", "")
    assert all(columns(line) <= width for line in lines)
