"""The page where an order is typed in: articles by code, name or scanner, a customer, how it gets there, what can be promised now.

Each button sends the whole form and gets it back with one thing more; the last one places it, once.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
from aiohttp import web

from controller.catalog.queries import SkuRow, skus_by_code
from controller.customers import home
from controller.customers import queries as customers
from controller.customers.numbers import CUSTOMERS
from controller.customers.order_addresses import masked
from controller.customers.queries import StoredCustomer
from controller.errors import DomainError, Forbidden, NotFound
from controller.http.routing import Actor, Permission
from controller.intake.entering import TypedOrder, enter, entered, own_address
from controller.orders.policies import NewLine
from controller.orders.states import Delivery
from controller.payments.policies import PayTerms
from controller.sites.queries import SiteRow
from controller.sites.queries import sites as sites_of
from controller.taxes.stored import regions
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.order_entry import (
    MOST_LINES,
    Entry,
    EntryRefused,
    TypedLine,
    article_of,
    currency_of,
    due_of,
    entry_of,
    price_of,
    units_of,
)
from controller.web.order_entry_shown import counted_of, lines_of
from controller.web.pages import Pages, Values, new_key
from controller.web.routes import PageRoute, see_other
from controller.web.shown import MAX_SITES

SECTION: Final = "/orders/new"
MOST_REGIONS: Final = 1000


@dataclass(slots=True)
class Told:
    """What the page says besides the form."""

    error: str = ""
    where: str = ""
    found: Sequence[SkuRow] = ()
    people: Sequence[StoredCustomer] | None = None
    focus: str = "article"
    article: str = ""


@dataclass(frozen=True, slots=True)
class OrderNewPages:
    pages: Pages

    async def form(self, request: web.Request) -> web.StreamResponse:
        site = await _only_site(actor_of(request))
        return await self._show(request, Entry(reference=secrets.token_urlsafe(12), site=site), Told())

    async def send(self, request: web.Request) -> web.StreamResponse:
        """A step of the form, or the last one."""
        sent = sent_by(request)
        verb, _, about = sent.field("verb").partition(":")
        entry = entry_of(sent.fields)
        if verb == "place":
            return await self._place(request, sent, entry)
        told = Told()
        try:
            if verb == "remove":
                entry = entry.without_line(int(about) if about.isdecimal() and len(about) < 4 else -1)
            elif verb == "find":
                told = await _people(sent)
            elif verb == "customer":
                entry, told = await _chosen(entry, about), Told(focus="delivery")
            elif verb == "forget":
                entry = replace(entry, customer="", own_address=False)
            else:
                entry, told = await _added(entry, about or sent.field("article"))
        except DomainError as error:
            told = Told(error=_code(error), where=_where(error), article=sent.field("article"))
        return await self._show(request, entry, told)

    async def _place(self, request: web.Request, sent: Sent, entry: Entry) -> web.StreamResponse:
        async def verb() -> None:
            await enter(await _typed(entry, sent.actor))

        try:
            await sent.once(verb)
        except DomainError as error:
            return await self._show(request, entry, Told(error=_code(error), where=_where(error), focus="none"))
        number = await entered(entry.reference)
        return see_other(f"/orders/{number}" if number else SECTION)  # a second click, while the first one is at it

    async def promise(self, request: web.Request) -> web.StreamResponse:
        """What can be promised now of the lines of a form that is open somewhere; by their articles, and nothing of a person."""
        actor, site = actor_of(request), request.query.get("site", "")
        lines = [TypedLine(code[:64], quantity, "0") for code, quantity in _asked(request)]
        entry = Entry(reference="", lines=tuple(lines), site=site, presale=request.query.get("presale") == "yes")
        _require_site(site, actor)
        values: Values = {"lines": await lines_of(entry, await _site(site, actor), actor), "typed": entry, "new_key": new_key}
        return await self.pages.show(request, "order_new_promise.html", SECTION, values)

    async def _show(self, request: web.Request, entry: Entry, told: Told) -> web.Response:
        actor = actor_of(request)
        sites = await sites_of(limit=MAX_SITES, only=actor.sites)
        site = next((each for each in sites if each.id == entry.site), None)
        lines = await lines_of(entry, site, actor)
        known = {line.sku.code: line.sku for line in lines if line.sku is not None}
        currency = currency_of(entry, site, known)
        customer = await _customer(entry)
        values: Values = {
            "typed": entry,
            "told": told,
            "skus": msgspec.json.encode([line.sku for line in entry.lines]).decode(),
            "lines": lines,
            "most_lines": MOST_LINES,
            "currency": currency,
            "counted": await counted_of(entry, lines, currency, customer.id if customer else None),
            "sites": sites,
            "regions": await regions(limit=MOST_REGIONS),
            "sources": actor.sites is None,
            "terms": list(PayTerms),
            "customer": customer,
            "own_address": await _own(entry),
            "finds": actor.may(Permission.CUSTOMERS_FIND),
            "new_key": new_key,
        }
        return await self.pages.show(request, "order_new.html", SECTION, values, status=422 if told.error else 200)


def _code(error: DomainError) -> str:
    return error.why if isinstance(error, EntryRefused) else error.code


def _where(error: DomainError) -> str:
    """The article that it is about."""
    return error.where if isinstance(error, EntryRefused) else str(getattr(error, "sku", ""))


async def _only_site(actor: Actor) -> str:
    """Who works at one site orders there, unless they say otherwise."""
    sites = await sites_of(limit=2, only=actor.sites)
    return sites[0].id if len(sites) == 1 else ""


def _asked(request: web.Request) -> list[tuple[str, str]]:
    """`line=3*tea`, as often as there are lines."""
    pairs = (text.partition("*") for text in request.query.getall("line", [])[:MOST_LINES])
    return [(code, quantity) for quantity, _, code in pairs]


def _require_site(site: str, actor: Actor) -> None:
    """Raises NotFound."""
    if site and actor.sites is not None and site not in actor.sites:
        raise NotFound("site", site)


async def _site(site: str, actor: Actor) -> SiteRow | None:
    return next((each for each in await sites_of(limit=MAX_SITES, only=actor.sites) if each.id == site), None) if site else None


async def _added(entry: Entry, text: str) -> tuple[Entry, Told]:
    """One article more; or those that it may be, to choose from.  Raises EntryRefused."""
    if not text:
        return entry, Told()
    sku, units, others = await article_of(text, entry.site)
    if sku is not None:
        return entry.with_line(sku, units), Told()
    return entry, Told(error="" if others else "unknown_article", where=text, found=others, article=text)


async def _people(sent: Sent) -> Told:
    """Raises Forbidden, BadCustomer, KeysUnavailable."""
    if not sent.actor.may(Permission.CUSTOMERS_FIND):
        raise Forbidden("looking for customers is for who may find them")
    found = await customers.found(sent.field("sealed_q"), country=home.country()) if sent.field("sealed_q") else []
    active = [one for one in found if one.state == "active"]
    return Told(error="" if active else "no_customer_found", people=active, focus="customer")


async def _chosen(entry: Entry, number: str) -> Entry:
    """Raises NotFound."""
    row = await customers.customer(CUSTOMERS.row_id(number))
    return replace(entry, customer=row.no, own_address=await own_address(row.id) is not None)


async def _customer(entry: Entry) -> StoredCustomer | None:
    try:
        return await customers.customer(CUSTOMERS.row_id(entry.customer)) if entry.customer else None
    except NotFound:
        return None


async def _own(entry: Entry) -> object:
    """Where the customer's orders go by default, masked."""
    try:
        found = await own_address(CUSTOMERS.row_id(entry.customer)) if entry.customer else None
    except DomainError:
        return None
    return None if found is None else masked(found)


