"""What the pages show of stock: levels of sites, one SKU wherever it is, and the entries behind a number.  Read only."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from controller import db
from controller.catalog import queries as catalog
from controller.counts.blind import hidden_from
from controller.errors import NotFound
from controller.http.routing import Actor, BadParameter, PageRequest, Permission, number, page
from controller.owed import owed
from controller.proofs import history, why
from controller.sites import queries as sites
from controller.stock import queries
from controller.stock.lots import blocks_of, lots_at
from controller.stock.presale import presale_of
from controller.web.render import zone_named

MAX_SITES = 200
MANY_CODES = 50
DAYS = 90
MANY_LOTS = 100
_CURSOR = re.compile(r"([0-9]{1,18})_(-?[0-9]{1,18})")
Sites = Collection[str] | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is asked for; an empty `site`: every one."""

    q: str = ""
    site: str = ""


async def stock(request: PageRequest, asked: Wanted, seen: Sites = None) -> dict[str, object]:
    """A page of levels, site after site; the cursor is `site:sku id`.  Raises BadParameter."""
    site_id, _, sku = (request.after or "").rpartition(":")
    if request.after and not (sku.isascii() and sku.isdigit() and len(sku) < 19):
        raise BadParameter("after", "a cursor as an earlier page gave it")
    known = await sites.sites(limit=MAX_SITES, only=seen)
    found: list[queries.Level] = []
    for site in known:
        if site.id < site_id or (asked.site and site.id != asked.site):
            continue
        after = int(sku) if site.id == site_id else 0
        found += await queries.levels(site.id, after=after, limit=request.limit - len(found), q=asked.q)
        if len(found) >= request.limit:
            break
    shown = page(found, request, key=lambda level: f"{level.site_id}:{level.sku_id}")
    return {"levels": shown.items, "next": shown.next, "sites": [site.id for site in known]}


async def one(code: str, site_id: str, who: Actor) -> dict[str, object]:
    """A SKU at every site that somebody sees; of one of them its bins and its last days.  Raises NotFound."""
    sku = await catalog.sku(code)
    levels = await _everywhere(sku.id, who.sites)
    chosen = next((level.site_id for level in levels if level.site_id == site_id or not site_id), "")
    if site_id and not chosen:
        raise NotFound(f"stock at {site_id} of SKU", code)
    barcodes = await catalog.barcodes(code, limit=MANY_CODES, sites=who.sites) if who.may(Permission.CATALOG_READ) else []
    shown = {
        "sku": sku,
        "barcodes": barcodes,
        "levels": levels,
        "site": chosen,
        "bins": [],
        "lots": [],
        "days": [],
        "writes": False,
        "presale": (0, 0),
    }
    if not chosen:
        return shown
    zone = zone_named({(await sites.site(chosen)).time_zone})
    hidden = await hidden_from(who, chosen)
    today = db.now().astimezone(zone).date()
    lots = await lots_at(sku.id, chosen, limit=MANY_LOTS)
    return {
        **shown,
        "bins": [row for row in await queries.bins_of([sku.id], chosen) if row.location_id not in hidden],
        "lots": lots,
        "blocks": await blocks_of(lot.id for lot in lots if lot.blocked),
        "days": await history.days(sku.id, chosen, last=today, count=DAYS, zone=zone),
        "writes": who.may_at(Permission.STOCK_WRITE, chosen),
        "presale": await presale_of(sku.id, chosen),
    }


async def _everywhere(sku_id: int, seen: Sites) -> list[queries.Level]:
    found = [await queries.levels_of([sku_id], site.id) for site in await sites.sites(limit=MAX_SITES, only=seen)]
    return [level for levels in found for level in levels.values()]


@dataclass(frozen=True, slots=True)
class Question:
    """Which number of a SKU: at a site, and there in a bin and of a lot where these are told."""

    figure: str
    site: str
    bin: str
    lot: str


async def causes(code: str, asked: Question, request: PageRequest, seen: Sites) -> dict[str, object]:
    """The rows behind a number: entries of the ledger, holds, documents, numbers.  Raises NotFound, BadParameter."""
    sku = await catalog.sku(code)
    if seen is not None and asked.site not in seen:
        raise NotFound("site", asked.site)
    site = await sites.site(asked.site)
    try:
        figure = why.Figure(asked.figure or why.Figure.ON_HAND)
    except ValueError as error:
        raise BadParameter("figure", f"one of {', '.join(why.Figure)}") from error
    where = why.Where(
        sku_id=sku.id,
        site_id=site.id,
        location_id=(await sites.location(site.id, asked.bin)).id if asked.bin else None,
        lot_id=number(asked.lot, "lot") if asked.lot else None,
    )
    figures = await why.figures(where)
    if figure not in figures:
        raise BadParameter("figure", "on_hand or quarantined, of a bin or a lot: the rest is promised for the whole site")
    rows = await _rows(figure, where, figures, request)
    return {"sku": sku, "asked": asked, "figure": figure.value, "value": figures[figure], "figures": figures, **rows}


async def _rows(figure: why.Figure, where: why.Where, figures: dict[why.Figure, int], request: PageRequest) -> dict[str, object]:
    rows: dict[str, object] = {"entries": [], "holds": [], "owed": [], "parts_of": [], "next": None}
    match figure:
        case why.Figure.ON_HAND | why.Figure.QUARANTINED:
            entries, following = await why.entries(figure, where, before=_place(request), limit=request.per)
            return rows | {"entries": entries, "next": f"{following[0]}_{following[1]}" if following else None}
        case why.Figure.INCOMING:
            return rows | {"owed": await owed(where.sku_id, where.site_id)}
        case why.Figure.AVAILABLE:
            taken = (why.Figure.RESERVED, why.Figure.ALLOCATED, why.Figure.QUARANTINED)
            parts = {why.Figure.ON_HAND: figures[why.Figure.ON_HAND]} | {each: -figures[each] for each in taken}
            return rows | {"parts_of": [(each.value, part) for each, part in parts.items()]}
        case _:
            found = await why.holds(figure, where, after=request.number(), limit=request.limit)
            shown = page(found, request, key=lambda hold: hold.id)
            return rows | {"holds": shown.items, "next": shown.next}


def _place(request: PageRequest) -> tuple[int, int] | None:
    """Where a page of entries goes on: after an entry, with the balance before it.  Raises BadParameter."""
    if request.after is None:
        return None
    if not (cursor := _CURSOR.fullmatch(request.after)):
        raise BadParameter("after", "a cursor as an earlier page gave it")
    return int(cursor[1]), int(cursor[2])
