"""The pages of shipping: what is on its way, one shipment, lists for drivers, carriers with what they offer and the rules."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web

from controller import events
from controller.errors import DomainError, NotFound
from controller.http.errors import Problem
from controller.http.routing import BadParameter, Permission, number, page
from controller.shipping import carriers, manifests, purchases, tracking
from controller.shipping.carriers import Kind, Offer, StoredCarrier
from controller.shipping.choosing import Goal, Rule, Service
from controller.shipping.handlers import seen_by, service_named
from controller.shipping.queries import Asked, shipments
from controller.shipping.states import ShipmentState
from controller.sites import queries as site_queries
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import MAX_SITES, account_of, names_of

SHIPMENTS, MANIFESTS, CARRIERS = "/shipments", "/manifests", "/carriers"
SHOWN_CHANGES = 20


@dataclass(frozen=True, slots=True)
class ShippingPages:
    pages: Pages

    async def shipments(self, request: web.Request) -> web.Response:
        wanted, actor = page_request(request), actor_of(request)
        state = text_of(request, "state")
        asked = Asked(
            state=ShipmentState(state) if state in set(ShipmentState) else None,
            site=text_of(request, "site"),
            q=text_of(request, "q").strip(),
            noticed=state == "noticed",
        )
        rows = await shipments(asked, before=wanted.number() or None, limit=wanted.limit, sites=actor.sites)
        shown = page(rows, wanted, key=lambda row: row.id)
        sites = [site.id for site in await site_queries.sites(limit=MAX_SITES, only=actor.sites)]
        values = {"shipments": shown.items, "next": shown.next, "sites": sites, "state": state, "asked": asked}
        shown_values = {**paged(request, values, "q", "state", "site"), "states": list(ShipmentState)}
        return await self._show(request, "shipments.html", SHIPMENTS, shown_values)

    async def shipment(self, request: web.Request) -> web.Response:
        return await self._shipment(request, {})

    async def _shipment(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        one = await seen_by(request.match_info["no"], actor_of(request).sites)
        values: Values = {
            "shipment": one,
            "label": await purchases.stand_of(one),
            "choice": one.choice,
            "tellings": await tracking.tellings(one),
            "offers": [offer for offer in await carriers.offers(active_only=True) if offer.service.zone in ("", one.zone)],
            "done": text_of(request, "done"),
            **refused,
        }
        return await self._show(request, "shipment.html", SHIPMENTS, values, status)

    async def act(self, request: web.Request) -> web.Response:
        """Choose a carrier, settle a label, give it up, print it again."""
        sent, no = sent_by(request), request.match_info["no"]
        one = await seen_by(no, sent.actor.sites)
        reason = sent.field("reason")
        verbs: dict[str, Callable[[], Awaitable[object]]] = {
            "print": lambda: purchases.print_again(no),
            "void": lambda: purchases.void(no, reason=reason),
            "settle": lambda: purchases.settle(no, sent.field("tracking_no") or None, reason=reason),
        }
        verb = sent.field("verb")
        try:
            if verb == "service":
                carrier, _, service = sent.field("service").partition("/")
                chosen = await service_named(one, carrier, service)
                verbs["service"] = lambda: purchases.choose_by_hand(no, chosen, reason=reason)
            if verb not in verbs:
                raise Problem(400, "malformed_form", "`verb`: expected print, void, settle or service.")
            await sent.once(verbs[verb])
        except DomainError as error:
            return await self._shipment(request, _refused(error, sent), 422)
        return see_other(f"{SHIPMENTS}/{quote(no)}?done={verb}")

    async def manifests(self, request: web.Request) -> web.Response:
        return await self._manifests(request, {})

    async def _manifests(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        wanted, actor = page_request(request), actor_of(request)
        sites = None if actor.sites is None else sorted(actor.sites)
        rows = await manifests.manifests(before=wanted.number() or None, limit=wanted.limit, sites=sites)
        shown = page(rows, wanted, key=lambda row: row.id)
        values = {**paged(request, {"manifests": shown.items, "next": shown.next}), **refused}
        return await self._show(request, "manifests.html", MANIFESTS, values, status)

    async def close(self, request: web.Request) -> web.Response:
        sent, no = sent_by(request), request.match_info["no"]
        one = await manifests.manifest(no)
        if sent.actor.sites is not None and one.site not in sent.actor.sites:
            raise NotFound("manifest", no)
        try:
            await sent.once(lambda: manifests.close(no))
        except DomainError as error:
            return await self._manifests(request, _refused(error, sent), 422)
        return see_other(MANIFESTS)

    async def carriers(self, request: web.Request) -> web.Response:
        return await self._carriers(request, {})

    async def _carriers(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        changes = await events.happened_to("shipping", SHOWN_CHANGES)
        values: Values = {
            "carriers": await carriers.carriers(),
            "offers": await carriers.offers(),
            "rules": await carriers.rules(),
            "kinds": list(Kind),
            "goals": list(Goal),
            "changes": changes,
            "names": await names_of(account_of(one.actor) for one in changes),
            "done": text_of(request, "done"),
            **refused,
        }
        return await self._show(request, "carriers.html", CARRIERS, values, status)

    async def change(self, request: web.Request) -> web.Response:
        """A carrier, a service of one, or a rule."""
        sent = sent_by(request)
        try:
            await sent.once(_changed(sent))
        except (DomainError, BadParameter) as error:
            return await self._carriers(request, _refused(error, sent), 422)
        return see_other(f"{CARRIERS}?done=changed")

    async def _show(self, request: web.Request, template: str, section: str, values: Values, status: int = 200) -> web.Response:
        is_fragment = request.headers.get("HX-Request") == "true" and request.method == "GET"
        shown = {
            "is_fragment": is_fragment,
            "next_page": "",
            "first_page": section,
            "error": "",
            "typed": {},
            "new_key": new_key,
            **values,
        }
        return await self.pages.show(request, template, section, shown, status=status)


def _refused(error: DomainError | BadParameter, sent: Sent) -> Values:
    return {"error": error.code if isinstance(error, DomainError) else "bad_parameter", "typed": dict(sent.fields)}


def _changed(sent: Sent) -> Callable[[], Awaitable[object]]:
    """What the form asks for.  Raises BadParameter, Problem 400."""
    reason = sent.field("reason")
    match sent.field("what"):
        case "carrier":
            return lambda: carriers.set_carrier(_carrier(sent), reason=reason)
        case "service":
            return lambda: carriers.set_offer(_offer(sent), reason=reason)
        case "rule":
            rule = None if sent.field("removed") else _rule(sent)
            return lambda: carriers.set_rule(_count(sent, "position") or 0, rule, reason=reason)
    raise Problem(400, "malformed_form", "`what`: expected carrier, service or rule.")


def _count(sent: Sent, name: str) -> int | None:
    return number(sent.field(name), name) if sent.field(name) else None


def _carrier(sent: Sent) -> StoredCarrier:
    kind = sent.field("kind")
    return StoredCarrier(
        code=sent.field("code"),
        name_en=sent.field("name_en"),
        name_zh=sent.field("name_zh"),
        kind=Kind(kind) if kind in set(Kind) else Kind.MANUAL,
        address=sent.field("address"),
        silent_days=_count(sent, "silent_days") or 2,
        is_active=not sent.field("off"),
    )


def _offer(sent: Sent) -> Offer:
    service = Service(
        carrier=sent.field("carrier"),
        code=sent.field("code"),
        zone=sent.field("zone"),
        first_minor=_count(sent, "first_minor") or 0,
        more_minor=_count(sent, "more_minor") or 0,
        days=_count(sent, "days") or 0,
        max_grams=_count(sent, "max_grams"),
        max_value_minor=_count(sent, "max_value_minor"),
        takes_dangerous=bool(sent.field("dangerous")),
        takes_cold=bool(sent.field("cold")),
    )
    return Offer(service=service, name_en=sent.field("name_en"), name_zh=sent.field("name_zh"), is_active=not sent.field("off"))


def _rule(sent: Sent) -> Rule:
    goal = sent.field("goal")
    return Rule(
        position=_count(sent, "position") or 0,
        goal=Goal(goal) if goal in set(Goal) else Goal.CHEAPEST,
        channel=sent.field("channel"),
        zone=sent.field("zone"),
        min_grams=_count(sent, "min_grams"),
        max_grams=_count(sent, "max_grams"),
        min_value_minor=_count(sent, "min_value_minor"),
        dangerous=True if sent.field("dangerous") else None,
        cold=True if sent.field("cold") else None,
        max_days=_count(sent, "max_days"),
        carrier=sent.field("carrier"),
    )


def shipping_routes(pages: Pages) -> list[PageRoute]:
    shown = ShippingPages(pages)
    read, write, manage = Permission.FULFILMENT_READ, Permission.FULFILMENT_WRITE, Permission.SHIPPING_MANAGE
    return [
        PageRoute("GET", SHIPMENTS, shown.shipments, permission=read),
        PageRoute("GET", f"{SHIPMENTS}/{{no}}", shown.shipment, permission=read),
        PageRoute("POST", f"{SHIPMENTS}/{{no}}", shown.act, permission=write),
        PageRoute("GET", MANIFESTS, shown.manifests, permission=read),
        PageRoute("POST", f"{MANIFESTS}/{{no}}/close", shown.close, permission=write),
        PageRoute("GET", CARRIERS, shown.carriers, permission=read),
        PageRoute("POST", CARRIERS, shown.change, permission=manage, whole_chain=True),
    ]
