"""What people set of reviews, all of it at once: remembered, and read again only when one of it changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.db import memory
from controller.review.clocks import ClockKind, Term
from controller.review.limits import limits
from controller.review.opening import all_terms, holding_at
from controller.review.policies import Limits
from controller.review.rules import Rule
from controller.review.tables import live_rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`live`: the table in force and its rules, None: there is none; `terms` by site, of those of which something was said."""

    stamp: str
    limits: Limits
    live: tuple[int, Sequence[Rule]] | None
    terms: Mapping[str, Mapping[ClockKind, Term]]

    def terms_of(self, site: str | None) -> Mapping[ClockKind, Term]:
        """The terms that hold at a site (None: at none in particular)."""
        return holding_at(site, self.terms)


async def settings(stamp: str) -> Settings:
    """As they are now; `stamp` is `review_stamp.stamp`, as the caller's own statement has just read it."""
    kept = memory("review.settings", dict[str, Settings])
    known = kept.get("all")
    if known is None or known.stamp != stamp:
        known = Settings(stamp=stamp, limits=(await limits())[0], live=await live_rules(), terms=await all_terms())
        kept["all"] = known
    return known
