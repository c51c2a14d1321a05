"""What is stored beside a sealed value to find it by: keyed hashes, made of the value in clear.  Pure, for writing and rotation."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from controller.customers.addresses import Address, place_key
from controller.customers.keyring import Keyring
from controller.customers.phones import last_four, normal_phone
from controller.customers.policies import Profile, folded_name, normal_email

NAME_BITS = 14
"""16,384 buckets: among 100,000 customers six share one, and the most common names do not stand out of it."""
PHONE = "phone"


def of_profile(ring: Keyring, profile: Profile) -> dict[str, object]:
    """Columns of `customer`."""
    name = folded_name(profile.name)
    return {"name_bucket": ring.bucket("name", name, NAME_BITS)[0] if name else None}


def of_identity(ring: Keyring, kind: str, channel: str, value: str) -> dict[str, object]:
    """Columns of `customer_identity`; `value` in its one form."""
    return {"hash": ring.hash(*identity_of(kind, channel, value))}


def identity_of(kind: str, channel: str, value: str) -> tuple[str, str]:
    """What is hashed: what it is a hash of, and the value."""
    return (f"channel:{channel}", value) if kind == "channel" else (kind, value)


def of_address(ring: Keyring, order_id: int, address: Address) -> dict[str, object]:
    """Columns of `order_address`."""
    phone = normal_phone(address.phone, address.country)
    return {
        "phone_hash": None if phone is None else ring.hash(PHONE, phone),
        "last_four_hash": None if phone is None else ring.hash(f"last four:{order_id}", last_four(phone)),
        "place_hash": ring.hash("place", place_key(address)),
    }


class _Buyer(Struct, frozen=True, kw_only=True):
    id: str = ""
    phone: str = ""
    email: str = ""


class _Place(Struct, frozen=True, kw_only=True):
    phone: str = ""
    country: str = "CN"


class _Sent(Struct, frozen=True, kw_only=True):
    """What of an order that a channel sent (`controller/intake/document.py`) tells who ordered."""

    buyer: _Buyer = _Buyer()
    address: _Place | None = None


def of_sent_order(ring: Keyring, channel: str, body: bytes) -> dict[str, object]:
    """Columns of `raw_order`: by what the buyer can be known; of what is no such order, nothing."""
    try:
        sent = msgspec.json.decode(body, type=_Sent)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {"buyer_hashes": ""}
    place = sent.address or _Place()
    told = [("channel", sent.buyer.id)] if sent.buyer.id else []
    texts, countries = {sent.buyer.phone, place.phone} - {""}, {"CN", place.country}
    phones = {normal_phone(text, country) for text in texts for country in countries}
    told += [("phone", phone) for phone in sorted(phone for phone in phones if phone)]
    email = normal_email(sent.buyer.email) if sent.buyer.email else None
    told += [("email", email)] if email else []
    return {"buyer_hashes": " ".join(ring.hash(*identity_of(kind, channel, value)) for kind, value in told)}


def raw_order_columns(ring: Keyring, text: str, row: Mapping[str, object]) -> dict[str, object]:
    return of_sent_order(ring, str(row["channel"]), base64.b64decode(text))


def file_order_columns(ring: Keyring, text: str, _: Mapping[str, object]) -> dict[str, object]:
    return of_sent_order(ring, "file", base64.b64decode(text))


def customer_columns(ring: Keyring, text: str, _: Mapping[str, object]) -> dict[str, object]:
    return of_profile(ring, msgspec.json.decode(text, type=Profile))


def identity_columns(ring: Keyring, text: str, row: Mapping[str, object]) -> dict[str, object]:
    return of_identity(ring, str(row["kind"]), str(row["channel"]), text)


def address_columns(ring: Keyring, text: str, row: Mapping[str, object]) -> dict[str, object]:
    return of_address(ring, int(str(row["order_id"])), msgspec.json.decode(text, type=Address))
