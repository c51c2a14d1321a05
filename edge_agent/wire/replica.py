"""What a box keeps of the company to go on alone, as pages over HTTPS: ``GET /box/v1/replica/{site}?parts=…&since=CURSOR``.

A page has a piece of each part that the box asked for (`goods`, `stock`, `people`, …; without `parts`: of all there are).  A box
asks with the `next` of the page before; without one, with a cursor of another database, or with one that this database has not had
in its past (it was put back from a copy) it is answered from the beginning: `since` is then empty.  A part that the cursor does not
name begins anew by itself.  The bytes as they travel are named by the header ``Content-Digest`` (RFC 9530, ``sha-256``), packed
ones (``Content-Encoding: gzip``) as they are packed.  Rows replace what the box had of the same id.  Unknown parts and fields are
ignored.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from edge_agent.wire.taxes import STANDARD

ITEMS = 2000
"""Rows that a page holds at most of each part whose rows have versions."""
LARGEST = 8 * 1024 * 1024
"""Bytes of a page, unpacked, that a box reads; a page of the longest names and many barcodes stays far below it."""
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


class ReplicaImage(Struct, frozen=True, kw_only=True):
    """Where a SKU's picture is: ``GET /box/v1/images/{hash}``; `hash` is the SHA-256 of its bytes, in hex."""

    hash: str
    media_type: str


class ReplicaItem(Struct, frozen=True, kw_only=True):
    """A SKU with all its barcodes that hold at the site.

    `price_minor`: minor units for one piece, 100 g or 100 ml; 0: none is set.  `tracking`: what is told with each of it.
    `tax_class`: as `SiteTaxes` names it.
    """

    id: Whole
    sku: str
    name_en: str
    name_zh: str
    unit: str
    price_minor: Whole
    currency: str
    barcodes: list[ReplicaBarcode]
    image: ReplicaImage | None = None
    tracking: Literal["none", "lot", "serial"] = "none"
    tax_class: str = STANDARD


BINS_TOLD = 3
"""Of each SKU, so many bins: where to put more of it, and where to look for it."""


class ReplicaStock(Struct, frozen=True, kw_only=True):
    """Base units of a SKU (`item`) on hand at the site; `bins`: where most of them lie, the fullest first, by code."""

    item: Whole
    on_hand: Whole
    bins: list[tuple[str, Whole]] = []


class ReplicaPerson(Struct, frozen=True, kw_only=True):
    """Someone who may work at the site.  `badge`: the hex SHA-256 of the badge's text; `pin`: an argon2id verifier; None: has none.

    `roles`: those that hold at the site.
    """

    id: str
    name: str
    language: str
    badge: str | None
    pin: str | None
    roles: list[str]


class ReplicaProfile(Struct, frozen=True, kw_only=True):
    """What is set for the stations that have the profile; of the site's stations, those that name none have the default one.

    `activities`: the stations' tasks that are offered, by name; empty: all.  `quiet_minutes`, `double_read_ms`: 0 turns it off.
    `manager_adjusts`: an adjustment needs a manager's badge.
    """

    name: str
    activities: list[str]
    sign_in: Literal["none", "badge", "pin"]
    language: str
    quiet_minutes: Whole
    double_read_ms: Whole
    is_default: bool
    manager_adjusts: bool = False


class ReplicaTemplate(Struct, frozen=True, kw_only=True):
    """The version that new jobs of a print template are printed with: the hex SHA-256 of its bytes."""

    name: str
    version: str
    kind: str


class ReplicaSite(Struct, frozen=True, kw_only=True):
    """Another site of the chain, to which goods can go."""

    id: str
    name: str


class ReplicaRecall(Struct, frozen=True, kw_only=True):
    """A lot that is recalled now: `id` is the recall's number, `lot` the maker's code as a symbol or a person tells it."""

    id: str
    sku: str
    lot: str


class ReplicaRows(Struct, frozen=True, kw_only=True):
    """A piece of one part.  `anew`: forget all that you had of it first; `gone`: the ids of what is not at the site any more."""

    rows: Raw
    gone: list[str] = []
    anew: bool = False


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
    parts: dict[str, ReplicaRows]


def rows_of(rows: Sequence[Struct], *, gone: Sequence[str] = (), anew: bool = False) -> ReplicaRows:
    """A piece of a part as it travels."""
    return ReplicaRows(rows=Raw(_encoder.encode(rows)), gone=list(gone), anew=anew)


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
    try:
        return _decoder.decode(body)
    except RecursionError as error:
        raise msgspec.DecodeError(str(error)) from error
