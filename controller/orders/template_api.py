"""Templates and presets of orders over HTTP: see, make, change, switch on and off; a past order as a template."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from controller.errors import NotFound
from controller.http.routing import PLAIN, Call, Created, Page, Permission, Route, page
from controller.orders import presets, queries, template_access, templates
from controller.orders.presets import PRESETS, NewPreset, StoredPreset
from controller.orders.templates import MOST_TITLE, TEMPLATES, NewTemplate, StoredTemplate
from edge_agent.wire.order_facts import MOST_LINES, Goes, PayBy

Title = Annotated[str, Meta(min_length=1, max_length=MOST_TITLE, pattern=PLAIN)]
Site = Annotated[str, Meta(max_length=40)]
READ, WRITE = Permission.ORDERS_READ, Permission.ORDERS_WRITE
AT, PRESETS_AT = "/api/v1/order-templates", "/api/v1/order-presets"


class TemplateLineIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`quantity` in base units."""

    sku: Annotated[str, Meta(max_length=64)]
    quantity: Annotated[int, Meta(ge=1, le=2**31)]


class SaveOrderTemplate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`site` null: for all.  `version`: the one that was read; null: whatever it is now."""

    title: Title
    lines: Annotated[list[TemplateLineIn], Meta(min_length=1, max_length=MOST_LINES)]
    site: Site | None = None
    version: Annotated[int, Meta(ge=1, le=2**53)] | None = None


class SaveOrderPreset(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`customer`: whose account it goes on.  `site` null: for all."""

    title: Title
    pays: PayBy
    goes: Goes
    site: Site | None = None
    customer: Annotated[int, Meta(ge=1, le=2**53)] | None = None


