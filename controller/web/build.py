"""The website: everything that the pages need, put together and added to the HTTP application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from aiohttp import web

from controller.config import Http
from controller.http.build import ERROR_PAGE
from controller.http.errors import Problem
from controller.people.queries import admins
from controller.web.access import Access
from controller.web.account_pages import account_routes
from controller.web.category_pages import category_routes
from controller.web.channel_pages import channel_routes
from controller.web.cost_pages import cost_routes
from controller.web.count_pages import count_routes
from controller.web.count_schedule_pages import count_schedule_routes
from controller.web.customer_pages import customer_routes
from controller.web.find_pages import find_routes
from controller.web.fleet_forms import FleetForms, fleet_form_routes
from controller.web.fleet_pages import FleetPages, fleet_routes
from controller.web.forms import Forms, form_routes
from controller.web.intake_pages import intake_routes
from controller.web.list_files import list_file_routes
from controller.web.live import Live
from controller.web.login_pages import LogIn, login_routes
from controller.web.marketplace_pages import marketplace_routes
from controller.web.merge_pages import merge_routes
from controller.web.order_batch_pages import order_batch_routes
from controller.web.order_board_pages import order_board_routes
from controller.web.order_import_pages import order_import_routes
from controller.web.order_list_pages import order_list_routes
from controller.web.order_new_pages import order_new_routes
from controller.web.order_pages import order_routes
from controller.web.pages import LANGUAGES, Pages, page_routes
from controller.web.payment_pages import payment_routes
from controller.web.people_pages import people_routes
from controller.web.price_batch_pages import price_batch_routes
from controller.web.price_pages import price_routes
from controller.web.profile_pages import profile_routes
from controller.web.proof_pages import proof_routes
from controller.web.purchasing_pages import purchasing_routes
from controller.web.recall_pages import recall_routes
from controller.web.receipt_pages import receipt_routes
from controller.web.render import Renderer
from controller.web.replenishment_pages import replenishment_routes
from controller.web.report_pages import report_routes
from controller.web.review_pages import review_routes
from controller.web.review_rule_pages import review_rule_routes
from controller.web.review_setting_pages import review_setting_routes
from controller.web.routes import PageRoute, add_routes
from controller.web.sales_code_pages import sales_code_routes
from controller.web.sales_import_pages import sales_import_routes
from controller.web.sales_pages import sales_routes
from controller.web.screen_pages import screen_routes
from controller.web.seller_pages import seller_routes
from controller.web.shipping_pages import shipping_routes
from controller.web.site_pages import site_routes
from controller.web.sourcing_pages import sourcing_routes
from controller.web.static_files import StaticFiles
from controller.web.stock_pages import stock_routes
from controller.web.substitute_pages import substitute_routes
from controller.web.supplier_pages import supplier_routes
from controller.web.task_pages import task_routes
from controller.web.tax_pages import tax_routes
from controller.web.template_pages import template_routes
from controller.web.terminal_pages import terminal_routes
from controller.web.tracking_pages import tracking_routes
from controller.web.transfer_pages import transfer_routes
from controller.web.wave_pages import wave_routes

FEATURES: Final[tuple[Callable[[Pages], list[PageRoute]], ...]] = (
    page_routes,
    order_list_routes,
    order_batch_routes,
    order_board_routes,
    order_import_routes,
    order_new_routes,
    merge_routes,
    order_routes,
    report_routes,
    replenishment_routes,
    stock_routes,
    cost_routes,
    proof_routes,
    transfer_routes,
    price_routes,
    price_batch_routes,
    sales_import_routes,
    sales_code_routes,
    sales_routes,
    count_routes,
    count_schedule_routes,
    find_routes,
    category_routes,
    substitute_routes,
    profile_routes,
    people_routes,
    task_routes,
    customer_routes,
    payment_routes,
    account_routes,
    tax_routes,
    marketplace_routes,
    tracking_routes,
    terminal_routes,
    site_routes,
    seller_routes,
    screen_routes,
    recall_routes,
    intake_routes,
    review_routes,
    review_rule_routes,
    review_setting_routes,
    channel_routes,
    purchasing_routes,
    supplier_routes,
    sourcing_routes,
    shipping_routes,
    wave_routes,
    template_routes,
    receipt_routes,
)
"""Pages of features, a line for each."""


class Website:
    """Builds the pages; `running` keeps the live ones live while the application runs."""

    def __init__(self, config: Http) -> None:
        self._files = StaticFiles()
        extras = {"asset": self._files.address, "bench_url": config.bench_url, "languages": LANGUAGES}
        self._renderer = Renderer(extras)
        self._live = Live(self._renderer)
        self._access = Access(
            open_pages=config.open_pages, names=frozenset({config.host.lower(), *(name.lower() for name in config.names)})
        )
        self._pages = Pages(self._renderer, self._live)

    def add_to(self, app: web.Application) -> None:
        app[ERROR_PAGE] = self._error_page
        add_routes(app, self._access, self.routes())
        app.router.add_get("/static/{name}", self._files.serve)

    def routes(self) -> list[PageRoute]:
        """Every page; the files below /static are nobody's secret."""
        return [
            *(route for routes_of in FEATURES for route in routes_of(self._pages)),
            *form_routes(Forms(self._pages)),
            *list_file_routes(),
            *login_routes(LogIn(self._pages, self._access.open_pages)),
            *fleet_routes(FleetPages(self._pages)),
            *fleet_form_routes(FleetForms(FleetPages(self._pages))),
        ]

    async def running(self, _: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(self._live.run(), name="live pages")
        yield
        task.cancel()
        await asyncio.wait([task])

    async def _error_page(self, request: web.Request, problem: Problem) -> web.StreamResponse:
        values = {"problem": problem.body, "admins": await admins() if problem.body.code == "not_permitted" else []}
        response = await self._pages.show(request, "problem.html", "", values, status=problem.body.status)
        response.headers.update(problem.headers)
        return response
