"""What the pages show of the fleet: boxes with their devices and alerts, and the latest facts in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from controller.fleet import queries
from controller.fleet.views import AlertView, BoxView, DeviceView, FactView

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
    """`detail`: the symbol, or what the fact is about; `grams` of a weight."""

    name: str
    at: datetime
    box: str
    device: str | None
    detail: str
    grams: str | None
    quantity: int | None
    outcome: str
    code: str | None


async def boxes(*, limit: int) -> list[ShownBox]:
    devices = [device for _, device in await queries.devices(limit=_MAX_DEVICES)]
    alerts = [alert for _, alert in await queries.alerts(limit=_MAX_DEVICES)]
    return [
        ShownBox(
            box=box,
            devices=[device for device in devices if device.box == box.id],
            alerts=[alert for alert in alerts if alert.box == box.id],
        )
        for box in await queries.boxes(limit=limit)
    ]


async def latest_facts(*, limit: int) -> list[ShownFact]:
    """The newest readings of people and devices; what boxes tell of themselves is left out."""
    found = await queries.facts(limit=4 * limit)
    return [_fact(fact) for fact in found if fact.stream == "fact"][:limit]


def _fact(fact: FactView) -> ShownFact:
    symbol, weight, quantity = fact.data.get("symbol"), fact.data.get("weight"), fact.data.get("quantity")
    detail = (
        symbol.get("text") if isinstance(symbol, dict) else next((fact.data[name] for name in _DETAILS if fact.data.get(name)), "")
    )
    return ShownFact(
        name=fact.fact_name,
        at=fact.occurred_at,
        box=fact.box,
        device=fact.device,
        detail=str(detail).replace("\x1d", "⟨FNC1⟩"),
        grams=str(weight.get("grams")) if isinstance(weight, dict) else None,
        quantity=quantity if isinstance(quantity, int) else None,
        outcome=fact.outcome,
        code=fact.code,
    )
