"""The pages of recalls: begin one, see what each site still has, whom it was sold to, and end it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from controller.errors import DomainError
from controller.http.routing import Permission, page
from controller.recalls import queries as recall_queries
from controller.recalls.operations import end_recall, recall
from controller.web.access import actor_of
from controller.web.forms import sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute
from controller.web.shown import account_of, names_of

SECTION: Final = "/recalls"
KNOWN: Final = frozenset({"not_found", "bad_recall", "bad_lot", "recall_over"})


@dataclass(frozen=True, slots=True)
class RecallPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        return await self._listing(request, {})

    async def _listing(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        wanted, state, q = page_request(request), text_of(request, "state"), text_of(request, "q")
        rows = await recall_queries.recalls(before=wanted.number() or None, limit=wanted.limit, state=state, q=q)
        shown = page(rows, wanted, key=lambda row: row.id)
        values: Values = {
            "recalls": shown.items,
            "state": state,
            "q": q,
            "error": "",
            "typed": {},
            **paged(request, {"next": shown.next}, "state", "q"),
            **refused,
        }
        return await self._show(request, "recalls.html", values, status)

    async def begin(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        begun: list[str] = []

        async def verb() -> None:
            begun.append(await recall(sent.field("lot"), sent.field("sku"), reason=sent.field("reason")))

        try:
            await sent.once(verb)
        except DomainError as error:
            refused: Values = {"error": error.code, "typed": dict(sent.fields)}
            return await self._listing(request, refused, status=422)
        raise web.HTTPSeeOther(f"{SECTION}/{begun[0]}?done=begun" if begun else SECTION)

    async def one(self, request: web.Request) -> web.StreamResponse:
        return await self._one(request, {})

    async def _one(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        wanted, actor = page_request(request), actor_of(request)
        found = await recall_queries.recall_of(request.match_info["no"])
        rows = await recall_queries.sold_of(
            found.id, before=wanted.number() or None, limit=wanted.limit, sites=actor.at(Permission.STOCK_READ).sites
        )
        sold = page(rows, wanted, key=lambda row: row.id)
        done = text_of(request, "done")
        values: Values = {
            "recall": found,
            "sites": await recall_queries.sites_of(found.id, actor.at(Permission.STOCK_READ).sites),
            "sold": sold.items,
            "names": await names_of(account_of(who) for who in (found.created_by, found.ended_by) if who),
            "done": done if done in ("begun", "ended") else "",
            "error": "",
            "typed": {},
            **paged(request, {"next": sold.next}),
            **refused,
        }
        return await self._show(request, "recall.html", values, status)

    async def end(self, request: web.Request) -> web.StreamResponse:
        sent, number = sent_by(request), request.match_info["no"]
        try:
            await sent.once(lambda: end_recall(number, reason=sent.field("reason")))
        except DomainError as error:
            return await self._one(request, {"error": error.code, "typed": dict(sent.fields)}, status=422)
        raise web.HTTPSeeOther(f"{SECTION}/{number}?done=ended")

    async def _show(self, request: web.Request, template: str, values: Values, status: int) -> web.Response:
        is_fragment = request.headers.get("HX-Request") == "true" and request.method == "GET"
        shown = {"is_fragment": is_fragment, "new_key": new_key, "known_errors": KNOWN, **values}
        return await self.pages.show(request, template, SECTION, shown, status=status)


def recall_routes(pages: Pages) -> list[PageRoute]:
    shown, read, write = RecallPages(pages), Permission.STOCK_READ, Permission.STOCK_WRITE
    return [
        PageRoute("GET", SECTION, shown.listing, permission=read),
        PageRoute("POST", SECTION, shown.begin, permission=write, whole_chain=True),
        PageRoute("GET", f"{SECTION}/{{no}}", shown.one, permission=read),
        PageRoute("POST", f"{SECTION}/{{no}}/end", shown.end, permission=write, whole_chain=True),
    ]
