"""What a box keeps of the catalogue and of its site's stock, as pages over HTTPS: ``GET /box/v1/replica/{site}?since=CURSOR``.

A box asks with the `next` of the page before; without one, with a cursor of another database, or with one that this database has
not reached yet (it was put back from a copy) it is answered from the beginning: `since` is then empty.  A page's bytes are named by
the header ``Content-Digest`` (RFC 9530, ``sha-256``).  Rows replace what the box had of the same SKU; a barcode that is not named
any more is gone.  Unknown fields are ignored.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

ITEMS = 2000
"""Rows that a page holds at most, of goods and of stock each."""
LARGEST = 8 * 1024 * 1024
"""Bytes of a page that a box reads; a page of the longest names and many barcodes stays far below it."""
DIGEST = "Content-Digest"
Whole = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Factor = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Instant = Annotated[datetime, Meta(tz=True)]
_SHA256 = re.compile(r"sha-256=:([A-Za-z0-9+/=]+):")


class ReplicaBarcode(Struct, frozen=True, kw_only=True):
    """`kind`: looked up by its 14 digits, by its whole text, or by the first seven digits of an in-store code with a measure in it.

    One scan is `numerator / denominator` base units.
    """

    kind: Literal["gtin", "text", "measured"]
    symbol: str
    numerator: Factor = 1
    denominator: Factor = 1


class ReplicaItem(Struct, frozen=True, kw_only=True):
    """A SKU with all its barcodes that hold at the site.

    `price_minor`: minor units for one piece, 100 g or 100 ml; 0: none is set.
    """

    id: Whole
    sku: str
    name_en: str
    name_zh: str
    unit: str
    price_minor: Whole
    currency: str
    barcodes: list[ReplicaBarcode]


class ReplicaStock(Struct, frozen=True, kw_only=True):
    """Base units of a SKU (`item`) on hand at the site."""

    item: Whole
    on_hand: Whole


class ReplicaPage(Struct, frozen=True, kw_only=True):
    """`since` is what it goes on from, empty at the beginning; `more`: ask at once for `next`.

    `at`: what is told is at least as new as this instant, by the controller's clock.  The last page of a run makes it true of all.
    """

    v: Literal[1] = 1
    site: str
    since: str
    next: str
    more: bool
    at: Instant
    items: list[ReplicaItem]
    stock: list[ReplicaStock]


def digest_of(body: bytes) -> str:
    """The value of ``Content-Digest`` for a page's bytes."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def is_digest_of(header: str | None, body: bytes) -> bool:
    """Whether the header names these bytes; a missing or unreadable one does not."""
    named = _SHA256.search(header or "")
    try:
        return named is not None and base64.b64decode(named[1], validate=True) == hashlib.sha256(body).digest()
    except binascii.Error:
        return False


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(ReplicaPage)


def encode_page(page: ReplicaPage) -> bytes:
    return _encoder.encode(page)


def decode_page(body: bytes) -> ReplicaPage:
    """Raises msgspec.DecodeError, UnicodeDecodeError."""
    return _decoder.decode(body)
