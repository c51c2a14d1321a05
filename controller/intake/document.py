"""An order as channels write it to us: one JSON form, decoded strictly.  Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from controller.customers.addresses import Address
from controller.customers.policies import Contact
from controller.errors import Rejected
from controller.payments.policies import PayTerms

MOST_LINES = 500
MAX_BYTES = 1_000_000
Text = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]+$(?!\n)")]


class UnreadableOrder(Rejected):
    """What came is no order; the message holds no value of it."""

    code = "unreadable_order"


class SentLine(Struct, frozen=True, kw_only=True):
    """`goods`: as the channel calls them; `quantity` of those; `price_minor` of one of them.

    `presale`: it may be promised before it arrives, as far as its presale allows.
    """

    goods: Annotated[str, Meta(min_length=1, max_length=100)]
    quantity: Annotated[int, Meta(ge=1, le=10**6)]
    price_minor: Annotated[int, Meta(ge=0, le=10**12)]
    presale: bool = False


class SentBuyer(Struct, frozen=True, kw_only=True):
    """Who ordered; `id`: by which the channel knows them."""

    id: Annotated[str, Meta(max_length=200)] = ""
    name: Annotated[str, Meta(max_length=100)] = ""
    phone: Annotated[str, Meta(max_length=40)] = ""
    email: Annotated[str, Meta(max_length=254)] = ""


class SentAddress(Struct, frozen=True, kw_only=True):
    name: Annotated[str, Meta(max_length=200)] = ""
    phone: Annotated[str, Meta(max_length=200)] = ""
    country: Annotated[str, Meta(min_length=2, max_length=2)] = "CN"
    province: Annotated[str, Meta(max_length=200)] = ""
    city: Annotated[str, Meta(max_length=200)] = ""
    district: Annotated[str, Meta(max_length=200)] = ""
    street: Annotated[str, Meta(max_length=200)] = ""
    line2: Annotated[str, Meta(max_length=200)] = ""
    postcode: Annotated[str, Meta(max_length=200)] = ""
    note: Annotated[str, Meta(max_length=200)] = ""


class SentOrder(Struct, frozen=True, kw_only=True):
    """Fields that we do not know are left alone: they stay in the raw order.  `site`: where it is fetched; else it is sent.

    `pay_terms`: how it is paid to us; without them the channel has the money.
    """

    reference: Text
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
    lines: Annotated[list[SentLine], Meta(min_length=1, max_length=MOST_LINES)]
    delivery: Literal["shipping", "collection"] = "shipping"
    site: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$(?!\n)")] | None = None
    region: Annotated[str, Meta(max_length=40)] | None = None
    due_at: datetime | None = None
    pay_terms: PayTerms | None = None
    buyer: SentBuyer = SentBuyer()
    address: SentAddress | None = None


_decode = msgspec.json.Decoder(SentOrder).decode


def read(body: bytes) -> SentOrder:
    """Raises UnreadableOrder, which says where, and nothing of what."""
    if len(body) > MAX_BYTES:
        raise UnreadableOrder(f"an order of at most {MAX_BYTES} bytes")
    try:
        found = _decode(body)
    except msgspec.ValidationError as error:
        where = str(error).rpartition(" - at ")[2] if " - at " in str(error) else "the document"
        raise UnreadableOrder(f"{where}: not as expected") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableOrder("the document is no JSON") from error
    if found.due_at is not None and found.due_at.tzinfo is None:
        raise UnreadableOrder("$.due_at: a time without a zone")
    return found


def contact_of(order: SentOrder, channel: str) -> Contact:
    told = order.buyer
    return Contact(name=told.name, phone=told.phone, email=told.email, channel=channel if told.id else "", channel_id=told.id)


def address_of(order: SentOrder) -> Address | None:
    if order.address is None:
        return None
    sent = order.address
    return Address(
        name=sent.name,
        phone=sent.phone,
        country=sent.country.upper(),
        province=sent.province,
        city=sent.city,
        district=sent.district,
        street=sent.street,
        line2=sent.line2,
        postcode=sent.postcode,
        note=sent.note,
    )
