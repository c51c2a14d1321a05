"""What the pages show of stock: levels of sites, one SKU wherever it is, and the entries behind a number.  Read only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from controller import db
from controller.catalog import queries as catalog
from controller.errors import NotFound
from controller.http.routing import Actor, BadParameter, PageRequest, Permission, page
from controller.sites import queries as sites
from controller.stock import history, queries
from controller.web.render import zone_named

MAX_SITES = 200
MANY_CODES = 50
DAYS = 90
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
    shown = {"sku": sku, "barcodes": barcodes, "levels": levels, "site": chosen, "bins": [], "days": [], "writes": False}
    if not chosen:
        return shown
    zone = zone_named({(await sites.site(chosen)).time_zone})
    today = db.now().astimezone(zone).date()
    return {
        **shown,
        "bins": await queries.bins_of([sku.id], chosen),
        "days": await history.days(sku.id, chosen, last=today, count=DAYS, zone=zone),
        "writes": who.may_at(Permission.STOCK_WRITE, chosen),
    }


async def _everywhere(sku_id: int, seen: Sites) -> list[queries.Level]:
    found = [await queries.levels_of([sku_id], site.id) for site in await sites.sites(limit=MAX_SITES, only=seen)]
    return [level for levels in found for level in levels.values()]


async def entries(code: str, site_id: str, request: PageRequest, seen: Sites) -> dict[str, object]:
    """The movements behind what is on hand, the newest first.  Raises NotFound, BadParameter."""
    sku = await catalog.sku(code)
    if seen is not None and site_id not in seen:
        raise NotFound("site", site_id)
    site = await sites.site(site_id)
    rows = await queries.ledger(sku.id, site.id, before=request.number() or None, limit=request.limit)
    shown = page(rows, request, key=lambda entry: entry.id)
    return {
        "sku": sku,
        "site": site.id,
        "level": (await queries.levels_of([sku.id], site.id)).get(sku.id),
        "entries": shown.items,
        "next": shown.next,
    }
