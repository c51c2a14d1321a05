"""The pages of sales of other tills: receipts, what waits, what contradicts another, files that are taken in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from controller.http.routing import Permission, number, page
from controller.sales import imports, queries
from controller.sales.policies import SaleState
from controller.sales.queries import Asked
from controller.sites import queries as site_queries
from controller.web.access import actor_of
from controller.web.pages import Pages, page_request, paged, text_of
from controller.web.routes import PageRoute
from controller.web.shown import MAX_SITES

SECTION: Final = "/sales"
SHOWN = 20


@dataclass(frozen=True, slots=True)
class SalesPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.Response:
        wanted, sites = page_request(request), actor_of(request).sites
        state, q, site = (text_of(request, name) for name in ("state", "q", "site"))
        asked = Asked(site=site, q=q, state=SaleState(state) if state in set(SaleState) else None)
        rows = await queries.sales(asked, before=wanted.number() or None, limit=wanted.limit, sites=sites)
        shown = page(rows, wanted, key=lambda row: row.id)
        first = wanted.after is None and not (q or state)
        values = {
            "sales": shown.items,
            "next": shown.next,
            "asked": asked,
            "state": state,
            "states": list(SaleState),
            "sites": [row.id for row in await site_queries.sites(limit=MAX_SITES, only=sites)],
            "waiting": await queries.waiting_texts(limit=SHOWN, sites=sites) if first else [],
            "conflicts": await queries.conflicts(limit=SHOWN, sites=sites) if first else [],
            "files": await imports.sales_imports(limit=5, sites=sites) if first else [],
        }
        return await self._show(request, "sales.html", paged(request, values, "q", "state", "site"))

    async def one(self, request: web.Request) -> web.Response:
        found = await queries.sale(number(request.match_info["id"], "id"), sites=actor_of(request).sites)
        return await self._show(request, "sale.html", {"sale": found, "lines": await queries.sale_lines(found.id)})

    async def _show(self, request: web.Request, template: str, values: Mapping[str, object]) -> web.Response:
        is_fragment = request.headers.get("HX-Request") == "true"
        shown = {"is_fragment": is_fragment, "next_page": "", "first_page": SECTION, **values}
        return await self.pages.show(request, template, SECTION, shown)


def sales_routes(pages: Pages) -> list[PageRoute]:
    shown = SalesPages(pages)
    return [
        PageRoute("GET", SECTION, shown.listing, permission=Permission.SALES_READ),
        PageRoute("GET", f"{SECTION}/{{id}}", shown.one, permission=Permission.SALES_READ),
    ]
