"""What is shown of a person by default: enough to recognise whom one knows, too little to find somebody.  Pure."""

from __future__ import annotations

import unicodedata

SHOWN = 4
HIDDEN = "****"


def masked_name(name: str) -> str:
    """`张三丰` -> `张**`, `Jane Smith` -> `J*** S***`."""
    plain = " ".join(unicodedata.normalize("NFKC", name).split())
    if not plain:
        return ""
    if plain.isascii() or " " in plain:
        return " ".join(f"{word[0]}***" for word in plain.split(" ")[:3])
    return f"{plain[0]}**"


def masked_phone(phone: str) -> str:
    """Of a number in its one form: `+8613812341234` -> `138****1234`, others with their first three digits."""
    number = phone.partition(";")[0]
    if not number:
        return ""
    digits = number.removeprefix("+86") if number.startswith("+861") and len(number) == 14 else number
    head = digits[:3] if len(digits) > SHOWN + 4 else ""
    return f"{head}{HIDDEN}{digits[-SHOWN:]}"


def masked_email(address: str) -> str:
    """`mei.li@example.com` -> `m***@example.com`."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}" if at else ""


def masked_street(street: str) -> str:
    """Nothing of it, but that there is one."""
    return "***" if street else ""
