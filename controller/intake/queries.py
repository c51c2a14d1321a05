"""Raw orders as they are stored, without what was sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from controller.db import Row, fetch
from controller.errors import NotFound
from controller.intake.states import RawState
from controller.orders.numbers import ORDERS


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRaw:
    """`code` and `detail`: why it is not placed."""

    id: int
    channel: str
    source: str
    reference: str | None
    state: RawState
    code: str | None
    detail: str | None
    order: str | None
    received_at: datetime
    changed_at: datetime


async def raw_orders(*, state: str, channel: str, before: int | None, limit: int) -> list[StoredRaw]:
    """The newest first."""
    conditions, values = ["id < ?"], list[object]([before or 1 << 62])
    for column, value in (("state", state), ("channel", channel)):
        if value:
            conditions.append(f"{column} = ?")
            values.append(value)
    rows = await fetch(f"SELECT * FROM raw_order WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT ?", *values, limit)  # noqa: S608 -- columns of ours
    return [_raw(row) for row in rows]


async def raw_order(raw_id: int) -> StoredRaw:
    """Raises NotFound."""
    rows = await fetch("SELECT * FROM raw_order WHERE id = ?", raw_id)
    if not rows:
        raise NotFound("raw order", raw_id)
    return _raw(rows[0])


def _raw(row: Row) -> StoredRaw:
    return StoredRaw(
        id=row["id"],
        channel=row["channel"],
        source=row["source"],
        reference=row["reference"],
        state=RawState(row["state"]),
        code=row["code"],
        detail=row["detail"],
        order=None if row["order_id"] is None else ORDERS.number(row["order_id"]),
        received_at=row["received_at"],
        changed_at=row["changed_at"],
    )
