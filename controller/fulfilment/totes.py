"""Which list a code at the packing desk stands for, where a box did not know it: a tote's or a parcel's.

A tote stands for the list that it was bound to last before it was packed, a parcel for its own, which is packed.
"""

from __future__ import annotations

from collections.abc import Sequence

from controller.db import fetch
from controller.errors import NotFound
from controller.facts import FactIn
from controller.fulfilment.numbers import PARCELS, PICK_LISTS
from controller.fulfilment.parcel_codes import is_parcel_number
from edge_agent.wire.facts import Packed


async def numbers_of(facts: Sequence[FactIn[Packed]]) -> list[str]:
    """The number of each fact's list; what is neither a number, a tote nor a parcel of its site stays as it was read."""
    return [await _number(fact) for fact in facts]


async def _number(fact: FactIn[Packed]) -> str:
    text = fact.data.pick_list
    try:
        PICK_LISTS.row_id(text)
    except NotFound:
        if is_parcel_number(text):
            of_parcel = await fetch("SELECT pick_list_id FROM parcel WHERE id = ?", PARCELS.row_id(text))
            return PICK_LISTS.number(of_parcel[0]["pick_list_id"]) if of_parcel else text
        rows = await fetch(
            "SELECT id FROM pick_list WHERE tote = ? AND site = ? AND state IN ('open', 'picking', 'picked') "
            "AND (claimed_at IS NULL OR claimed_at <= ?) ORDER BY claimed_at DESC, id DESC LIMIT 1",
            *(text, fact.site_id, fact.occurred_at),
        )
        return PICK_LISTS.number(rows[0]["id"]) if rows else text
    return text
