"""What the pages show: the features' queries, put together for a region or a page.  Read only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

from controller import events
from controller.catalog import queries as catalog
from controller.fleet import queries as fleet
from controller.fleet.states import PrintState
from controller.fleet.views import Decision, PrintJobView
from controller.fulfilment import queries as fulfilment
from controller.http.routing import BadParameter, PageRequest, page
from controller.orders import queries as order_queries
from controller.orders.states import OrderState
from controller.sites import queries as site_queries
from controller.stock import queries as stock_queries
from controller.web import fleet_shown
from controller.web.render import zone_named

LATEST = 8
FEED = 12
MANY = 100
ROUTINE = frozenset({"facts_taken", "stock_reserved", "document_wanted"})
MAX_BOXES = 50
MAX_SITES = 200

Region = Mapping[str, object]


async def zone() -> tzinfo:
    """The time zone that the pages write in."""
    return zone_named({site.time_zone for site in await site_queries.sites(limit=MAX_SITES)})


async def everything() -> dict[str, Region]:
    """The regions of the shop's page, by name."""
    boxes = await fleet_shown.boxes(limit=MAX_BOXES)
    unknown_codes = await catalog.unknown_barcodes(limit=MANY)
    open_orders = await order_queries.orders(before=None, limit=MANY, state=OrderState.PLACED)
    asks = await _asks()
    figures = {
        "boxes": len(boxes),
        "online": sum(shown.box.link == "online" for shown in boxes),
        "faults": sum(device.state in ("fault", "absent", "unknown") for shown in boxes for device in shown.devices),
        "waiting": sum(shown.box.waiting or 0 for shown in boxes),
        "orders": len(open_orders),
        "more_orders": len(open_orders) == MANY,
        "uncertain": len(asks),
        "unknown": len(unknown_codes),
        "more_unknown": len(unknown_codes) == MANY,
    }
    return {
        "figures": {"figures": figures},
        "asks": {"asks": asks, "back": "/"},
        "boxes": {"boxes": boxes},
        "scans": {"facts": await fleet_shown.latest_facts(limit=FEED)},
        "unknown": {"unknown": sorted(unknown_codes, key=lambda code: code.last_seen, reverse=True)[:LATEST]},
        "stock": {"levels": await _some_levels()},
        "orders": {"orders": await order_queries.orders(before=None, limit=LATEST)},
        "prints": {"prints": await fleet.print_jobs(limit=LATEST)},
        "events": {"events": await _happenings()},
    }


@dataclass(frozen=True, slots=True)
class Ask:
    """A print job that may have come out or not: a person is to look; `decision`: what was said already."""

    job: PrintJobView
    decision: Decision


async def _asks(document: str | None = None) -> list[Ask]:
    jobs = await fleet.print_jobs(limit=MANY, state=PrintState.UNCERTAIN.value, document=document)
    said = await fleet.decisions([job.id for job in jobs])
    return [Ask(job, said[job.id]) for job in jobs]


async def _happenings() -> list[events.Recorded]:
    """The newest events but the ones that come with every scan: the readings have a region of their own."""
    return [event for event in await events.latest(4 * FEED) if event.name not in ROUTINE][:FEED]


async def _some_levels() -> list[stock_queries.Level]:
    """The first levels of each site, sites in turn."""
    found: list[stock_queries.Level] = []
    for site in await site_queries.sites(limit=LATEST):
        found += await stock_queries.levels(site.id, limit=LATEST)
    return found[: 2 * LATEST]


async def stock(request: PageRequest, q: str) -> dict[str, object]:
    """A page of levels, site after site; the cursor is `site:sku id`."""
    site_id, _, sku = (request.after or "").rpartition(":")
    if request.after and not (sku.isascii() and sku.isdigit() and len(sku) < 19):
        raise BadParameter("after", "a cursor as an earlier page gave it")
    found: list[stock_queries.Level] = []
    for site in await site_queries.sites(limit=MAX_SITES):
        if site.id < site_id:
            continue
        after = int(sku) if site.id == site_id else 0
        found += await stock_queries.levels(site.id, after=after, limit=request.limit - len(found), q=q)
        if len(found) >= request.limit:
            break
    shown = page(found, request, key=lambda level: f"{level.site_id}:{level.sku_id}")
    return {"levels": shown.items, "next": shown.next}


async def orders(request: PageRequest, q: str, state: str) -> dict[str, object]:
    wanted = OrderState(state) if state in set(OrderState) else None
    rows = await order_queries.orders(before=request.number() or None, limit=request.limit, state=wanted, q=q or None)
    shown = page(rows, request, key=lambda order: order.id)
    return {"orders": shown.items, "next": shown.next}


async def order(no: str) -> dict[str, object]:
    """Raises NotFound."""
    found = await order_queries.order(no)
    lines = await order_queries.lines([found.id])
    pick_list = await fulfilment.pick_list_of(no)
    return {
        "order": found,
        "lines": lines[found.id],
        "pick_list": pick_list,
        "pick_lines": await fulfilment.pick_lines(pick_list.id) if pick_list else [],
        "parcel": await fulfilment.parcel(pick_list.parcel) if pick_list and pick_list.parcel else None,
        "prints": await fleet.print_jobs(limit=MANY, document=found.no),
        "asks": await _asks(found.no),
        "history": [event for event in await events.history(found.no) if event.name not in ROUTINE],
        "back": f"/orders/{found.no}",
    }


async def prints(request: PageRequest, state: str) -> dict[str, object]:
    wanted = state if state in set(PrintState) else None
    rows = await fleet.print_jobs(after=request.after, limit=request.limit, state=wanted)
    shown = page(rows, request, key=lambda job: job.id)
    return {
        "prints": shown.items,
        "next": shown.next,
        "states": [state.value for state in PrintState],
        "asks": await _asks(),
        "back": "/prints",
    }


async def unknown(request: PageRequest) -> dict[str, object]:
    rows = await catalog.unknown_barcodes(after=request.number(), limit=request.limit)
    shown = page(rows, request, key=lambda code: code.id)
    return {"unknown": shown.items, "next": shown.next}
