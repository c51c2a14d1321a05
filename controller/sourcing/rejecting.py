"""A site would not do a line, or found less: what that says of its stock, and where the line comes from instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from controller import db, events
from controller.errors import Conflict
from controller.orders.allocations import Allocation, open_allocations
from controller.orders.queries import StoredOrder
from controller.orders.states import WhenShort
from controller.sites.models import LocationKind
from controller.sites.queries import place, special
from controller.sourcing.again import Away, clear_lists, give_up, movable, promise_elsewhere, release_again
from controller.sourcing.deciding import Asked, Cause, rejected_by
from controller.sourcing.events import OrderRejected
from controller.sourcing.settings import settings
from controller.stock.operations import Move, Reason
from controller.stock.operations import move as book
from controller.stock.pickable import Pickable, pickable
from controller.tasks.operations import open_task


class Kind(StrEnum):
    """Why a site would not: nothing is there; something else or less is; it is damaged; or it has another reason.

    `SHORT`: a picker found less; what that says of the stock is the picker's fact.
    """

    NOT_IN_STOCK = "not_in_stock"
    MISMATCH = "mismatch"
    DAMAGED = "damaged"
    OTHER = "other"
    SHORT = "short"


class NotPromisedThere(Conflict):
    """The site has nothing to do with that line (any more)."""

    code = "not_promised_there"

    def __init__(self, order: str, position: int, site: str) -> None:
        super().__init__(f"nothing of line {position} of {order} is promised from {site}")
        self.order = order
        self.position = position
        self.site = site


class RejectedAlready(Conflict):
    """The site said something else about it before."""

    code = "rejected_already"

    def __init__(self, order: str, position: int, site: str, kind: str) -> None:
        super().__init__(f"{site} rejected line {position} of {order} already, as {kind}")
        self.order = order
        self.position = position
        self.site = site
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line by its position; `quantity` base units of it (None: all that the site was to send)."""

    position: int
    kind: Kind
    quantity: int | None = None


async def reject(order_no: str, site: str, refusals: Sequence[Refusal], *, note: str = "") -> int:
    """A site will not send these lines: its stock is put right, and they are sourced again without it.  Told twice is once.

    After as many sites as the channel's settings allow, people decide.  How many base units come from nowhere now.
    Records OrderRejected, StockMoved, OrderSourced.  Raises NotFound, NotMovable, SiteIsNamed, PackedAlready, NotPromisedThere,
    RejectedAlready.
    """
    async with db.transaction():
        order = await movable(order_no)
        found = [(one, away) for one in refusals for away in await _away(order, site, one)]
        if not found:
            return 0
        withdrawn = await clear_lists(order, {away.allocation.line_key for _, away in found})
        await give_up([away for _, away in found])
        await _write(order, found, note)
        for one, away in found:
            await _put_right(order, one.kind, away)
        wanting = await _source_again(order, [away for _, away in found], Asked(Cause.REJECTED, note))
        if withdrawn:
            await release_again(order)
    return wanting


async def found_short(order_no: str, missing: Sequence[tuple[str, int]]) -> int:
    """Pickers found so many base units less, by the keys of allocations: they come from elsewhere.  Told twice is once.

    How many come from nowhere now.  An order whose site the customer named is left to people.  Raises NotFound, NotMovable,
    SiteIsNamed.
    """
    async with db.transaction():
        order = await movable(order_no)
        lost = dict(missing)
        known = await _rejections(order.id)
        away = [
            Away(one, min(lost[one.line_key], one.quantity))
            for one in await open_allocations([order.id])
            if one.line_key in lost and one.line_key not in known
        ]
        if not away:
            return 0
        await give_up(away)
        await _write(order, [(Refusal(one.allocation.position, Kind.SHORT), one) for one in away], "")
        wanting = await _source_again(order, away, Asked(Cause.SHORT))
        await release_again(order)
    return wanting


