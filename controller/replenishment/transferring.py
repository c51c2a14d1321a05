"""Which site gives what to which: integer quantities, the same for the same question, the cheapest ways first.

A site gives only what it does not need itself for some days beyond S; a site gets at most what brings it up to S.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

SAME_COST = 0


@dataclass(frozen=True, slots=True, order=True)
class Spare:
    """What a site could give, base units."""

    site: str
    quantity: int


@dataclass(frozen=True, slots=True, order=True)
class Want:
    """What a site is short of, base units; `days`: until it is out (the most urgent gets first); `least`: what is worth the way."""

    site: str
    quantity: int
    days: float = 0.0
    least: int = 1


@dataclass(frozen=True, slots=True)
class Flow:
    source: str
    target: str
    quantity: int


def surplus(on_hand_free: int, upto: int, mean: float, cover_days: float) -> int:
    """What a site may give away: free stock above S plus the demand of so many days; never below zero."""
    kept = upto + int(-(-(mean * cover_days) // 1))
    return max(on_hand_free - kept, 0)


def flows(
    spares: Iterable[Spare],
    wants: Iterable[Want],
    *,
    pack: int = 1,
    costs: Mapping[tuple[str, str], int] | None = None,
    barred: Collection[tuple[str, str]] = (),
) -> list[Flow]:
    """Who gives how much to whom.  Whole packs; nothing on a `barred` way (source, target); no site both gives and gets.

    The most urgent want is served first, from the cheapest source, the larger spare before the smaller one, then by name.
    """
    price = costs or {}
    ordered = sorted(wants, key=lambda want: (want.days, -want.quantity, want.site))
    short = {want.site for want in ordered if want.quantity > 0}
    left = {spare.site: spare.quantity for spare in spares if spare.quantity > 0 and spare.site not in short}
    found: list[Flow] = []
    for want in ordered:
        missing = want.quantity
        sources = sorted(left, key=lambda site: (price.get((site, want.site), SAME_COST), -left[site], site))
        for source in sources:
            quantity = min(left[source], missing) // pack * pack
            if quantity < max(want.least, 1) or (source, want.site) in barred:
                continue
            found.append(Flow(source, want.site, quantity))
            left[source] -= quantity
            missing -= quantity
    return found
