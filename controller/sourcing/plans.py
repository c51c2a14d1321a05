"""What sourcing is asked, and what it answers.  Plain values: money in minor units, goods in base units of their SKU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MOST_SITES = 3
"""An order comes from at most so many sites: what is in four parcels costs more than it brings."""


class Because(StrEnum):
    """Why a site was not considered at all; and what decided else: between the plan and the runner-up, or (for a site) between the
    plan and the best one with that site.
    """

    NOT_FOR_CHANNEL = "not_for_channel"
    NOT_ASKED = "not_asked"
    REJECTED = "rejected"
    OTHER_CURRENCY = "other_currency"
    NO_CAPACITY = "no_capacity"
    TOO_FAR = "too_far"
    KEEPS_TOO_SHORT = "keeps_too_short"
    NOTHING_THERE = "nothing_there"

    ONLY = "only"
    FEWER_SITES = "fewer_sites"
    FEWER_DIVIDED = "fewer_divided"
    RANK = "rank"
    CHEAPER = "cheaper"
    TIE = "tie"
    PERSON = "person"


class Unsourced(StrEnum):
    """Why there is no plan: goods are missing; they lie at too many sites; or a part would be worth too little."""

    NO_SITE = "no_site"
    SHORT = "short"
    TOO_MANY_SITES = "too_many_sites"
    PART_TOO_SMALL = "part_too_small"


@dataclass(frozen=True, slots=True)
class Point:
    """Degrees × 1,000,000, north and east positive (WGS 84)."""

    latitude: int
    longitude: int


@dataclass(frozen=True, slots=True)
class Destination:
    """Where it goes: a point (None: not known) and a zone of the freight table (empty: none)."""

    point: Point | None = None
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """What a parcel costs: its first kilogram, and each further one that is begun."""

    first_minor: int
    more_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """A line of the order by its position.  `value_minor`, `grams`: of the whole line.

    `presale`: what is still to come may be promised, too.
    """

    position: int
    sku_id: int
    quantity: int
    value_minor: int = 0
    grams: int = 0
    presale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """A site as this channel sees it.  `rank`: lower is asked first, None: not for this channel.

    `capacity`: parts of orders that it can do in a day, None: no limit; `capacity_left` of them today.
    """

    site: str
    rank: int | None = 0
    currency: str = ""
    point: Point | None = None
    capacity: int | None = None
    capacity_left: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A SKU at a site.  `free`: what this channel may be promised; `presale`: what may be promised before it comes.

    `safety`: what the site would rather keep.  `remaining_days` of what expires first among what keeps long enough, None: it does
    not expire; `too_short`: what lies there and does not keep long enough.
    """

    free: int = 0
    presale: int = 0
    safety: int = 0
    remaining_days: int | None = None
    too_short: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What weighs how much, in minor units.  A company's settings, or a channel's.

    `split_minor`: for each site more than one; `below_safety_minor`: for each base unit taken from what a site would rather keep;
    `busy_minor`: for a site whose day is full, in proportion before; `keeping_minor`: for each day that a SKU keeps longer than it
    has to, so that what expires first goes first, up to `keeping_days`.  `smallest_part_minor`: no part of a divided order is worth
    less.  `rates` by (site, zone); an empty one stands for each.
    """

    most_sites: int = MOST_SITES
    distance_minor: int = 0  # for 100 km
    split_minor: int = 0
    below_safety_minor: int = 0
    busy_minor: int = 0
    keeping_minor: int = 0
    keeping_days: int = 30
    smallest_part_minor: int = 0
    farthest_km: int | None = None
    rates: Mapping[tuple[str, str], Rate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """For whom and whereto.  `rejected`: sites that refused this order; `only`: those that a person or the customer named.

    `lanes`: what was worked out by these terms of the ways from sites, as `costs.Lanes`.
    """

    prices: Prices = field(default_factory=Prices)
    destination: Destination = field(default_factory=Destination)
    currency: str = ""
    rejected: frozenset[str] = frozenset()
    only: frozenset[str] | None = None
    lanes: dict[str, tuple[int, Rate]] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Minor units, by what they are for."""

    distance: int = 0
    freight: int = 0
    split: int = 0
    balance: int = 0
    capacity: int = 0
    keeping: int = 0

    @property
    def total(self) -> int:
        return self.distance + self.freight + self.split + self.balance + self.capacity + self.keeping


@dataclass(frozen=True, slots=True)
class Share:
    """So many base units of the line at `position` come from `site`."""

    site: str
    position: int
    sku_id: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way to do it.  `sites` in the order in which they were asked; `rank`: of the one that the channel likes least."""

    sites: tuple[str, ...]
    shares: tuple[Share, ...]
    divided: int
    rank: int
    cost: Cost

    @property
    def key(self) -> tuple[int, int, int, int, tuple[str, ...]]:
        """Less is better: sites, divided SKUs, the channel's order of sites, cost; then their names, to be certain."""
        return len(self.sites), self.divided, self.rank, self.cost.total, self.sites


@dataclass(frozen=True, slots=True)
class Verdict:
    """A site that nothing comes from.  `cost_minor`: of the best way with it that was looked at, None: of none."""

    site: str
    reason: Because
    cost_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """`reachable`: base units of the SKU at all the sites that could be asked."""

    sku_id: int
    wanted: int
    reachable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`chosen` None: it cannot be done, because of `unsourced`.  `runner_up`: what would have been done else, and its cost."""

    chosen: Candidate | None
    because: Because = Because.ONLY
    runner_up: Candidate | None = None
    verdicts: tuple[Verdict, ...] = ()
    unsourced: Unsourced | None = None
    missing: tuple[Missing, ...] = ()

    @property
    def shares(self) -> tuple[Share, ...]:
        return self.chosen.shares if self.chosen else ()

    @property
    def sites(self) -> tuple[str, ...]:
        return self.chosen.sites if self.chosen else ()
