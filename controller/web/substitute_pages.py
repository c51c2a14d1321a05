"""The pages of substitutes: what stands for goods, as people say it; what is offered for an order's line, and taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from aiohttp import web

from controller.catalog import queries as catalog
from controller.catalog import substitutes
from controller.errors import DomainError, Forbidden, NotFound
from controller.http.routing import BadParameter, Permission, number
from controller.orders.substituting import Pricing, Taking, offers, shortness, substitute
from controller.web.access import actor_of
from controller.web.forms import MAX_REASON, Sent, sent_by
from controller.web.order_shown import may_change
from controller.web.pages import Pages, Values, new_key, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import order_at

SECTION: Final = "/substitutes"
DONE: Final = frozenset({"saved", "removed"})


@dataclass(frozen=True, slots=True)
class SubstitutePages:
    pages: Pages

    async def one(self, request: web.Request) -> web.StreamResponse:
        return await self._one(request, {})

    async def _one(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        """What people named for an article, and what its category would offer."""
        sku = await catalog.sku(request.match_info["sku"])
        alike = [each.sku for each in await substitutes.alternatives(sku.id) if each.rank is None]
        done = text_of(request, "done")
        values: Values = {
            "sku": sku,
            "named": await substitutes.substitutes(sku.code),
            "alike": alike[: substitutes.SHOWN],
            "may_write": actor_of(request).may_at(Permission.CATALOG_WRITE, None),
            "done": done if done in DONE else "",
            "error": "",
            "message": "",
            "typed": {},
            "new_key": new_key,
        }
        return await self.pages.show(request, "substitutes.html", "/categories", {**values, **refused}, status=status)

    async def save(self, request: web.Request) -> web.StreamResponse:
        sent, sku = sent_by(request), request.match_info["sku"]
        try:
            await catalog.sku(sku)
            of_it, _, of_this = (sent.field("ratio") or "1:1").partition(":")
            ratio = {"numerator": number(of_it.strip(), "ratio"), "denominator": number(of_this.strip() or "1", "ratio")}
            rank = number(sent.field("rank") or "1", "rank")
            await sent.once(
                lambda: substitutes.name_substitute(sku, sent.field("substitute"), rank=rank, note=sent.field("note"), **ratio)
            )
        except (DomainError, BadParameter) as error:
            return await self._one(request, _refusal(error, sent), status=422)
        return see_other(_address(sku, "saved"))

    async def remove(self, request: web.Request) -> web.StreamResponse:
        sent, sku = sent_by(request), request.match_info["sku"]
        try:
            await sent.once(lambda: substitutes.forget_substitute(sku, sent.field("substitute")))
        except DomainError as error:
            return await self._one(request, _refusal(error, sent), status=422)
        return see_other(_address(sku, "removed"))

    async def offered(self, request: web.Request) -> web.StreamResponse:
        return await self._offered(request, {})

    async def _offered(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        """What may be given for a line of an order."""
        actor = actor_of(request)
        order = await order_at(request.match_info["no"], actor.at(Permission.ORDERS_READ).sites)
        found = await shortness(order.no, _position(request))
        asked = text_of(request, "quantity")
        quantity = number(asked, "quantity") if asked else None
        values: Values = {
            "order": order,
            "found": found,
            "offers": await offers(found, quantity),
            "wanted": min(quantity or found.lacking or found.replaceable, found.replaceable),
            "changes": may_change(actor, Permission.ORDERS_WRITE, order),
            "error": "",
            "message": "",
            "typed": {},
            "new_key": new_key,
        }
        return await self.pages.show(request, "order_substitutes.html", "/orders", {**values, **refused}, status=status)

    async def take(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        order = await order_at(request.match_info["no"], sent.actor.sites)
        try:
            if not may_change(sent.actor, Permission.ORDERS_WRITE, order):
                raise Forbidden(f"{order.no} is promised from other sites too: whoever sees all of them changes it")
            taking = _taking(sent, _position(request))
            await sent.once(lambda: substitute(order.no, taking))
        except (DomainError, BadParameter) as error:
            if isinstance(error, NotFound) and error.what != "SKU":
                raise
            return await self._offered(request, _refusal(error, sent), status=422)
        return see_other(f"/orders/{order.no}?done=substitute")


def _position(request: web.Request) -> int:
    return number(request.match_info["position"], "position")


def _taking(sent: Sent, position: int) -> Taking:
    """Raises BadParameter."""
    reason, pricing = sent.field("reason"), sent.field("pricing")
    if not 0 < len(reason) <= MAX_REASON or not reason.isprintable():
        raise BadParameter("reason", f"1 to {MAX_REASON} characters on one line")
    if pricing not in set(Pricing):
        raise BadParameter("pricing", f"one of {', '.join(Pricing)}")
    quantity = sent.field("units")
    return Taking(
        position=position,
        sku=sent.field("sku"),
        replaces=number(sent.field("replaces"), "replaces"),
        reason=reason,
        pricing=Pricing(pricing),
        quantity=number(quantity, "units") if quantity else None,
        version=number(sent.field("version"), "version"),
    )


def _refusal(error: DomainError | BadParameter, sent: Sent) -> dict[str, object]:
    code = error.code if isinstance(error, DomainError) else "bad_parameter"
    return {"error": code, "message": str(error), "typed": dict(sent.fields), "done": ""}


def _address(sku: str, done: str) -> str:
    return f"{SECTION}/{quote(sku, safe='')}?{urlencode({'done': done})}"


def substitute_routes(pages: Pages) -> list[PageRoute]:
    shown, may = SubstitutePages(pages), Permission
    line = "/orders/{no}/lines/{position}/substitutes"
    return [
        PageRoute("GET", f"{SECTION}/{{sku}}", shown.one, permission=may.CATALOG_READ),
        PageRoute("POST", f"{SECTION}/{{sku}}", shown.save, permission=may.CATALOG_WRITE, whole_chain=True),
        PageRoute("POST", f"{SECTION}/{{sku}}/remove", shown.remove, permission=may.CATALOG_WRITE, whole_chain=True),
        PageRoute("GET", line, shown.offered, permission=may.ORDERS_READ),
        PageRoute("POST", line, shown.take, permission=may.ORDERS_WRITE),
    ]
