"""What the page of a new order shows of its lines: what each comes to, what can be promised of it now, and all with tax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.catalog.queries import SkuRow, skus_by_code
from controller.errors import DomainError
from controller.http.routing import Actor
from controller.intake.entering import OFFICE
from controller.sites.queries import SiteRow
from controller.stock.channels import Promise, available_anywhere, available_to_promise
from controller.taxes.operations import Basket, Counted, Priced, count
from controller.web.order_entry import Entry, EntryRefused, TypedLine, currency_of, per, price_of, units_of
from edge_agent.wire.prices import line_amount


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLine:
    """A line as it stands; `amount` None: quantity or price cannot be read.  `promise` None: the article is gone."""

    typed: TypedLine
    sku: SkuRow | None
    units: int | None
    amount: int | None
    available: int
    presale: int

    @property
    def is_short(self) -> bool:
        return (self.units or 0) > self.available


async def lines_of(entry: Entry, site: SiteRow | None, actor: Actor) -> list[ShownLine]:
    known = await skus_by_code([line.sku for line in entry.lines])
    currency = currency_of(entry, site, known)
    anywhere = {} if site else await available_anywhere([sku.id for sku in known.values()], OFFICE, sites=actor.sites)
    shown = []
    for line in entry.lines:
        sku = known.get(line.sku)
        units, price = _readable(line, currency)
        promise: Promise | None = await available_to_promise(sku.id, site.id, OFFICE) if sku and site else None
        shown.append(
            ShownLine(
                typed=line,
                sku=sku,
                units=units,
                amount=None if sku is None or units is None or price is None else line_amount(units, price, per(sku)),
                available=promise.available if promise else anywhere.get(sku.id, 0) if sku else 0,
                presale=promise.presale if promise and entry.presale else 0,
            )
        )
    return shown


def _readable(line: TypedLine, currency: str) -> tuple[int | None, int | None]:
    try:
        units = units_of(line)
    except EntryRefused:
        units = None
    try:
        return units, price_of(line, currency)
    except EntryRefused:
        return units, None


async def counted_of(entry: Entry, lines: Sequence[ShownLine], currency: str, customer_id: int | None) -> Counted | None:
    """What it comes to with tax, as far as it can be read."""
    goods = [
        Priced(position=n, amount_minor=line.amount, sku_id=line.sku.id)
        for n, line in enumerate(lines, 1)
        if line.sku is not None and line.amount is not None
    ]
    try:
        return await count(
            Basket(lines=goods, currency=currency, site=entry.site or None, goes_to=entry.region or None, customer_id=customer_id)
        )
    except DomainError:
        return None
