"""Pure decisions about prices: which of many is in force at an instant, and when that changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

CHAIN = ""
"""The scope of a price that holds at every site."""


class PriceKind(StrEnum):
    """A regular price holds until the next one; a promotion goes before it, and ends."""

    REGULAR = "regular"
    PROMOTION = "promotion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A price of one SKU; minor units for one piece, 100 g or 100 ml.  `until` of a promotion, and of nothing else."""

    id: int
    scope: str
    kind: PriceKind
    price_minor: int
    currency: str
    effective_from: datetime
    until: datetime | None = None

    def holds_at(self, instant: datetime) -> bool:
        return self.effective_from <= instant and (self.until is None or instant < self.until)


def in_force(prices: Iterable[Priced], site: str, instant: datetime) -> Priced | None:
    """What a SKU costs at a site (CHAIN: wherever nothing else is said) at an instant; None: nobody said.

    A promotion goes before a regular price, then the site's own before the chain's, then the latest.
    """
    holding = [price for price in prices if price.scope in (CHAIN, site) and price.holds_at(instant)]
    return max(holding, key=_strength, default=None)


def _strength(price: Priced) -> tuple[bool, bool, datetime, int]:
    return price.kind is PriceKind.PROMOTION, price.scope != CHAIN, price.effective_from, price.id


def overlaps(one: Priced, other: Priced) -> bool:
    """Two of a kind and scope that cannot both be meant: regular ones of one instant, promotions that hold at the same time."""
    if (one.scope, one.kind) != (other.scope, other.kind):
        return False
    if one.kind is PriceKind.REGULAR or one.until is None or other.until is None:
        return one.effective_from == other.effective_from
    return one.effective_from < other.until and other.effective_from < one.until


def instants(prices: Sequence[Priced]) -> list[datetime]:
    """When something begins or ends, in order."""
    return sorted({price.effective_from for price in prices} | {price.until for price in prices if price.until is not None})
