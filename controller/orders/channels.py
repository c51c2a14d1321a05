"""What becomes of a channel's orders when there is too little: refused, or (it sold them already) taken and filled later."""

from __future__ import annotations

from controller import db, events
from controller.errors import NotFound
from controller.orders.events import ChannelShortSet
from controller.orders.states import WhenShort


async def set_when_short(channel: str, wanted: WhenShort) -> None:
    """From now on.  Records ChannelShortSet, with what was before.  Raises NotFound (channel)."""
    async with db.transaction():
        if not await db.fetch(f"SELECT code FROM channel WHERE code = ?{db.for_update()}", channel):  # noqa: S608 -- ours
            raise NotFound("channel", channel)
        before = await when_short_of(channel)
        if before is wanted:
            return
        await db.execute(
            "INSERT INTO order_channel (channel, when_short, changed_at) VALUES (?, ?, ?) "
            "ON CONFLICT (channel) DO UPDATE SET when_short = excluded.when_short, changed_at = excluded.changed_at",
            *(channel, wanted.value, db.now()),
        )
        await events.record(ChannelShortSet(before=before.value, after=wanted.value), subject=f"channel:{channel}")


async def when_short_of(channel: str) -> WhenShort:
    """Without a word about it: refused."""
    rows = await db.fetch("SELECT when_short FROM order_channel WHERE channel = ?", channel)
    return WhenShort(rows[0]["when_short"]) if rows else WhenShort.REFUSE
