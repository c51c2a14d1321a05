"""AIM symbology identifiers: ``]cm`` before the data says in which symbology it was printed.  Source: ISO/IEC 15424."""

from __future__ import annotations

import re

_IDENTIFIER = re.compile(rb"\][A-Za-z][0-9A-Za-z]")
GS1_CARRIERS = frozenset({"]C1", "]d2", "]e0", "]Q3"})  # GS1-128, GS1 DataMatrix, GS1 DataBar, GS1 QR (GS1 GenSpecs, section 7.8.1)


def split_aim(data: bytes) -> tuple[bytes, str | None]:
    """The data without its AIM identifier, and the identifier (``]E0``) if it began with one."""
    found = _IDENTIFIER.match(data)
    return (data, None) if found is None else (data[3:], found.group().decode("ascii"))
