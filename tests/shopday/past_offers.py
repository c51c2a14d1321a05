"""What the demo's shop offers: prices with labels to change, channels with what they leave to others, what tills told badly."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller import db
from controller.pricing.forcing import bring_into_force
from controller.pricing.operations import NewPrice, schedule
from controller.sales import imports
from controller.sales.policies import NewLine as Sold
from controller.sales.policies import NewReceipt
from controller.sales.recording import record
from controller.sales.rows import HowToRead
from controller.stock import channels
from controller.stock.presale import set_presale
from edge_agent.wire.goods_facts import ShelfLabelled
from tests.shopday.catalogue import CURRENCY, ShopSku
from tests.shopday.past import SITE, Past, read
from tests.shopday.past_trade import sold_by


async def prices_said(past: Past) -> None:
    past.move(6, 17)
    at = past.clock.at + timedelta(hours=13)
    await schedule([_price(sku, 108, at, note="Supplier's new list") for sku in sold_by(past, "home")[:6]])


async def labels_put_up(past: Past) -> None:
    past.move(5, 7)
    await bring_into_force()
    batch = (await db.fetch("SELECT number FROM label_batch ORDER BY id DESC LIMIT 1"))[0]["number"]
    past.move(5, 9)
    await past.told(*(ShelfLabelled(batch=batch, **read(sku), bin=sku.bin) for sku in sold_by(past, "home")[:4]))


async def promotion(past: Past) -> None:
    past.move(2, 17)
    at, until = past.clock.at + timedelta(hours=13), past.opened + timedelta(days=3)
    await schedule([_price(sku, 80, at, until=until, note="Weekend") for sku in sold_by(past, "home")[10:12]])


async def new_prices(past: Past) -> None:
    past.ago(hours=5)
    await bring_into_force()
    tomorrow = past.opened + timedelta(hours=14)
    await schedule([_price(sku, 95, tomorrow, note="Autumn price") for sku in sold_by(past, "grain")[:5]])


def _price(sku: ShopSku, percent: int, at: datetime, *, until: datetime | None = None, note: str) -> NewPrice:
    price, begins = sku.price_minor * percent // 1000 * 10, at.replace(second=0, microsecond=0)
    ends = until.replace(second=0, microsecond=0) if until else None
    return NewPrice(sku=sku.sku, price_minor=price, currency=CURRENCY, effective_from=begins, until=ends, note=note)


async def channels_added(past: Past) -> None:
    past.move(60, 9)
    await channels.add_channel("web", name_en="Web shop", name_zh="网店")
    await channels.add_channel("app", name_en="Delivery app", name_zh="外卖平台")
    await channels.set_buffer("app", 2, site=SITE, reason="Customers at the shelf come first")


async def buffer_raised(past: Past) -> None:
    past.move(40, 10)
    await channels.set_buffer("app", 6, sku_id=_fastest(past), site=SITE, reason="Ran out at noon three times")


async def buffer_lowered(past: Past) -> None:
    past.move(12, 10)
    await channels.set_buffer("app", 4, sku_id=_fastest(past), site=SITE, reason="Six was too careful")
    await channels.set_buffer("web", 1, reason="One is always left for the counter")
    await set_presale(past.skus[past.goods[3].sku], SITE, 40)


def _fastest(past: Past) -> int:
    return past.skus[past.goods[0].sku]


async def tills(past: Past) -> None:
    """What tills told badly: an unknown code, a number twice, a void, goods that came back; and a file."""
    past.move(1, 20)
    goods, at = past.goods, past.clock.at
    line = Sold(text=goods[1].sku, is_sku=True, quantity=1, amount_minor=goods[1].price_minor)
    back = Sold(text=goods[2].sku, is_sku=True, quantity=-1, amount_minor=-goods[2].price_minor)
    unknown = Sold(text="6901234500013", is_sku=False, quantity=1, amount_minor=990)

    def told(number: str, *lines: Sold, voids: str | None = None) -> NewReceipt:
        head = {"site": SITE, "till": "2", "currency": CURRENCY}
        return NewReceipt(**head, occurred_at=at, number=number, lines=lines, voids=voids)

    await record([told("5001", line), told("5002", line, unknown), told("5003", back), told("5004", voids="5001")], source="till")
    await record([told("5003", line, back)], source="till")
    local = (at - timedelta(hours=2) + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M")
    rows = [f"9{number:03d},{local},{sku.sku},1,{sku.price_minor / 100:.2f}" for number, sku in enumerate(goods[:12])]
    file = "\n".join(["receipt,occurred_at,sku,quantity,unit_price", *rows, f"9099,{local},,1,4.50"])
    how = HowToRead(site=SITE, time_zone="Asia/Shanghai", currency=CURRENCY, till="market")
    await imports.go_on(await imports.begin(file.encode(), how))
