"""Templates and presets of orders: what counters have, made and changed, and a sheet of their barcodes to be printed."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import zxingcpp
from aiohttp import web

from controller.customers.numbers import CUSTOMERS
from controller.errors import DomainError, NotFound
from controller.http.routing import Actor, BadParameter, Permission, page
from controller.orders import presets, queries, templates
from controller.orders.presets import NewPreset
from controller.orders.template_access import preset_for, require_site, template_for
from controller.orders.templates import TEMPLATES, BadTemplate, NewTemplate, TemplateLine
from controller.sites import queries as site_queries
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute
from controller.web.shown import MAX_SITES
from controller.web.template_words import GOES, PAYS
from edge_agent.wire.order_facts import BUILT_IN, Goes, PayBy

SECTION: Final = "/order-templates"
PRESET_AT: Final = "/order-presets"
MOST_PRESETS: Final = 200
Way = tuple[str, str] | None
"""How an order is paid and gets to the customer, in words to be translated."""
_DONE: Final = ("saved", "on", "off")


@dataclass(frozen=True, slots=True)
class TemplatePages:
    pages: Pages

    async def list(self, request: web.Request) -> web.StreamResponse:
        return await self._list(request, {})

    async def show(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, {})

    async def show_preset(self, request: web.Request) -> web.StreamResponse:
        return await self._show_preset(request, {})

    async def barcodes(self, request: web.Request) -> web.StreamResponse:
        """A page that a browser prints: the barcode of each that is on; `of` names one."""
        actor, wanted = actor_of(request), text_of(request, "of")
        rows = [each for each in await templates.templates(sites=actor.sites, limit=MOST_PRESETS) if each.is_active]
        ways = [each for each in await presets.presets(sites=actor.sites, limit=MOST_PRESETS) if each.is_active]
        codes: list[tuple[str, str, Way]] = [(each.number, each.title, None) for each in rows]
        codes += [(each.number, each.title, (PAYS[each.pays], GOES[each.goes])) for each in ways]
        codes += [(each.number, "", (PAYS[each.pays], GOES[each.goes])) for each in BUILT_IN if not ways]
        labels = [(number, title, way, _bars(number)) for number, title, way in codes if wanted in ("", number)]
        return await self.pages.show(request, "order_template_barcodes.html", SECTION, {"labels": labels})

    async def save(self, request: web.Request) -> web.StreamResponse:
        """A new template, or (with its number in the address) one that is changed."""
        sent, number = sent_by(request), request.match_info.get("no")
        try:
            if number is not None:
                await template_for(sent.actor, number, to_change=True)
            new, version = _template(sent), int(sent.field("version")) if sent.field("version").isdigit() else None
            await sent.once(lambda: templates.save_template(new, number=number, version=version))
        except (DomainError, BadParameter) as error:
            refused = _refused(error, sent, "template")
            return await (self._list(request, refused) if number is None else self._show(request, refused))
        raise web.HTTPSeeOther(f"{SECTION}{'' if number is None else f'/{number}'}?done=saved")

    async def switch(self, request: web.Request) -> web.StreamResponse:
        sent, number = sent_by(request), request.match_info["no"]
        await template_for(sent.actor, number, to_change=True)
        is_on = sent.field("on") == "1"
        await sent.once(lambda: templates.switch_template(number, on=is_on))
        raise web.HTTPSeeOther(f"{SECTION}/{number}?done={'on' if is_on else 'off'}")

    async def save_preset(self, request: web.Request) -> web.StreamResponse:
        sent, number = sent_by(request), request.match_info.get("no")
        try:
            if number is not None:
                await preset_for(sent.actor, number, to_change=True)
            new, version = _preset(sent), int(sent.field("version")) if sent.field("version").isdigit() else None
            await sent.once(lambda: presets.save_preset(new, number=number, version=version))
        except (DomainError, BadParameter) as error:
            refused = _refused(error, sent, "preset")
            return await (self._list(request, refused) if number is None else self._show_preset(request, refused))
        raise web.HTTPSeeOther(f"{SECTION}?done=saved#presets" if number is None else f"{PRESET_AT}/{number}?done=saved")

    async def switch_preset(self, request: web.Request) -> web.StreamResponse:
        sent, number = sent_by(request), request.match_info["no"]
        await preset_for(sent.actor, number, to_change=True)
        is_on = sent.field("on") == "1"
        await sent.once(lambda: presets.switch_preset(number, on=is_on))
        done = f"done={'on' if is_on else 'off'}"
        raise web.HTTPSeeOther(f"{PRESET_AT}/{number}?{done}" if sent.field("back") == "preset" else f"{SECTION}?{done}#presets")

    async def order_again(self, request: web.Request) -> web.StreamResponse:
        """A past order as a template; then to it."""
        sent, no = sent_by(request), request.match_info["no"]
        order = await queries.order(no)
        if not order.is_seen_at(sent.actor.sites):
            raise NotFound("order", no)
        site = None if sent.actor.may_at(Permission.ORDERS_WRITE, None) else order.site
        require_site(sent.actor, site)
        made: list[str] = []

        async def verb() -> None:
            made.append(await templates.template_of_order(no, sent.field("title") or no, site=site))

        await sent.once(verb)
        raise web.HTTPSeeOther(f"{SECTION}/{made[0]}?done=saved" if made else SECTION)

    async def _list(self, request: web.Request, refused: Values) -> web.Response:
        actor, wanted, q = actor_of(request), page_request(request), text_of(request, "q")
        rows = await templates.templates(sites=actor.sites, after=wanted.number(), limit=wanted.limit, q=q)
        shown = page(rows, wanted, key=lambda row: TEMPLATES.row_id(row.number))
        values: Values = {
            "rows": shown.items,
            "q": q,
            "presets": await presets.presets(sites=actor.sites, limit=MOST_PRESETS),
            **await _common(request, actor),
            **paged(request, {"next": shown.next}, "q"),
            **refused,
        }
        return await self.pages.show(request, "order_templates.html", SECTION, values, status=422 if refused else 200)

    async def _show(self, request: web.Request, refused: Values) -> web.Response:
        actor = actor_of(request)
        found = await template_for(actor, request.match_info["no"])
        values: Values = {
            "row": found,
            "text": _text(found.lines),
            "picture": _bars(found.number),
            "may_change": actor.may_at(Permission.ORDERS_WRITE, found.site),
            **await _common(request, actor),
            **refused,
        }
        return await self.pages.show(request, "order_template.html", SECTION, values, status=422 if refused else 200)

    async def _show_preset(self, request: web.Request, refused: Values) -> web.Response:
        actor = actor_of(request)
        found = await preset_for(actor, request.match_info["no"])
        values: Values = {
            "row": found,
            "customer": CUSTOMERS.number(found.customer_id) if found.customer_id is not None else "",
            "picture": _bars(found.number),
            "may_change": actor.may_at(Permission.ORDERS_WRITE, found.site),
            **await _common(request, actor),
            **refused,
        }
        return await self.pages.show(request, "order_preset.html", SECTION, values, status=422 if refused else 200)


async def _common(request: web.Request, actor: Actor) -> dict[str, object]:
    done = text_of(request, "done")
    sites = await site_queries.sites(limit=MAX_SITES, only=actor.sites)
    return {
        "sites": [site.id for site in sites if actor.may_at(Permission.ORDERS_WRITE, site.id)],
        "for_all": actor.may_at(Permission.ORDERS_WRITE, None),
        "may": lambda site: actor.may_at(Permission.ORDERS_WRITE, site),
        "all_pays": PAYS,
        "all_goes": GOES,
        "done": done if done in _DONE else "",
        "error": "",
        "error_key": "",
        "form": "",
        "typed": {},
        "new_key": new_key,
    }


def _refused(error: DomainError | BadParameter, sent: Sent, form: str) -> Values:
    code = error.code if isinstance(error, DomainError) else "bad_parameter"
    return {"error": code, "error_key": str(getattr(error, "key", "")), "typed": dict(sent.fields), "form": form}


def _template(sent: Sent) -> NewTemplate:
    """Raises BadTemplate, NotYourSite."""
    site = sent.field("site") or None
    require_site(sent.actor, site)
    return NewTemplate(title=sent.field("title"), lines=_lines(sent.fields.get("lines", "")), site=site)


def _lines(text: str) -> list[TemplateLine]:
    """A line of the field each: a SKU and, after a space, its quantity (1 without).  Raises BadTemplate."""
    found = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        sku, _, quantity = line.rpartition(" ")
        if not sku:
            sku, quantity = line, "1"
        if not (quantity.isascii() and quantity.isdigit() and len(quantity) < 10):
            raise BadTemplate(f"line {line[:80]!r}: expected a SKU and a whole number after it")
        found.append(TemplateLine(sku.strip(), int(quantity)))
    return found


def _text(lines: Sequence[TemplateLine]) -> str:
    return "\n".join(f"{line.sku} {line.quantity}" for line in lines)


def _preset(sent: Sent) -> NewPreset:
    """Raises BadTemplate, NotYourSite."""
    site = sent.field("site") or None
    require_site(sent.actor, site)
    try:
        pays, goes = PayBy(sent.field("pays")), Goes(sent.field("goes"))
    except ValueError as error:
        raise BadTemplate("expected one of the ways to pay and to deliver") from error
    customer = sent.field("customer").strip().upper()
    return NewPreset(
        title=sent.field("title"),
        pays=pays,
        goes=goes,
        site=site,
        customer_id=CUSTOMERS.row_id(customer) if customer else None,
    )


def _bars(number: str) -> str:
    """Its Code 128 as an address of its own drawing."""
    drawing = zxingcpp.create_barcode(number, zxingcpp.BarcodeFormat.Code128).to_svg(add_quiet_zones=True)
    return "data:image/svg+xml;base64," + base64.b64encode(drawing.encode()).decode()


def template_routes(pages: Pages) -> list[PageRoute]:
    shown, read, write = TemplatePages(pages), Permission.ORDERS_READ, Permission.ORDERS_WRITE
    return [
        PageRoute("GET", SECTION, shown.list, permission=read),
        PageRoute("POST", SECTION, shown.save, permission=write),
        PageRoute("GET", f"{SECTION}/barcodes", shown.barcodes, permission=read),
        PageRoute("GET", f"{SECTION}/{{no}}", shown.show, permission=read),
        PageRoute("POST", f"{SECTION}/{{no}}", shown.save, permission=write),
        PageRoute("POST", f"{SECTION}/{{no}}/switch", shown.switch, permission=write),
        PageRoute("POST", "/order-presets", shown.save_preset, permission=write),
        PageRoute("GET", "/order-presets/{no}", shown.show_preset, permission=read),
        PageRoute("POST", "/order-presets/{no}", shown.save_preset, permission=write),
        PageRoute("POST", "/order-presets/{no}/switch", shown.switch_preset, permission=write),
        PageRoute("POST", "/orders/{no}/template", shown.order_again, permission=write),
    ]
