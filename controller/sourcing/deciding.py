"""Where an order's goods come from: decided on what is there now, kept with its reasons.  In the caller's transaction.

Orders ask by the seam `orders.seams.Source`; what is promised is granted there, and asked again without whom lost a race.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import msgspec

from controller import db, events
from controller.orders.numbers import ORDERS
from controller.orders.seams import Portion, SourceRequest, WantedLine
from controller.sourcing.events import OrderSourced
from controller.sourcing.plans import Because, Plan, Shelf, Terms, Unsourced, Want
from controller.sourcing.policies import source
from controller.sourcing.reading import Goods, goods, shelves, site_facts
from controller.sourcing.settings import Settings, settings


class Cause(StrEnum):
    """What a decision was made for."""

    PLACED = "placed"
    WAITING = "waiting"
    REJECTED = "rejected"
    SHORT = "short"
    MOVED = "moved"
    ANEW = "anew"


@dataclass(frozen=True, slots=True)
class Asked:
    """Why it is decided now; `only`: sites that a person named."""

    cause: Cause = Cause.PLACED
    reason: str = ""
    only: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """As it was made; `actor` as events name them."""

    id: int
    cause: Cause
    reason: str
    actor: str
    plan: Plan
    decided_at: datetime


_PLACED = Asked()
_asked: ContextVar[Asked] = ContextVar("asked", default=_PLACED)


@contextmanager
def because(asked: Asked) -> Iterator[None]:
    """What is sourced inside is sourced for this."""
    token = _asked.set(asked)
    try:
        yield
    finally:
        _asked.reset(token)


async def source_order(request: SourceRequest) -> Sequence[Portion]:
    """From where the lines come; as much as can be when that is not all.  The decision is kept.  Records OrderSourced."""
    asked, known = _asked.get(), await settings()
    if request.is_waiting and asked is _PLACED:
        asked = Asked(Cause.WAITING)
    of_sku = await goods(line.sku_id for line in request.lines)
    wanted = [want_of(line, of_sku) for line in request.lines]
    sites = await site_facts(known, request.channel)
    min_days, rejected = await _said_of(request.order_id)
    stock = await shelves(of_sku, request.channel, min_days=min_days)
    for key in request.refused:
        stock[key] = replace(stock.get(key, Shelf()), free=0, presale=0)
    terms = Terms(
        prices=known.prices(request.channel),
        destination=known.destination(request.region),
        currency=request.currency,
        rejected=frozenset() if asked.only is not None else rejected,
        only=asked.only,
    )
    plan = source(wanted, sites, stock, terms)
    if asked.only and plan.chosen:
        plan = replace(plan, because=Because.PERSON)
    if plan.chosen or not request.is_waiting:  # what waits is looked at whenever anything arrives
        await keep([(request.order_id, plan)], asked, limited(known))
    if plan.unsourced is Unsourced.SHORT and (there := as_far_as_there(wanted, plan)):
        plan = source(there, sites, stock, terms)
        await keep([(request.order_id, plan)] if plan.chosen else [], asked, limited(known))
    return [Portion(share.position, share.site, share.quantity) for share in plan.shares]


def want_of(line: WantedLine, of_sku: Mapping[int, Goods]) -> Want:
    """With what it weighs."""
    return Want(
        position=line.position,
        sku_id=line.sku_id,
        quantity=line.quantity,
        value_minor=line.amount_minor,
        grams=(of_sku[line.sku_id].weight_grams or 0) * line.quantity,
        presale=line.presale,
    )


async def _said_of(order_id: int) -> tuple[int | None, frozenset[str]]:
    """How long what expires must still keep, as the order says; the sites that would not do something of it."""
    rows = await db.fetch(
        "SELECT DISTINCT o.min_remaining_days, r.site FROM sales_order o LEFT JOIN sourcing_rejection r ON r.order_id = o.id "
        "WHERE o.id = ?",
        order_id,
    )
    return rows[0]["min_remaining_days"] if rows else None, frozenset(row["site"] for row in rows if row["site"] is not None)


async def rejected_by(order_id: int) -> frozenset[str]:
    """Sites that would not do something of it: they are not asked again."""
    rows = await db.fetch("SELECT DISTINCT site FROM sourcing_rejection WHERE order_id = ?", order_id)
    return frozenset(row["site"] for row in rows)


def as_far_as_there(wanted: Sequence[Want], plan: Plan) -> list[Want]:
    """What is left of the lines when they get no more than is reachable, in their order."""
    left = {missing.sku_id: missing.reachable for missing in plan.missing}
    found: list[Want] = []
    for want in wanted:
        quantity = min(want.quantity, left.get(want.sku_id, want.quantity))
        if want.sku_id in left:
            left[want.sku_id] -= quantity
        if quantity:
            found.append(_part_of(want, quantity))
    return found


def _part_of(want: Want, quantity: int) -> Want:
    value, grams = want.value_minor * quantity // want.quantity, -(-want.grams * quantity // want.quantity)
    return replace(want, quantity=quantity, value_minor=value, grams=grams)


def limited(known: Settings) -> frozenset[str]:
    """Sites that can do so much in a day."""
    return frozenset(site for site, place in known.places.items() if place.capacity is not None)


async def keep(plans: Sequence[tuple[int, Plan]], asked: Asked, limits: frozenset[str]) -> None:
    """Decisions about orders (ids), and what counts for the day of a site with a limit.  Records OrderSourced, unless it is new."""
    if not plans:
        return
    who, instant = events.actor().actor, db.now()
    await db.insert_many(
        "sourcing_decision",
        ("order_id", "cause", "reason", "actor", "plan", "decided_at"),
        [
            (order_id, asked.cause.value, asked.reason[:200], who, msgspec.json.encode(plan).decode(), instant)
            for order_id, plan in plans
        ],
    )
    parts = [(site, order_id, instant) for order_id, plan in plans for site in plan.sites if site in limits]
    await db.insert_many("sourcing_part", ("site", "order_id", "given_at"), parts)
    told: list[tuple[events.Event, str]] = [
        (OrderSourced(cause=asked.cause.value, sites=list(plan.sites)), ORDERS.number(order_id))
        for order_id, plan in plans
        if plan.chosen and asked.cause is not Cause.PLACED
    ]
    await events.record_many(told)


async def decisions(order_id: int, *, before: int | None = None, limit: int = 50) -> list[Decision]:
    """What was decided about an order, the latest first."""
    rows = await db.fetch(
        "SELECT * FROM sourcing_decision WHERE order_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
        *(order_id, before or 2**62, limit),
    )
    return [
        Decision(
            id=row["id"],
            cause=Cause(row["cause"]),
            reason=row["reason"],
            actor=row["actor"],
            plan=msgspec.json.decode(row["plan"], type=Plan),
            decided_at=row["decided_at"],
        )
        for row in rows
    ]
