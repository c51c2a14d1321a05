"""Scans: every one is kept; a symbol read as goods that nobody knows is noted for linking."""

from __future__ import annotations

from collections.abc import Sequence

from controller.catalog.operations import Sighting, note_unknown, sighting
from controller.catalog.queries import SymbolKey, Unknown, resolve
from controller.facts import APPLIED, FactIn, Outcome
from edge_agent.wire.facts import ReadAs, Scan


async def apply_scan(facts: Sequence[FactIn[Scan]]) -> list[Outcome]:
    """The outcome is `applied` either way: the scan happened."""
    sites: dict[str, list[FactIn[Scan]]] = {}
    for fact in facts:
        if fact.data.read_as is not ReadAs.ITEM:
            continue
        sites.setdefault(fact.site_id, []).append(fact)
    unknown: list[Sighting] = []
    for site, here in sites.items():
        meanings = await resolve([_key(fact) for fact in here], site_id=site)
        unknown += [
            sighting(fact, fact.data.symbol, fact.data.gtin)
            for fact, meaning in zip(here, meanings, strict=True)
            if isinstance(meaning, Unknown)
        ]
    if unknown:
        await note_unknown(unknown)
    return [APPLIED] * len(facts)


def _key(fact: FactIn[Scan]) -> SymbolKey:
    return SymbolKey(fact.data.symbol.text, fact.data.gtin)
