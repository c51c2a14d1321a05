"""Numbers of cards are never stored: whatever looks like one is refused before it is."""

from __future__ import annotations

import re
from collections.abc import Mapping

from controller.payments.errors import CardNumberRefused

_RUN = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])")
_ISSUERS = re.compile(r"4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[47]|3(?:0[0-5]|6|8|9)|35|6(?:011|4[4-9]|5)|62|81")
"""What numbers of cards begin with: Visa, Mastercard, American Express, Diners, JCB, Discover, UnionPay (ISO/IEC 7812)."""


def looks_like_card(text: str) -> bool:
    """13 to 19 digits, with spaces or hyphens between them or not, of a known issuer and with a right check digit (Luhn)."""
    return any(_is_card(re.sub(r"[ -]", "", found.group())) for found in _RUN.finditer(text.translate(_PLAIN)))


_PLAIN = {ord(wide): plain for wide, plain in zip("０１２３４５６７８９－", "0123456789-", strict=True)} | {
    0xA0: " ",
    0x2011: "-",
    0x3000: " ",
}


def _is_card(digits: str) -> bool:
    return _ISSUERS.match(digits) is not None and passes_luhn(digits)


def passes_luhn(digits: str) -> bool:
    """Source: ISO/IEC 7812-1, annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def refuse_card_numbers(fields: Mapping[str, str | None]) -> None:
    """Raises CardNumberRefused, which names the field and not what is in it."""
    for name, text in fields.items():
        if text and looks_like_card(text):
            raise CardNumberRefused(name)
