"""What facts about goods read: which SKU, and how many base units.  Every feature reads them with this."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from controller.catalog.operations import Sighting, note_unknown, sighting, waiting_for
from controller.catalog.policies import LARGEST, Ambiguous, Found, Resolution, SymbolKey
from controller.catalog.queries import resolve
from controller.facts import FactIn, Outcome, Parked, Rejected
from edge_agent.wire.facts import Fact
from edge_agent.wire.messages import Symbol


class NamesGoods(Protocol):
    """A fact about one symbol."""

    @property
    def symbol(self) -> Symbol:
        """As it was read."""

    @property
    def gtin(self) -> str | None:
        """14 digits, if the symbol carries one."""


@dataclass(frozen=True, slots=True)
class Read:
    """So many base units of a SKU; below zero where the fact said so."""

    sku_id: int
    sku: str
    units: int


async def read(facts: Sequence[tuple[FactIn[Fact], NamesGoods, int]]) -> list[Read | Outcome]:
    """What each fact is about; Parked for a symbol that nobody knows (it is noted for linking), Rejected for half a piece.

    A fact comes with its data, and with how many of the symbol's packs it counts.
    """
    unknown: list[Sighting] = []
    found: list[Read | Outcome] = []
    for (fact, goods, packs), meaning in zip(facts, await _resolve(facts), strict=True):
        match meaning:
            case Found():
                found.append(_counted(packs, meaning))
            case Ambiguous():
                found.append(Parked("ambiguous_barcode", waiting_for(goods.symbol.text)))
            case _:
                unknown.append(sighting(fact, goods.symbol, goods.gtin))
                found.append(Parked("unknown_barcode", waiting_for(goods.symbol.text)))
    await note_unknown(unknown)
    return found


async def _resolve(facts: Sequence[tuple[FactIn[Fact], NamesGoods, int]]) -> list[Resolution]:
    by_site: dict[str, list[int]] = defaultdict(list)
    for index, (fact, _, _) in enumerate(facts):
        by_site[fact.site_id].append(index)
    found: dict[int, Resolution] = {}
    for site, indexes in by_site.items():
        keys = [SymbolKey(facts[index][1].symbol.text, facts[index][1].gtin) for index in indexes]
        found.update(zip(indexes, await resolve(keys, site_id=site), strict=True))
    return [found[index] for index in range(len(facts))]


def _counted(packs: int, meaning: Found) -> Read | Rejected:
    units = meaning.base_units(abs(packs))
    if units is None:
        pack = f"{meaning.numerator}/{meaning.denominator}"
        told = f"{packs} packs of {pack} base units of {meaning.sku}: expected a whole number of base units up to {LARGEST}"
        return Rejected("bad_quantity", told)
    return Read(meaning.sku_id, meaning.sku, units if packs > 0 else -units)
