"""The demo's shop before the visitor comes: some stock on the shelves, a few orders, two of them ready to be picked."""

from __future__ import annotations

from tests.shopday.catalogue import CURRENCY, shop_skus
from tests.shopday.shop import SITE, Shop

ON_THE_SHELF = 24
SHELVED = 40
"""So many articles have that much on the shelf; in a shop with a past it is there already."""
ORDERS = ((0, 1), (2,), (3, 4, 5))
RELEASED = 2


async def dress(shop: Shop) -> list[str]:
    """Book and order; the numbers that a visitor may want to scan."""
    goods = [sku for sku in shop_skus() if sku.case_gtin][:SHELVED]
    is_stocked = bool(await shop.api.all(f"/sites/{SITE}/stock", q=goods[0].sku))
    for sku in () if is_stocked else goods:
        body = {"sku": sku.sku, "bin": sku.bin, "change": ON_THE_SHELF, "reason": "opening stock"}
        await shop.api.post(f"/sites/{SITE}/adjustments", body, key=f"opening-{sku.sku}")
    orders: list[str] = []
    for number, wanted in enumerate(ORDERS):
        lines = [{"sku": goods[each].sku, "quantity": 1, "unit_price_minor": goods[each].price_minor} for each in wanted]
        body = {"site": SITE, "channel": "web", "reference": f"demo-{number}", "currency": CURRENCY, "lines": lines}
        orders.append((await shop.api.post("/orders", body, key=f"demo-order-{number}"))["no"])
    released = [await shop.api.post(f"/orders/{no}/release", key=f"demo-release-{no}") for no in orders[:RELEASED]]
    lists = [one["no"] for each in released for one in each["pick_lists"]]
    return ["RC-2026-0001", *lists, goods[0].bin, goods[2].bin]
