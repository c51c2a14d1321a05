from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drivers.documents.model import Line, Receipt, Rule
from drivers.documents.rows import RuleRow, TextRow, lay_out_receipt
from drivers.documents.text import columns


def rows(*lines: Line, width: int = 32) -> list[str]:
    return [row.text for row in lay_out_receipt(Receipt(parts=lines), width) if isinstance(row, TextRow)]


def test_the_right_text_ends_at_the_right_margin_of_the_same_row() -> None:
    assert rows(Line(text="Tea", right="€3.00"), width=12) == ["Tea    €3.00"]


def test_a_wide_character_counts_for_two_columns() -> None:
    assert rows(Line(text="龙井", right="¥8"), width=12) == ["龙井      ¥8"]


def test_right_text_without_room_has_a_row_of_its_own() -> None:
    assert rows(Line(text="Longjing tea", right="€3.00"), width=12) == ["Longjing tea", "       €3.00"]


def test_a_double_row_has_half_the_columns() -> None:
    assert rows(Line(text="a", align="center", double=True), width=12) == ["  a"]


def test_a_rule_and_an_empty_line_are_rows() -> None:
    assert lay_out_receipt(Receipt(parts=(Line(text=""), Rule())), 32) == (TextRow(""), RuleRow())


@given(st.text(max_size=120), st.text(max_size=60), st.sampled_from(["left", "center", "right"]), st.booleans())
def test_no_row_is_wider_than_the_paper_and_none_holds_a_control(text: str, right: str, align: str, double: bool) -> None:
    receipt = Receipt(parts=(Line(text=text, right=right, align=align, double=double),))  # type: ignore[arg-type]  # one of the three
    for row in lay_out_receipt(receipt, 32):
        assert isinstance(row, TextRow)
        assert columns(row.text) <= (16 if double else 32)
        assert row.text.isprintable() or all(char.isprintable() or char == "\u3000" or char >= "\ue000" for char in row.text)
