"""Tags on orders: words that people put on them to find them again.  A tag holds nothing up, and says nothing to any rule."""

from __future__ import annotations

from unicodedata import normalize

from controller import events
from controller.db import fetch, now, transaction
from controller.errors import Conflict, Rejected
from controller.orders.events import OrderTagged, OrderUntagged
from controller.orders.numbers import ORDERS
from controller.orders.transitions import locked, site_of

MAX_TAG = 32
MOST_TAGS = 20
"""Of one order, put there by people; what orders that were merged had comes beside that."""


class BadTag(Rejected):
    code = "bad_tag"


class TooManyTags(Conflict):
    code = "too_many_tags"


def plain(text: str) -> str:
    """As tags are stored and compared: one space between words, full-width letters as the usual ones (Unicode NFKC)."""
    return " ".join(normalize("NFKC", text).split())


def checked(text: str) -> str:
    """The same.  Raises BadTag."""
    tag = plain(text)
    if not 0 < len(tag) <= MAX_TAG or not tag.isprintable():
        raise BadTag(f"a tag has 1 to {MAX_TAG} characters on one line")
    return tag


async def add(no: str, text: str, *, reason: str = "") -> bool:
    """Put a tag on an order, whatever its state; False: it was there.

    Records OrderTagged.  Raises NotFound, BadTag, TooManyTags.
    """
    tag = checked(text)
    async with transaction():
        order_id, _ = await locked(no)
        if not await _put(order_id, tag, reason):
            return False
        if len(await _of(order_id)) > MOST_TAGS:
            raise TooManyTags(f"{no} has {MOST_TAGS} tags, which is the most: remove one first")
    return True


async def remove(no: str, text: str, *, reason: str = "") -> bool:
    """Take a tag off an order; False: it was not there.  Records OrderUntagged.  Raises NotFound, BadTag."""
    tag = checked(text)
    async with transaction():
        order_id, _ = await locked(no)
        rows = await fetch("DELETE FROM order_tag WHERE order_id = ? AND tag = ? RETURNING id", order_id, tag)
        if rows:
            told = OrderUntagged(tag=tag, reason=reason.strip())
            await events.record(told, subject=ORDERS.number(order_id), site=await site_of(order_id))
    return bool(rows)


async def copy(from_order: int, to_order: int) -> None:
    """Who finds the one by a tag finds the other, too.  In the caller's transaction, with the orders locked."""
    for tag in await _of(from_order):
        await _put(to_order, tag, f"as {ORDERS.number(from_order)}")


async def known(most: int = 100) -> list[str]:
    """Those that are on any order, by name, of the whole chain: one step along the index for each, however many orders have it."""
    rows = await fetch(
        "WITH RECURSIVE known(tag) AS (SELECT MIN(tag) FROM order_tag UNION ALL "
        "SELECT (SELECT MIN(t.tag) FROM order_tag t WHERE t.tag > known.tag) FROM known WHERE known.tag IS NOT NULL) "
        "SELECT tag FROM known WHERE tag IS NOT NULL LIMIT ?",
        most,
    )
    return [row["tag"] for row in rows]


async def _of(order_id: int) -> list[str]:
    return [row["tag"] for row in await fetch("SELECT tag FROM order_tag WHERE order_id = ? ORDER BY tag", order_id)]


async def _put(order_id: int, tag: str, reason: str) -> bool:
    rows = await fetch(
        "INSERT INTO order_tag (order_id, tag, set_at, set_by) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (order_id, tag) DO NOTHING RETURNING id",
        *(order_id, tag, now(), events.actor().actor),
    )
    if rows:
        told = OrderTagged(tag=tag, reason=reason.strip())
        await events.record(told, subject=ORDERS.number(order_id), site=await site_of(order_id))
    return bool(rows)
