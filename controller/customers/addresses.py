"""Where goods go to: an address, what is wrong with one and why, and its one form for comparing.  Pure."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from controller.customers.phones import CALLING_CODES, normal_phone
from controller.customers.regions import city_of, province_of

MAX_FIELD = 200
"""Longer ones are a flaw, as no label has room for them."""
LONGEST = 500
"""Longer ones are not stored."""
SHORTEST_STREET = 5
"""Characters of a Chinese street with its number: `人民路1号` has five."""
SHORTEST_LINE = 4
_POST_BOX = re.compile(
    r"邮政?信箱|郵政?信箱|\bp\.?\s*o\.?\s*box\b|\bpost\s*box\b|\bpostfach\b|\bapartado\b|\bbo[iî]te postale\b", re.IGNORECASE
)
_NOTHING = frozenset({"无", "無", "同上", "test", "测试", "none", "na", "n/a", "xxx", "aaa", "asdf", "123", "null", "-", "."})
_POSTCODES = {
    "CN": r"\d{6}", "US": r"\d{5}(-\d{4})?", "DE": r"\d{5}", "FR": r"\d{5}", "IT": r"\d{5}", "ES": r"\d{5}", "JP": r"\d{3}-?\d{4}",
    "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", "NL": r"\d{4} ?[A-Z]{2}", "BE": r"\d{4}", "AT": r"\d{4}", "CH": r"\d{4}",
    "DK": r"\d{4}", "NO": r"\d{4}", "SE": r"\d{3} ?\d{2}", "FI": r"\d{5}", "PL": r"\d{2}-\d{3}", "CZ": r"\d{3} ?\d{2}",
    "PT": r"\d{4}-\d{3}", "CA": r"[A-Z]\d[A-Z] ?\d[A-Z]\d", "AU": r"\d{4}", "NZ": r"\d{4}", "KR": r"\d{5}", "SG": r"\d{6}",
    "IN": r"\d{6}", "BR": r"\d{5}-?\d{3}", "MX": r"\d{5}", "TW": r"\d{3}(\d{2,3})?", "TH": r"\d{5}", "MY": r"\d{5}",
    "RU": r"\d{6}", "TR": r"\d{5}", "UA": r"\d{5}", "VN": r"\d{5,6}",
}  # fmt: skip
"""As post offices write them (UPU, postal addressing systems, member countries)."""
_POSTCODE_OPTIONAL = frozenset({"CN"})
_NO_POSTCODE = frozenset({"HK", "MO", "AE", "IE"})


Line = Annotated[str, Meta(max_length=LONGEST)]


class Address(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who gets it, and where.

    In China `province`, `city`, `district`, `street`; elsewhere `street`, `line2`, `line3` as they are written on a letter, `city`,
    `province` (region, state) and `postcode`.  `country`: ISO 3166-1, two letters.  `note` is for whoever delivers.
    """

    name: Line = ""
    phone: Line = ""
    country: Line = "CN"
    province: Line = ""
    city: Line = ""
    district: Line = ""
    street: Line = ""
    line2: Line = ""
    line3: Line = ""
    postcode: Line = ""
    note: Line = ""


FIELDS = Address.__struct_fields__


class AddressFlaw(StrEnum):
    """Why goods would not arrive."""

    MISSING_NAME = "missing_name"
    MISSING_PHONE = "missing_phone"
    IMPLAUSIBLE_PHONE = "implausible_phone"
    UNKNOWN_COUNTRY = "unknown_country"
    MISSING_PROVINCE = "missing_province"
    UNKNOWN_PROVINCE = "unknown_province"
    MISSING_CITY = "missing_city"
    CITY_ELSEWHERE = "city_elsewhere"
    MISSING_STREET = "missing_street"
    STREET_TOO_SHORT = "street_too_short"
    PLACEHOLDER = "placeholder"
    POST_BOX = "post_box"
    MISSING_POSTCODE = "missing_postcode"
    BAD_POSTCODE = "bad_postcode"
    TOO_LONG = "too_long"


class AddressProblem(Struct, frozen=True, kw_only=True):
    """What is wrong with which field; no word of the address itself, so that it may be told anywhere."""

    field: str
    flaw: AddressFlaw


def problems_of(address: Address) -> list[AddressProblem]:
    """Why goods would not arrive there; empty: nothing speaks against it.  In order of the fields."""
    found = [*_form(address), *_contact(address), *_place(address), *_street(address)]
    return sorted({(problem.field, problem.flaw): problem for problem in found}.values(), key=_in_order)


