"""Ninety days of trade: suppliers, what was ordered every other week and came, what tills sold at two shops."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta

from controller import db
from controller.costing import valuing
from controller.purchasing import operations as buying
from controller.purchasing.operations import NewLine as Ordered
from controller.purchasing.operations import NewOrder
from controller.purchasing.policies import Channel
from controller.purchasing.suppliers import ItemData, SupplierData, put_item, put_supplier
from controller.reports import opening
from controller.sales.policies import NewLine, NewReceipt
from controller.sales.recording import record
from edge_agent.wire.facts import Fact, PutAway, ReceiptClosed, Received
from tests.shopday.catalogue import CURRENCY, ShopSku, shop_skus
from tests.shopday.dressing import ON_THE_SHELF, SHELVED
from tests.shopday.past import DAYS, OTHER_BIN, OTHER_SITE, SITE, TRACKED, Past, read

SUPPLIERS = {
    "grain": SupplierData(
        name="Jiangnan Grain & Oil / 江南粮油", lead_days=3, minimum_minor=30_000, order_days="14", over_percent=5
    ),
    "fresh": SupplierData(
        name="Sunrise Fresh / 日升鲜品", channel=Channel.EMAIL, address="orders@sunrise.example", lead_days=1, min_days=10
    ),
    "home": SupplierData(name="Huadong Household / 华东日化", lead_days=5, minimum_minor=50_000, language="en"),
}
Agenda = Mapping[int, Sequence[Callable[[Past], Awaitable[None]]]]
"""What is done besides, by how many days ago it was."""
ROUND_DAYS = 14
RATES = (6.0, 4.0, 2.5, 1.6, 1.0, 0.7, 0.4, 0.2, 0.05, 0.0)
"""Pieces a day; the articles have them in turn."""
FORGOTTEN = 3
"""Of each seven articles this one was not ordered any more in the last rounds: it runs out."""
HOARDED = 11
"""Each so many-th was once ordered five times over."""
ELSEWHERE = 24
"""Articles that the second shop has, too."""
AT_TILL = 4
"""Lines on a receipt at most."""


def supplier_of(sku: ShopSku) -> str:
    return "fresh" if sku.sku.startswith(TRACKED) else "grain" if sku.sku < "035" else "home"


def sold_by(past: Past, supplier: str) -> list[ShopSku]:
    return [sku for sku in past.goods if supplier_of(sku) == supplier]


def cost_of(sku: ShopSku) -> int:
    """A pack's price: two thirds of what its pieces are sold for."""
    return sku.price_minor * sku.case_size * 2 // 3


def rate_of(past: Past, sku: ShopSku) -> float:
    return RATES[past.goods.index(sku) * 3 % len(RATES)]


async def tell(past: Past, agenda: Agenda) -> None:
    """Day by day, with what else was done on a day once its tills are closed."""
    past.move(DAYS + 1, 10)
    for code, data in SUPPLIERS.items():
        await put_supplier(code, data)
    for sku in past.goods:
        item = ItemData(their_code=f"N{sku.sku}", pack_numerator=sku.case_size, price_minor=cost_of(sku))
        await put_item(supplier_of(sku), sku.sku, item)
    for days_ago in range(DAYS, 0, -1):
        if days_ago % ROUND_DAYS == DAYS % ROUND_DAYS:
            there = await on_hand(past)
            for supplier in SUPPLIERS:
                await _deliver(past, supplier, days_ago, there)
            await valuing.catch_up()
        if days_ago == DAYS:
            await _stock_other(past)
        await _sell(past, days_ago, await on_hand(past))
        for step in agenda.get(days_ago, ()):
            await step(past)


async def on_hand(past: Past) -> dict[str, int]:
    """What the first shop has, by SKU."""
    rows = await db.fetch("SELECT s.code, a.on_hand FROM availability a JOIN sku s ON s.id = a.sku_id WHERE a.site_id = ?", SITE)
    return defaultdict(int, {row["code"]: row["on_hand"] for row in rows})


async def _deliver(past: Past, supplier: str, days_ago: int, there: Mapping[str, int]) -> None:
    """Order it and have it the same morning: when it was ordered matters to nobody any more."""
    past.move(days_ago, 6)
    wanted = {sku: packs for sku in past.goods if supplier_of(sku) == supplier and (packs := _packs(past, sku, days_ago, there))}
    if not wanted:
        return
    lines = [Ordered(sku=sku.sku, packs=packs) for sku, packs in wanted.items()]
    no = await buying.draft(NewOrder(site=SITE, supplier=supplier, lines=lines))
    await buying.approve(no, despite_minimum=True)
    if supplier != "fresh":
        await buying.send(no)
    past.move(days_ago, 7)
    await past.told(*_arrival(past, no, wanted), by="Zhang Min")


