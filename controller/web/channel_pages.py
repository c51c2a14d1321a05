"""The page of channels: what each leaves to the others, changed with a reason, and who changed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from aiohttp import web

from controller import events
from controller.catalog.queries import sku as sku_of
from controller.errors import DomainError
from controller.http.routing import BadParameter, Permission, number, page
from controller.sites import queries as site_queries
from controller.stock import channels
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute
from controller.web.shown import MAX_SITES, account_of, names_of

SECTION: Final = "/channels"
SHOWN_CHANGES = 20


@dataclass(frozen=True, slots=True)
class ChannelPages:
    pages: Pages

    async def show(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, text_of(request, "channel"), {})

    async def _show(self, request: web.Request, asked: str, refused: Values, status: int = 200) -> web.Response:
        known = await channels.channels()
        chosen = next((one for one in known if one.code == asked), known[0] if known else None)
        wanted = page_request(request)
        rows = await channels.buffers(chosen.code, after=wanted.number(), limit=wanted.limit) if chosen else []
        shown = page(rows, wanted, key=lambda row: row.id)
        changes = (await events.history(f"channel:{chosen.code}"))[::-1][:SHOWN_CHANGES] if chosen else []
        done = text_of(request, "done")
        values: Values = {
            "channels": known,
            "chosen": chosen,
            "buffers": shown.items,
            "changes": changes,
            "names": await names_of(account_of(one.actor) for one in changes),
            "sites": [site.id for site in await site_queries.sites(limit=MAX_SITES)],
            "done": done if done in ("added", "changed") else "",
            "error": "",
            "typed": {},
            "new_key": new_key,
            **paged(request, {"next": shown.next}, "channel"),
            **refused,
        }
        return await self.pages.show(request, "channels.html", SECTION, values, status=status)

    async def add(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        code = sent.field("code")
        try:
            await sent.once(lambda: channels.add_channel(code, name_en=sent.field("name_en"), name_zh=sent.field("name_zh")))
        except DomainError as error:
            return await self._show(request, "", {"error": error.code, "typed": dict(sent.fields)}, status=422)
        raise web.HTTPSeeOther(f"{SECTION}?{urlencode({'channel': code, 'done': 'added'})}")

    async def change(self, request: web.Request) -> web.StreamResponse:
        """Set a buffer; an empty quantity takes it away."""
        sent, code = sent_by(request), request.match_info["channel"]
        try:
            await _change(sent, code)
        except (DomainError, BadParameter) as error:
            found = error.code if isinstance(error, DomainError) else "bad_parameter"
            return await self._show(request, code, {"error": found, "typed": dict(sent.fields)}, status=422)
        raise web.HTTPSeeOther(f"{SECTION}?{urlencode({'channel': code, 'done': 'changed'})}")


async def _change(sent: Sent, code: str) -> None:
    sku_id = (await sku_of(sent.field("sku"))).id if sent.field("sku") else 0
    if sent.field("site"):
        await site_queries.site(sent.field("site"))
    quantity = number(sent.field("quantity"), "quantity") if sent.field("quantity") else None
    await sent.once(
        lambda: channels.set_buffer(code, quantity, sku_id=sku_id, site=sent.field("site"), reason=sent.field("reason"))
    )


def address_of(code: str) -> str:
    """Of the form that changes a channel's buffers."""
    return f"{SECTION}/{quote(code, safe='')}/buffers"


def channel_routes(pages: Pages) -> list[PageRoute]:
    shown, write = ChannelPages(pages), Permission.STOCK_WRITE
    return [
        PageRoute("GET", SECTION, shown.show, permission=Permission.STOCK_READ),
        PageRoute("POST", SECTION, shown.add, permission=write, whole_chain=True),
        PageRoute("POST", f"{SECTION}/{{channel}}/buffers", shown.change, permission=write, whole_chain=True),
    ]