async def _typed(entry: Entry, actor: Actor) -> TypedOrder:
    """Raises EntryRefused, Forbidden, NotFound."""
    if not entry.lines:
        raise EntryRefused("no_lines")
    if actor.sites is not None and entry.site not in actor.sites:
        raise Forbidden("whoever sees some sites only names one of them")
    site = await _site(entry.site, actor)
    if site is None and (entry.site or entry.delivery is not Delivery.SHIPPING):
        raise EntryRefused("no_site")
    if entry.terms == PayTerms.ACCOUNT.value and not entry.customer:
        raise EntryRefused("no_account")
    if entry.region and entry.region not in {each.code for each in await regions(limit=MOST_REGIONS)}:
        raise EntryRefused("no_region", entry.region[:40])
    known = await skus_by_code([line.sku for line in entry.lines])
    currency = currency_of(entry, site, known)
    return TypedOrder(
        reference=entry.reference,
        currency=currency,
        lines=[_line(line, currency, known, presale=entry.presale) for line in entry.lines],
        delivery=entry.delivery,
        site=entry.site or None,
        region=entry.region or None,
        customer_id=CUSTOMERS.row_id(entry.customer) if entry.customer else None,
        contact=entry.contact,
        address=None if entry.own_address and entry.customer else entry.sent_to(),
        due_at=due_of(entry.due, site.time_zone if site else "UTC"),
        pay_terms=PayTerms(entry.terms) if entry.terms else None,
    )


def _line(line: TypedLine, currency: str, known: Mapping[str, SkuRow], *, presale: bool) -> NewLine:
    """Raises EntryRefused."""
    if line.sku not in known:
        raise EntryRefused("unknown_article", line.sku)
    return NewLine(sku=line.sku, quantity=units_of(line), unit_price_minor=price_of(line, currency), presale=presale)


def order_new_routes(pages: Pages) -> list[PageRoute]:
    shown, write = OrderNewPages(pages), Permission.ORDERS_WRITE
    return [
        PageRoute("GET", SECTION, shown.form, permission=write),
        PageRoute("POST", SECTION, shown.send, permission=write),
        PageRoute("GET", f"{SECTION}/promise", shown.promise, permission=write),
    ]
