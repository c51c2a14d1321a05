"""The bench page: what a visitor does to the devices, and the paper that comes out.  Loopback only, and no part of a shop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from aiohttp import web

from drivers.emulators.bench.device import BenchDevice, DeviceRefused
from drivers.emulators.bench.words import Translate, command_labels, fault_labels, titles
from drivers.emulators.emulator import LINE_FAULTS, about
from edge_agent import ui
from edge_agent.ui.locales import Language, load_catalogues, negotiate

HERE = Path(__file__).parent
TOKENS = Path(ui.__file__).parent / "static" / "tokens.css"
BEATS_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfItem:
    """Something with a barcode to pull the trigger at; `aim` as the scanner would send it (``]E0``)."""

    name_en: str
    name_zh: str
    code: str
    aim: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """What there is to scan: articles, and the numbers on papers and shelves (a pick list, a bin)."""

    articles: Sequence[ShelfItem]
    papers: Sequence[str]


class Bench:
    """The page over a set of running devices."""

    def __init__(self, devices: Sequence[BenchDevice], goods: Goods, shop_url: str | None) -> None:
        self._devices = {device.spec.id: device for device in devices}
        self._goods = goods
        self._shop_url = shop_url
        self._followers: set[asyncio.Event] = set()
        self._page = jinja2.Environment(autoescape=True).from_string((HERE / "page.html").read_text(encoding="utf-8"))
        for device in devices:
            device.changed = self._wake

    def app(self) -> web.Application:
        """The page, its reports as server-sent events, its commands."""
        app = web.Application(middlewares=[_headers])
        catalogues = load_catalogues(HERE / "locales")

        async def index(request: web.Request) -> web.Response:
            language = negotiate(
                request.query.get("lang"), request.cookies.get("lang"), accept=request.headers.get("Accept-Language", "")
            )
            text = self._render(language, catalogues[language].gettext)
            response = web.Response(text=text, content_type="text/html")
            response.set_cookie("lang", language.value, samesite="Lax", httponly=True)
            return response

        async def tokens(_: web.Request) -> web.FileResponse:
            return web.FileResponse(TOKENS)

        async def no_icon(_: web.Request) -> web.Response:
            return web.Response(status=204)

        app.router.add_get("/", index)
        app.router.add_get("/favicon.ico", no_icon)
        app.router.add_get("/static/tokens.css", tokens)
        app.router.add_static("/static/", HERE / "static")
        app.router.add_get("/reports", self._reports)
        app.router.add_post("/devices/{id}", self._do)
        app.router.add_get("/devices/{id}/papers/{number:\\d+}.png", self._paper)
        return app

    def _render(self, language: Language, _: Translate) -> str:
        return self._page.render(
            lang=language.value,
            _=_,
            shop_url=self._shop_url,
            shelf=self._goods.articles,
            papers=self._goods.papers,
            commands=[{"text": command.symbol, "label": label} for command, label in command_labels(_).items()],
            devices=[self._shown(device, _) for device in self._devices.values()],
        )

    def _shown(self, device: BenchDevice, _: Translate) -> Mapping[str, object]:
        """What the page's template takes of a device."""
        what, labels = about(device.spec.protocol), fault_labels(_)
        return {
            "id": device.spec.id,
            "protocol": device.spec.protocol,
            "kind": what.kind,
            "title": titles(_)[what.kind],
            "does": what.commands,
            "beeps": device.counts["beeped"],
            "faults": [{"name": name, "label": labels[name]} for name in what.faults],
            "line_faults": [{"name": name, "label": labels[name]} for name in LINE_FAULTS],
        }

    async def _do(self, request: web.Request) -> web.Response:
        device = self._device(request)
        if "X-Bench" not in request.headers:  # a form of another site cannot set it
            raise web.HTTPForbidden(text="commands come from the bench page")
        try:
            command = await request.json()
            await device.do({key: value for key, value in dict(command).items() if isinstance(value, str | int)})
        except (DeviceRefused, ValueError, TypeError) as error:
            return web.json_response({"message": str(error)}, status=422)
        return web.json_response({})

    async def _paper(self, request: web.Request) -> web.Response:
        wanted = int(request.match_info["number"])
        for paper in self._device(request).papers:
            if paper.number == wanted:
                return web.Response(body=paper.png, content_type="image/png")
        raise web.HTTPNotFound(text="that paper is no longer kept")

    async def _reports(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        wake = asyncio.Event()
        self._followers.add(wake)
        try:
            while True:
                wake.clear()
                await response.write(f"data: {json.dumps(self._snapshot())}\n\n".encode())
                await asyncio.sleep(0.1)  # at most ten a second, whatever the devices report
                try:
                    async with asyncio.timeout(BEATS_SECONDS):
                        await wake.wait()
                except TimeoutError:
                    continue
        except ConnectionError:
            return response
        finally:
            self._followers.discard(wake)

    def _snapshot(self) -> list[dict[str, object]]:
        return [
            {
                "id": device.spec.id,
                "faults": sorted(device.faults),
                "seen": device.seen,
                "beeps": device.counts["beeped"],
                "copies": device.copies_printed,
                "papers": [{"number": paper.number, "copies": paper.copies} for paper in device.papers],
            }
            for device in self._devices.values()
        ]

    def _wake(self) -> None:
        for follower in self._followers:
            follower.set()

    def _device(self, request: web.Request) -> BenchDevice:
        try:
            return self._devices[request.match_info["id"]]
        except KeyError:
            raise web.HTTPNotFound(text=f"there is no device {request.match_info['id']!r} on this bench") from None


@web.middleware
async def _headers(request: web.Request, handler: Callable[[web.Request], object]) -> web.StreamResponse:
    response: web.StreamResponse = await handler(request)  # type: ignore[misc]  # aiohttp's own middleware signature is looser
    if not response.prepared:
        response.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'"
        response.headers["X-Content-Type-Options"] = "nosniff"
    return response
