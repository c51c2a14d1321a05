"""Codes of receipts that nobody knows, several of which are said to be no goods at once; those that are, and its undoing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from controller.errors import DomainError
from controller.http.routing import Permission, number, page
from controller.sales import no_goods
from controller.sales.no_goods import NoGoodsReason
from controller.sales.queries import waiting_codes
from controller.web.access import actor_of
from controller.web.forms import MAX_REASON, Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import account_of, names_of

SECTION: Final = "/sales"
WAITING: Final = "/sales/codes"
NO_GOODS: Final = "/sales/no-goods"
CHOSEN: Final = "c-"
"""How the fields of codes begin: their values are the codes."""
PER: Final = 100
"""Codes of a page: a form has a bounded number of fields."""


@dataclass(frozen=True, slots=True)
class SalesCodePages:
    pages: Pages

    async def waiting(self, request: web.Request) -> web.StreamResponse:
        return await self._waiting(request, {})

    async def say(self, request: web.Request) -> web.StreamResponse:
        """A look at what was chosen, or the word."""
        sent = sent_by(request)
        codes, reason = _chosen(sent), sent.field("reason")
        typed: Values = {"chosen": codes, "typed": dict(sent.fields)}
        if not codes:
            return await self._waiting(request, {"error": "nothing_chosen"}, status=422)
        if sent.field("verb") != "say":
            return await self._waiting(request, typed)
        if reason not in set(NoGoodsReason):
            return await self._waiting(request, {**typed, "error": "no_reason"}, status=422)
        note = sent.field("note")[:MAX_REASON]
        await sent.once(lambda: no_goods.set_aside(codes, NoGoodsReason(reason), note))
        return see_other(f"{NO_GOODS}?{urlencode({'done': len(codes)})}")

    async def no_goods(self, request: web.Request) -> web.StreamResponse:
        return await self._no_goods(request)

    async def undo(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        codes = _chosen(sent)
        if not codes:
            return await self._no_goods(request, "nothing_chosen", status=422)
        try:
            await sent.once(lambda: no_goods.take_back(codes))
        except DomainError as error:
            return await self._no_goods(request, error.code, status=422)
        return see_other(f"{WAITING}?{urlencode({'undone': len(codes)})}")

    async def _waiting(self, request: web.Request, told: Mapping[str, object], status: int = 200) -> web.Response:
        actor, wanted, q = actor_of(request), page_request(request), text_of(request, "q")
        after = place_of(wanted.after or "") if request.method == "GET" else None
        limit = min(wanted.limit, PER + 1)
        rows = await waiting_codes(q=q, after=after, limit=limit, sites=actor.sites)
        more = len(rows) == limit
        values: Values = {
            "rows": rows[: limit - 1],
            "q": q,
            "undone": _count(request, "undone"),
            "may_say": actor.may_at(Permission.SALES_WRITE, None),
            "reasons": list(NoGoodsReason),
            "chosen": [],
            "typed": {},
            "error": "",
            "new_key": new_key,
            **paged(request, {"next": rows[limit - 2].cursor if more else None}, "q"),
            **told,
        }
        return await self.pages.show(request, "sales_codes.html", SECTION, values, status=status)

    async def _no_goods(self, request: web.Request, error: str = "", status: int = 200) -> web.Response:
        actor, wanted = actor_of(request), page_request(request)
        q, kind = text_of(request, "q"), text_of(request, "kind")
        limit = min(wanted.limit, PER + 1)
        rows = await no_goods.codes_no_goods(q=q, reason=kind, before=wanted.number() or None, limit=limit)
        shown = page(rows[:limit], wanted, key=lambda row: row.id)
        values: Values = {
            "rows": shown.items,
            "q": q,
            "kind": kind,
            "reasons": list(NoGoodsReason),
            "counted": no_goods.COUNTED,
            "done": _count(request, "done"),
            "may_say": actor.may_at(Permission.SALES_WRITE, None),
            "names": await names_of(account_of(row.said_by) for row in shown.items),
            "error": error,
            "new_key": new_key,
            **paged(request, {"next": shown.next}, "q", "kind"),
        }
        return await self.pages.show(request, "sales_no_goods.html", SECTION, values, status=status)


def place_of(cursor: str) -> tuple[int, int] | None:
    """A place in the list of codes that wait, None: its beginning.  Raises BadParameter."""
    lines, _, first = cursor.partition("-")
    return (number(lines, "after"), number(first, "after")) if cursor else None


def _chosen(sent: Sent) -> list[str]:
    return sorted({text for name, text in sent.fields.items() if name.startswith(CHOSEN) and 0 < len(text) <= no_goods.MAX_CODE})


def _count(request: web.Request, name: str) -> int:
    text = text_of(request, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0


def sales_code_routes(pages: Pages) -> list[PageRoute]:
    shown, read, write = SalesCodePages(pages), Permission.SALES_READ, Permission.SALES_WRITE
    return [
        PageRoute("GET", WAITING, shown.waiting, permission=read),
        PageRoute("POST", WAITING, shown.say, permission=write, whole_chain=True),
        PageRoute("GET", NO_GOODS, shown.no_goods, permission=read),
        PageRoute("POST", NO_GOODS, shown.undo, permission=write, whole_chain=True),
    ]
