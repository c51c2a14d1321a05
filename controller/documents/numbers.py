"""Numbers that people see and scanners read: a prefix and a row's id, `SO-100001`.  Upper-case, valid in Code 128 and Code 39."""

from __future__ import annotations

from dataclasses import dataclass

from controller.errors import NotFound

_FIRST = 100_000
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of document; `what` names it in errors."""

    prefix: str
    what: str

    def number(self, row_id: int) -> str:
        return f"{self.prefix}-{_FIRST + row_id}"

    def row_id(self, number: str) -> int:
        """Raises NotFound for what cannot be a number of this series."""
        prefix, _, digits = number.partition("-")
        if prefix != self.prefix or not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS and int(digits) > _FIRST):
            raise NotFound(self.what, number)
        return int(digits) - _FIRST
