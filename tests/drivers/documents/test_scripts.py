from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.documents.scripts import clusters, direction_of, has_right_to_left, is_complex
from drivers.documents.text import columns, printable, wrap


@pytest.mark.parametrize("text", ["شاي", "תה", "ชา", "चाय", "x\u0302", "चा\u200dय"])
def test_scripts_that_join_stack_or_run_from_the_right_are_complex(text: str) -> None:
    assert is_complex(text)


@pytest.mark.parametrize("text", ["Tea", "Ünïcödé €", "西湖龙井", "чай", "τσάι", "お茶", "녹차"])
def test_scripts_of_one_character_after_the_other_are_not(text: str) -> None:
    assert not is_complex(text)


@pytest.mark.parametrize(
    ("text", "direction"), [("שלום Tea", "rtl"), ("Tea שלום", "ltr"), ("12 شاي", "rtl"), ("12", "ltr"), ("", "ltr")]
)
def test_a_paragraph_runs_as_its_first_letter(text: str, direction: str) -> None:
    assert direction_of(text) == direction


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("x\u0302y", ["x\u0302", "y"]),
        ("क्षि", ["क्षि"]),  # a conjunct: ka, virama, ssa, sign i
        ("เก้า", ["เก้า"]),  # a vowel typed before its consonant, a tone mark, a vowel after
        ("ab", ["a", "b"]),
    ],
)
def test_clusters(text: str, pieces: list[str]) -> None:
    assert clusters(text) == pieces


@given(st.text("กเ้าक्षि aשء\u0302\u200d", max_size=30))
def test_clusters_lose_nothing(text: str) -> None:
    assert "".join(clusters(text)) == text
    assert has_right_to_left(text) == any(char in "שء" for char in text)


def test_a_long_word_is_not_broken_between_a_letter_and_its_mark() -> None:
    lines = wrap("x\u0302" * 9, columns, 4)
    assert all(line.startswith("x") and line.endswith("\u0302") for line in lines)
    assert "".join(lines) == "x\u0302" * 9


def test_marks_take_no_column() -> None:
    assert columns("ก้") == 1
    assert columns("か\u3099") == 2


@pytest.mark.parametrize(
    ("given_text", "kept"), [("نمی\u200cخواهم", "نمی\u200cخواهم"), ("a\u200db", "ab"), ("❤\ufe0f", "❤"), ("\u200cش", "ش")]
)
def test_joiners_stay_only_between_letters_that_join(given_text: str, kept: str) -> None:
    assert printable(given_text) == kept
