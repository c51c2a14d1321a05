"""Which lots were picked: what a symbol or a person told of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from controller.catalog.policies import Found, Resolution
from controller.facts import FactIn
from controller.fulfilment.policies import PickLine
from controller.stock.lots import MAX_CODE, LotSeen, lots_of
from edge_agent.wire.facts import Picked


async def lots_told(facts: Sequence[FactIn[Picked]], items: Sequence[Resolution | None]) -> list[int]:
    """The lot that each fact told; 0: none, or of nothing that we know.  A lot that is new to us is one from now on."""
    seen = [_seen(fact.data, item) for fact, item in zip(facts, items, strict=True)]
    return await lots_of(seen, site=facts[0].site_id if facts else None)


def _seen(picked: Picked, item: Resolution | None) -> LotSeen:
    if not isinstance(item, Found):
        return LotSeen(sku_id=0)
    readable = picked.lot and len(picked.lot) <= MAX_CODE and picked.lot.isprintable()
    return LotSeen(sku_id=item.sku_id, code=picked.lot if readable else None, expiry=picked.expiry)


def in_order_for(lot_id: int, lines: Iterable[PickLine]) -> list[PickLine]:
    """A pick of a lot goes to the lines that expect it, then to the others in walking order."""
    return sorted(lines, key=lambda line: lot_id not in (0, line.lot_id))
