"""A promise gets smaller: part of what a line holds is free again."""

from __future__ import annotations

from controller import db
from controller.stock.holds import lock_holds
from controller.stock.presale import freed
from controller.stock.states import Hold

_HELD = (Hold.RESERVED, Hold.PRESOLD, Hold.ALLOCATED)


async def shrink(line_key: str, quantity: int) -> int:
    """Give back at most `quantity` base units of what a line still holds; how many it were.  What has not arrived stays."""
    async with db.transaction():
        for row in await lock_holds([line_key], _HELD):
            away: int = min(quantity, row["quantity"] - row["consumed"] - row["presold"])
            if away <= 0:
                return 0
            left = row["quantity"] - away
            state = Hold(row["state"])
            column = Hold.ALLOCATED if state is Hold.ALLOCATED else Hold.RESERVED
            if left == row["consumed"]:
                state, left = (Hold.CONSUMED, left) if left else (Hold.RELEASED, row["quantity"])
            await db.execute("UPDATE reservation SET quantity = ?, state = ? WHERE id = ?", left, state.value, row["id"])
            await db.execute(
                f"UPDATE availability SET {column} = {column} - ? WHERE sku_id = ? AND site_id = ?",  # noqa: S608 -- ours
                *(away, row["sku_id"], row["site_id"]),
            )
            await freed([(row["sku_id"], row["site_id"])])
            return away
    return 0
