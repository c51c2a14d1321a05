"""Channels share one stock.  A buffer is what a channel leaves to the others: to lower it is to borrow from them.

The narrowest buffer holds: SKU and site, SKU, site, the channel's own.  It is part of the condition of each grant.
"""

# ruff: noqa: S608 -- what is put into the texts is expressions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from controller import db, events
from controller.errors import Conflict, NotFound, Rejected
from controller.stock.events import ChannelAdded, ChannelBufferChanged

BUFFER = (
    "COALESCE((SELECT b.quantity FROM channel_buffer b WHERE b.channel_id = {channel} AND b.sku_id IN (0, {row}.sku_id) "
    "AND b.site IN ('', {row}.site_id) ORDER BY b.sku_id DESC, b.site DESC LIMIT 1), 0)"
)
"""What a channel leaves of the SKU and site of a row, in base units."""
FREE = "on_hand - reserved - allocated - quarantined"
FREE_FOR = f"{FREE} - {BUFFER.format(channel='?', row='availability')}"
"""What can be promised to a channel; its one parameter is the channel."""
MAX_CODE = 40
MAX_NAME = 80


class BadChannel(Rejected):
    code = "bad_channel"


class ChannelExists(Conflict):
    code = "channel_exists"

    def __init__(self, channel: str) -> None:
        super().__init__(f"there is a channel {channel} already")
        self.channel = channel


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChannel:
    code: str
    name_en: str
    name_zh: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffer:
    """`sku` and `site` None: each.  `quantity` in base units."""

    id: int
    channel: str
    sku: str | None
    site: str | None
    quantity: int
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What could be promised of a SKU at a site, to a channel: `free` less its `buffer`, never below zero; `presale` besides."""

    sku: str
    site: str
    channel: str
    free: int
    buffer: int
    presale: int

    @property
    def available(self) -> int:
        return max(self.free - self.buffer, 0)


async def add_channel(code: str, *, name_en: str, name_zh: str) -> None:
    """Records ChannelAdded.  Raises BadChannel, ChannelExists."""
    if not 0 < len(code) <= MAX_CODE or not code.isprintable() or code != code.strip():
        raise BadChannel(f"a channel's code is 1 to {MAX_CODE} characters on one line, without spaces around")
    if not all(0 < len(name.strip()) <= MAX_NAME and name.isprintable() for name in (name_en, name_zh)):
        raise BadChannel(f"a channel has a name of 1 to {MAX_NAME} characters in each language")
    async with db.transaction():
        added = await db.execute(
            "INSERT INTO channel (code, name_en, name_zh, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (code) DO NOTHING",
            *(code, name_en.strip(), name_zh.strip(), db.now()),
        )
        if not added:
            raise ChannelExists(code)
        await events.record(ChannelAdded(name_en=name_en.strip(), name_zh=name_zh.strip()), subject=f"channel:{code}")


async def set_buffer(channel: str, quantity: int | None, *, sku_id: int = 0, site: str = "", reason: str) -> None:
    """From now on the channel leaves so many base units to the others (None: this buffer is gone); what it holds it keeps.

    `sku_id` 0: of each SKU, `site` empty: at each site.  Records ChannelBufferChanged, with what was before.
    Raises BadChannel, NotFound (channel).
    """
    if quantity is not None and not 0 <= quantity <= 10**12:
        raise BadChannel("a buffer is 0 or more base units")
    if not 0 < len(reason.strip()) <= 200:
        raise BadChannel("a change of a buffer has a reason, of at most 200 characters")
    async with db.transaction():
        if not await db.fetch("SELECT code FROM channel WHERE code = ?" + db.for_update(), channel):
            raise NotFound("channel", channel)
        key = (channel, sku_id, site)
        rows = await db.fetch("SELECT quantity FROM channel_buffer WHERE channel_id = ? AND sku_id = ? AND site = ?", *key)
        before = rows[0]["quantity"] if rows else None
        if before == quantity:
            return
        if quantity is None:
            await db.execute("DELETE FROM channel_buffer WHERE channel_id = ? AND sku_id = ? AND site = ?", *key)
        else:
            await db.execute(
                "INSERT INTO channel_buffer (channel_id, sku_id, site, quantity, changed_at) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (channel_id, sku_id, site) "
                "DO UPDATE SET quantity = excluded.quantity, changed_at = excluded.changed_at",
                *(*key, quantity, db.now()),
            )
        changed = ChannelBufferChanged(sku_id=sku_id, site=site, before=before, after=quantity, reason=reason.strip())
        await events.record(changed, subject=f"channel:{channel}", site=site or None)


async def channels(*, after: str = "", limit: int = 200) -> list[StoredChannel]:
    """Behind the code `after`, in order of code."""
    rows = await db.fetch(
        "SELECT code, name_en, name_zh, created_at FROM channel WHERE code > ? ORDER BY code LIMIT ?", after, limit
    )
    return [StoredChannel(**row) for row in rows]


async def buffers(channel: str, *, after: int = 0, limit: int = 50) -> list[Buffer]:
    """Behind the id `after`."""
    rows = await db.fetch(
        "SELECT b.id, b.channel_id AS channel, s.code AS sku, b.site, b.quantity, b.changed_at FROM channel_buffer b "
        "LEFT JOIN sku s ON s.id = b.sku_id WHERE b.channel_id = ? AND b.id > ? ORDER BY b.id LIMIT ?",
        *(channel, after, limit),
    )
    return [Buffer(**{**row, "site": row["site"] or None}) for row in rows]


async def available_to_promise(sku_id: int, site: str, channel: str = "") -> Promise:
    """What a channel could sell now; without a channel, without a buffer.  Raises NotFound (SKU)."""
    rows = await db.fetch(
        "SELECT s.code, COALESCE(a.on_hand - a.reserved - a.allocated - a.quarantined, 0) AS free, "
        f"{BUFFER.format(channel='?', row='w')} AS buffer, COALESCE(a.presale - a.presold, 0) AS presale "
        "FROM (SELECT CAST(? AS BIGINT) AS sku_id, CAST(? AS VARCHAR(40)) AS site_id) w JOIN sku s ON s.id = w.sku_id "
        "LEFT JOIN availability a ON a.sku_id = w.sku_id AND a.site_id = w.site_id",
        *(channel, sku_id, site),
    )
    if not rows:
        raise NotFound("SKU", sku_id)
    row = rows[0]
    return Promise(
        sku=row["code"], site=site, channel=channel, free=int(row["free"]), buffer=int(row["buffer"]), presale=int(row["presale"])
    )


async def available_anywhere(sku_ids: Collection[int], channel: str, *, sites: Collection[str] | None = None) -> dict[int, int]:
    """What a channel could sell now of SKUs, over all sites (or these), in base units; what there is none of is left out."""
    here, ids = ("", []) if sites is None else (f"AND {db.among('site_id')}", [db.listing(sorted(sites))])
    rows = await db.fetch(
        f"SELECT sku_id, SUM(CASE WHEN {FREE_FOR} > 0 THEN {FREE_FOR} ELSE 0 END) AS units FROM availability "
        f"WHERE {db.among('sku_id')} {here} GROUP BY sku_id",
        *(channel, channel, db.listing(sorted(set(sku_ids))), *ids),
    )
    return {row["sku_id"]: int(row["units"]) for row in rows if row["units"]}
