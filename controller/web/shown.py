"""What the pages show: the features' queries, put together for a region or a page.  Read only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo

from controller import events
from controller.catalog import queries as catalog
from controller.errors import NotFound
from controller.fleet import queries as fleet
from controller.fleet.print_queues import print_queues
from controller.fleet.states import PrintState
from controller.fleet.views import Decision, PrintJobView
from controller.http.routing import Actor, PageRequest, Permission, page
from controller.orders import queries as order_queries
from controller.orders.listing import Wanted as OrdersWanted
from controller.orders.states import OrderState
from controller.people import queries as people
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
Sites = Collection[str] | None
"""Of what somebody sees; None: of all."""


async def zone(sites: Sites = None) -> tzinfo:
    """The time zone that the pages write in."""
    return zone_named({site.time_zone for site in await site_queries.sites(limit=MAX_SITES, only=sites)})


async def everything(who: Actor) -> dict[str, Region]:
    """The regions of the shop's page that somebody may see, by name; each of the sites where they may."""
    found: dict[str, Region] = {}
    for name, (permission, load) in REGIONS.items():
        if who.may(permission):
            found[name] = await load(who.at(permission).sites)
    figures: dict[str, int] = {}
    for region in found.values():
        figures |= region.get("figures", {})  # type: ignore[call-overload]  # counts by name
    return {"figures": {"figures": figures}, **found}


async def _boxes(sites: Sites) -> Region:
    boxes = await fleet_shown.boxes(limit=MAX_BOXES, sites=sites)
    figures = {
        "boxes": len(boxes),
        "online": sum(shown.box.link == "online" for shown in boxes),
        "faults": sum(device.state in ("fault", "absent", "unknown") for shown in boxes for device in shown.devices),
        "waiting": sum(shown.box.waiting or 0 for shown in boxes),
    }
    return {"boxes": boxes, "figures": figures}


async def _asked(sites: Sites) -> Region:
    asks = await asks_of(sites=sites)
    return {"asks": asks, "back": "/", "figures": {"uncertain": len(asks)}}


async def _scans(sites: Sites) -> Region:
    facts = await fleet_shown.latest_facts(limit=FEED, sites=sites)
    return {"facts": facts, "names": await names_of(fact.person for fact in facts)}


async def _unknown(sites: Sites) -> Region:
    codes = await catalog.unknown_barcodes(limit=MANY, sites=sites)
    figures = {"unknown": len(codes), "more_unknown": len(codes) == MANY}
    return {"unknown": sorted(codes, key=lambda code: code.last_seen, reverse=True)[:LATEST], "figures": figures}


async def _orders(sites: Sites) -> Region:
    open_orders = await order_queries.orders(before=None, limit=MANY, wanted=OrdersWanted(state=OrderState.APPROVED), sites=sites)
    latest = await order_queries.orders(before=None, limit=LATEST, sites=sites)
    return {"orders": latest, "figures": {"orders": len(open_orders), "more_orders": len(open_orders) == MANY}}


async def _stock(sites: Sites) -> Region:
    """The first levels of each site, sites in turn."""
    found: list[stock_queries.Level] = []
    for site in await site_queries.sites(limit=LATEST, only=sites):
        found += await stock_queries.levels(site.id, limit=LATEST)
    return {"levels": found[: 2 * LATEST]}


async def _prints(sites: Sites) -> Region:
    return {"prints": await fleet.print_jobs(limit=LATEST, sites=sites)}


async def _happenings(sites: Sites) -> Region:
    """The newest events but the ones that come with every scan: the readings have a region of their own."""
    found = [event for event in await events.latest(4 * FEED, sites) if event.name not in ROUTINE][:FEED]
    return {"events": found, "names": await names_of(_people_in(found))}


REGIONS: Mapping[str, tuple[Permission, Callable[[Sites], Awaitable[Region]]]] = {
    "asks": (Permission.PRINTS_READ, _asked),
    "boxes": (Permission.FLEET_READ, _boxes),
    "scans": (Permission.FLEET_READ, _scans),
    "unknown": (Permission.CATALOG_READ, _unknown),
    "stock": (Permission.STOCK_READ, _stock),
    "orders": (Permission.ORDERS_READ, _orders),
    "prints": (Permission.PRINTS_READ, _prints),
    "events": (Permission.EVENTS_READ, _happenings),
}
"""Each with what it needs to be seen."""


def account_of(actor: str) -> str | None:
    """The id of the person that an event names; None for a machine."""
    kind, _, name = actor.partition(":")
    return name if kind == "person" else None


def _people_in(found: Iterable[events.Recorded]) -> Iterator[str | None]:
    for event in found:
        yield account_of(event.actor)
        if event.subject.startswith("p-"):
            yield event.subject


async def names_of(person_ids: Iterable[str | None]) -> dict[str, str]:
    """Names to show for ids; whom we do not know is shown by id."""
    known = {person_id for person_id in person_ids if person_id}
    return await people.names_of(known) if known else {}


@dataclass(frozen=True, slots=True)
class Ask:
    """A print job that may have come out or not: a person is to look; `decision`: what was said already."""

    job: PrintJobView
    decision: Decision


async def asks_of(document: str | None = None, *, sites: Sites = None) -> list[Ask]:
    """What waits for somebody to look at a printer."""
    jobs = await fleet.print_jobs(limit=MANY, state=PrintState.UNCERTAIN.value, document=document, sites=sites)
    said = await fleet.decisions([job.id for job in jobs])
    return [Ask(job, said[job.id]) for job in jobs]


async def order_at(no: str, sites: Sites) -> order_queries.StoredOrder:
    """An order of one of these sites.  Raises NotFound."""
    found = await order_queries.order(no)
    if not found.is_seen_at(sites):
        raise NotFound("order", no)
    return found


async def prints(request: PageRequest, state: str, sites: Sites = None) -> dict[str, object]:
    wanted = state if state in set(PrintState) else None
    rows = await fleet.print_jobs(after=request.after, limit=request.limit, state=wanted, sites=sites)
    shown = page(rows, request, key=lambda job: job.id)
    return {
        "prints": shown.items,
        "next": shown.next,
        "states": [state.value for state in PrintState],
        "queues": await print_queues(limit=MANY, sites=sites),
        "asks": await asks_of(sites=sites),
        "others": await other_printers(shown.items, sites),
        "back": "/prints",
    }


async def other_printers(jobs: Iterable[PrintJobView], sites: Sites = None) -> dict[str, list[str]]:
    """By job: the other printers of its box and of the same kind."""
    kinds = {(each.box, each.id): each.kind for _, each in await fleet.devices(limit=MANY, sites=sites)}
    return {
        job.id: [
            name
            for (box, name), kind in kinds.items()
            if box == job.box and name != (job.printer or job.device) and kind == kinds.get((box, job.device))
        ]
        for job in jobs
    }


async def unknown(request: PageRequest, sites: Sites = None) -> dict[str, object]:
    rows = await catalog.unknown_barcodes(after=request.number(), limit=request.limit, sites=sites)
    shown = page(rows, request, key=lambda code: code.id)
    return {"unknown": shown.items, "next": shown.next}


async def site_of_unknown(text: str, sites: Sites) -> str | None:
    """Where a link of an unknown symbol is to hold: for people of some sites, at the one where it was scanned.  Raises NotFound."""
    if sites is None:
        return None
    found = await catalog.unknown_barcode_of(text)
    if found.site_id not in sites:
        raise NotFound("unknown barcode", text[:80])
    return found.site_id
