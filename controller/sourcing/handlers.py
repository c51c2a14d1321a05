"""Sourcing over HTTP: why an order comes from where it does, moving and rejecting lines, and what the company set."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from controller.catalog.queries import sku as sku_of
from controller.errors import NotFound
from controller.http.routing import PLAIN, Call, Page, page
from controller.orders import queries as orders
from controller.orders.queries import StoredOrder
from controller.sourcing import again, batch, changing, rejecting
from controller.sourcing.anew import source_anew
from controller.sourcing.deciding import Cause, Decision, decisions
from controller.sourcing.plans import Because, Candidate, Point, Rate, Unsourced
from controller.sourcing.settings import Minor, TermsSetting, settings

SiteId = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")]
Name = Annotated[str, Meta(max_length=40, pattern=PLAIN)]
Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]
Degrees = Annotated[int, Meta(ge=-180_000_000, le=180_000_000)]
Position = Annotated[int, Meta(ge=1, le=10_000)]


class CostView(Struct, frozen=True, kw_only=True):
    """Minor units, by what they are for."""

    distance: int
    freight: int
    split: int
    balance: int
    capacity: int
    keeping: int
    total: int


class ShareView(Struct, frozen=True, kw_only=True):
    """`quantity` base units of the line at `position` come from `site`."""

    position: int
    site: str
    quantity: int


class WayView(Struct, frozen=True, kw_only=True):
    sites: list[str]
    shares: list[ShareView]
    cost: CostView


class VerdictView(Struct, frozen=True, kw_only=True):
    """Why nothing comes from a site; `cost_minor` of the best way with it that was looked at."""

    site: str
    reason: Because
    cost_minor: int | None


class MissingView(Struct, frozen=True, kw_only=True):
    """Base units of a SKU (its id) that were wanted, and that could be reached at all."""

    sku_id: int
    wanted: int
    reachable: int


class DecisionView(Struct, frozen=True, kw_only=True):
    """`chosen` null: it could not be done, because of `unsourced`.  `runner_up`: what would have been done else."""

    id: int
    at: datetime
    actor: str
    cause: Cause
    reason: str
    chosen: WayView | None
    because: Because
    runner_up: WayView | None
    sites: list[VerdictView]
    unsourced: Unsourced | None
    missing: list[MissingView]


class MoveLines(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """These lines come from `site` from now on, if it has all of it."""

    positions: Annotated[list[Position], Meta(min_length=1, max_length=500)]
    site: SiteId
    reason: Reason


class SourceAgain(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Reason


class RejectedLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`quantity` base units of it; null: all that the site was to send."""

    position: Position
    kind: rejecting.Kind
    quantity: Annotated[int, Meta(ge=1, le=10**9)] | None = None


