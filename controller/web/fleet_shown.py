"""What the pages show of the fleet: boxes with their devices and alerts, and the latest facts in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from controller.catalog.queries import Found, SkuRow, SymbolKey, resolve, skus_by_id
from controller.fleet import queries
from controller.fleet.views import AlertView, BoxView, DeviceView, FactView
from controller.stock.queries import levels_of

_DETAILS = ("document", "pick_list", "bin", "parcel", "job")
_MAX_DEVICES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBox:
    """A box with what hangs on it."""

    box: BoxView
    devices: list[DeviceView]
    alerts: list[AlertView]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFact:
    """`detail`: the symbol, or what the fact is about; `grams` of a weight.

    `sku`: what the symbol means today, if that is one thing; `available` of it at the fact's site now, in base units.
    """

    name: str
    at: datetime
    box: str
    device: str | None
    person: str | None
    detail: str
    grams: str | None
    quantity: int | None
    outcome: str
    code: str | None
    is_double_read: bool
    sku: SkuRow | None
    available: int | None


async def boxes(*, limit: int, sites: Collection[str] | None = None) -> list[ShownBox]:
    devices = [device for _, device in await queries.devices(limit=_MAX_DEVICES, sites=sites)]
    alerts = [alert for _, alert in await queries.alerts(limit=_MAX_DEVICES, sites=sites)]
    return [
        ShownBox(
            box=box,
            devices=[device for device in devices if device.box == box.id],
            alerts=[alert for alert in alerts if alert.box == box.id],
        )
        for box in await queries.boxes(limit=limit, sites=sites)
    ]


async def latest_facts(*, limit: int, sites: Collection[str] | None = None) -> list[ShownFact]:
    """The newest readings of people and devices; what boxes tell of themselves is left out."""
    found = await queries.facts(limit=4 * limit, sites=sites)
    told = sorted((fact for fact in found if fact.stream == "fact"), key=lambda fact: fact.occurred_at, reverse=True)
    latest = told[:limit]
    meanings = await _meanings(latest)
    skus = await skus_by_id([sku_id for sku_id, _ in meanings.values()])
    return [_fact(fact, skus.get(meant[0]) if (meant := meanings.get(fact.id)) else None, meant and meant[1]) for fact in latest]


async def _meanings(facts: Sequence[FactView]) -> dict[UUID, tuple[int, int | None]]:
    """SKU id and what is available of it, by fact; three reads a site, however many facts."""
    keys: dict[str, dict[UUID, SymbolKey]] = defaultdict(dict)
    for fact in facts:
        symbol, gtin = fact.data.get("symbol"), fact.data.get("gtin")
        if isinstance(symbol, dict) and isinstance(symbol.get("text"), str):
            keys[fact.site][fact.id] = SymbolKey(symbol["text"], gtin if isinstance(gtin, str) else None)
    found: dict[UUID, tuple[int, int | None]] = {}
    for site, asked in keys.items():
        resolved = zip(asked, await resolve(list(asked.values()), site_id=site), strict=True)
        skus = {fact_id: meaning.sku_id for fact_id, meaning in resolved if isinstance(meaning, Found)}
        levels = await levels_of(skus.values(), site)
        for fact_id, sku_id in skus.items():
            found[fact_id] = (sku_id, levels[sku_id].available if sku_id in levels else None)
    return found


def _fact(fact: FactView, sku: SkuRow | None, available: int | None) -> ShownFact:
    symbol, weight, quantity = fact.data.get("symbol"), fact.data.get("weight"), fact.data.get("quantity")
    detail = (
        symbol.get("text") if isinstance(symbol, dict) else next((fact.data[name] for name in _DETAILS if fact.data.get(name)), "")
    )
    return ShownFact(
        name=fact.fact_name,
        at=fact.occurred_at,
        box=fact.box,
        device=fact.device,
        person=fact.person,
        detail=str(detail).replace("\x1d", "⟨FNC1⟩"),
        grams=str(weight.get("grams")) if isinstance(weight, dict) else None,
        quantity=quantity if isinstance(quantity, int) else None,
        outcome=fact.outcome,
        code=fact.code,
        is_double_read=fact.data.get("activity") == "double_read",
        sku=sku,
        available=available,
    )