def _packs(past: Past, sku: ShopSku, days_ago: int, there: Mapping[str, int]) -> int:
    index = past.goods.index(sku)
    if days_ago < 3 * ROUND_DAYS and index % 7 == FORGOTTEN:
        return 0
    up_to = rate_of(past, sku) * (ROUND_DAYS + 7) * (5 if index % HOARDED == 0 and days_ago == DAYS else 1)
    missing = max(up_to, 4 if days_ago == DAYS else 0) - there[sku.sku]
    return max(0, math.ceil(missing / sku.case_size))


def _arrival(past: Past, no: str, wanted: dict[ShopSku, int]) -> Iterable[Fact]:
    for sku, packs in wanted.items():
        count, code = packs * sku.case_size, read(sku)
        lot = f"L{past.clock.at:%m%d}" if sku.sku.startswith(TRACKED) else None
        best_before = (past.clock.at + timedelta(days=24)).date() if lot else None
        yield Received(document=no, **code, quantity=count, lot=lot, expiry=best_before)
        yield PutAway(bin=sku.bin, **code, quantity=count, lot=lot, expiry=best_before, document=no)
    yield ReceiptClosed(document=no)


async def stock_the_rest(past: Past) -> None:
    """What the visitor will scan lies there, as `dressing` would put it."""
    past.move(1, 21)
    goods = [sku for sku in shop_skus() if sku.case_gtin][:SHELVED]
    await _from_file(
        [f"{SITE},{sku.bin},{sku.sku},{ON_THE_SHELF},{sku.price_minor * 2 // 3 / 100:.2f}" for sku in goods], "shop-1.csv"
    )


async def _from_file(rows: Sequence[str], name: str) -> None:
    file = await opening.check("\n".join(["site,bin,sku,quantity,cost", *rows]).encode(), name)
    await opening.confirm(file)
    await opening.apply_all()


async def _stock_other(past: Past) -> None:
    """The second shop has no box: what it has, of some far too much, is its opening stock, from a file."""
    rows = [
        f"{OTHER_SITE},{OTHER_BIN},{sku.sku},{400 if index % 7 == FORGOTTEN else 90},{sku.price_minor * 2 // 3 / 100:.2f}"
        for index, sku in enumerate(past.goods[:ELSEWHERE])
    ]
    await _from_file(rows, "shop-2.csv")


async def _sell(past: Past, days_ago: int, there: Mapping[str, int]) -> None:
    """A day of both shops; nobody buys what is not there."""
    receipts: list[NewReceipt] = []
    past.move(days_ago, 8)
    is_weekend = (past.today - timedelta(days=days_ago)).isoweekday() > 5
    for site, goods, factor in ((SITE, past.goods, 1.0), (OTHER_SITE, past.goods[:ELSEWHERE], 0.3)):
        lines = []
        for sku in goods:
            wanted = _poisson(past, rate_of(past, sku) * factor * (1.6 if is_weekend else 0.9))
            sold = min(wanted, there[sku.sku]) if site == SITE else wanted
            if sold:
                lines.append(NewLine(text=sku.sku, is_sku=True, quantity=sold, amount_minor=sold * sku.price_minor))
        past.random.shuffle(lines)
        receipts += _receipts(past, site, days_ago, lines)
    past.move(days_ago, 22)
    for first in range(0, len(receipts), 200):
        await record(receipts[first : first + 200], source="till")


def _receipts(past: Past, site: str, days_ago: int, lines: list[NewLine]) -> Iterable[NewReceipt]:
    opening = past.clock.at
    for number, first in enumerate(range(0, len(lines), AT_TILL)):
        at = opening + timedelta(minutes=past.random.randrange(13 * 60))
        name = f"{DAYS - days_ago + 1:03d}{number:03d}"
        yield NewReceipt(site=site, till="1", number=name, occurred_at=at, currency=CURRENCY, lines=lines[first : first + AT_TILL])


def _poisson(past: Past, mean: float) -> int:
    """Source: Knuth, The Art of Computer Programming, volume 2, section 3.4.1."""
    limit, product, count = math.exp(-mean), past.random.random(), 0
    while product > limit:
        product *= past.random.random()
        count += 1
    return count