class SwitchTemplate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Off: boxes do not have it any more; it stays, with its number."""

    on: bool


class OrderAgain(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: Title
    site: Site | None = None


class OrderTemplateView(Struct, frozen=True, kw_only=True):
    """`number` is its barcode.  `uses`: orders that were made with it."""

    number: str
    title: str
    site: str | None
    is_active: bool
    uses: int
    version: int
    lines: list[TemplateLineIn]


class OrderPresetView(Struct, frozen=True, kw_only=True):
    """`number` is its barcode.  `uses`: orders that were made with it."""

    number: str
    title: str
    pays: PayBy
    goes: Goes
    site: str | None
    customer: int | None
    is_active: bool
    uses: int


async def list_templates(call: Call[None]) -> Page[OrderTemplateView]:
    q = call.query.get("q", "")
    rows = await templates.templates(sites=call.actor.sites, after=call.page.number(), limit=call.page.limit, q=q)
    return page([_template(row) for row in rows], call.page, key=lambda view: TEMPLATES.row_id(view.number))


async def show_template(call: Call[None]) -> OrderTemplateView:
    return _template(await template_access.template_for(call.actor, call.path["no"]))


async def add_template(call: Call[SaveOrderTemplate]) -> Created[OrderTemplateView]:
    number = await _save(call, None)
    return Created(_template(await templates.template(number)), location=f"{AT}/{number}")


async def change_template(call: Call[SaveOrderTemplate]) -> OrderTemplateView:
    await template_access.template_for(call.actor, call.path["no"], to_change=True)
    return _template(await templates.template(await _save(call, call.path["no"])))


async def switch_template(call: Call[SwitchTemplate]) -> OrderTemplateView:
    await template_access.template_for(call.actor, call.path["no"], to_change=True)
    await templates.switch_template(call.path["no"], on=call.body.on)
    return _template(await templates.template(call.path["no"]))


async def order_again(call: Call[OrderAgain]) -> Created[OrderTemplateView]:
    order = await queries.order(call.path["no"])
    if not order.is_seen_at(call.actor.sites):
        raise NotFound("order", order.no)
    template_access.require_site(call.actor, call.body.site)
    number = await templates.template_of_order(call.path["no"], call.body.title, site=call.body.site)
    return Created(_template(await templates.template(number)), location=f"{AT}/{number}")


async def list_presets(call: Call[None]) -> Page[OrderPresetView]:
    rows = await presets.presets(sites=call.actor.sites, after=call.page.number(), limit=call.page.limit)
    return page([_preset(row) for row in rows], call.page, key=lambda view: PRESETS.row_id(view.number))


async def show_preset(call: Call[None]) -> OrderPresetView:
    return _preset(await template_access.preset_for(call.actor, call.path["no"]))


async def add_preset(call: Call[SaveOrderPreset]) -> Created[OrderPresetView]:
    number = await _save_preset(call, None)
    return Created(_preset(await presets.preset(number)), location=f"{PRESETS_AT}/{number}")


async def change_preset(call: Call[SaveOrderPreset]) -> OrderPresetView:
    await template_access.preset_for(call.actor, call.path["no"], to_change=True)
    return _preset(await presets.preset(await _save_preset(call, call.path["no"])))


async def switch_preset(call: Call[SwitchTemplate]) -> OrderPresetView:
    await template_access.preset_for(call.actor, call.path["no"], to_change=True)
    await presets.switch_preset(call.path["no"], on=call.body.on)
    return _preset(await presets.preset(call.path["no"]))


async def _save(call: Call[SaveOrderTemplate], number: str | None) -> str:
    wanted = call.body
    template_access.require_site(call.actor, wanted.site)
    lines = [templates.TemplateLine(line.sku, line.quantity) for line in wanted.lines]
    new = NewTemplate(title=wanted.title, lines=lines, site=wanted.site)
    return await templates.save_template(new, number=number, version=wanted.version)


async def _save_preset(call: Call[SaveOrderPreset], number: str | None) -> str:
    wanted = call.body
    template_access.require_site(call.actor, wanted.site)
    new = NewPreset(title=wanted.title, pays=wanted.pays, goes=wanted.goes, site=wanted.site, customer_id=wanted.customer)
    return await presets.save_preset(new, number=number)


def _template(row: StoredTemplate) -> OrderTemplateView:
    return OrderTemplateView(
        number=row.number,
        title=row.title,
        site=row.site,
        is_active=row.is_active,
        uses=row.uses,
        version=row.version,
        lines=[TemplateLineIn(sku=line.sku, quantity=line.quantity) for line in row.lines],
    )


def _preset(row: StoredPreset) -> OrderPresetView:
    return OrderPresetView(
        number=row.number,
        title=row.title,
        pays=row.pays,
        goes=row.goes,
        site=row.site,
        customer=row.customer_id,
        is_active=row.is_active,
        uses=row.uses,
    )


_TEMPLATE = SaveOrderTemplate(title="Breakfast", lines=[TemplateLineIn(sku="tea", quantity=2)], site="s1")
_PRESET = SaveOrderPreset(title="Kitchen, on account", pays=PayBy.ACCOUNT, goes=Goes.LATER, site="s1")
ROUTES = [
    Route(
        "GET",
        AT,
        list_templates,
        permission=READ,
        reply=Page[OrderTemplateView],
        filters={"q": "a part of the title"},
        summary="List the templates of orders",
    ),
    Route("GET", f"{AT}/{{no}}", show_template, permission=READ, reply=OrderTemplateView, summary="Show a template of orders"),
    Route(
        "POST",
        AT,
        add_template,
        permission=WRITE,
        body=SaveOrderTemplate,
        reply=OrderTemplateView,
        summary="Make a template of goods that are often ordered together",
        example=_TEMPLATE,
    ),
    Route(
        "PUT",
        f"{AT}/{{no}}",
        change_template,
        permission=WRITE,
        body=SaveOrderTemplate,
        reply=OrderTemplateView,
        summary="Change a template of orders, whole",
        example=_TEMPLATE,
    ),
    Route(
        "POST",
        f"{AT}/{{no}}/switch",
        switch_template,
        permission=WRITE,
        body=SwitchTemplate,
        reply=OrderTemplateView,
        summary="Switch a template of orders on or off",
        example=SwitchTemplate(on=False),
    ),
    Route(
        "POST",
        "/api/v1/orders/{no}/template",
        order_again,
        permission=WRITE,
        body=OrderAgain,
        reply=OrderTemplateView,
        summary="Make a template of a past order, to order the same again",
        example=OrderAgain(title="As last week", site="s1"),
    ),
    Route("GET", PRESETS_AT, list_presets, permission=READ, reply=Page[OrderPresetView], summary="List the presets of orders"),
    Route("GET", f"{PRESETS_AT}/{{no}}", show_preset, permission=READ, reply=OrderPresetView, summary="Show a preset of orders"),
    Route(
        "POST",
        PRESETS_AT,
        add_preset,
        permission=WRITE,
        body=SaveOrderPreset,
        reply=OrderPresetView,
        summary="Make a preset: how an order is paid and gets to the customer",
        example=_PRESET,
    ),
    Route(
        "PUT",
        f"{PRESETS_AT}/{{no}}",
        change_preset,
        permission=WRITE,
        body=SaveOrderPreset,
        reply=OrderPresetView,
        summary="Change a preset of orders",
        example=_PRESET,
    ),
    Route(
        "POST",
        f"{PRESETS_AT}/{{no}}/switch",
        switch_preset,
        permission=WRITE,
        body=SwitchTemplate,
        reply=OrderPresetView,
        summary="Switch a preset of orders on or off",
        example=SwitchTemplate(on=False),
    ),
]
