"""What a screen in a store answers: where an order is; to who proves it, what is to be collected.  Nothing of anybody.

A number alone (typed, or scanned from a paper that bears it) shows how far the order is and no goods: numbers can be guessed.  With
the last digits of the telephone, or by the pick-up code, which cannot, the goods are shown, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from controller import db
from controller.errors import NotFound
from controller.fulfilment import queries as fulfilment
from controller.orders import queries as orders
from controller.orders.numbers import ORDERS
from controller.orders.queries import StoredLine, StoredOrder
from controller.orders.states import Delivery, OrderState
from controller.tracking import public
from controller.tracking.nodes import Node
from controller.tracking.public import NoSuchOrder
from controller.tracking.reading import ShippedPart, tracked
from controller.tracking.screens import Screen, may_ask

_DIGITS = re.compile(r"[0-9]{1,18}")
_CODE = re.compile(r"[A-Z0-9]{5,16}")
READY = frozenset({Node.PACKED, Node.LABELLED})
LONGEST = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`lines` None: nobody proved that it is theirs.  `is_ready`: it can be fetched at this screen's store now."""

    no: str
    node: Node
    parts: list[ShippedPart]
    is_collected: bool
    is_here: bool
    lines: list[StoredLine] | None

    @property
    def is_ready(self) -> bool:
        return self.is_collected and self.is_here and self.node in READY


async def ask(screen: Screen, text: str, proof: str = "") -> Answer:
    """`text`: digits of an order's number, or what a scanner read from its paper; `proof`: the last digits, or nothing.

    Raises NoSuchOrder, TooManyLookUps, AskedTooOften.
    """
    await may_ask(screen)
    typed = "".join(text.split())[:LONGEST]
    number = f"{ORDERS.prefix}-{typed}" if _DIGITS.fullmatch(typed) else typed
    if proof.strip():
        return await _proven(screen, await _number_of(number), proof)
    if (found := await _by_code(screen, number)) is not None:
        return await _proven(screen, found.no, found.pickup_code)
    return await _unproven(screen, await _number_of(number))


async def _proven(screen: Screen, number: str, proof: str) -> Answer:
    found = await public.look_up(number, proof, f"screen {screen.id}")
    return _answer(screen, found.order, found.tracked.node, list(found.tracked.parts), found.lines)


async def _unproven(screen: Screen, number: str) -> Answer:
    """Raises NoSuchOrder, for an order that has nothing to do with this store, too."""
    try:
        order = await orders.order(number)
    except NotFound:
        raise NoSuchOrder(0) from None
    if screen.site not in order.sites or order.state is OrderState.DRAFT:
        raise NoSuchOrder(0)
    at = await tracked(order)
    return _answer(screen, order, at.node, [], None)


def _answer(screen: Screen, order: StoredOrder, node: Node, parts: list[ShippedPart], lines: list[StoredLine] | None) -> Answer:
    return Answer(
        no=order.no,
        node=node,
        parts=parts,
        is_collected=order.delivery is Delivery.COLLECTION,
        is_here=order.site == screen.site,
        lines=lines,
    )


async def _number_of(text: str) -> str:
    """The order that a parcel's number, or a counter receipt's, stands for; else the text as it is."""
    try:
        return ORDERS.number((await fulfilment.parcel(text.upper())).order_id)
    except NotFound:
        pass
    rows = await db.fetch("SELECT id FROM sales_order WHERE channel = 'counter' AND reference = ?", text)
    return ORDERS.number(rows[0]["id"]) if rows else text.upper()


async def _by_code(screen: Screen, text: str) -> StoredOrder | None:
    """An open order that is fetched at this store: a guess has few to hit, and is counted with those of the screen."""
    if not _CODE.fullmatch(text.upper()):
        return None
    rows = await db.fetch(
        "SELECT id FROM sales_order WHERE pickup_code = ? AND site = ? AND state IN ('in_review', 'on_hold', 'approved') LIMIT 2",
        *(text.upper(), screen.site),
    )
    return await orders.order(ORDERS.number(rows[0]["id"])) if len(rows) == 1 else None
