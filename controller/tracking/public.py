"""The public look-up: an order's number and the last four digits of its telephone (or its pick-up code); nothing else opens it.

Tries are counted before they are judged, by the client's address and by the order's number, as log-ins are (`people/login.py`):
past some failures each costs a wait that doubles.  An order that is not there and digits that are wrong get one answer, after the
same work and at the earliest 0.3 s after the question.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, ip_address, ip_network

from controller import db
from controller.customers import order_addresses, sealing
from controller.errors import Forbidden, NotFound
from controller.orders import queries as orders
from controller.orders.queries import StoredLine, StoredOrder
from controller.orders.states import Delivery
from controller.sites.queries import SiteRow, site
from controller.tracking.reading import Tracked, tracked

TRIES_OF_AN_ADDRESS = 10
TRIES_OF_AN_ORDER = 6
"""10,000 endings of a number: at six and a quarter of an hour for each further one, a hundred days."""
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
REMEMBER = timedelta(hours=24)
SLOWEST = 0.3
"""Seconds: an answer that says no comes no sooner."""
_DIGITS = re.compile(r"[0-9]{4}")
_CODE = re.compile(r"[A-Z0-9]{5,16}")


class NoSuchOrder(Forbidden):
    """Number and proof do not belong together; which of the two is wrong is told to nobody.  `wait`: seconds until the next try."""

    code = "no_such_order"

    def __init__(self, wait: int) -> None:
        super().__init__("no order has this number and this telephone")
        self.wait = wait


class TooManyLookUps(Forbidden):
    code = "too_many_look_ups"

    def __init__(self, wait: int) -> None:
        super().__init__(f"too many tries failed: the next one is heard in {wait} s")
        self.wait = wait


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicView:
    """What a stranger who knows number and telephone may see.  `store`: where it is fetched; None: it is brought."""

    order: StoredOrder
    tracked: Tracked
    lines: list[StoredLine]
    name: str
    city: str
    store: SiteRow | None = None


async def look_up(number: str, proof: str, address: str) -> PublicView:
    """Where an order is.  `proof`: four digits or the pick-up code; `address`: the client's.

    Raises NoSuchOrder, TooManyLookUps.
    """
    earliest = asyncio.get_running_loop().time() + SLOWEST
    keys = _keys(number, address)
    wait = await db.in_transaction(lambda: _count(keys))
    order = await _order(number)
    is_right = await _is_right(order, proof)
    if order is None or not is_right:
        await asyncio.sleep(earliest - asyncio.get_running_loop().time())
        raise NoSuchOrder(wait)
    await _take_back(keys)
    masked = await order_addresses.masked_address(order.id)
    return PublicView(
        order=order,
        tracked=await tracked(order),
        lines=(await orders.lines([order.id]))[order.id],
        name="" if masked is None else masked.name,
        city="" if masked is None else masked.city or masked.province,
        store=await site(order.site) if order.site and order.delivery == Delivery.COLLECTION else None,
    )


async def _order(number: str) -> StoredOrder | None:
    try:
        return await orders.order(number.strip().upper())
    except NotFound:
        return None


async def _is_right(order: StoredOrder | None, proof: str) -> bool:
    """The same work for any order and any proof, there or not."""
    text = "".join(proof.split()).upper()
    order_id, code = (0, "") if order is None else (order.id, order.pickup_code)
    by_code = hmac.compare_digest(code.encode(), text.encode()) and _CODE.fullmatch(text) is not None
    by_phone = False
    if sealing.trouble() is None:
        by_phone = await order_addresses.is_last_four(order_id, text) and _DIGITS.fullmatch(text) is not None
    return order is not None and (by_code or by_phone)


def _keys(number: str, address: str) -> list[tuple[str, int]]:
    """What failures are counted by, in the order in which rows are locked; no number that somebody typed is stored."""
    typed = hashlib.sha256(number.strip().upper().encode(errors="replace")).hexdigest()
    return [(f"address:{_counted_as(address)}"[:80], TRIES_OF_AN_ADDRESS), (f"order:{typed}"[:80], TRIES_OF_AN_ORDER)]


def _counted_as(address: str) -> str:
    """A network of IPv6, whose 2^64 addresses one client has (RFC 6177)."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return address if isinstance(found, IPv4Address) else str(found.ipv4_mapped or ip_network((found, 64), strict=False))


async def _count(keys: list[tuple[str, int]]) -> int:
    """Count this try as failed; the seconds to wait if it does.  Raises TooManyLookUps."""
    instant, waits = db.now(), [0]
    for key, tries in keys:
        (row,) = await db.fetch(
            "INSERT INTO look_up_failures (key, failures, failed_at, wait_until) VALUES (?, 1, ?, ?) "
            "ON CONFLICT (key) DO UPDATE SET "
            "failures = CASE WHEN look_up_failures.failed_at < ? THEN 1 ELSE look_up_failures.failures + 1 END, "
            "failed_at = excluded.failed_at RETURNING failures, wait_until",
            *(key, instant, instant, instant - REMEMBER),
        )
        if row["wait_until"] > instant:
            raise TooManyLookUps(_seconds(row["wait_until"] - instant))  # rolls the counting back
        wait = wait_after(row["failures"], tries)
        if wait:
            await db.execute("UPDATE look_up_failures SET wait_until = ? WHERE key = ?", instant + wait, key)
        waits.append(_seconds(wait))
    return max(waits)


def wait_after(failures: int, tries: int) -> timedelta:
    """None for the first, then twice as long each time, up to a quarter of an hour."""
    if failures < tries:
        return timedelta(0)
    return min(FIRST_WAIT * (1 << min(failures - tries, 16)), LONGEST_WAIT)


def _seconds(wait: timedelta) -> int:
    return -(-int(wait.total_seconds() * 1000) // 1000)


async def _take_back(keys: list[tuple[str, int]]) -> None:
    """This try was right; failures of others from the same address, or for this order, stay counted."""
    async with db.transaction():
        for key, _ in keys:
            await db.execute("DELETE FROM look_up_failures WHERE key = ? AND failures <= 1", key)
            await db.execute("UPDATE look_up_failures SET failures = failures - 1, wait_until = failed_at WHERE key = ?", key)


async def forget_old() -> int:
    """Delete counts that hold nobody up any more; how many."""
    return await db.execute("DELETE FROM look_up_failures WHERE failed_at < ?", db.now() - REMEMBER)