def plain(text: str) -> str:
    """As it is compared: NFKC, lower case, letters and digits alone."""
    return "".join(character for character in unicodedata.normalize("NFKC", text).casefold() if character.isalnum())


def place_key(address: Address) -> str:
    """The same for two addresses where one parcel would do: place and telephone, however they are typed."""
    phone = normal_phone(address.phone, address.country) or plain(address.phone)
    province = province_of(address.province, address.country)
    where = (
        address.country.upper(),
        province.code if province else plain(address.province),
        plain(address.city).removesuffix("市"),
    )
    street = "".join(plain(text) for text in (address.district, address.street, address.line2, address.line3))
    return "|".join((*where, street, phone))


def one_line(address: Address) -> str:
    """As it is written in its country, on one line, without who gets it."""
    if address.country == "CN":
        return f"{address.province}{address.city}{address.district}{address.street}{address.line2}{address.line3}"
    parts = (
        address.street,
        address.line2,
        address.line3,
        f"{address.postcode} {address.city}".strip(),
        address.province,
        address.country,
    )
    return ", ".join(part for part in parts if part)


def _in_order(problem: AddressProblem) -> tuple[int, str]:
    return FIELDS.index(problem.field), problem.flaw


def _problem(field: str, flaw: AddressFlaw) -> AddressProblem:
    return AddressProblem(field=field, flaw=flaw)


def _form(address: Address) -> list[AddressProblem]:
    texts = {name: str(getattr(address, name)) for name in FIELDS}
    return [_problem(name, AddressFlaw.TOO_LONG) for name, text in texts.items() if len(text) > MAX_FIELD] + [
        _problem(name, AddressFlaw.PLACEHOLDER)
        for name, text in texts.items()
        if name in ("name", "street", "city") and text and _is_nothing(text)
    ]


def _is_nothing(text: str) -> bool:
    folded = unicodedata.normalize("NFKC", text).strip().casefold()
    return folded in _NOTHING or (len(folded) > 2 and len(set(folded)) == 1)


def _contact(address: Address) -> list[AddressProblem]:
    found = []
    if not address.name.strip():
        found.append(_problem("name", AddressFlaw.MISSING_NAME))
    if not address.phone.strip():
        found.append(_problem("phone", AddressFlaw.MISSING_PHONE))
    elif normal_phone(address.phone, address.country) is None:
        found.append(_problem("phone", AddressFlaw.IMPLAUSIBLE_PHONE))
    return found


def _place(address: Address) -> list[AddressProblem]:
    country = address.country.upper()
    if country not in CALLING_CODES:
        return [_problem("country", AddressFlaw.UNKNOWN_COUNTRY)]
    found = []
    if not address.city.strip() and not (country == "CN" and is_city_province(address.province)):
        found.append(_problem("city", AddressFlaw.MISSING_CITY))
    if country == "CN":
        found += _chinese_place(address)
    return found + _postcode(address, country)


def is_city_province(province: str) -> bool:
    """A city that is a province of its own needs no city besides."""
    found = province_of(province, "CN")
    return found is not None and found.is_city


def _chinese_place(address: Address) -> list[AddressProblem]:
    if not address.province.strip():
        return [_problem("province", AddressFlaw.MISSING_PROVINCE)]
    province = province_of(address.province, "CN")
    if province is None:
        return [_problem("province", AddressFlaw.UNKNOWN_PROVINCE)]
    city = city_of(address.city)
    if city is not None and city.province != province.code:
        return [_problem("city", AddressFlaw.CITY_ELSEWHERE)]
    return []


def _postcode(address: Address, country: str) -> list[AddressProblem]:
    text = unicodedata.normalize("NFKC", address.postcode).strip().upper()
    form = _POSTCODES.get(country)
    if not text:
        needed = form is not None and country not in _POSTCODE_OPTIONAL and country not in _NO_POSTCODE
        return [_problem("postcode", AddressFlaw.MISSING_POSTCODE)] if needed else []
    return [_problem("postcode", AddressFlaw.BAD_POSTCODE)] if form is not None and not re.fullmatch(form, text) else []


def _street(address: Address) -> list[AddressProblem]:
    street = " ".join(part for part in (address.street, address.line2, address.line3) if part.strip())
    if not street:
        return [_problem("street", AddressFlaw.MISSING_STREET)]
    found = []
    if _POST_BOX.search(unicodedata.normalize("NFKC", street)):
        found.append(_problem("street", AddressFlaw.POST_BOX))
    shortest = SHORTEST_STREET if address.country.upper() == "CN" else SHORTEST_LINE
    if len(plain(street)) < shortest:
        found.append(_problem("street", AddressFlaw.STREET_TOO_SHORT))
    return found