async def _away(order: StoredOrder, site: str, refusal: Refusal) -> list[Away]:
    """The allocations that end by it; none: it was told before."""
    here = [one for one in await open_allocations([order.id]) if (one.site, one.position) == (site, refusal.position)]
    left = sum(one.quantity for one in here) if refusal.quantity is None else refusal.quantity
    known = await _rejections(order.id)
    told = [row for row in known.values() if (row["site"], row["position"]) == (site, refusal.position)]
    if told:
        if told[0]["kind"] == refusal.kind and (refusal.quantity in (None, sum(row["quantity"] for row in told))):
            return []
        raise RejectedAlready(order.no, refusal.position, site, told[0]["kind"])
    if not here:
        raise NotPromisedThere(order.no, refusal.position, site)
    away = []
    for one in here:
        if part := min(left, one.quantity):
            away.append(Away(one, part))
            left -= part
    return away


async def _rejections(order_id: int) -> dict[str, db.Row]:
    rows = await db.fetch("SELECT * FROM sourcing_rejection WHERE order_id = ? ORDER BY id", order_id)
    return {row["line_key"]: row for row in rows}


async def _write(order: StoredOrder, found: Sequence[tuple[Refusal, Away]], note: str) -> None:
    who, instant = events.actor().actor, db.now()
    await db.execute_many(
        "INSERT INTO sourcing_rejection (order_id, site, line_key, position, sku_id, quantity, kind, note, actor, rejected_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(order.id, away.allocation.site, away.allocation.line_key, away.allocation.position, away.allocation.sku_id),
                *(away.quantity, one.kind.value, note[:200], who, instant),
            )
            for one, away in found
        ],
    )
    for one, away in found:
        told = OrderRejected(
            position=one.position, sku=away.allocation.sku, quantity=away.quantity, kind=one.kind.value, note=note[:200]
        )
        await events.record(told, subject=order.no, site=away.allocation.site)


async def _source_again(order: StoredOrder, away: Sequence[Away], asked: Asked) -> int:
    """Without the sites that rejected it; people decide when there were too many."""
    limit = (await settings()).of(order.channel).attempts
    if len(await rejected_by(order.id)) >= limit:
        asked = Asked(asked.cause, asked.reason, frozenset())
    return await promise_elsewhere(order, away, asked, short=WhenShort.ACCEPT)


# --- what it says of the stock --------------------------------------------------------------------------------------------------


async def _put_right(order: StoredOrder, kind: Kind, away: Away) -> None:
    """Not in stock: nothing is on the shelves; mismatch: so much less is; damaged: so much is in quarantine.  And a count each."""
    if kind not in (Kind.NOT_IN_STOCK, Kind.MISMATCH, Kind.DAMAGED):
        return
    one = away.allocation
    there = (await pickable([one.sku_id], one.site)).get(one.sku_id, [])
    target = LocationKind.QUARANTINE if kind is Kind.DAMAGED else LocationKind.LOSS
    taken = _cells(there, None if kind is Kind.NOT_IN_STOCK else away.quantity)
    await book(await _moves(order, kind, one, taken, target))
    for location_id in sorted({cell.location_id for cell, _ in taken}):
        bin_code = (await place(location_id)).code
        arguments = {
            "bin": bin_code,
            "sku": one.sku,
            "missing": sum(part for cell, part in taken if cell.location_id == location_id),
        }
        await open_task("count_needed", site=one.site, key=f"count:{one.site}/{bin_code}", subject=bin_code, arguments=arguments)


def _cells(there: Sequence[Pickable], quantity: int | None) -> list[tuple[Pickable, int]]:
    """So many base units (None: all), out of the fullest place first."""
    left = sum(cell.on_hand for cell in there) if quantity is None else quantity
    taken = []
    for cell in sorted(there, key=lambda one: (-one.on_hand, one.location_id, one.lot_id)):
        if part := min(left, cell.on_hand):
            taken.append((cell, part))
            left -= part
    return taken


async def _moves(
    order: StoredOrder, kind: Kind, one: Allocation, taken: Sequence[tuple[Pickable, int]], target: LocationKind
) -> list[Move]:
    where, instant = await special(one.site, target), db.now()
    return [
        Move(
            sku_id=one.sku_id,
            from_location_id=cell.location_id,
            to_location_id=where,
            lot_id=cell.lot_id,
            quantity=part,
            reason=Reason.RELOCATED if kind is Kind.DAMAGED else Reason.ADJUSTED,
            occurred_at=instant,
            document=f"{order.no}: rejected, {kind}",
            person=events.actor().actor,
        )
        for cell, part in taken
    ]
