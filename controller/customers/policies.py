"""Decisions about customers.  Pure: the one form of what they are found by, how complete a record is, which grade is one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from msgspec import Struct

from controller.customers.addresses import Address
from controller.customers.errors import BadCustomer
from controller.customers.phones import is_plausible

MAX_NAME = 100
MAX_EMAIL = 254
MAX_ADDRESSES = 20
MAX_NOTE = 2000
MAX_CHANNEL_ID = 200
_EMAIL = re.compile(r"[^@\s\"(),:;<>\[\]\\]{1,64}@[^@\s\"(),:;<>\[\]\\]+\.[^@\s\"(),:;<>\[\]\\.]{2,}")
_RATING = re.compile(r"[A-Z]")


class Preferences(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a customer likes, by codes; it says nothing of who they are.  `marketing`: they agreed to be written to."""

    delivery: str = ""
    payment: str = ""
    contact_by: str = ""
    marketing: bool = False


class Profile(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person, as it lies sealed in one piece.  `phone` as it was typed; the first of `addresses` is used by default."""

    name: str = ""
    phone: str = ""
    email: str = ""
    company: str = ""
    birthday: date | None = None
    addresses: tuple[Address, ...] = ()


class Contact(Struct, frozen=True, kw_only=True):
    """What a channel tells of who ordered.  `channel_id`: by which the channel knows them."""

    name: str = ""
    phone: str = ""
    email: str = ""
    channel: str = ""
    channel_id: str = ""


class IdentityKind(StrEnum):
    """By what somebody is recognised, the surest first."""

    CHANNEL = "channel"
    PHONE = "phone"
    EMAIL = "email"


class MergeReason(StrEnum):
    """Why two records are one person; no free text, which would name people."""

    SAME_PHONE = "same_phone"
    SAME_EMAIL = "same_email"
    TOLD_BY_CUSTOMER = "told_by_customer"
    SEEN_BY_STAFF = "seen_by_staff"


class Field(StrEnum):
    """What a complete record has."""

    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    BIRTHDAY = "birthday"
    PREFERENCES = "preferences"


def normal_email(text: str) -> str | None:
    """In lower case, NFKC, without spaces around; None: it cannot be one.  Parts behind a + are kept: providers differ there."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    return plain if len(plain) <= MAX_EMAIL and _EMAIL.fullmatch(plain) else None


def folded_name(name: str) -> str:
    """By which names are compared: NFKC, lower case, without spaces and dots."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in plain if character.isalnum())


def missing_fields(profile: Profile, preferences: Preferences) -> list[Field]:
    """What a record still lacks, in order."""
    has = {
        Field.NAME: bool(profile.name),
        Field.PHONE: bool(profile.phone),
        Field.EMAIL: bool(profile.email),
        Field.ADDRESS: bool(profile.addresses),
        Field.BIRTHDAY: profile.birthday is not None,
        Field.PREFERENCES: bool(preferences.delivery or preferences.payment or preferences.contact_by),
    }
    return [field for field, there in has.items() if not there]


def completeness(missing: Sequence[Field]) -> int:
    """Percent of what a complete record has, rounded down."""
    return (len(Field) - len(missing)) * 100 // len(Field)


def check_profile(profile: Profile, country: str) -> None:
    """Raises BadCustomer."""
    for name, text, longest in (("name", profile.name, MAX_NAME), ("company", profile.company, MAX_NAME)):
        if len(text) > longest or not text.isprintable():
            raise BadCustomer(name, f"at most {longest} characters on one line")
    if profile.phone and not is_plausible(profile.phone, country):
        raise BadCustomer("phone", "a telephone number, with +, or as it is dialled in the country")
    if profile.email and normal_email(profile.email) is None:
        raise BadCustomer("email", "an e-mail address")
    if len(profile.addresses) > MAX_ADDRESSES:
        raise BadCustomer("addresses", f"at most {MAX_ADDRESSES}")
    if not (profile.name or profile.phone or profile.email or profile.company):
        raise BadCustomer("name", "a name, a telephone number, an e-mail address or a company: something to know them by")


def check_rating(field: str, value: str | None) -> None:
    """A grade or a credit rating is one letter from A on, or none.  Raises BadCustomer."""
    if value is not None and not _RATING.fullmatch(value):
        raise BadCustomer(field, "one letter from A to Z, or none")


def filled_up(profile: Profile, other: Profile) -> Profile:
    """A profile with what it lacks taken from another one: of the same person, or told later."""
    addresses = list(profile.addresses)
    addresses += [address for address in other.addresses if address not in addresses]
    return Profile(
        name=profile.name or other.name,
        phone=profile.phone or other.phone,
        email=profile.email or other.email,
        company=profile.company or other.company,
        birthday=profile.birthday or other.birthday,
        addresses=tuple(addresses[:MAX_ADDRESSES]),
    )
