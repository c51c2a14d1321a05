"""What the API shows of counts, and what it takes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from controller.http.routing import PLAIN

SiteId = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")]
Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)]
Short = Annotated[str, Meta(max_length=200, pattern=PLAIN)]
Words = Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]
Minor = Annotated[int, Meta(ge=0, le=10**15)]
Class = Annotated[str, Meta(pattern="^[ABC]?$")]
Aware = Annotated[datetime, Meta(tz=True)]


class CountView(Struct, frozen=True, kw_only=True):
    """A count session and how far it is; what it expects and found is for reviewers (`/rows`).

    `asked`: the number that a box named where nobody knew it.  `open_rows`: differences that wait for a person.
    """

    no: str
    site: str
    kind: str
    scope: str
    blind: bool
    counters: int
    state: str
    asked: str | None
    bins: int
    counted: int
    open_rows: int
    unmatched: int
    created_at: datetime
    created_by: str
    submitted_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    reason: str | None


class CountBinView(Struct, frozen=True, kw_only=True):
    """A bin of a session; `people`: who counted it in the round that counts, `extra`: nobody had planned it."""

    id: int
    code: str
    zone: str
    round: int
    parts: int
    done_at: datetime | None
    extra: bool
    people: list[str]


class CountRowView(Struct, frozen=True, kw_only=True):
    """What a SKU in a bin comes to, in base units, valued at cost in minor units.

    `moved`: it moved while it was being counted; `dated`: the box knew the time; `needs`: nobody, review or approval.
    """

    id: int
    bin: str
    round: int
    sku: str
    name_en: str
    name_zh: str
    base_unit: str
    lot: str | None
    expiry: date | None
    state: str
    counted: int
    expected: int
    variance: int
    value_minor: int
    at: datetime
    moved: bool
    dated: bool
    needs: str
    reason: str | None
    note: str | None
    booked: int | None
    decided_at: datetime | None
    decided_by: str | None


class CountScanView(Struct, frozen=True, kw_only=True):
    """A scan of a count; `state` known, unknown, bad (no whole number of base units) or set_aside."""

    id: int
    bin: str
    round: int
    state: str
    symbol: str
    gtin: str | None
    quantity: int
    units: int
    lot: str | None
    expiry: date | None
    serial: str | None
    at: datetime
    person: str | None
    box: str
    device: str | None


class CountMovedView(Struct, frozen=True, kw_only=True):
    """A movement of the SKU in the bin; `meanwhile`: while it was being counted."""

    occurred_at: datetime
    recorded_at: datetime
    change: int
    reason: str
    document: str | None
    person: str | None
    device: str | None
    meanwhile: bool


class CountPieceView(Struct, frozen=True, kw_only=True):
    """`what`: missing (the books have it here, nobody scanned it), elsewhere (scanned here, the books have it in `bin`), new."""

    serial: str
    what: str
    bin: str | None


class CountRowDetail(Struct, frozen=True, kw_only=True):
    """A row with its evidence; `pieces`: serial numbers that are not where the books have them."""

    row: CountRowView
    scans: list[CountScanView]
    movements: list[CountMovedView]
    pieces: list[CountPieceView]


class CountPartView(Struct, frozen=True, kw_only=True):
    """One person's part of a bin; `state` counts or refused, and `why`."""

    bin: str
    round: int
    person: str | None
    box: str
    device: str | None
    state: str
    why: str | None
    empty: bool
    dated: bool
    began_at: datetime
    done_at: datetime
    lines: int


class CountPlanIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`kind`: class (scope A, B or C), zone (scope its name), suspicion, chosen (`bins`)."""

    site: SiteId
    kind: Annotated[str, Meta(pattern="^(class|zone|suspicion|chosen)$")]
    scope: Annotated[str, Meta(max_length=40, pattern=PLAIN)] = ""
    bins: Annotated[list[Code], Meta(max_length=2000)] = []
    blind: bool = True
    counters: Annotated[int, Meta(ge=1, le=20)] = 1
    due_only: bool = True
    most: Annotated[int, Meta(ge=1, le=2000)] = 2000


class CountLineIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`quantity` counts the pack unit of the symbol; `id`: its own, so that it counts once; `at`: its last scan."""

    symbol: Annotated[str, Meta(min_length=1, max_length=4096)]
    quantity: Annotated[int, Meta(ge=1, le=10**12)]
    id: UUID | None = None
    gtin: Annotated[str, Meta(pattern="^[0-9]{14}$")] | None = None
    at: Aware | None = None
    lot: Short | None = None
    expiry: date | None = None
    serial: Short | None = None


class CountPartIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody counted of a bin; `id`: of this part, so that it counts once.  `at`: when it was done, None: now."""

    id: UUID
    bin: Code
    lines: Annotated[list[CountLineIn], Meta(max_length=2000)]
    round: Annotated[int, Meta(ge=1, le=1000)] = 1
    began: Aware | None = None
    at: Aware | None = None


class CountDecisionIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`reason`: a code of `/api/v1/count-reasons`; `seen`: the variance that was looked at, to be told if it changed since."""

    reason: Annotated[str, Meta(max_length=40, pattern=PLAIN)] | None = None
    note: Short | None = None
    seen: Annotated[int, Meta(ge=-(10**15), le=10**15)] | None = None


class CountAcceptAllIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`rows`: how many the person says that there are."""

    rows: Annotated[int, Meta(ge=0, le=10**6)]
    reason: Annotated[str, Meta(max_length=40, pattern=PLAIN)]
    note: Short | None = None


class CountAccepted(Struct, frozen=True, kw_only=True):
    rows: int


class CountNoteIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    note: Words


class CountSubmitIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`without_uncounted`: leave out bins that nobody counted."""

    without_uncounted: bool = False


class CountLinkIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The symbol means `units` base units of a SKU."""

    sku: Code
    units: Annotated[int, Meta(ge=1, le=10**9)] = 1
