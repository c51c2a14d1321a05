"""Which parcel a code at the door stands for, where a box did not know it: its number, or its carrier's label."""

from __future__ import annotations

from collections.abc import Sequence

from controller.db import fetch
from controller.errors import NotFound
from controller.facts import FactIn
from controller.fulfilment.numbers import PARCELS
from edge_agent.wire.facts import HandedOver


async def parcels_of(facts: Sequence[FactIn[HandedOver]]) -> list[str]:
    """The number of each fact's parcel; what is neither that nor a label of its site stays as it was read."""
    return [await _number(fact) for fact in facts]


def is_parcel_number(text: str) -> bool:
    try:
        PARCELS.row_id(text)
    except NotFound:
        return False
    return True


async def _number(fact: FactIn[HandedOver]) -> str:
    """Two carriers may use the same number: then nobody knows which it is."""
    text = fact.data.parcel
    if is_parcel_number(text):
        return text
    rows = await fetch(
        "SELECT DISTINCT s.parcel_no FROM carrier c JOIN shipment s ON s.carrier = c.code AND s.tracking_no = ? WHERE s.site = ?",
        *(text, fact.site_id),
    )
    return str(rows[0]["parcel_no"]) if len(rows) == 1 else text
