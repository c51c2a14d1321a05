"""One field finds everything: a number leads to its document, a barcode or a code to its article, a part of a name to a list."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from controller.catalog.policies import Found, SymbolKey
from controller.catalog.queries import SkuRow, resolve, skus, skus_by_code
from controller.http.routing import Actor, Permission
from controller.sites.queries import sites
from controller.web.access import actor_of
from controller.web.pages import Pages, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.stock_pages import address_of, page_of
from drivers.symbols.parse import parse_symbol

SHOWN = 20
MANY_SITES = 200


@dataclass(frozen=True, slots=True)
class FindPages:
    pages: Pages

    async def find(self, request: web.Request) -> web.Response:
        """Straight to what was meant, where that is one thing."""
        q = text_of(request, "q")
        if document := page_of(q.upper()):
            return see_other(document)
        actor = actor_of(request)
        code = await _code_of(q, actor) if q else ""
        if code:
            return see_other(address_of(code))
        found: list[SkuRow] = await skus(limit=SHOWN + 1, q=q) if q else []
        values = {"q": q, "skus": found[:SHOWN], "more": len(found) > SHOWN, "address_of": address_of}
        return await self.pages.show(request, "find.html", "/find", values)


async def _code_of(q: str, actor: Actor) -> str:
    """The article that a code or a symbol names at a site of theirs; empty: none, or more than one."""
    if q in await skus_by_code([q]):
        return q
    parsed = parse_symbol(q.encode())
    key = SymbolKey(parsed.text, parsed.gtin14)
    for site in await sites(limit=MANY_SITES, only=actor.sites):
        (meaning,) = await resolve([key], site_id=site.id)
        if isinstance(meaning, Found):
            return meaning.sku
    return ""


def find_routes(pages: Pages) -> list[PageRoute]:
    return [PageRoute("GET", "/find", FindPages(pages).find, permission=Permission.STOCK_READ)]
