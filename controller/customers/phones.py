"""Telephone numbers: one form of each number, however it was typed.  Pure.

E.164 with a leading +; an extension, as platforms give it to numbers that stand in for the customer's own, follows as RFC 3966
writes it (`+8618412345678;ext=1234`).  Sources: ITU-T E.164 (11/2010), 6.2; E.164.D (calling codes); for China the numbering plan
of the MIIT (mobile 1[3-9] and 9 digits, area codes 10, 2x, 3xx to 9xx).
"""

from __future__ import annotations

import re
import unicodedata

_EXTENSION = re.compile(r"(?:转|分机|ext\.?|[x#,;]|(?<=\d{8})-)\s*(\d{1,8})$", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s().·/\-\u2010-\u2015]")
_CHINESE_MOBILE = re.compile(r"1[3-9]\d{9}")
_CHINESE_FIXED = re.compile(r"(?:10|2\d|[3-9]\d{2})[2-9]\d{6,7}")
_CHINESE_SERVICE = re.compile(r"[48]00\d{7}")

CALLING_CODES = {
    "AE": "971", "AR": "54", "AT": "43", "AU": "61", "BD": "880", "BE": "32", "BG": "359", "BR": "55", "BY": "375", "CA": "1",
    "CH": "41", "CL": "56", "CN": "86", "CO": "57", "CZ": "420", "DE": "49", "DK": "45", "EE": "372", "EG": "20", "ES": "34",
    "FI": "358", "FR": "33", "GB": "44", "GR": "30", "HK": "852", "HR": "385", "HU": "36", "ID": "62", "IE": "353", "IL": "972",
    "IN": "91", "IS": "354", "IT": "39", "JP": "81", "KE": "254", "KH": "855", "KR": "82", "KZ": "7", "LA": "856", "LK": "94",
    "LT": "370", "LU": "352", "LV": "371", "MA": "212", "MM": "95", "MN": "976", "MO": "853", "MX": "52", "MY": "60", "NG": "234",
    "NL": "31", "NO": "47", "NP": "977", "NZ": "64", "PE": "51", "PH": "63", "PK": "92", "PL": "48", "PT": "351", "RO": "40",
    "RS": "381", "RU": "7", "SA": "966", "SE": "46", "SG": "65", "SI": "386", "SK": "421", "TH": "66", "TR": "90", "TW": "886",
    "UA": "380", "US": "1", "UZ": "998", "VN": "84", "ZA": "27",
}  # fmt: skip
_KEEP_ZERO = frozenset({"IT"})
"""Where the leading 0 belongs to the number abroad, too."""
_BY_LENGTH = sorted(set(CALLING_CODES.values()), key=len, reverse=True)


def normal_phone(text: str, country: str = "CN") -> str | None:
    """The one form of a number; `country` (ISO 3166-1) is whose it is when it names none.  None: it cannot be a number."""
    plain = unicodedata.normalize("NFKC", text).strip()
    extension = _EXTENSION.search(plain)
    main = plain[: extension.start()] if extension else plain
    digits = _SEPARATORS.sub("", main)
    number = _international(digits, country)
    if number is None or not _is_plausible(number):
        return None
    return f"+{number};ext={extension[1]}" if extension else f"+{number}"


def last_four(phone: str) -> str:
    """Of a number in its one form, without its extension."""
    return phone.partition(";")[0][-4:]


def is_plausible(text: str, country: str = "CN") -> bool:
    return normal_phone(text, country) is not None


def _international(digits: str, country: str) -> str | None:
    """The number with its calling code, without +."""
    if digits.startswith("+"):
        rest = digits[1:]
        return _without_trunk(rest) if rest.isascii() and rest.isdigit() else None
    if not (digits.isascii() and digits.isdigit()):
        return None
    if digits.startswith("00"):
        return _without_trunk(digits[2:])
    code = CALLING_CODES.get(country.upper())
    if code is None:
        return None
    if country.upper() == "CN" and (len(digits) == 13 and digits.startswith("86")):  # typed without its +
        return digits
    national = digits if country.upper() in _KEEP_ZERO else digits.removeprefix("0")
    return code + national


def _without_trunk(rest: str) -> str:
    """`+86 (0)10 …` as people write it: the 0 in brackets is not dialled."""
    for code in _BY_LENGTH:
        if rest.startswith(f"{code}0") and code != CALLING_CODES["IT"]:
            return code + rest[len(code) + 1 :]
    return rest


def _is_plausible(number: str) -> bool:
    if not 8 <= len(number) <= 15 or number.startswith("0") or len(set(number[2:])) == 1:
        return False
    if number.startswith("86"):
        national = number[2:]
        return any(form.fullmatch(national) for form in (_CHINESE_MOBILE, _CHINESE_FIXED, _CHINESE_SERVICE))
    return any(number.startswith(code) for code in _BY_LENGTH) or len(number) >= 10
