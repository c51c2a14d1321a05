"""Which lots were picked, and where: what a symbol or a person told of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from controller.catalog.policies import Found, Resolution
from controller.facts import FactIn
from controller.fulfilment.policies import PickLine
from controller.sites.queries import bins
from controller.stock.lots import LotSeen, lot_told, lots_of
from edge_agent.wire.facts import Picked, PickShort
from edge_agent.wire.pick_facts import PickDamaged

Told = FactIn[Picked] | FactIn[PickDamaged]


async def lots_told(facts: Sequence[Told], items: Sequence[Resolution | None]) -> list[int]:
    """The lot that each fact told; 0: none, or of nothing that we know.  A lot that is new to us is one from now on."""
    seen = [_seen(fact.data, item) for fact, item in zip(facts, items, strict=True)]
    return await lots_of(seen, site=facts[0].site_id if facts else None)


def _seen(picked: Picked | PickDamaged, item: Resolution | None) -> LotSeen:
    if not isinstance(item, Found):
        return LotSeen(sku_id=0)
    return lot_told(item.sku_id, picked.lot, picked.expiry)


async def places_told(facts: Sequence[Told | FactIn[PickShort]]) -> list[int]:
    """The bin that each fact told; 0: none, or none that the site has."""
    codes: dict[str, set[str]] = {}
    for fact in facts:
        if fact.data.bin is not None:
            codes.setdefault(fact.site_id, set()).add(fact.data.bin)
    known = {site: await bins(site, sorted(of_site)) for site, of_site in codes.items()}
    found = [known.get(fact.site_id, {}).get(fact.data.bin or "") for fact in facts]
    return [0 if place is None else place.id for place in found]


def in_order_for(lot_id: int, place_id: int, lines: Iterable[PickLine]) -> list[PickLine]:
    """A pick of a lot goes to the lines that expect it, one from a bin to those of that bin, then to others in walking order."""
    return sorted(lines, key=lambda line: (lot_id not in (0, line.lot_id), place_id not in (0, line.location_id)))