class RejectLines(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    lines: Annotated[list[RejectedLine], Meta(min_length=1, max_length=500)]
    note: Annotated[str, Meta(max_length=200, pattern=PLAIN)] = ""


class Moved(Struct, frozen=True, kw_only=True):
    """`promised` now; `wanting` base units come from nowhere."""

    order: str
    wanting: int
    promised: list[ShareView]


class SetTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a channel (empty: everybody); `terms` null: as everybody's."""

    channel: Name
    terms: TermsSetting | None
    reason: Reason


class SetSite(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Degrees × 1,000,000; `capacity`: parts of orders in a day, null: any number."""

    latitude: Degrees | None
    longitude: Degrees | None
    capacity: Annotated[int, Meta(ge=0, le=10**6)] | None
    reason: Reason


class SetRank(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a channel (empty: each); lower is asked first; `used` false: never; `rank` null: nothing is said."""

    channel: Name
    rank: Annotated[int, Meta(ge=0, le=1000)] | None
    used: bool = True
    reason: Reason


class SetRate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From a site (empty: any) to a zone (empty: any); `first_minor` null: nothing is said."""

    site: Annotated[str, Meta(pattern=r"^[a-z0-9-]{0,40}$")]
    zone: Name
    first_minor: Minor | None
    more_minor: Minor = 0
    reason: Reason


class SetArea(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Regions that begin with `prefix`; `zone` null: nothing is said."""

    prefix: Name
    zone: Name | None
    latitude: Degrees | None = None
    longitude: Degrees | None = None
    reason: Reason


class SetSafety(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a site (empty: each) would rather keep of a SKU (null: of each); `quantity` null: nothing is said."""

    site: Annotated[str, Meta(pattern=r"^[a-z0-9-]{0,40}$")]
    sku: Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)] | None = None
    quantity: Annotated[int, Meta(ge=0, le=10**12)] | None
    reason: Reason


class TermsView(Struct, frozen=True, kw_only=True):
    channel: str
    terms: TermsSetting


class SettingsView(Struct, frozen=True, kw_only=True):
    """`stamp` grows with every change."""

    stamp: int
    terms: list[TermsView]


class Changed(Struct, frozen=True, kw_only=True):
    stamp: int


class BatchDone(Struct, frozen=True, kw_only=True):
    """Orders that got something, and those looked at that still wait."""

    sourced: int
    waiting: int


async def why(call: Call[None]) -> Page[DecisionView]:
    order = await _seen(call.path["no"], call.actor.sites)
    found = await decisions(order.id, before=call.page.number() or None, limit=call.page.limit)
    return page([_decision(one) for one in found], call.page, key=lambda view: view.id)


async def move(call: Call[MoveLines]) -> Moved:
    await _seen(call.path["no"], call.actor.sites)
    await again.move(call.path["no"], call.body.positions, call.body.site, reason=call.body.reason)
    return await _moved(call.path["no"])


async def source_again(call: Call[SourceAgain]) -> Moved:
    await _seen(call.path["no"], call.actor.sites)
    await source_anew(call.path["no"], reason=call.body.reason)
    return await _moved(call.path["no"])


async def reject(call: Call[RejectLines]) -> Moved:
    refusals = [rejecting.Refusal(line.position, line.kind, line.quantity) for line in call.body.lines]
    await rejecting.reject(call.path["no"], call.path["site"], refusals, note=call.body.note)
    return await _moved(call.path["no"])


async def show_settings(_: Call[None]) -> SettingsView:
    known = await settings()
    return SettingsView(
        stamp=known.stamp, terms=[TermsView(channel=channel, terms=terms) for channel, terms in sorted(known.terms.items())]
    )


async def set_terms(call: Call[SetTerms]) -> Changed:
    await changing.set_terms(call.body.channel, call.body.terms, reason=call.body.reason)
    return await _changed()


async def set_site(call: Call[SetSite]) -> Changed:
    asked = call.body
    point = _point(asked.latitude, asked.longitude)
    await changing.set_site(call.path["site"], point=point, capacity=asked.capacity, reason=asked.reason)
    return await _changed()


async def set_rank(call: Call[SetRank]) -> Changed:
    asked = call.body
    await changing.set_rank(asked.channel, call.path["site"], asked.rank, used=asked.used, reason=asked.reason)
    return await _changed()


async def set_rate(call: Call[SetRate]) -> Changed:
    asked = call.body
    rate = None if asked.first_minor is None else Rate(asked.first_minor, asked.more_minor)
    await changing.set_rate(asked.site, asked.zone, rate, reason=asked.reason)
    return await _changed()


async def set_area(call: Call[SetArea]) -> Changed:
    asked = call.body
    point = _point(asked.latitude, asked.longitude)
    await changing.set_area(asked.prefix, zone=asked.zone, point=point, reason=asked.reason)
    return await _changed()


async def set_safety(call: Call[SetSafety]) -> Changed:
    asked = call.body
    sku_id = (await sku_of(asked.sku)).id if asked.sku else 0
    await changing.set_safety(sku_id, asked.site, asked.quantity, reason=asked.reason)
    return await _changed()


async def source_waiting(_: Call[None]) -> BatchDone:
    """A chunk of them in the request's transaction; the rest as goods arrive."""
    done = await batch.source_waiting(limit=batch.ORDERS_AT_ONCE)
    return BatchDone(sourced=done.sourced, waiting=done.waiting)


async def _seen(no: str, sites: frozenset[str] | None) -> StoredOrder:
    """Raises NotFound, for an order of other sites too."""
    order = await orders.order(no)
    if not order.is_seen_at(sites):
        raise NotFound("order", no)
    return order


async def _moved(no: str) -> Moved:
    order = await orders.order(no)
    shares = [ShareView(position=one.position, site=one.site, quantity=one.quantity) for one in await again.open_shares(order.id)]
    return Moved(order=no, wanting=await again.wanting_of(order.id), promised=shares)


async def _changed() -> Changed:
    return Changed(stamp=(await settings()).stamp)


def _point(latitude: int | None, longitude: int | None) -> Point | None:
    return None if latitude is None or longitude is None else Point(latitude, longitude)


def _decision(one: Decision) -> DecisionView:
    plan = one.plan
    return DecisionView(
        id=one.id,
        at=one.decided_at,
        actor=one.actor,
        cause=one.cause,
        reason=one.reason,
        chosen=_way(plan.chosen),
        because=plan.because,
        runner_up=_way(plan.runner_up),
        sites=[VerdictView(site=each.site, reason=each.reason, cost_minor=each.cost_minor) for each in plan.verdicts],
        unsourced=plan.unsourced,
        missing=[MissingView(sku_id=each.sku_id, wanted=each.wanted, reachable=each.reachable) for each in plan.missing],
    )


def _way(way: Candidate | None) -> WayView | None:
    if way is None:
        return None
    cost = way.cost
    return WayView(
        sites=list(way.sites),
        shares=[ShareView(position=one.position, site=one.site, quantity=one.quantity) for one in way.shares],
        cost=CostView(
            distance=cost.distance,
            freight=cost.freight,
            split=cost.split,
            balance=cost.balance,
            capacity=cost.capacity,
            keeping=cost.keeping,
            total=cost.total,
        ),
    )
