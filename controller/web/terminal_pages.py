"""The page of a screen in a store: a customer types or scans, sees how far the order is, and is forgotten after half a minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from controller.errors import Forbidden
from controller.http.browser import is_https
from controller.http.routing import Permission
from controller.sites.queries import site as site_of
from controller.tracking import terminal
from controller.tracking.public import NoSuchOrder, TooManyLookUps
from controller.tracking.screens import AskedTooOften, Screen, screen_of
from controller.tracking.terminal import Answer
from controller.web.forms import sent_by
from controller.web.pages import Pages, Values, text_of
from controller.web.routes import PageRoute, see_other

PATH: Final = "/terminal"
QUIET_SECONDS: Final = 30
_FOR_YEARS: Final = 5 * 365 * 86_400


@dataclass(frozen=True, slots=True)
class TerminalPages:
    pages: Pages

    async def show(self, request: web.Request) -> web.StreamResponse:
        """With a key, once: it becomes a cookie, so that it does not stand on the screen."""
        if key := request.query.get("key", ""):
            return await self._set_up(request, key)
        return await self._show(request, await _screen(request), {})

    async def _set_up(self, request: web.Request, key: str) -> web.StreamResponse:
        screen = await screen_of(key)
        if screen is None:
            return await self._show(request, None, {})
        response = see_other(f"{PATH}?{urlencode({'lang': screen.language})}")
        response.set_cookie(
            _cookie(request), key, max_age=_FOR_YEARS, httponly=True, samesite="Strict", secure=is_https(request), path="/"
        )
        return response

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """The answer of a form: what was typed stands in no address and in no history."""
        sent, screen = sent_by(request), await _screen(request)
        if screen is None:
            return await self._show(request, None, {})
        number, proof = sent.field("sealed_number")[: terminal.LONGEST], sent.field("sealed_proof")[:16]
        try:
            answer = await terminal.ask(screen, number, proof)
        except NoSuchOrder as error:
            return await self._refused(request, screen, error, error.wait)
        except (TooManyLookUps, AskedTooOften) as error:
            return await self._refused(request, screen, error, error.wait)
        return await self._show(request, screen, {"answer": answer, "asks_proof": answer.lines is None})

    async def _refused(self, request: web.Request, screen: Screen, error: Forbidden, wait: int) -> web.Response:
        status = 404 if isinstance(error, NoSuchOrder) else 429
        response = await self._show(request, screen, {"error": error.code, "minutes": -(-wait // 60)}, status=status)
        if status == 429:
            response.headers["Retry-After"] = str(wait)
        return response

    async def _show(self, request: web.Request, screen: Screen | None, values: Values, status: int = 200) -> web.Response:
        answer: Answer | None = None
        shown: dict[str, object] = {
            "screen": screen,
            "shop": (await site_of(screen.site)).name if screen is not None else "",
            "answer": answer,
            "asks_proof": False,
            "error": "",
            "minutes": 0,
            "quiet": QUIET_SECONDS,
            "home": f"{PATH}?{urlencode({'lang': screen.language})}" if screen is not None else PATH,
            "said": text_of(request, "lang"),
        }
        return await self.pages.show(
            request, "terminal.html", PATH, {**shown, **values}, status=status if screen is not None else 403
        )


async def _screen(request: web.Request) -> Screen | None:
    return await screen_of(request.cookies.get(_cookie(request), ""))


def _cookie(request: web.Request) -> str:
    return "__Host-terminal" if is_https(request) else "terminal"


def terminal_routes(pages: Pages) -> list[PageRoute]:
    shown = TerminalPages(pages)
    return [
        PageRoute("GET", PATH, shown.show, permission=Permission.PUBLIC),
        PageRoute("POST", PATH, shown.ask, permission=Permission.PUBLIC),
    ]
