"""Why is this number what it is, what was there at an instant, and which lots are there, over HTTP."""

from __future__ import annotations

import re
from datetime import date, datetime
from uuid import UUID

from msgspec import Struct

from controller import db, owed
from controller.catalog.queries import sku
from controller.counts.blind import BinIsBlind, hidden_from
from controller.http.routing import BadParameter, Call, Page, Permission, Route, number, page
from controller.proofs import instants, why
from controller.proofs.why import Figure, Where
from controller.sites.queries import location, site
from controller.stock.lots import LotLevel, lots_at

_CURSOR = re.compile(r"([0-9]{1,18})_(-?[0-9]{1,18})")


class CauseView(Struct, frozen=True, kw_only=True):
    """A row behind a number: `change` is its part of it, and the parts add up to it.

    `kind`: `entry` of the ledger (with the `balance` after it, the newest first), `hold` of an order line, `document` that still
    owes goods, or `figure`, another number that this one is made of.  `fact_id` is the id of the scan,
    `approved_by` who allowed what `person` did.
    """

    kind: str
    id: int
    change: int
    balance: int | None = None
    reason: str | None = None
    source: str | None = None
    target: str | None = None
    quantity: int | None = None
    document: str | None = None
    line: str | None = None
    lot: str | None = None
    serial: str | None = None
    fact_id: UUID | None = None
    person: str | None = None
    device: str | None = None
    approved_by: str | None = None
    occurred_at: datetime | None = None
    recorded_at: datetime | None = None
    expected_on: date | None = None


class ThenView(Struct, frozen=True, kw_only=True):
    """Base units in a location, of a lot; below zero while facts are still missing."""

    location: str
    lot: str | None
    quantity: int


class SkuAsOfView(Struct, frozen=True, kw_only=True):
    """What facts that are known today say was there at `as_of`, in base units."""

    sku: str
    as_of: datetime
    quantity: int
    places: list[ThenView]


class AsOfView(Struct, frozen=True, kw_only=True):
    sku_id: int
    sku: str
    quantity: int


class LotView(Struct, frozen=True, kw_only=True):
    """Base units of a lot on hand at the site; a blocked one is never granted."""

    id: int
    code: str | None
    expiry: date | None
    blocked: bool
    on_hand: int


async def explain(call: Call[None]) -> Page[CauseView]:
    where = await _where(call)
    try:
        figure = Figure(call.query.get("figure", Figure.ON_HAND.value))
    except ValueError as error:
        raise BadParameter("figure", f"one of {', '.join(Figure)}") from error
    if figure in (Figure.ON_HAND, Figure.QUARANTINED):
        return await _entries(call, figure, where)
    if where.location_id is not None or where.lot_id is not None:
        raise BadParameter("figure", "on_hand or quarantined, of a bin or a lot: the rest is promised for the whole site")
    if figure is Figure.INCOMING:
        return Page(items=[_owed(n, row) for n, row in enumerate(await owed.owed(where.sku_id, where.site_id), 1)])
    if figure is Figure.AVAILABLE:
        return Page(items=_parts(await why.figures(where)))
    rows = await why.holds(figure, where, after=call.page.number(), limit=call.page.limit)
    return page([_hold(row) for row in rows], call.page, key=lambda view: view.id)


async def _where(call: Call[None]) -> Where:
    found = await sku(call.path["sku"])
    await site(call.path["site"])
    place = call.query.get("bin")
    lot = call.query.get("lot")
    return Where(
        sku_id=found.id,
        site_id=call.path["site"],
        location_id=await _bin(call, place) if place else None,
        lot_id=number(lot, "lot") if lot else None,
    )


async def _bin(call: Call[None], code: str) -> int:
    """Raises NotFound, BinIsBlind."""
    found = (await location(call.path["site"], code)).id
    if found in await hidden_from(call.actor, call.path["site"]):
        raise BinIsBlind(code)
    return found


async def _entries(call: Call[None], figure: Figure, where: Where) -> Page[CauseView]:
    before = None
    if call.page.after:
        if not (cursor := _CURSOR.fullmatch(call.page.after)):
            raise BadParameter("after", "what `next` of the page before it was")
        before = (int(cursor[1]), int(cursor[2]))
    rows, following = await why.entries(figure, where, before=before, limit=call.page.per)
    return Page(items=[_entry(row) for row in rows], next=f"{following[0]}_{following[1]}" if following else None)


