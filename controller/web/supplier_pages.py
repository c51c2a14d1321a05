"""The pages of suppliers: how they are reached, what they sell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from aiohttp import web

from controller.errors import DomainError
from controller.http.routing import BadParameter, Permission, number, page
from controller.purchasing import papers, supplier_queries, suppliers
from controller.purchasing.policies import Channel
from controller.purchasing.suppliers import ItemData, SupplierData
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute

SECTION: Final = "/suppliers"
DAYS = "1234567"


@dataclass(frozen=True, slots=True)
class SupplierPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        wanted = page_request(request)
        rows = await supplier_queries.suppliers(q=text_of(request, "q"), after=wanted.after or "", limit=wanted.limit)
        shown = page(rows, wanted, key=lambda row: row.code)
        values = paged(request, {"suppliers": shown.items, "next": shown.next}, "q")
        return await self._show(request, "suppliers.html", values)

    async def new(self, request: web.Request) -> web.StreamResponse:
        return await self._form(request, None, {})

    async def one(self, request: web.Request) -> web.StreamResponse:
        return await self._form(request, request.match_info["code"], {})

    async def _form(self, request: web.Request, code: str | None, refused: Values, status: int = 200) -> web.Response:
        wanted = page_request(request)
        row = await supplier_queries.supplier(code) if code is not None else None
        found = await supplier_queries.items(row.code, after=wanted.number(), limit=wanted.limit) if row else []
        shown = page(found, wanted, key=lambda item: item.id)
        done = text_of(request, "done")
        may_write = actor_of(request).may_at(Permission.PURCHASING_WRITE, None)
        values = {"row": row, "items": shown.items, "next": shown.next, "channels": list(Channel), "may_write": may_write}
        told = {"done": done if done in ("saved", "item") else "", "error": "", "message": "", "typed": {}}
        return await self._show(request, "supplier.html", {**paged(request, values), **told, **refused}, status)

    async def save(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        code = request.match_info.get("code") or sent.field("code")
        try:
            data = _data(sent)
            await sent.once(lambda: suppliers.put_supplier(code, data))
        except (DomainError, BadParameter) as error:
            return await self._form(request, request.match_info.get("code"), _refusal(error, sent), status=422)
        raise web.HTTPSeeOther(f"{SECTION}/{quote(code, safe='')}?done=saved")

    async def save_item(self, request: web.Request) -> web.StreamResponse:
        sent, code = sent_by(request), request.match_info["code"]
        try:
            data = _item(sent)
            await sent.once(lambda: suppliers.put_item(code, sent.field("sku"), data))
        except (DomainError, BadParameter) as error:
            return await self._form(request, code, _refusal(error, sent), status=422)
        raise web.HTTPSeeOther(f"{SECTION}/{quote(code, safe='')}?done=item")

    async def _show(self, request: web.Request, template: str, values: Mapping[str, object], status: int = 200) -> web.Response:
        is_fragment = request.headers.get("HX-Request") == "true" and request.method == "GET"
        shown = {"is_fragment": is_fragment, "new_key": new_key, "next_page": "", "first_page": "", "money": papers.money, **values}
        return await self.pages.show(request, template, SECTION, shown, status=status)


def _refusal(error: DomainError | BadParameter, sent: Sent) -> dict[str, object]:
    code = error.code if isinstance(error, DomainError) else "bad_parameter"
    return {"error": code, "message": str(error), "typed": dict(sent.fields)}


def _data(sent: Sent) -> SupplierData:
    """Raises BadParameter."""
    channel = sent.field("channel") or Channel.HAND.value
    if channel not in set(Channel):
        raise BadParameter("channel", f"one of {', '.join(Channel)}")
    return SupplierData(
        name=sent.field("name"),
        channel=Channel(channel),
        address=sent.field("address"),
        language=sent.field("language") or "zh-CN",
        currency=sent.field("currency") or "CNY",
        lead_days=number(sent.field("lead_days") or "0", "lead_days"),
        minimum_minor=amount(sent.field("minimum"), sent.field("currency") or "CNY", "minimum") or 0,
        order_days="".join(day for day in DAYS if sent.field(f"day{day}")),
        over_percent=number(sent.field("over_percent") or "0", "over_percent"),
        min_days=number(sent.field("min_days") or "0", "min_days"),
        active=sent.field("active") != "no",
    )


def _item(sent: Sent) -> ItemData:
    """Raises BadParameter."""
    numerator, _, denominator = sent.field("pack").partition("/")
    return ItemData(
        their_code=sent.field("their_code"),
        pack_numerator=number(numerator.strip() or "1", "pack"),
        pack_denominator=number(denominator.strip() or "1", "pack"),
        minimum_packs=number(sent.field("minimum_packs") or "1", "minimum_packs"),
        price_minor=amount(sent.field("price"), sent.field("currency") or "CNY", "price"),
        lead_days=number(sent.field("lead_days"), "lead_days") if sent.field("lead_days") else None,
        active=sent.field("active") != "no",
    )


def amount(text: str, currency: str, name: str) -> int | None:
    """Minor units of what people type: `12.50`; empty is None.  Raises BadParameter."""
    if not text:
        return None
    digits = papers.digits_of(currency)
    whole, point, rest = text.replace(",", "").partition(".")
    if len(rest) > digits or (point and not rest):
        raise BadParameter(name, f"an amount with at most {digits} decimals")
    return number(f"{whole or '0'}{rest:0<{digits}}", name)


def supplier_routes(pages: Pages) -> list[PageRoute]:
    shown, read, write = SupplierPages(pages), Permission.PURCHASING_READ, Permission.PURCHASING_WRITE
    one = f"{SECTION}/{{code}}"
    return [
        PageRoute("GET", SECTION, shown.listing, permission=read),
        PageRoute("GET", f"{SECTION}/new", shown.new, permission=write, whole_chain=True),
        PageRoute("POST", SECTION, shown.save, permission=write, whole_chain=True),
        PageRoute("GET", one, shown.one, permission=read),
        PageRoute("POST", one, shown.save, permission=write, whole_chain=True),
        PageRoute("POST", f"{one}/items", shown.save_item, permission=write, whole_chain=True),
    ]
