"""The page of what channels sent: what waits and why, what goods are ours, try again or discard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from controller.errors import DomainError, NotFound
from controller.http.routing import BadParameter, Permission, number, page
from controller.intake import mapping, merging, queries, taking
from controller.intake.states import RawState
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute, see_other

SECTION: Final = "/channel-orders"
_DONE = frozenset({"mapped", "retried", "discarded"})


@dataclass(frozen=True, slots=True)
class IntakePages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        return await self._listing(request)

    async def _listing(self, request: web.Request, error: str = "", sent: Sent | None = None, status: int = 200) -> web.Response:
        asked, actor = page_request(request), actor_of(request)
        state = text_of(request, "state")
        state = state if state in set(RawState) else ""
        rows = await queries.raw_orders(state=state, channel="", before=asked.number() or None, limit=asked.limit)
        shown = page(rows, asked, key=lambda row: row.id)
        done = text_of(request, "done")
        values: Values = {
            "rows": shown.items,
            "states": list(RawState),
            "state": state,
            "missing": await mapping.missing(limit=50),
            "suggestions": await merging.merge_suggestions(sites=None, limit=20),
            "writes": actor.may_at(Permission.ORDERS_WRITE, None),
            "typed": dict(sent.fields) if sent else {},
            "done": done if done in _DONE else "",
            "count": text_of(request, "count"),
            "error": error,
            "new_key": new_key,
            "is_fragment": request.headers.get("HX-Request") == "true" and request.method == "GET",
            **paged(request, {"next": shown.next}, "state"),
        }
        return await self.pages.show(request, "channel_orders.html", SECTION, values, status=status)

    async def map_goods(self, request: web.Request) -> web.StreamResponse:
        sent, resumed = sent_by(request), list[int]()

        async def verb() -> None:
            units = number(sent.field("units") or "1", "units")
            resumed.append(await mapping.map_goods(sent.field("channel"), sent.field("goods"), sent.field("sku"), units=units))

        try:
            await sent.once(verb)
        except (DomainError, BadParameter) as error:
            return await self._listing(request, error.code if isinstance(error, DomainError) else "bad_parameter", sent, status=422)
        return see_other(f"{SECTION}?{urlencode({'done': 'mapped', 'count': sum(resumed)})}")

    async def retry(self, request: web.Request) -> web.StreamResponse:
        return await self._do(request, "retried", lambda _, raw: taking.retry(raw))

    async def discard(self, request: web.Request) -> web.StreamResponse:
        return await self._do(request, "discarded", lambda sent, raw: taking.discard(raw, reason=sent.field("reason")))

    async def _do(self, request: web.Request, done: str, verb: Callable[[Sent, int], Awaitable[None]]) -> web.StreamResponse:
        sent, text = sent_by(request), request.match_info["id"]
        if not (text.isascii() and text.isdigit() and len(text) <= 15):
            raise NotFound("raw order", text[:40])
        try:
            await sent.once(lambda: verb(sent, int(text)))
        except NotFound:
            raise
        except DomainError as error:
            return await self._listing(request, error.code, status=422)
        return see_other(f"{SECTION}?done={done}")


def intake_routes(pages: Pages) -> list[PageRoute]:
    shown, read, write = IntakePages(pages), Permission.ORDERS_READ, Permission.ORDERS_WRITE
    return [
        PageRoute("GET", SECTION, shown.listing, permission=read, whole_chain=True),
        PageRoute("POST", f"{SECTION}/map", shown.map_goods, permission=write, whole_chain=True),
        PageRoute("POST", f"{SECTION}/{{id}}/retry", shown.retry, permission=write, whole_chain=True),
        PageRoute("POST", f"{SECTION}/{{id}}/discard", shown.discard, permission=write, whole_chain=True),
    ]