def _entry(row: why.Cause) -> CauseView:
    return CauseView(
        kind="entry",
        id=row.id,
        change=row.change,
        balance=row.balance,
        reason=row.reason,
        source=row.source,
        target=row.target,
        quantity=row.quantity,
        document=row.document,
        lot=row.lot,
        serial=row.serial,
        fact_id=row.fact_id,
        person=row.person,
        device=row.device,
        approved_by=row.approved_by,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
    )


def _hold(row: why.Hold) -> CauseView:
    return CauseView(
        kind="hold", id=row.id, change=row.quantity, document=row.document or None, line=row.line_key, recorded_at=row.created_at
    )


def _owed(index: int, row: owed.Owed) -> CauseView:
    return CauseView(
        kind="document", id=index, change=row.owed, reason=row.kind, document=row.document, expected_on=row.expected_on
    )


def _parts(found: dict[Figure, int]) -> list[CauseView]:
    taken = (Figure.RESERVED, Figure.ALLOCATED, Figure.QUARANTINED)
    parts = {Figure.ON_HAND: found[Figure.ON_HAND]} | {figure: -found[figure] for figure in taken}
    return [CauseView(kind="figure", id=n, change=part, reason=figure.value) for n, (figure, part) in enumerate(parts.items(), 1)]


async def sku_as_of(call: Call[None]) -> SkuAsOfView:
    found = await sku(call.path["sku"])
    await site(call.path["site"])
    instant = _instant(call)
    rows = await instants.sku_at(found.id, call.path["site"], instant)
    hidden = set((await hidden_from(call.actor, call.path["site"])).values())
    shown = [row for row in rows if row.location not in hidden]
    places = [ThenView(location=row.location, lot=row.lot, quantity=row.quantity) for row in shown]
    return SkuAsOfView(sku=found.code, as_of=instant, quantity=sum(row.quantity for row in rows), places=places)


async def site_as_of(call: Call[None]) -> Page[AsOfView]:
    await site(call.path["site"])
    place = call.query.get("bin")
    rows = await instants.site_at(
        call.path["site"],
        _instant(call),
        location_id=await _bin(call, place) if place else None,
        after=call.page.number(),
        limit=call.page.limit,
    )
    return page(
        [AsOfView(sku_id=row.sku_id, sku=row.sku, quantity=row.quantity) for row in rows], call.page, key=lambda view: view.sku_id
    )


def _instant(call: Call[None]) -> datetime:
    try:
        return db.utc(datetime.fromisoformat(call.query.get("as_of", "").replace(" ", "+")))
    except (ValueError, OverflowError) as error:
        raise BadParameter("as_of", "an instant with its time zone, such as 2026-11-22T08:00:00Z") from error


async def lots(call: Call[None]) -> Page[LotView]:
    found = await sku(call.path["sku"])
    await site(call.path["site"])
    rows = await lots_at(found.id, call.path["site"], after=call.page.number(), limit=call.page.limit)
    return page([_lot(row) for row in rows], call.page, key=lambda view: view.id)


def _lot(row: LotLevel) -> LotView:
    return LotView(id=row.id, code=row.code, expiry=row.expiry, blocked=row.blocked, on_hand=row.on_hand)


READ = Permission.STOCK_READ
_AS_OF = "an instant with its time zone, such as 2026-11-22T08:00:00Z"
ROUTES = [
    Route(
        "GET",
        "/api/v1/sites/{site}/stock/{sku}/why",
        explain,
        permission=READ,
        reply=Page[CauseView],
        summary="Why is a number what it is? The rows whose sum it is",
        filters={
            "figure": "`on_hand` (default), `quarantined`, `reserved`, `allocated`, `presold`, `incoming` or `available`",
            "bin": "only in this bin (`on_hand` and `quarantined`)",
            "lot": "only of this lot, by its id (`on_hand` and `quarantined`)",
        },
    ),
    Route(
        "GET",
        "/api/v1/sites/{site}/stock/{sku}/as-of",
        sku_as_of,
        permission=READ,
        reply=SkuAsOfView,
        summary="Show where a SKU was at a site at an instant",
        filters={"as_of": _AS_OF},
    ),
    Route(
        "GET",
        "/api/v1/sites/{site}/stock/{sku}/lots",
        lots,
        permission=READ,
        reply=Page[LotView],
        summary="List the lots of a SKU that are on hand at a site",
    ),
    Route(
        "GET",
        "/api/v1/sites/{site}/stock-as-of",
        site_as_of,
        permission=READ,
        reply=Page[AsOfView],
        summary="List what was at a site, or in one of its bins, at an instant",
        filters={"as_of": _AS_OF, "bin": "only in this bin"},
    ),
]
