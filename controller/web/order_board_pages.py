"""The board of orders: every stage with its number, what burns first, each number a link into the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from controller import db
from controller.http.routing import Permission
from controller.orders.listing import COUNTED
from controller.sites.queries import sites as sites_of
from controller.tracking.board import board
from controller.web.access import actor_of
from controller.web.pages import Pages, Values, text_of
from controller.web.routes import PageRoute
from controller.web.shown import MAX_SITES

SECTION: Final = "/order-board"


@dataclass(frozen=True, slots=True)
class OrderBoardPages:
    pages: Pages

    async def board(self, request: web.Request) -> web.StreamResponse:
        actor = actor_of(request)
        known = [site.id for site in await sites_of(limit=MAX_SITES, only=actor.sites)]
        site = text_of(request, "site")
        site = site if site in known else ""
        values: Values = {
            "columns": await board([site] if site else actor.sites, db.now()),
            "counted": COUNTED,
            "sites": known,
            "site": site,
            "is_fragment": request.headers.get("HX-Request") == "true",
        }
        return await self.pages.show(request, "order_board.html", SECTION, values)


def order_board_routes(pages: Pages) -> list[PageRoute]:
    return [PageRoute("GET", SECTION, OrderBoardPages(pages).board, permission=Permission.ORDERS_READ)]
