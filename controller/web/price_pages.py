"""The pages of prices: what goods cost now and when that changes, one SKU's history and future, and batches of shelf labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from aiohttp import web

from controller.catalog.queries import sku as sku_of
from controller.errors import DomainError, NotFound
from controller.fleet import queries as fleet
from controller.http.routing import Actor, PageRequest, Permission, number, page
from controller.pricing import imports, operations, queries
from controller.pricing.imports import BadCell, PricesRejected, import_prices, instant_of, minor_of, read_prices
from controller.pricing.operations import NewPrice
from controller.pricing.printing import print_batch
from controller.pricing.states import BatchState
from controller.sites import queries as site_queries
from controller.web.access import actor_of
from controller.web.forms import MAX_REASON, Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import MAX_SITES, account_of, names_of

PRICES: Final = "/prices"
LABELS: Final = "/labels"
DONE = frozenset({"said", "cancelled", "imported", "printed"})
MAX_BOXES = 500


@dataclass(frozen=True, slots=True)
class PricePages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.Response:
        return await self._listing(request, {})

    async def import_file(self, request: web.Request) -> web.Response:
        """Prices that were pasted as CSV: looked at first, then taken in."""
        sent = sent_by(request)
        body, actor = sent.field("csv").encode(), sent.actor
        typed = {"typed": dict(sent.fields)}
        if sent.field("verb") == "preview":
            return await self._listing(request, {**typed, "seen": await read_prices(body, sites=actor.sites)})
        try:
            await sent.once(lambda: import_prices(body, sites=actor.sites))
        except PricesRejected:
            seen = await read_prices(body, sites=actor.sites)
            return await self._listing(request, {**typed, "error": PricesRejected.code, "seen": seen}, status=422)
        except DomainError as error:
            return await self._listing(request, {**typed, "error": error.code}, status=422)
        return see_other(f"{PRICES}?done=imported")

    async def one(self, request: web.Request) -> web.Response:
        return await self._one(request, {})

    async def say(self, request: web.Request) -> web.Response:
        """A price from an instant on, or a promotion."""
        sent, code = sent_by(request), request.match_info["sku"]
        try:
            new = await _said(sent, code)
            await sent.once(lambda: operations.schedule([new]))
        except (DomainError, BadCell) as error:
            told = error.code if isinstance(error, DomainError) else "bad_cell"
            return await self._one(request, {"error": told, "typed": dict(sent.fields)}, status=422)
        return see_other(_address(PRICES, code, "said"))

    async def cancel(self, request: web.Request) -> web.Response:
        sent, code = sent_by(request), request.match_info["sku"]
        price = number(sent.field("price"), "price")
        try:
            await sent.once(lambda: operations.cancel(price, sites=sent.actor.sites))
        except DomainError as error:
            return await self._one(request, {"error": error.code}, status=422)
        return see_other(_address(PRICES, code, "cancelled"))

    async def batches(self, request: web.Request) -> web.Response:
        wanted, actor, state = page_request(request), actor_of(request), text_of(request, "state")
        rows = await queries.batches(
            state=BatchState(state) if state in set(BatchState) else None,
            only_open=state == "open",
            before=wanted.number() or None,
            limit=wanted.limit,
            sites=actor.sites,
        )
        shown = page(rows, wanted, key=lambda row: row.id)
        values = {"batches": shown.items, "next": shown.next, "state": state, "states": list(BatchState)}
        return await self._show(request, "labels.html", LABELS, paged(request, values, "state"))

    async def batch(self, request: web.Request) -> web.Response:
        return await self._batch(request, {})

    async def print_labels(self, request: web.Request) -> web.Response:
        sent = sent_by(request)
        found = await queries.batch(request.match_info["no"], sites=sent.actor.sites)
        try:
            await sent.once(lambda: print_batch(found.number, box=sent.field("box"), again=sent.field("again") == "yes"))
        except DomainError as error:
            return await self._batch(request, {"error": error.code}, status=422)
        return see_other(_address(LABELS, found.number, "printed"))

    async def _listing(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        wanted = page_request(request) if request.method == "GET" else PageRequest()
        q = text_of(request, "q")
        rows = await queries.sku_prices(after=wanted.number(), limit=wanted.limit, q=q)
        shown = page(rows, wanted, key=lambda row: row.sku_id)
        actor = actor_of(request)
        values = {
            "prices": shown.items,
            "next": shown.next,
            "q": q,
            "coming": await queries.prices(coming=True, limit=20, sites=actor.sites),
            "seen": None,
            "errors_shown": imports.ERRORS_SHOWN,
        }
        return await self._show(request, "prices.html", PRICES, {**paged(request, values, "q"), **refused}, status)

    async def _one(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        actor, code = actor_of(request), request.match_info["sku"]
        history = await queries.history(code, sites=actor.sites)
        people = [row.created_by for row in history]
        values = {
            "sku": await sku_of(code),
            "history": history,
            "site_prices": await queries.site_prices(code, sites=actor.sites),
            "sites": await _sites(actor),
            "for_chain": actor.sites is None,
            "names": await names_of(account_of(person) or person for person in people),
            **refused,
        }
        return await self._show(request, "price.html", PRICES, values, status)

    async def _batch(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        found = await queries.batch(request.match_info["no"], sites=actor_of(request).sites)
        labels = await queries.labels(found.id)
        boxes = [box.id for box in await fleet.boxes(limit=MAX_BOXES) if box.site == found.site_id]
        people = [label.confirmed_by for label in labels if label.confirmed_by]
        names = await names_of(account_of(person) or person for person in people)
        values = {"batch": found, "labels": labels, "boxes": boxes, "names": names, **refused}
        return await self._show(request, "label_batch.html", LABELS, values, status)

    async def _show(
        self, request: web.Request, template: str, section: str, values: Mapping[str, object], status: int = 200
    ) -> web.Response:
        is_fragment = request.headers.get("HX-Request") == "true" and request.method == "GET"
        done = text_of(request, "done")
        shown = {"is_fragment": is_fragment, "next_page": "", "first_page": section, "error": "", "typed": {}, "new_key": new_key}
        shown |= {"done": done if done in DONE else ""}
        return await self.pages.show(request, template, section, {**shown, **values}, status=status)


async def _sites(actor: Actor) -> list[site_queries.SiteRow]:
    return await site_queries.sites(limit=MAX_SITES, only=actor.sites)


async def _said(sent: Sent, code: str) -> NewPrice:
    """A price as it was typed; its times are of the site's own clock.  Raises NotFound, ForTheChain, BadCell."""
    sku, site = await sku_of(code), sent.field("site") or None
    sites = {row.id: row for row in await _sites(sent.actor)}
    if site is None and sent.actor.sites is not None:
        raise operations.ForTheChain("a price of the whole chain is said by who is here for all of it: name a site")
    if site is not None and site not in sites:
        raise NotFound("site", site)
    zone = sites[site].time_zone if site else next(iter(sites.values())).time_zone if sites else "UTC"
    until = sent.field("until")
    return NewPrice(
        sku=code,
        price_minor=minor_of(sent.field("price"), sku.currency),
        currency=sku.currency,
        effective_from=instant_of(sent.field("effective_from"), "effective_from", zone),
        site=site,
        until=instant_of(until, "until", zone) if until else None,
        note=sent.field("note")[:MAX_REASON] or None,
    )


def _address(section: str, name: str, done: str) -> str:
    return f"{section}/{quote(name, safe='')}?{urlencode({'done': done})}"


def price_routes(pages: Pages) -> list[PageRoute]:
    shown = PricePages(pages)
    read, write = Permission.PRICES_READ, Permission.PRICES_WRITE
    return [
        PageRoute("GET", PRICES, shown.listing, permission=read),
        PageRoute("POST", PRICES, shown.import_file, permission=write),
        PageRoute("GET", f"{PRICES}/{{sku}}", shown.one, permission=read),
        PageRoute("POST", f"{PRICES}/{{sku}}", shown.say, permission=write),
        PageRoute("POST", f"{PRICES}/{{sku}}/cancel", shown.cancel, permission=write),
        PageRoute("GET", LABELS, shown.batches, permission=read),
        PageRoute("GET", f"{LABELS}/{{no}}", shown.batch, permission=read),
        PageRoute("POST", f"{LABELS}/{{no}}", shown.print_labels, permission=Permission.PRINTS_WRITE),
    ]
