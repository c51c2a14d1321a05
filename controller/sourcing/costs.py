"""What a way of doing it costs.  Pure; integers only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from controller.sourcing.plans import Cost, Destination, Point, Prices, Rate, Shelf, SiteFacts

_EARTH_KM = 6371.0088
"""Mean radius.  Source: IUGG, Geodetic Reference System 1980 (Moritz 2000), R1."""
_NO_RATE = Rate(0)


class Taken(NamedTuple):
    """Base units of a SKU out of a shelf, with what they weigh; `expires`: some site knows a date for it."""

    quantity: int
    grams: int
    shelf: Shelf
    expires: bool


@lru_cache(maxsize=65_536)
def distance_km(one: Point, other: Point) -> int:
    """Along the great circle, in whole kilometres: so coarse that no platform's last digit shows.  Source: haversine formula."""
    lat1, lat2 = math.radians(one.latitude / 1e6), math.radians(other.latitude / 1e6)
    across = math.radians((other.longitude - one.longitude) / 1e6)
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(across / 2) ** 2
    return round(2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(half))))


def km_to(site: SiteFacts, destination: Destination) -> int | None:
    """None: one of the two is not on the map."""
    return distance_km(site.point, destination.point) if site.point and destination.point else None


def rate_for(rates: Mapping[tuple[str, str], Rate], site: str, zone: str) -> Rate:
    """The narrowest: of the site to the zone, of any site to the zone, of the site, of all."""
    return rates.get((site, zone)) or rates.get(("", zone)) or rates.get((site, "")) or rates.get(("", "")) or _NO_RATE


def freight(rate: Rate, grams: int) -> int:
    """Each kilogram that is begun counts; what nobody weighed is one kilogram."""
    return rate.first_minor + rate.more_minor * max(-(-grams // 1000) - 1, 0)


def busy(facts: SiteFacts, busy_minor: int) -> int:
    """In proportion to how full the site's day is."""
    if not facts.capacity or facts.capacity_left is None:
        return 0
    used = min(max(facts.capacity - facts.capacity_left, 0), facts.capacity)
    return busy_minor * used // facts.capacity


def below_safety(taken: Taken) -> int:
    """Base units that come out of what the site would rather keep."""
    return max(taken.quantity - max(taken.shelf.free - taken.shelf.safety, 0), 0) if taken.shelf.safety else 0


def keeping(taken: Taken, prices: Prices) -> int:
    """Days that it keeps, priced: what expires first is cheapest."""
    if not taken.expires:
        return 0
    days = taken.shelf.remaining_days
    return prices.keeping_minor * min(prices.keeping_days if days is None else max(days, 0), prices.keeping_days)


Lanes = dict[str, tuple[int, Rate]]
"""By site: what the way from it costs, whatever is sent, and the rate of its parcels; for one place and one set of prices."""


def _lane(facts: SiteFacts, prices: Prices, destination: Destination, lanes: Lanes) -> tuple[int, Rate]:
    far = prices.distance_minor * (km_to(facts, destination) or 0) // 100 if prices.distance_minor else 0
    found = lanes[facts.site] = far, rate_for(prices.rates, facts.site, destination.zone)
    return found


def cost_of(
    parts: Sequence[tuple[SiteFacts, Sequence[Taken]]], prices: Prices, destination: Destination, lanes: Lanes | None = None
) -> Cost:
    """Of parcels from these sites.  `lanes`: what was worked out before for this place, by these prices; it grows."""
    return cost(amounts_of(parts, prices, destination, {} if lanes is None else lanes))


def cost(amounts: tuple[int, int, int, int, int, int]) -> Cost:
    """Of what `amounts_of` found."""
    distance, carriage, split, balance, capacity, kept = amounts
    return Cost(distance=distance, freight=carriage, split=split, balance=balance, capacity=capacity, keeping=kept)


def amounts_of(
    parts: Sequence[tuple[SiteFacts, Sequence[Taken]]], prices: Prices, destination: Destination, known: Lanes
) -> tuple[int, int, int, int, int, int]:
    """The amounts of a `Cost`, in its order: ways are compared by their sum, and most are never looked at again."""
    distance = carriage = balance = capacity = kept = 0
    for facts, goods in parts:
        far, rate = known.get(facts.site) or _lane(facts, prices, destination, known)
        grams = 0
        for each in goods:
            grams += each.grams
            if each.shelf.safety:
                balance += below_safety(each)
            if each.expires:
                kept += keeping(each, prices)
        distance += far
        carriage += freight(rate, grams)
        if facts.capacity:
            capacity += busy(facts, prices.busy_minor)
    return distance, carriage, prices.split_minor * (len(parts) - 1), balance * prices.below_safety_minor, capacity, kept
