"""What a code is by its form, where the box knows no document of it: a number of ours, or a customer's pick-up code."""

from __future__ import annotations

import re
from typing import Final

_PARCEL: Final = re.compile(r"PC-\d{1,12}", re.ASCII | re.IGNORECASE)
_OTHERS: Final = re.compile(r"(?:CT|LB|MF|OB|OT|PL|PO|RC|SH|SO|TR|WV)-\d{1,12}", re.ASCII | re.IGNORECASE)
_LIST: Final = re.compile(r"PL-\d{1,12}", re.ASCII | re.IGNORECASE)
_PICKUP_CODE: Final = re.compile(r"[A-HJ-NP-Z2-9]{6}", re.ASCII)
"""Six letters and digits without those that look alike."""


def is_parcel(text: str) -> bool:
    """A parcel's number."""
    return _PARCEL.fullmatch(text) is not None


def is_no_parcel(text: str) -> bool:
    """A number of another paper of ours, or a customer's pick-up code: nothing that is stuck onto one parcel."""
    return _OTHERS.fullmatch(text) is not None or _PICKUP_CODE.fullmatch(text) is not None


def is_no_pick_list(text: str) -> bool:
    """A number of another paper of ours: neither a pick list nor a tote."""
    return is_parcel(text) or (_OTHERS.fullmatch(text) is not None and _LIST.fullmatch(text) is None)
