"""Carts: soft holds with an end.  What a cart holds is free again when it expires; an order takes it over in one transaction."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller import db
from controller.errors import Conflict, NotFound, Rejected
from controller.stock.holds import keep_until, open_lines, release
from controller.stock.promises import ReserveLine, Terms, reserve
from controller.stock.states import Hold

LONGEST = timedelta(days=2)
"""A cart that is held longer keeps goods from people who buy."""
_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")


class BadCart(Rejected):
    code = "bad_cart"


class CartOfAnotherSite(Conflict):
    code = "cart_of_another_site"


@dataclass(frozen=True, slots=True, kw_only=True)
class CartLine:
    """`presold` of `quantity` base units has not arrived yet."""

    sku: str
    quantity: int
    presold: int
    state: Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """`expires_at` None: confirmed, or nothing is held any more."""

    name: str
    site: str
    channel: str
    expires_at: datetime | None
    lines: list[CartLine]

    @property
    def is_whole(self) -> bool:
        """All that was asked for is still held."""
        return all(line.state in (Hold.RESERVED, Hold.PRESOLD) for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`quantities`: base units by SKU id; `presale`: ids of those that may be promised before they arrive."""

    site: str
    channel: str
    quantities: Mapping[int, int]
    expires_at: datetime
    presale: frozenset[int] = frozenset()


def cart_document(cart: str) -> str:
    """The name under which `stock` holds for a cart."""
    return f"cart:{cart}"


async def fill_cart(cart: str, wanted: Wanted) -> None:
    """The cart holds this, and nothing of what it held before: all of it or InsufficientStock, and it keeps what it had.

    Raises BadCart, CartOfAnotherSite, BadQuantity, InsufficientStock.
    """
    if not _NAME.fullmatch(cart):
        raise BadCart("a cart's name is 1 to 64 letters, digits and dashes")
    _check_end(wanted.expires_at)
    token = secrets.token_hex(6)  # a line that is gone keeps its key: each filling has keys of its own
    lines = [
        ReserveLine(line_key=f"cart:{cart}/{token}-{number}", sku_id=sku, quantity=quantity, presale=sku in wanted.presale)
        for number, (sku, quantity) in enumerate(sorted(wanted.quantities.items()), 1)
    ]
    async with db.transaction():
        document = cart_document(cart)
        rows = await db.fetch("SELECT DISTINCT site_id FROM reservation WHERE document = ?", document)
        if any(row["site_id"] != wanted.site for row in rows):
            raise CartOfAnotherSite(f"cart {cart} is one of another site: empty it first")
        terms = Terms(channel=wanted.channel, expires_at=db.utc(wanted.expires_at), instead_of=document)
        await reserve(lines, site_id=wanted.site, terms=terms)
        await db.execute("DELETE FROM reservation WHERE document = ? AND state IN ('released', 'expired', 'withdrawn')", document)


async def renew_cart(cart: str, expires_at: datetime) -> None:
    """It is held until then instead.  Raises BadCart, NotFound, HoldsGone (something of it expired, or was taken back)."""
    _check_end(expires_at)
    await _known(cart)
    await keep_until(cart_document(cart), db.utc(expires_at))


async def confirm_cart(cart: str) -> None:
    """It does not expire any more: somebody pays for it.  Again, it changes nothing.  Raises NotFound, HoldsGone."""
    await _known(cart)
    await keep_until(cart_document(cart), None)


async def empty_cart(cart: str) -> None:
    """What it holds is free again, and nothing is known of it any more.  Raises NotFound."""
    document = await _known(cart)
    async with db.transaction():
        await release(await open_lines(document))
        await db.execute("DELETE FROM reservation WHERE document = ? AND state IN ('released', 'expired', 'withdrawn')", document)


async def cart_of(cart: str) -> Cart:
    """Raises NotFound."""
    rows = await db.fetch(
        "SELECT r.site_id, r.channel, r.expires_at, r.quantity, r.presold, r.state, s.code AS sku FROM reservation r "
        "JOIN sku s ON s.id = r.sku_id WHERE r.document = ? ORDER BY s.code, r.id",
        cart_document(cart),
    )
    if not rows:
        raise NotFound("cart", cart)
    lines = [CartLine(sku=row["sku"], quantity=row["quantity"], presold=row["presold"], state=Hold(row["state"])) for row in rows]
    ends = [row["expires_at"] for row in rows if row["expires_at"] is not None]
    return Cart(name=cart, site=rows[0]["site_id"], channel=rows[0]["channel"], expires_at=min(ends) if ends else None, lines=lines)


async def forget_carts(before: datetime, *, limit: int = 500) -> int:
    """Let go of carts that ended before; how many of their lines."""
    return await db.execute(
        "DELETE FROM reservation WHERE id IN (SELECT id FROM reservation WHERE SUBSTR(document, 1, 5) = 'cart:' "
        "AND state IN ('released', 'expired', 'withdrawn') AND created_at < ? ORDER BY id LIMIT ?)",
        *(db.utc(before), limit),
    )


async def _known(cart: str) -> str:
    document = cart_document(cart)
    if not await db.fetch("SELECT id FROM reservation WHERE document = ? LIMIT 1", document):
        raise NotFound("cart", cart)
    return document


def _check_end(expires_at: datetime) -> None:
    instant = db.now()
    if not instant < db.utc(expires_at) <= instant + LONGEST:
        raise BadCart(f"a cart is held until some time from now on, at most {LONGEST.days} days")
