"""What facts of the dock read: which SKU, and how many base units.  `received` and `put_away` are read alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from controller.catalog.operations import Sighting, note_unknown, sighting, waiting_for
from controller.catalog.policies import LARGEST, Ambiguous, Found, Resolution, SymbolKey
from controller.catalog.queries import resolve
from controller.facts import FactIn, Outcome, Parked, Rejected
from edge_agent.wire.facts import PutAway, Received

F = TypeVar("F", Received, PutAway)


@dataclass(frozen=True, slots=True)
class Goods:
    """So many base units of a SKU."""

    sku_id: int
    sku: str
    units: int


async def read_goods(facts: Sequence[FactIn[F]]) -> list[Goods | Outcome]:
    """What each fact is about; or Parked for a symbol that nobody knows (it is noted for linking), Rejected for half a piece."""
    unknown: list[Sighting] = []
    read: list[Goods | Outcome] = []
    for fact, meaning in zip(facts, await _resolve(facts), strict=True):
        match meaning:
            case Found():
                units = meaning.base_units(fact.data.quantity)
                read.append(_not_countable(fact.data.quantity, meaning) if units is None else _goods(meaning, units))
            case Ambiguous():
                read.append(Parked("ambiguous_barcode", waiting_for(fact.data.symbol.text)))
            case _:
                unknown.append(sighting(fact, fact.data.symbol, fact.data.gtin))
                read.append(Parked("unknown_barcode", waiting_for(fact.data.symbol.text)))
    await note_unknown(unknown)
    return read


def _goods(meaning: Found, units: int) -> Goods:
    return Goods(meaning.sku_id, meaning.sku, units)


async def _resolve(facts: Sequence[FactIn[F]]) -> list[Resolution]:
    by_site: dict[str, list[int]] = defaultdict(list)
    for index, fact in enumerate(facts):
        by_site[fact.site_id].append(index)
    found: dict[int, Resolution] = {}
    for site, indexes in by_site.items():
        keys = [SymbolKey(facts[index].data.symbol.text, facts[index].data.gtin) for index in indexes]
        found.update(zip(indexes, await resolve(keys, site_id=site), strict=True))
    return [found[index] for index in range(len(facts))]


def _not_countable(quantity: int, meaning: Found) -> Rejected:
    pack = f"{meaning.numerator}/{meaning.denominator}"
    return Rejected(
        "bad_quantity",
        f"{quantity} packs of {pack} base units of {meaning.sku}: expected a whole number of base units up to {LARGEST}",
    )
