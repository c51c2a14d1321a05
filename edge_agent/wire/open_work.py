"""Open work of a site, as its boxes keep it to go on alone: counts, receipts, transfers, shelf labels, picks, and its bins.

Each is a part of the replica (`edge_agent/wire/replica.py`).  A document is there while it is open; what a box does never waits for
it: a number that a box does not know is booked all the same.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from edge_agent.wire.open_parcels import OpenHandOver, OpenPack

Whole = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Instant = Annotated[datetime, Meta(tz=True)]
MOST_LINES = 2000
"""Lines of one document that travel to boxes; the rest is known to the office alone."""


class CountBin(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A bin of a count.  `round`: the one that is to be counted now, 1 at first; `is_counted`: it was, nothing is to be done.

    `at` and `name`: when and by whom it was counted last.  `by`: the ids of all who counted it; they do not recount it.
    """

    bin: str
    round: int = 1
    is_counted: bool = False
    at: Instant | None = None
    by: list[str] = []
    name: str = ""


class OpenCount(Struct, frozen=True, kw_only=True):
    """A count session: `number` is scanned (``CT-…``), `title` says what it is about, `time_zone` (IANA) is the site's.

    `counters`: how many people are to count a bin before it is counted.  `blind`: who counts must not see what the stock is.
    """

    id: Whole
    number: str
    title: str
    time_zone: str
    bins: list[CountBin]
    counters: int = 1
    blind: bool = True


class ExpectedLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """So many base units of a SKU should come, or go; `got`: of them did, as far as the controller knew.

    `symbol`, and `gtin` if it is one: a barcode that names it, for goods of which none was scanned.
    """

    sku: str
    name_en: str
    name_zh: str
    symbol: str
    expected: Whole
    got: Whole = 0
    gtin: str | None = None


class OpenReceipt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goods that are to come from a supplier.  `other`: another number under which they are scanned (a notice, their paper)."""

    id: Whole
    number: str
    supplier: str
    lines: list[ExpectedLine]
    other: str | None = None
    due: date | None = None


class OpenTransfer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goods on their way between two sites; `partner` is the other one's name, `is_outgoing`: from here to there."""

    id: Whole
    number: str
    partner: str
    is_outgoing: bool
    lines: list[ExpectedLine]


class LabelLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A shelf label to print and to put up.  `bin`: where it hangs, if that is known; `is_up`: somebody confirmed it."""

    sku: str
    name_en: str
    name_zh: str
    symbol: str
    unit: str
    price_minor: Whole
    currency: str
    bin: str = ""
    is_up: bool = False


class OpenLabels(Struct, frozen=True, kw_only=True):
    """A batch of shelf labels; `title` says since when the prices hold, or why."""

    id: Whole
    number: str
    title: str
    lines: list[LabelLine]


class OpenPickLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """So many base units of a SKU are wanted from `bin`; `got`: of them were fetched, as far as the controller knew.

    `id`: the line's own.  `lot` and `expiry`: what is expected there.  `is_short`: somebody said that there are no more.
    `in_bin`: base units of anything that the books have in that bin, told where this line and its like may empty it; None: more.
    """

    id: Whole
    sku: str
    name_en: str
    name_zh: str
    symbol: str
    wanted: Whole
    got: Whole = 0
    gtin: str | None = None
    unit: str = "piece"
    bin: str = ""
    lot: str | None = None
    expiry: date | None = None
    is_short: bool = False
    in_bin: int | None = None


class OpenPick(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A pick list with something to fetch: `number` is scanned (``PL-…``), `order` is whose it is.

    `due_at`: when the parcel is to leave, `time_zone` (IANA) is the site's.  `wave`: the number of the wave that released it, which
    may be scanned for its lists; `cluster`: those of the wave with the same number are walked once, 0: it is picked alone.
    `claimed_by`: the name of who has it in hand (the box's where nobody signs in), `claimed_id` their id, `claimed_at` since when.
    `tote`: what it is picked into.
    """

    id: Whole
    number: str
    order: str
    lines: list[OpenPickLine]
    due_at: Instant | None = None
    time_zone: str = "UTC"
    wave: str | None = None
    cluster: Whole = 0
    claimed_by: str = ""
    claimed_id: str = ""
    claimed_at: Instant | None = None
    tote: str | None = None


class Head(Struct, frozen=True, kw_only=True):
    """What a list of open documents needs of any of them."""

    number: str
    title: str = ""
    supplier: str = ""
    partner: str = ""
    is_outgoing: bool = False
    due: date | None = None
    order: str = ""
    due_at: Instant | None = None
    time_zone: str = "UTC"
    wave: str | None = None
    claimed_by: str = ""

    @property
    def about(self) -> str:
        return self.title or self.supplier or self.partner or self.order


class SiteBin(Struct, frozen=True, kw_only=True):
    """A bin of the site, its receiving place or its quarantine (`kind`), by the code that is scanned."""

    code: str
    kind: Literal["bin", "receiving", "quarantine"] = "bin"


Document = OpenCount | OpenReceipt | OpenTransfer | OpenLabels | OpenPick | OpenPack | OpenHandOver
