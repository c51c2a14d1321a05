"""Pictures in ZPL: hexadecimal rows for ^GFA, in the guide's own compression.  Pure.

Source: Zebra ZPL II programming guide, ^GF and "alternative data compression scheme for ~DG and ~DB": a count before a digit
repeats it, `G` to `Y` 1 to 19 times, `g` to `z` 20 to 400; `,` fills the row with 0; `:` is the row before once more.  `!`, which
fills the row with 1, is left alone: others read it as the digit 1.
"""

from __future__ import annotations

import re
from functools import lru_cache

from drivers.documents.bitmap import Bitmap

_RUN = re.compile(r"(.)\1{2,}")
_MOST = 419


def packed(picture: Bitmap) -> str:
    """The rows from the top, 1 is black."""
    digits, width = picture.rows.hex().upper(), 2 * picture.stride
    rows: list[str] = []
    before = ""
    for start in range(0, len(digits), width):
        row = digits[start : start + width]
        rows.append(":" if row == before else _packed_row(row))
        before = row
    return "".join(rows)


def _packed_row(row: str) -> str:
    rest = row.rstrip("0")
    return _RUN.sub(lambda run: _counted(run[0]), rest) + ("," if len(rest) < len(row) else "")


@lru_cache(maxsize=1024)
def _counted(run: str) -> str:
    written, left = "", len(run)
    while left:
        count = min(left, _MOST)
        left -= count
        written += (
            (chr(ord("f") + count // 20) if count >= 20 else "") + (chr(ord("F") + count % 20) if count % 20 else "") + run[0]
        )
    return written
