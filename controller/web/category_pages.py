"""The pages of categories: the tree, what is in each, goods put into one many at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from controller.catalog import categories
from controller.catalog.queries import NO_CATEGORY, skus
from controller.errors import DomainError
from controller.http.routing import Permission, page
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.stock_pages import address_of

SECTION: Final = "/categories"
DONE: Final = frozenset({"saved", "removed", "moved"})
CHOSEN: Final = "sku:"
"""How the names of a form's boxes begin; the rest is a SKU's code."""


@dataclass(frozen=True, slots=True)
class CategoryPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        return await self._listing(request, {})

    async def _listing(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        """The tree, and the goods of one category or those that match; `-`: those in none."""
        asked, wanted = {name: text_of(request, name) for name in ("category", "q")}, page_request(request)
        tree = await categories.categories()
        chosen = next((row for row in tree if row.code == asked["category"]), None)
        rows = await skus(after=wanted.number(), limit=wanted.limit, **asked)
        shown = page(rows, wanted, key=lambda row: row.id)
        values: Values = {
            "tree": tree,
            "chosen": chosen,
            "asked": asked,
            "goods": shown.items,
            "next": shown.next,
            "none": NO_CATEGORY,
            "may_write": actor_of(request).may_at(Permission.CATALOG_WRITE, None),
            "address_of": address_of,
            "most_deep": categories.DEEPEST,
        }
        return await self._show(request, {**paged(request, values, *asked), **refused}, status)

    async def save(self, request: web.Request) -> web.StreamResponse:
        """A new category, or another name or place for one."""
        sent = sent_by(request)
        names = {"name_en": sent.field("name_en"), "name_zh": sent.field("name_zh")}
        code = sent.field("code")
        try:
            await sent.once(lambda: categories.save_category(code, parent=sent.field("parent") or None, **names))
        except DomainError as error:
            return await self._listing(request, _refusal(error, sent), status=422)
        return see_other(f"{SECTION}?{urlencode({'category': code, 'done': 'saved'})}")

    async def remove(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        try:
            await sent.once(lambda: categories.remove_category(sent.field("code")))
        except DomainError as error:
            return await self._listing(request, _refusal(error, sent), status=409)
        return see_other(f"{SECTION}?done=removed")

    async def move(self, request: web.Request) -> web.StreamResponse:
        """The goods that are ticked, and one that was typed or scanned, into a category."""
        sent = sent_by(request)
        into = sent.field("into")
        chosen = [name.removeprefix(CHOSEN) for name in sent.fields if name.startswith(CHOSEN)]
        chosen += [sent.field("sku")] if sent.field("sku") else []
        target = None if into == NO_CATEGORY else into
        try:
            await sent.once(lambda: categories.categorise(chosen, target))
        except DomainError as error:
            return await self._listing(request, _refusal(error, sent), status=422)
        return see_other(f"{SECTION}?{urlencode({'category': into, 'done': 'moved'})}")

    async def _show(self, request: web.Request, values: Mapping[str, object], status: int) -> web.Response:
        is_fragment = request.headers.get("HX-Request") == "true" and request.method == "GET"
        done = text_of(request, "done")
        shown = {"is_fragment": is_fragment, "error": "", "message": "", "typed": {}, "new_key": new_key}
        shown |= {"done": done if done in DONE else ""}
        return await self.pages.show(request, "categories.html", SECTION, {**shown, **values}, status=status)


def _refusal(error: DomainError, sent: Sent) -> dict[str, object]:
    return {"error": error.code, "message": str(error), "typed": dict(sent.fields), "done": ""}


def category_routes(pages: Pages) -> list[PageRoute]:
    shown, read, write = CategoryPages(pages), Permission.CATALOG_READ, Permission.CATALOG_WRITE
    return [
        PageRoute("GET", SECTION, shown.listing, permission=read),
        PageRoute("POST", SECTION, shown.save, permission=write, whole_chain=True),
        PageRoute("POST", f"{SECTION}/remove", shown.remove, permission=write, whole_chain=True),
        PageRoute("POST", f"{SECTION}/goods", shown.move, permission=write, whole_chain=True),
    ]
