"""The website: everything that the pages need, put together and added to the HTTP application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from controller.config import Http
from controller.http.build import ERROR_PAGE
from controller.http.errors import Problem
from controller.web.access import Access
from controller.web.forms import Forms, add_forms
from controller.web.live import Live
from controller.web.pages import LANGUAGES, Pages, add_pages
from controller.web.render import Renderer
from controller.web.static_files import StaticFiles


class Website:
    """Builds the pages; `running` keeps the live ones live while the application runs."""

    def __init__(self, config: Http) -> None:
        self._files = StaticFiles()
        extras = {"asset": self._files.address, "bench_url": config.bench_url, "languages": LANGUAGES}
        self._renderer = Renderer(extras)
        self._live = Live(self._renderer)
        access = Access(
            open_pages=config.open_pages, names=frozenset({config.host.lower(), *(name.lower() for name in config.names)})
        )
        self._pages = Pages(self._renderer, self._live, access)

    def add_to(self, app: web.Application) -> None:
        app[ERROR_PAGE] = self._error_page
        add_pages(app, self._pages, self._files)
        add_forms(app, Forms(self._pages))

    async def running(self, _: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(self._live.run(), name="live pages")
        yield
        task.cancel()
        await asyncio.wait([task])

    async def _error_page(self, request: web.Request, problem: Problem) -> web.StreamResponse:
        response = await self._pages.show(request, "problem.html", "", {"problem": problem.body}, status=problem.body.status)
        response.headers.update(problem.headers)
        return response
