"""The pages of sourcing: why an order comes from where it does, and what the company set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web

from controller import events
from controller.catalog.queries import sku as sku_of
from controller.errors import DomainError, NotFound
from controller.http.errors import Problem
from controller.http.routing import BadParameter, Permission, number
from controller.orders import queries as order_queries
from controller.orders.allocations import open_allocations
from controller.sites import queries as site_queries
from controller.sourcing import again, changing, rejecting
from controller.sourcing.anew import source_anew
from controller.sourcing.deciding import decisions
from controller.sourcing.plans import Point, Rate
from controller.sourcing.rejecting import Kind, Refusal
from controller.sourcing.settings import TermsSetting, settings
from controller.stock import channels
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import MAX_SITES, account_of, names_of

SECTION = "/sourcing"
SHOWN = 20


@dataclass(frozen=True, slots=True)
class SourcingPages:
    pages: Pages

    async def order(self, request: web.Request) -> web.Response:
        return await self._order(request, {})

    async def _order(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        actor = actor_of(request)
        order = await order_queries.order(request.match_info["no"])
        if not order.is_seen_at(actor.sites):
            raise NotFound("order", order.no)
        found = await decisions(order.id, limit=SHOWN)
        lines = (await order_queries.lines([order.id]))[order.id]
        values: Values = {
            "order": order,
            "lines": lines,
            "promised": await open_allocations([order.id]),
            "decisions": found,
            "names": await names_of(account_of(one.actor) for one in found),
            "sites": [site.id for site in await site_queries.sites(limit=MAX_SITES, only=actor.sites)],
            "kinds": [kind for kind in Kind if kind is not Kind.SHORT],
            "done": text_of(request, "done"),
            "error": "",
            "typed": {},
            "new_key": new_key,
            **refused,
        }
        return await self.pages.show(request, "order_sourcing.html", "/orders", values, status=status)

    async def act(self, request: web.Request) -> web.Response:
        """Source it again, move a line to a site, or reject it there."""
        sent, no = sent_by(request), request.match_info["no"]
        order = await order_queries.order(no)
        if not order.is_seen_at(sent.actor.sites):
            raise NotFound("order", no)
        site, is_again = sent.field("site"), sent.field("verb") == "again"
        if not is_again and sent.actor.sites is not None and site not in sent.actor.sites:
            raise NotFound("site", site)
        try:
            await sent.once((lambda: source_anew(no, reason=sent.field("again_reason"))) if is_again else _act(sent, no, site))
        except (DomainError, BadParameter) as error:
            return await self._order(request, _refused(error, sent), 422)
        return see_other(f"/orders/{quote(no)}/sourcing?done=moved")

    async def settings(self, request: web.Request) -> web.Response:
        return await self._settings(request, {})

    async def _settings(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        known = await settings()
        changes = await events.happened_to("sourcing", SHOWN)
        channel = text_of(request, "channel")
        values: Values = {
            "known": known,
            "channel": channel,
            "terms": known.of(channel),
            "is_own": channel in known.terms,
            "channels": await channels.channels(),
            "sites": await site_queries.sites(limit=MAX_SITES),
            "changes": changes,
            "names": await names_of(account_of(one.actor) for one in changes),
            "done": text_of(request, "done"),
            "error": "",
            "typed": {},
            "new_key": new_key,
            **refused,
        }
        return await self.pages.show(request, "sourcing.html", SECTION, values, status=status)

    async def change(self, request: web.Request) -> web.Response:
        sent = sent_by(request)
        try:
            await sent.once(await _changed(sent))
        except (DomainError, BadParameter) as error:
            return await self._settings(request, _refused(error, sent), 422)
        return see_other(f"{SECTION}?channel={quote(sent.field('channel'))}&done=changed")


def _refused(error: DomainError | BadParameter, sent: Sent) -> Values:
    return {"error": error.code if isinstance(error, DomainError) else "bad_parameter", "typed": dict(sent.fields)}


def _act(sent: Sent, no: str, site: str) -> Callable[[], Awaitable[object]]:
    position, reason = number(sent.field("position"), "position"), sent.field("reason")
    if sent.field("verb") == "reject":
        kind, quantity = sent.field("kind"), _count(sent, "quantity")
        if kind not in set(Kind) - {Kind.SHORT}:
            raise Problem(400, "malformed_form", "`kind`: expected a reason of rejection.")
        refusal = Refusal(position, Kind(kind), quantity)
        return lambda: rejecting.reject(no, site, [refusal], note=reason[:200])
    return lambda: again.move(no, [position], site, reason=reason)


async def _changed(sent: Sent) -> Callable[[], Awaitable[object]]:
    """What the form asks for.  Raises BadParameter, NotFound, Problem 400."""
    reason, site, channel = sent.field("reason"), sent.field("site"), sent.field("channel")
    match sent.field("what"):
        case "terms":
            terms = None if sent.field("removed") else _terms(sent)
            return lambda: changing.set_terms(channel, terms, reason=reason)
        case "site":
            point, capacity = _point(sent), _count(sent, "capacity")
            return lambda: changing.set_site(site, point=point, capacity=capacity, reason=reason)
        case "rank":
            rank, used = _count(sent, "rank"), not sent.field("never")
            return lambda: changing.set_rank(channel, site, rank, used=used, reason=reason)
        case "rate":
            first = _count(sent, "first_minor")
            rate = None if first is None else Rate(first, _count(sent, "more_minor") or 0)
            return lambda: changing.set_rate(site, sent.field("zone"), rate, reason=reason)
        case "area":
            zone, point = (None if sent.field("removed") else sent.field("zone")), _point(sent)
            return lambda: changing.set_area(sent.field("prefix"), zone=zone, point=point, reason=reason)
        case "safety":
            sku_id = (await sku_of(sent.field("sku"))).id if sent.field("sku") else 0
            quantity = _count(sent, "quantity")
            return lambda: changing.set_safety(sku_id, site, quantity, reason=reason)
    raise Problem(400, "malformed_form", "`what`: expected terms, site, rank, rate, area or safety.")


def _terms(sent: Sent) -> TermsSetting:
    """What is left empty is as the product comes."""
    names = ("distance_minor", "split_minor", "below_safety_minor", "busy_minor", "keeping_minor", "smallest_part_minor")
    given = {name: _count(sent, name) for name in (*names, "keeping_days", "most_sites", "attempts", "priority")}
    numbers = {name: value for name, value in given.items() if value is not None}
    bounds = {"most_sites": (1, 3), "attempts": (1, 20), "priority": (0, 1000), "keeping_days": (1, 3650)}
    for name, value in numbers.items():
        low, high = bounds.get(name, (0, 10**9))
        if not low <= value <= high:
            raise BadParameter(name, f"a whole number from {low} to {high}")
    far = _count(sent, "farthest_km")
    if far is not None and not 1 <= far <= 20_100:
        raise BadParameter("farthest_km", "a whole number from 1 to 20,100")
    return TermsSetting(**numbers, farthest_km=far, listed_only=bool(sent.field("listed_only")))


def _count(sent: Sent, name: str) -> int | None:
    return number(sent.field(name), name) if sent.field(name) else None


def _point(sent: Sent) -> Point | None:
    """Degrees as people write them: `31.2304`.  Raises BadParameter."""
    north, east = sent.field("latitude"), sent.field("longitude")
    if not north and not east:
        return None
    return Point(_micro(north, "latitude"), _micro(east, "longitude"))


def _micro(text: str, name: str) -> int:
    whole, _, rest = text.strip().lstrip("-").partition(".")
    if not (whole.isascii() and whole.isdigit() and (not rest or rest.isdigit()) and len(whole) <= 3 and len(rest) <= 6):
        raise BadParameter(name, "degrees with at most six decimal places, such as 31.2304")
    value = int(whole) * 1_000_000 + int(rest.ljust(6, "0") or "0")
    return -value if text.strip().startswith("-") else value


def sourcing_routes(pages: Pages) -> list[PageRoute]:
    shown = SourcingPages(pages)
    return [
        PageRoute("GET", "/orders/{no}/sourcing", shown.order, permission=Permission.ORDERS_READ),
        PageRoute("POST", "/orders/{no}/sourcing", shown.act, permission=Permission.ORDERS_WRITE),
        PageRoute("GET", SECTION, shown.settings, permission=Permission.STOCK_READ),
        PageRoute("POST", SECTION, shown.change, permission=Permission.STOCK_WRITE, whole_chain=True),
    ]
