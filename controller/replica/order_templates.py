"""Templates and presets of a counter, those of the site and those for all, with prices: so that boxes take orders alone."""

from __future__ import annotations

from controller.catalog.queries import skus_by_code
from controller.intake.counter_goods import prices
from controller.orders.presets import presets
from controller.orders.templates import templates
from controller.replica.documents import articles
from controller.replica.parts import Whole
from controller.taxes.schedule import classes_of
from edge_agent.wire.order_facts import OrderTemplate, TemplateLine

MOST = 200
"""Templates, and presets, that a box is told of."""


async def _read(site_id: str) -> list[OrderTemplate]:
    found = [each for each in await templates(sites=[site_id], limit=MOST) if each.is_active]
    skus = await skus_by_code([line.sku for each in found for line in each.lines])
    by_id = {sku.id: sku for sku in skus.values()}
    told, asked, classes = await articles(site_id, set(by_id)), await prices(by_id, site_id), await classes_of(set(by_id))
    rows = []
    for each in found:
        lines = [
            TemplateLine(
                sku=line.sku,
                name_en=told[skus[line.sku].id].name_en,
                name_zh=told[skus[line.sku].id].name_zh,
                symbol=told[skus[line.sku].id].symbol,
                gtin=told[skus[line.sku].id].gtin,
                unit=skus[line.sku].base_unit,
                price_minor=asked[line.sku],
                currency=skus[line.sku].currency,
                quantity=line.quantity,
                tax_class=classes[skus[line.sku].id],
            )
            for line in each.lines
        ]
        rows.append(OrderTemplate(number=each.number, title=each.title, lines=lines))
    ways = [each for each in await presets(sites=[site_id], limit=MOST) if each.is_active]
    return rows + [
        OrderTemplate(number=each.number, title=each.title, kind="preset", pays=each.pays, goes=each.goes) for each in ways
    ]


ORDER_TEMPLATES = Whole(name="order_templates", read=_read)
