"""The page of what a SKU's goods cost at a site: the moving average, their value, and the entries behind it."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from controller.catalog.queries import sku as sku_of
from controller.costing import queries
from controller.costing.policies import Pool
from controller.errors import NotFound
from controller.http.routing import Permission, page
from controller.sites import queries as sites
from controller.web.access import actor_of
from controller.web.pages import Pages, Values, page_request, paged, text_of
from controller.web.routes import PageRoute
from controller.web.shown import MAX_SITES
from controller.web.stock_pages import SECTION, address_of, page_of


@dataclass(frozen=True, slots=True)
class CostPages:
    pages: Pages

    async def show(self, request: web.Request) -> web.StreamResponse:
        code, asked, wanted = request.match_info["sku"], text_of(request, "site"), page_request(request)
        found = await sku_of(code)
        here = await sites.sites(limit=MAX_SITES, only=actor_of(request).sites)
        site = next((each for each in here if each.id == asked or not asked), None)
        if site is None:
            raise NotFound("site", asked)
        rows = await queries.entries(found.id, site.id, before=wanted.number() or None, limit=wanted.limit)
        shown = page(rows, wanted, key=lambda row: row.id)
        values: Values = {
            "sku": found,
            "site": site.id,
            "sites": [each.id for each in here],
            "currency": site.currency,
            "pool": (await queries.costs_of([found.id], site.id)).get(found.id, Pool()),
            "rows": shown.items,
            "address_of": address_of,
            "page_of": page_of,
            **paged(request, {"next": shown.next}, "site"),
        }
        return await self.pages.show(request, "stock_cost.html", SECTION, values)


def cost_routes(pages: Pages) -> list[PageRoute]:
    return [PageRoute("GET", f"{SECTION}/{{sku}}/cost", CostPages(pages).show, permission=Permission.PURCHASING_READ)]
