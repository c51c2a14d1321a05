"""A promise goes from one line to another, at the same site: nothing becomes free in between, so that nobody else can have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller import db
from controller.errors import Conflict
from controller.stock.holds import lock_holds
from controller.stock.promises import document_of
from controller.stock.states import Hold

_MOVABLE = (Hold.RESERVED, Hold.PRESOLD, Hold.WITHDRAWN)


class NotHandedOn(Conflict):
    """The line does not hold that much any more, or its goods are being fetched."""

    code = "not_handed_on"

    def __init__(self, line_key: str, quantity: int) -> None:
        super().__init__(f"{line_key} does not hold {quantity} that could go to another line")
        self.line_key = line_key
        self.quantity = quantity


@dataclass(frozen=True, slots=True)
class HandOn:
    """`quantity` base units of what a line holds are another line's from now on; `to_key` never held anything before."""

    from_key: str
    to_key: str
    quantity: int


async def hand_on(wanted: Sequence[HandOn]) -> None:
    """All of it or NotHandedOn.  What was withdrawn goes along as withdrawn; what has not arrived yet goes first.

    A line that hands on all that it holds keeps its place in the order of promises; a part begins anew.
    """
    async with db.transaction():
        rows = {row["line_key"]: row for row in await lock_holds([one.from_key for one in wanted], _MOVABLE)}
        for one in wanted:
            row = rows.get(one.from_key)
            if row is None or row["consumed"] or not 0 < one.quantity <= row["quantity"]:
                raise NotHandedOn(one.from_key, one.quantity)
            if one.quantity == row["quantity"]:
                await db.execute(
                    "UPDATE reservation SET line_key = ?, document = ? WHERE id = ?",
                    *(one.to_key, document_of(one.to_key), row["id"]),
                )
                del rows[one.from_key]
            else:
                await _part(row, one)


async def _part(row: db.Row, one: HandOn) -> None:
    presold = min(row["presold"], one.quantity)
    row["quantity"] -= one.quantity
    row["presold"] -= presold
    await db.execute(
        "UPDATE reservation SET quantity = ?, presold = ?, state = ? WHERE id = ?",
        *(row["quantity"], row["presold"], _state(row["state"], row["presold"]), row["id"]),
    )
    await db.execute(
        "INSERT INTO reservation (line_key, sku_id, site_id, quantity, consumed, presold, state, document, channel, expires_at, "
        "created_at) VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?)",
        *(one.to_key, row["sku_id"], row["site_id"], one.quantity, presold, _state(row["state"], presold)),
        *(document_of(one.to_key), row["channel"], row["expires_at"], row["created_at"]),
    )


def _state(was: str, presold: int) -> str:
    if was == Hold.WITHDRAWN.value:
        return was
    return (Hold.PRESOLD if presold else Hold.RESERVED).value
