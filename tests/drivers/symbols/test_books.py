from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.symbols.books import isbn_of_gtin, isbn_of_text, issn_of_gtin, looks_like_isbn_10


@pytest.mark.parametrize(
    ("text", "isbn"),
    [
        ("ISBN 0-306-40615-2", "9780306406157"),
        ("ISBN: 978-0-306-40615-7", "9780306406157"),
        ("isbn 0306406152", "9780306406157"),
        ("ISBN-10: 080442957X", "9780804429573"),
        ("0-8044-2957-X", "9780804429573"),
        ("978-0-306-40615-7", "9780306406157"),
        ("0306406152", None),  # any ten digits
        ("ISBN 0306406153", None),
        ("978-0-306-40615-8", None),
        ("ISBN", None),
        ("12-34-56-7", None),
    ],
)
def test_an_isbn_is_one_where_the_text_says_so(text: str, isbn: str | None) -> None:
    assert isbn_of_text(text) == isbn


def test_books_and_periodicals_by_their_prefix() -> None:
    assert isbn_of_gtin("09780306406157") == "9780306406157"
    assert isbn_of_gtin("09790260000438") is None
    assert isbn_of_gtin("04006381333931") is None
    assert issn_of_gtin("09770317847001") == "0317-8471"
    assert issn_of_gtin("04006381333931") is None


@given(st.text(max_size=30))
def test_any_text_is_survived(text: str) -> None:
    isbn_of_text(text)
    isbn_of_text("ISBN " + text)
    looks_like_isbn_10(text)
