"""The website: everything that the pages need, put together and added to the HTTP application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

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
from controller.web.order_batch_pages import order_batch_routes
from controller.web.order_board_pages import order_board_routes
from controller.web.order_import_pages import order_import_routes
from controller.web.order_list_pages import order_list_routes
from controller.web.order_new_pages import order_new_routes
from controller.web.order_pages import order_routes
from controller.web.pages import LANGUAGES, Pages, page_routes
from controller.web.payment_pages import payment_routes
from controller.web.people_pages import people_routes
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
from controller.web.sales_import_pages import sales_import_routes
from controller.web.sales_pages import sales_routes
from controller.web.shipping_pages import shipping_routes
from controller.web.sourcing_pages import sourcing_routes
from controller.web.static_files import StaticFiles
from controller.web.stock_pages import stock_routes
from controller.web.substitute_pages import substitute_routes
from controller.web.supplier_pages import supplier_routes
from controller.web.task_pages import task_routes
from controller.web.tax_pages import tax_routes
from controller.web.tracking_pages import tracking_routes
from controller.web.transfer_pages import transfer_routes
from controller.web.wave_pages import wave_routes


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
            *page_routes(self._pages),
            *form_routes(Forms(self._pages)),
            *order_list_routes(self._pages),
            *order_batch_routes(self._pages),
            *order_board_routes(self._pages),
            *order_import_routes(self._pages),
            *order_new_routes(self._pages),
            *order_routes(self._pages),
            *report_routes(self._pages),
            *replenishment_routes(self._pages),
            *stock_routes(self._pages),
            *cost_routes(self._pages),
            *proof_routes(self._pages),
            *transfer_routes(self._pages),
            *price_routes(self._pages),
            *sales_import_routes(self._pages),
            *sales_routes(self._pages),
            *count_routes(self._pages),
            *count_schedule_routes(self._pages),
            *find_routes(self._pages),
            *category_routes(self._pages),
            *substitute_routes(self._pages),
            *profile_routes(self._pages),
            *list_file_routes(),
            *login_routes(LogIn(self._pages, self._access.open_pages)),
            *people_routes(self._pages),
            *task_routes(self._pages),
            *customer_routes(self._pages),
            *payment_routes(self._pages),
            *account_routes(self._pages),
            *tax_routes(self._pages),
            *marketplace_routes(self._pages),
            *tracking_routes(self._pages),
            *recall_routes(self._pages),
            *intake_routes(self._pages),
            *review_routes(self._pages),
            *review_rule_routes(self._pages),
            *review_setting_routes(self._pages),
            *channel_routes(self._pages),
            *purchasing_routes(self._pages),
            *supplier_routes(self._pages),
            *sourcing_routes(self._pages),
            *shipping_routes(self._pages),
            *wave_routes(self._pages),
            *receipt_routes(self._pages),
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
