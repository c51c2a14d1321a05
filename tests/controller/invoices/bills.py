"""Orders with tax, discounts and money, to be invoiced."""

from __future__ import annotations

from datetime import UTC, datetime

from controller.invoices.policies import Seller
from controller.invoices.sellers import SellerAt, set_seller
from controller.orders.money import owe
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from controller.orders.policies import NewLine, NewOrder
from controller.orders.states import Delivery
from controller.orders.totals import OrderCharge, recount
from controller.payments.policies import PayTerms
from controller.taxes.settings import NewRate, percent, set_rate, set_region, set_site_region
from controller.taxes.stored import Region
from edge_agent.wire.rounding import Mode
from edge_agent.wire.totals import Discount, Level, LineKind
from tests.controller.orders_shop import OrderShop

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
SELLER = Seller(name="Tea House 茶馆", address="1 Tea Street", tax_number="91330100MA27XL0000", note="Bank 123")


async def open_bills(*, is_inclusive: bool = True) -> OrderShop:
    """A shop whose goods bear 13 %, and who sells there."""
    shop = await OrderShop.open()
    await set_region(
        Region(code="CN", name="CN", parent=None, is_inclusive=is_inclusive, level=Level.LINE, mode=Mode.HALF_UP, step=1)
    )
    await set_site_region("s1", "CN")
    await set_rate(NewRate(region="CN", code="vat", value=percent("13"), effective_from=BEGIN))
    await set_seller(SellerAt(seller=SELLER))
    return shop


async def order_of(
    shop: OrderShop,
    *lines: tuple[str, int, int],
    discount: int = 0,
    shipping: int = 0,
    delivery: Delivery = Delivery.COLLECTION,
) -> str:
    """Lines are SKU, quantity and price of one in minor units; `discount` is by hand over its goods."""
    new = NewOrder(
        site="s1",
        channel="web",
        reference=f"r{next(shop.references)}",
        currency="CNY",
        lines=[NewLine(sku=sku, quantity=quantity, unit_price_minor=price) for sku, quantity, price in lines],
        delivery=delivery,
    )
    no = await place(new)
    order_id = ORDERS.row_id(no)
    charges = [OrderCharge(kind=LineKind.SHIPPING, amount_minor=shipping)] if shipping else []
    discounts = [Discount(minor=discount, reason="by hand")] if discount else []
    await recount(order_id, charges=charges, discounts=discounts)
    await owe(order_id, PayTerms.ON_DELIVERY)
    return no
