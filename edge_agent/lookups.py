"""What stations ask their box for while somebody reads; and what is answered where nobody knows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from edge_agent.stations import Item, Missing, Person
from edge_agent.stations.model import NOTHING_KNOWN, Known

LookUp = Callable[[str, str | None], Awaitable[Item | Missing]]
"""What the box knows of a symbol, by its text and its GTIN; it answers soon, whatever happens."""

Identify = Callable[[str], Person | None]
"""Whose badge this is.  It does not wait."""

Weigh = Callable[[str, bool], None]
"""What asks a scale for a weight, or (False) does not any more."""

LookAround = Callable[[str, str | None, str | None, tuple[str, ...]], Awaitable[Known]]
"""What the box knows of a document (its part of the replica, its number), whether a code is a bin, and of documents of other
numbers; it answers soon."""


def nobody_weighs(scale: str, wanted: bool) -> None:  # noqa: FBT001 -- the type's own form
    del scale, wanted


def no_templates() -> Mapping[str, str]:
    return {}


async def nothing_is_known(text: str, gtin: str | None) -> Missing:
    del text, gtin
    return Missing.NO_CATALOGUE


async def nothing_is_around(part: str, number: str | None, place: str | None, also: tuple[str, ...]) -> Known:
    del part, number, place, also
    return NOTHING_KNOWN


def nobody_is_known(badge: str) -> None:
    del badge
