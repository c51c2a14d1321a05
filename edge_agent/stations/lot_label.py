"""Labels for goods that came in: with lot and expiry where they are known, else the shelf label's own."""

from __future__ import annotations

from typing import Final

from edge_agent.stations import recalled
from edge_agent.stations.goods import Goods
from edge_agent.stations.model import Pressed, Scanned, ok, wrong
from edge_agent.stations.station import Activity, Done, Took
from edge_agent.wire.facts import FactDraft, PrintRequested
from edge_agent.wire.messages import JobRequest

TEMPLATE: Final = "lot-label"
MOST: Final = 100
"""Labels of one reading: what one print job may hold."""
_LONGEST: Final = 80


def printed(now: Activity, goods: Goods, copies: int, given: Scanned | Pressed) -> Done:
    """A print job of the reading's own id, at the station's label printer."""
    refused = recalled.refused(goods)
    if refused is not None:
        return Done(activity=now, feedback=refused)
    if given.paper.printer is None:
        return Done(activity=now, feedback=wrong("label_no_printer"))
    version = given.paper.templates.get(TEMPLATE)
    if version is None:
        return Done(activity=now, feedback=wrong("label_no_template", template=TEMPLATE))
    if copies > MOST:
        return Done(activity=now, feedback=wrong("label_number", most=MOST))
    request = JobRequest(template=TEMPLATE, version=version, data=label_data(goods), copies=copies)
    return Done(
        activity=now,
        feedback=ok("labels_printing", copies=copies, **goods.args),
        facts=(FactDraft(data=PrintRequested(job=given.id, request=request), device=given.paper.printer),),
        took=Took(station="shelf_label", what=goods.name_en or goods.what, quantity=copies),
    )


def label_data(goods: Goods) -> dict[str, str | int | list[dict[str, str | int]]]:
    """What the template `lot-label` is filled with: the code is read again as it was read at the dock."""
    names = dict.fromkeys(name for name in (goods.name_zh, goods.name_en) if name)
    data: dict[str, str | int | list[dict[str, str | int]]] = {"name": " ".join(names) or goods.symbol.text[:_LONGEST]}
    if goods.sku:
        data["sku"] = goods.sku
    if goods.lot:
        data["lot"] = goods.lot
    if goods.expiry:
        data["expiry"] = goods.expiry.isoformat()
    if goods.serial:
        data["serial"] = goods.serial
    return data | _code(goods)


def _code(goods: Goods) -> dict[str, str]:
    """GS1 elements where it has a GTIN, so that lot and expiry are read with it; else its own code."""
    if goods.gtin is not None:
        elements = f"(01){goods.gtin}"
        elements += f"(17){goods.expiry:%y%m%d}" if goods.expiry else ""
        elements += f"(10){goods.lot}" if goods.lot and _is_plain(goods.lot) else ""
        elements += f"(21){goods.serial}" if goods.serial and _is_plain(goods.serial) else ""
        return {"gs1": elements}
    text = goods.symbol.text
    return {"code128": text} if text.isascii() and text.isprintable() and len(text) <= _LONGEST else {}


def _is_plain(text: str) -> bool:
    """Whether GS1 can hold it as it is (General Specifications 7.11), 20 characters at most."""
    return len(text) <= 20 and text.isascii() and text.isalnum()
