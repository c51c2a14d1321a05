"""The receipt of a counter order, as the template `counter-receipt` is filled: made at the box, printed without the controller."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from edge_agent.stations.counter_state import Basket, BasketLine
from edge_agent.stations.counter_words import GOES, PAYS
from edge_agent.stations.item_words import price, priced_for
from edge_agent.stations.model import ENGLISH, Paper
from edge_agent.stations.reasons import named
from edge_agent.stations.station import Says
from edge_agent.wire.messages import JobRequest
from edge_agent.wire.order_facts import PayBy
from edge_agent.wire.taxes import SiteTaxes, percent_of

TEMPLATE: Final = "counter-receipt"
TAXED: Final = "counter-receipt-taxed"
"""Where the box knows how the site taxes; with one that it does not have yet, the receipt is without the taxes."""
Data = dict[str, str | int | list[dict[str, str | int]]]
_TITLE: Final = "收据 Receipt"
_UNITS: Final = {"gram": "g", "millilitre": "ml"}


def receipt(basket: Basket, reference: str, paper: Paper, at: datetime | None) -> JobRequest | None:
    """None: the station has no receipt printer, or the box not the template."""
    template = TAXED if basket.taxes is not None and TAXED in paper.templates else TEMPLATE
    version = paper.templates.get(template)
    if paper.receipts is None or version is None:
        return None
    data = receipt_data(basket, reference, written(at, paper.zone))
    if template == TAXED and basket.taxes is not None:
        data |= _tax_data(basket, basket.taxes)
    return JobRequest(template=template, version=version, data=data, open_drawer=basket.pays is PayBy.CASH)


def receipt_data(basket: Basket, reference: str, at: str) -> Data:
    """In both languages, since nobody asks the customer for theirs."""
    data: Data = {
        "title": _TITLE,
        "number": reference,
        "at": at,
        "lines": [_line(line, basket.currency) for line in basket.lines],
        "total_word": "合计 Total",
        "total": price(basket.due_minor, basket.currency),
        "pays": _both(PAYS[basket.pays]),
        "goes": _both(GOES[basket.goes]),
    }
    if basket.discount is not None and basket.discount_minor:
        data["discount_word"] = f"优惠 Discount: {_both(named(basket.discount.reason or ''))}"
        data["discount"] = price(-basket.discount_minor, basket.currency)
    return data


def _tax_data(basket: Basket, taxes: SiteTaxes) -> Data:
    """Each rate with what it is on; it is in the prices, or put on them."""
    found = basket.totals
    word = "含 incl." if taxes.is_inclusive else "加 plus"
    data: Data = {
        "taxes": [
            {
                "name": f"{word} {each.rate.name} {percent_of(each.rate.value)}%",
                "net": f"净额 Net {price(each.base_minor, basket.currency)}",
                "tax": price(each.tax_minor, basket.currency),
            }
            for each in found.rates
        ]
    }
    if found.rounding_minor:
        data |= {"rounding_word": "舍入 Rounding", "rounding": price(found.rounding_minor, basket.currency)}
    return data


def _line(line: BasketLine, currency: str) -> dict[str, str | int]:
    goods = line.goods
    names = dict.fromkeys(name for name in (goods.name_zh, goods.name_en) if name)
    measure = priced_for(goods.unit, ENGLISH)
    unit = _UNITS.get(goods.unit, "")
    return {
        "name": " ".join(names) or goods.what,
        "quantity": f"{line.units} {unit}".strip(),
        "price": price(line.price_minor, currency) + (f" / {measure}" if measure else ""),
        "amount": price(line.amount_minor, currency),
    }


def _both(says: Says) -> str:
    return says.en if says.en == says.zh else f"{says.zh} {says.en}"


def written(at: datetime | None, zone: str) -> str:
    """In the shop's time; empty where the box does not know the time."""
    if at is None:
        return ""
    return at.astimezone(ZoneInfo(zone) if zone else None).strftime("%Y-%m-%d %H:%M")
