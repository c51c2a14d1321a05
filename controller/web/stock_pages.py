"""The pages of stock: levels of every site, one SKU wherever it is, the entries behind its number, differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from aiohttp import web

from controller import events
from controller.catalog.queries import sku as sku_of
from controller.counts.blind import require_shown
from controller.errors import DomainError, NotFound
from controller.http.routing import BadParameter, Permission, number
from controller.sites.queries import bins
from controller.sites.queries import site as site_of
from controller.stock.lots import lots_at
from controller.stock.operations import Adjustment, adjust
from controller.stock.presale import set_presale
from controller.web import stock_shown
from controller.web.access import actor_of
from controller.web.forms import MAX_REASON, Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import account_of, names_of

SECTION: Final = "/stock"
DOCUMENTS: Final = {
    "SO": "/orders",
    "PO": "/purchase-orders",
    "RC": "/receipts",
    "CT": "/counts",
    "TR": "/transfers",
    "LB": "/labels",
}
"""Where documents are shown, by the prefix of their numbers."""
DONE = frozenset({"adjusted", "presale"})
MOST = 10**12
"""Base units of one adjustment."""


def address_of(code: str, part: str = "", **query: str) -> str:
    """Of a SKU's page, or of a `part` of it (`/why`)."""
    kept = {name: value for name, value in query.items() if value}
    return f"{SECTION}/{quote(code, safe='')}{part}" + (f"?{urlencode(kept)}" if kept else "")


def page_of(document: str) -> str:
    """The page of a document by its number; empty: it has none."""
    prefix, _, digits = document.partition("-")
    return f"{DOCUMENTS[prefix]}/{document}" if prefix in DOCUMENTS and digits.isdigit() else ""


@dataclass(frozen=True, slots=True)
class StockPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.Response:
        asked = stock_shown.Wanted(text_of(request, "q"), text_of(request, "site"))
        values = await stock_shown.stock(page_request(request), asked, actor_of(request).sites)
        return await self._show(request, "stock.html", {**paged(request, values, "q", "site"), "asked": asked})

    async def one(self, request: web.Request) -> web.Response:
        return await self._one(request, text_of(request, "site"), {})

    async def why(self, request: web.Request) -> web.Response:
        """Why is it this number?"""
        asked = stock_shown.Question(*(text_of(request, name) for name in ("figure", "site", "bin", "lot")))
        await require_shown(actor_of(request), asked.site, asked.bin)
        values = await stock_shown.causes(request.match_info["sku"], asked, page_request(request), actor_of(request).sites)
        entries = values["entries"]
        found = [who for entry in entries for who in (entry.person, entry.approved_by) if who]  # type: ignore[attr-defined]  # of a ledger
        names = await names_of(account_of(person) or person for person in found)
        shown = paged(request, values, "figure", "site", "bin", "lot")
        return await self._show(request, "stock_why.html", {**shown, "names": names})

    async def adjust(self, request: web.Request) -> web.Response:
        """Book a difference.  What is wrong with the form is told on the page, with what was typed."""
        sent = sent_by(request)
        code, site = request.match_info["sku"], sent.field("site")
        if sent.actor.sites is not None and site not in sent.actor.sites:
            raise NotFound("site", site)
        try:
            await _book(sent, code, site)
        except (DomainError, BadParameter) as error:
            code_of = error.code if isinstance(error, DomainError) else "bad_parameter"
            return await self._one(request, site, {"error": code_of, "typed": dict(sent.fields)}, status=422)
        return see_other(address_of(code, site=site, done="adjusted"))

    async def presale(self, request: web.Request) -> web.Response:
        """Say how much may be promised before it arrives."""
        sent = sent_by(request)
        code, site = request.match_info["sku"], sent.field("site")
        if sent.actor.sites is not None and site not in sent.actor.sites:
            raise NotFound("site", site)
        try:
            found, quantity = await sku_of(code), number(sent.field("presale"), "presale")
            await site_of(site)
            await sent.once(lambda: set_presale(found.id, site, quantity))
        except (DomainError, BadParameter) as error:
            told = error.code if isinstance(error, DomainError) else "bad_presale"
            return await self._one(request, site, {"error": told, "typed": dict(sent.fields)}, status=422)
        return see_other(address_of(code, site=site, done="presale"))

    async def ledger(self, request: web.Request) -> web.Response:
        """The entries of what is on hand, under the address that people guess."""
        code, site = request.match_info["sku"], text_of(request, "site")
        return see_other(address_of(code, "/why", site=site, figure="on_hand"))

    async def _one(self, request: web.Request, site: str, refused: Values, status: int = 200) -> web.Response:
        values = await stock_shown.one(request.match_info["sku"], site, actor_of(request))
        done = text_of(request, "done")
        shown = {"error": "", "typed": {}, "done": done if done in DONE else "", "new_key": new_key, **values, **refused}
        return await self._show(request, "stock_sku.html", shown, status)

    async def _show(self, request: web.Request, template: str, values: Mapping[str, object], status: int = 200) -> web.Response:
        is_fragment = request.headers.get("HX-Request") == "true" and request.method == "GET"
        shown = {
            "is_fragment": is_fragment,
            "address_of": address_of,
            "page_of": page_of,
            "next_page": "",
            "first_page": "",
            **values,
        }
        return await self.pages.show(request, template, SECTION, shown, status=status)


async def _book(sent: Sent, code: str, site: str) -> None:
    """Raises NotFound, BadParameter, BadAdjustment."""
    found = await sku_of(code)
    where = sent.field("bin")
    place = (await bins(site, [where])).get(where)
    if place is None:
        raise NotFound("bin", where)
    quantity, reason = number(sent.field("quantity"), "quantity"), sent.field("reason")[:MAX_REASON]
    if quantity > MOST:
        raise BadParameter("quantity", f"at most {MOST}")
    change = -quantity if sent.field("way") == "gone" else quantity
    lot = await _lot(found.id, site, sent.field("lot"))
    booked = Adjustment(sku_id=found.id, location_id=place.id, change=change, reason=reason, lot_id=lot)
    await sent.once(lambda: adjust(booked, person=events.actor().actor))


async def _lot(sku_id: int, site: str, text: str) -> int:
    """The id of a lot that the site has of it; empty: 0, nobody knows which.  Raises BadParameter."""
    if not text:
        return 0
    lot = number(text, "lot")
    there = await lots_at(sku_id, site, after=lot - 1, limit=1)
    if lot not in {each.id for each in there}:
        raise BadParameter("lot", "one of those that are shown")
    return lot


def stock_routes(pages: Pages) -> list[PageRoute]:
    shown = StockPages(pages)
    read = Permission.STOCK_READ
    return [
        PageRoute("GET", SECTION, shown.listing, permission=read),
        PageRoute("GET", f"{SECTION}/{{sku}}", shown.one, permission=read),
        PageRoute("GET", f"{SECTION}/{{sku}}/why", shown.why, permission=read),
        PageRoute("GET", f"{SECTION}/{{sku}}/ledger", shown.ledger, permission=read),
        PageRoute("POST", f"{SECTION}/{{sku}}/presale", shown.presale, permission=Permission.STOCK_WRITE),
        PageRoute("POST", f"{SECTION}/{{sku}}/adjust", shown.adjust, permission=Permission.STOCK_WRITE),
    ]
