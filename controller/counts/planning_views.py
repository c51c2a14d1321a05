"""What the API shows of the planning of counts: what is due, suspected, open; limits, reasons, losses."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from controller.http.routing import PLAIN

Minor = Annotated[int, Meta(ge=0, le=10**15)]
Class = Annotated[str, Meta(pattern="^[ABC]?$")]


class CountDueView(Struct, frozen=True, kw_only=True):
    """A bin with goods; `due` None: never by plan."""

    code: str
    zone: str
    abc: str
    counted_at: datetime | None
    due: datetime | None


class CountSuspectView(Struct, frozen=True, kw_only=True):
    """`why`: borrowed, unexplained, short_pick, trend."""

    code: str
    why: list[str]


class CountPolicyView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of a site (empty: all) and class (empty: all); null: the next wider one says.  Minor units, pieces, grams, days."""

    site: Annotated[str, Meta(pattern=r"^[a-z0-9-]{0,40}$")] = ""
    abc: Class = ""
    value_minor: Minor | None = None
    units: Minor | None = None
    grams: Minor | None = None
    approve_minor: Minor | None = None
    days: Annotated[int, Meta(ge=0, le=3650)] | None = None


class CountReasonView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: Annotated[str, Meta(pattern="^[a-z0-9_]{1,40}$")]
    name_en: Annotated[str, Meta(min_length=1, max_length=80, pattern=PLAIN)]
    name_zh: Annotated[str, Meta(min_length=1, max_length=80, pattern=PLAIN)]
    active: bool = True


class ShrinkageView(Struct, frozen=True, kw_only=True):
    """CountAccepted differences of a reason (empty: within tolerance) at cost, in minor units; below zero is loss."""

    reason: str
    rows: int
    net_minor: int
    lost_minor: int
    found_minor: int


class CountSuspects(Struct, frozen=True, kw_only=True):
    """Bins whose numbers are hard to believe."""

    items: list[CountSuspectView]


class CountPolicies(Struct, frozen=True, kw_only=True):
    items: list[CountPolicyView]


class CountReasons(Struct, frozen=True, kw_only=True):
    items: list[CountReasonView]


class ShrinkageReport(Struct, frozen=True, kw_only=True):
    """The greatest loss first."""

    items: list[ShrinkageView]


class CountClasses(Struct, frozen=True, kw_only=True):
    """How many articles are in each class."""

    a: int
    b: int
    c: int


class CountOpenBin(Struct, frozen=True, kw_only=True):
    """A bin to count.  `not_by`: who counted it before and does not recount it; `expected`: by SKU, null in a blind session."""

    code: str
    round: int
    counted: bool
    not_by: list[str]
    expected: dict[str, int] | None


class CountOpenView(Struct, frozen=True, kw_only=True):
    """A session that waits for counters."""

    no: str
    kind: str
    scope: str
    blind: bool
    counters: int
    bins: list[CountOpenBin]


class CountOpen(Struct, frozen=True, kw_only=True):
    items: list[CountOpenView]
