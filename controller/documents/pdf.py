"""A sheet of paper as PDF, for Chinese and English text: a title, lines, a table, lines; the same bytes each time."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

FONT = "STSong-Light"
"""Not in the file: readers of PDF bring it (Adobe's Asian font packs; every common reader has a stand-in)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What stands on it; `widths` of the table's columns in mm, 180 together at most; `rows` are text."""

    name: str
    author: str
    title: str
    head: Sequence[str]
    columns: Sequence[str]
    widths: Sequence[int]
    rows: Sequence[Sequence[str]]
    foot: Sequence[str]


def as_pdf(sheet: Sheet) -> bytes:
    """A4.  Takes some tenths of a second for hundreds of lines: call it in a thread."""
    from reportlab.lib.pagesizes import A4  # noqa: PLC0415 -- 2 MB that only whoever sends needs
    from reportlab.lib.units import mm  # noqa: PLC0415
    from reportlab.pdfbase import pdfmetrics  # noqa: PLC0415
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont  # noqa: PLC0415
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table  # noqa: PLC0415

    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=15 * mm, rightMargin=15 * mm, topMargin=15 * mm, bottomMargin=15 * mm,
        title=sheet.name, author=sheet.author, invariant=1,
    )  # fmt: skip
    styles = _styles()
    head = [Paragraph(_safe(text), styles["body"]) for text in sheet.head]
    cells = [[Paragraph(_safe(cell), styles["small"]) for cell in row] for row in (sheet.columns, *sheet.rows)]
    table = Table(cells, colWidths=[each * mm for each in sheet.widths], repeatRows=1)
    table.setStyle(_grid())
    foot = [Paragraph(_safe(text), styles["body"]) for text in sheet.foot]
    title = Paragraph(_safe(sheet.title), styles["title"])
    document.build([title, *head, Spacer(1, 5 * mm), table, Spacer(1, 4 * mm), *foot])
    return out.getvalue()


def _styles() -> dict[str, Any]:
    from reportlab.lib.styles import ParagraphStyle  # noqa: PLC0415

    def style(name: str, size: int) -> ParagraphStyle:
        return ParagraphStyle(name, fontName=FONT, fontSize=size, leading=size * 1.4, wordWrap="CJK")

    return {"title": style("title", 18), "body": style("body", 10), "small": style("small", 8)}


def _grid() -> list[tuple[object, ...]]:
    from reportlab.lib import colors  # noqa: PLC0415

    return [("GRID", (0, 0), (-1, -1), 0.3, colors.grey), ("VALIGN", (0, 0), (-1, -1), "TOP")]


def _safe(text: str) -> str:
    """Paragraphs read tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
