"""What the company set for sourcing: read once, kept while its stamp stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from controller import db
from controller.sourcing.plans import MOST_SITES, Destination, Point, Prices, Rate

Minor = Annotated[int, Meta(ge=0, le=10**9)]


class TermsSetting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a channel's orders are sourced; money in minor units.  Each number weighs in `plans.Prices`.

    `priority`: whose waiting orders get goods first, lower first; `listed_only`: only sites that the channel has a rank for;
    `attempts`: after so many sites rejected it, a person decides.
    """

    most_sites: Annotated[int, Meta(ge=1, le=MOST_SITES)] = MOST_SITES
    distance_minor: Minor = 100
    split_minor: Minor = 500
    below_safety_minor: Minor = 50
    busy_minor: Minor = 200
    keeping_minor: Minor = 1
    keeping_days: Annotated[int, Meta(ge=1, le=3650)] = 30
    smallest_part_minor: Minor = 0
    farthest_km: Annotated[int, Meta(ge=1, le=20_100)] | None = None
    priority: Annotated[int, Meta(ge=0, le=1000)] = 100
    listed_only: bool = False
    attempts: Annotated[int, Meta(ge=1, le=20)] = 3


@dataclass(frozen=True, slots=True)
class Place:
    """A site on the map, and what it can do in a day."""

    point: Point | None
    capacity: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of it; `ranks` by (channel, site), `areas` by the beginning of a region."""

    stamp: int
    terms: Mapping[str, TermsSetting]
    places: Mapping[str, Place]
    ranks: Mapping[tuple[str, str], int | None]
    rates: Mapping[tuple[str, str], Rate]
    areas: Mapping[str, Destination]

    def of(self, channel: str) -> TermsSetting:
        """The channel's own, else the company's, else what the product comes with."""
        return self.terms.get(channel) or self.terms.get("") or _DEFAULT

    def prices(self, channel: str) -> Prices:
        own = self.of(channel)
        return Prices(
            most_sites=own.most_sites,
            distance_minor=own.distance_minor,
            split_minor=own.split_minor,
            below_safety_minor=own.below_safety_minor,
            busy_minor=own.busy_minor,
            keeping_minor=own.keeping_minor,
            keeping_days=own.keeping_days,
            smallest_part_minor=own.smallest_part_minor,
            farthest_km=own.farthest_km,
            rates=self.rates,
        )

    def rank(self, channel: str, site: str) -> int | None:
        """The channel's own word, else everybody's; a site that nobody ranked is asked first, or (`listed_only`) not at all."""
        for key in ((channel, site), ("", site)):
            if key in self.ranks:
                return self.ranks[key]
        return None if self.of(channel).listed_only else 0

    def destination(self, region: str | None) -> Destination:
        """Of the area with the longest beginning in common."""
        for length in range(len(region or ""), 0, -1):
            if found := self.areas.get(str(region)[:length]):
                return found
        return self.areas.get("", Destination())


_DEFAULT = TermsSetting()


async def settings() -> Settings:
    """As they are now; read again only when one changed."""
    stamp = int((await db.fetch("SELECT stamp FROM sourcing_stamp WHERE id = 1"))[0]["stamp"])
    kept = db.memory("sourcing.settings", dict[str, Settings])
    known = kept.get("all")
    if known is None or known.stamp != stamp:
        known = kept["all"] = await _read(stamp)
    return known


async def _read(stamp: int) -> Settings:
    places = await db.fetch("SELECT site, latitude, longitude, capacity FROM sourcing_site")
    areas = await db.fetch("SELECT prefix, zone, latitude, longitude FROM sourcing_area")
    return Settings(
        stamp=stamp,
        terms={
            row["channel"]: msgspec.json.decode(row["data"], type=TermsSetting)
            for row in await db.fetch("SELECT channel, data FROM sourcing_terms")
        },
        places={row["site"]: Place(_point(row), row["capacity"]) for row in places},
        ranks={
            (row["channel"], row["site"]): row["position"]
            for row in await db.fetch("SELECT channel, site, position FROM sourcing_rank")
        },
        rates={
            (row["site"], row["zone"]): Rate(row["first_minor"], row["more_minor"])
            for row in await db.fetch("SELECT site, zone, first_minor, more_minor FROM sourcing_rate")
        },
        areas={row["prefix"]: Destination(_point(row), row["zone"]) for row in areas},
    )


def _point(row: db.Row) -> Point | None:
    return None if row["latitude"] is None or row["longitude"] is None else Point(row["latitude"], row["longitude"])
