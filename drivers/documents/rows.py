"""Receipt layout: rows of characters in columns, as a receipt printer has them.  Pure; knows no fonts."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.documents.model import Align, Code, Line, Logo, Receipt, Rule, Symbology
from drivers.documents.text import columns, printable, wrap


@dataclass(frozen=True, slots=True)
class TextRow:
    """A row with its alignment already in it as spaces; a double row has half the columns."""

    text: str
    bold: bool = False
    double: bool = False


@dataclass(frozen=True, slots=True)
class RuleRow:
    pass


@dataclass(frozen=True, slots=True)
class CodeRow:
    symbology: Symbology
    data: str


@dataclass(frozen=True, slots=True)
class PictureRow:
    """A picture in the middle; `width` in percent of the paper's."""

    png: bytes
    width: int
    dither: bool = False


Row = TextRow | RuleRow | CodeRow | PictureRow


def lay_out_receipt(receipt: Receipt, width: int) -> tuple[Row, ...]:
    """The receipt's rows on paper of `width` columns (32, 42, 48, …)."""
    rows: list[Row] = []
    for part in receipt.parts:
        match part:
            case Line():
                rows += _text_rows(part, width // 2 if part.double else width)
            case Rule():
                rows.append(RuleRow())
            case Code():
                rows.append(CodeRow(part.symbology, part.data.strip()))
            case Logo():
                rows.append(PictureRow(part.png, part.width, part.dither))
    return tuple(rows)


def _text_rows(line: Line, width: int) -> list[TextRow]:
    """`right` ends the last row of `text` when there is a column between them, else it has its own row below."""
    text, right = printable(line.text).rstrip(), printable(line.right).replace("\n", " ").strip()
    wrapped = wrap(text, columns, width)
    rows = [_aligned(piece, line.align, width) for piece in wrapped]
    if right:
        rights = wrap(right, columns, width)
        if len(rights) == 1 and columns(wrapped[-1]) + columns(right) < width:
            rows[-1] = wrapped[-1] + " " * (width - columns(wrapped[-1]) - columns(right)) + right
        else:
            rows += [_aligned(piece, "right", width) for piece in rights]
    return [TextRow(row.rstrip(), line.bold, line.double) for row in rows]


def _aligned(text: str, align: Align, width: int) -> str:
    spare = max(0, width - columns(text))
    return " " * {"left": 0, "center": spare // 2, "right": spare}[align] + text
