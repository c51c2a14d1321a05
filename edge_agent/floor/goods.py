"""One article as the box knows it, and its shelf label from a button."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import quote

from aiohttp import web

from edge_agent.floor.guard import Denied, fields_of
from edge_agent.floor.pages import Pages
from edge_agent.floor.port import FloorPort, Goods, Press, Said, ScreenReading, StationShown
from edge_agent.stations import Item, Missing

LABEL_TASK, LABEL_CONTROL = "shelf_label", "sticker"
LONGEST = 200
"""Letters of a symbol in an address."""


class GoodsPage:
    """`/floor/scan/{symbol}`."""

    def __init__(self, port: FloorPort, pages: Pages) -> None:
        self._port = port
        self._pages = pages

    async def page(self, request: web.Request) -> web.StreamResponse:
        symbol = _symbol(request)
        found = await self._port.look_up(symbol)
        station = self._pages.station_of(request)
        at = await self._port.station(station) if station is not None else None
        item = found if isinstance(found, Item) else None
        values = {
            "symbol": symbol,
            "goods": goods_of(item, self._pages.now()) if item is not None else None,
            "image": item.image if item is not None else None,
            "why_not": found.value if isinstance(found, Missing) else "",
            "can_label": item is not None and at is not None and _can_label(at),
            "label_id": sha256(f"{symbol}\0{at.id}\0{at.revision}".encode()).hexdigest()[:32] if at is not None else "",
            "to": f"/floor/scan/{quote(symbol, safe='')}/label",
            "regions": "",
        }
        return self._pages.show(request, "goods.html", values, 200 if item is not None else 404)

    async def label(self, request: web.Request) -> web.StreamResponse:
        """Begins the label task where it is not under way, and reads the article there: one more label of it.  Raises Denied."""
        person, symbol = self._pages.person(request), _symbol(request)
        drawn, station = (await fields_of(request)).get("id", ""), self._pages.station_of(request)
        if station is None:
            raise web.HTTPSeeOther("/floor")
        if not 0 < len(drawn) <= 40:
            raise Denied(422, "malformed")
        who = person.id if person else None
        at = await self._port.station(station)
        if at.task != LABEL_TASK and _can_label(at):
            await self._port.press(station, Press(id=f"{drawn}-begin", control=LABEL_CONTROL), who)
            at = await self._port.station(station)
        if at.task == LABEL_TASK:
            await self._port.read(station, ScreenReading(id=f"{drawn}-read", text=symbol), who)
        raise web.HTTPSeeOther("/floor/labels" if at.task == LABEL_TASK else f"/floor/stations/{station}")


def goods_of(item: Item, now: datetime) -> Goods:
    return Goods(
        sku=item.sku,
        name=Said(item.name_en, item.name_zh),
        unit=item.unit,
        price_minor=item.price_minor,
        currency=item.currency,
        on_hand=None if item.is_blind else item.on_hand,
        as_of=now - timedelta(milliseconds=item.age_ms) if item.age_ms is not None else None,
    )


def _can_label(at: StationShown) -> bool:
    """A task that is under way is not left for a label."""
    return at.task == LABEL_TASK or (at.task == "idle" and any(task.name == LABEL_TASK for task in at.tasks))


def _symbol(request: web.Request) -> str:
    symbol = request.match_info["symbol"].replace("\0", "").strip()
    if not 0 < len(symbol) <= LONGEST:
        raise Denied(404, "not_found")
    return symbol
