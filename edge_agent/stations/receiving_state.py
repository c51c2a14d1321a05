"""What a station that receives remembers, and what its page shows of it."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from edge_agent.stations import amounts, tallies
from edge_agent.stations.goods import Asked, Goods
from edge_agent.stations.model import Item, Known
from edge_agent.stations.reasons import DAMAGE, WHY_SHORT, buttons, kept_apart
from edge_agent.stations.station import Activity, Button, Says, Segment
from edge_agent.stations.tallies import Tally
from edge_agent.wire.facts import ShortLine
from edge_agent.wire.open_work import ExpectedLine, OpenReceipt

BUTTONS: Final = (
    amounts.QUANTITY,
    *buttons(DAMAGE),
    Button("short", Says(en="Too little came", zh="少到")),
    *buttons(WHY_SHORT),
    Button("nothing", Says(en="None on it / no paper", zh="没有")),
    Button("sticker", Says(en="Labels for what came", zh="打印到货标签")),
)


class Came(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was taken in last, for its labels."""

    goods: Goods
    quantity: int
    item: Item | None = None


class Receiving(Activity, Struct, frozen=True, kw_only=True, omit_defaults=True, tag="receiving"):
    """Goods come in against a delivery; `document` is None until its barcode was scanned, and stays so `without_paper`.

    `number`: how many of the next item; `damage`: why that is kept apart; `asked`: an item that waits for its lot or expiry.
    `is_short_next`: the next item is one of which too little came, `short` are those; `is_summed`: what is missing was told.
    """

    document: str | None = None
    items: int = 0
    without_paper: bool = False
    number: int = 0
    damage: str | None = None
    asked: Asked | None = None
    tallies: tuple[Tally, ...] = ()
    latest: Came | None = None
    is_short_next: bool = False
    short: tuple[ShortLine, ...] = ()
    why_short: str | None = None
    is_summed: bool = False


def offers(now: Receiving) -> tuple[Button, ...]:
    """Of the buttons, those that mean something now."""
    by_name = {button.control: button for button in BUTTONS}
    if now.asked is not None or (now.document is None and not now.without_paper):
        names = ["nothing"]
    elif now.is_summed or now.is_short_next:
        names = [command.value.lower() for command in WHY_SHORT]
    else:
        names = ["quantity", *(command.value.lower() for command in DAMAGE), "short"]
    if now.latest is not None and now.asked is None:
        names.append("sticker")
    return tuple(by_name[name] for name in names)


def notes(now: Receiving) -> tuple[Says, ...]:
    found = kept_apart(now.damage)
    if now.is_short_next:
        found += (Says("The next item is noted as short.", "下一件将记为少到。"),)
    if now.asked is not None:
        goods = now.asked.goods
        found += (Says(f"{goods.name_en or goods.what} waits for an answer.", f"{goods.name_zh or goods.what} 等待补全。"),)
    return found


def shows(now: Receiving, known: Known) -> tuple[Segment, ...]:
    return tallies.segments(expected_lines(known), now.tallies) if now.document is not None else ()


def expected_lines(known: Known) -> list[ExpectedLine]:
    return known.document.lines if isinstance(known.document, OpenReceipt) else []
