"""An order to a person, for tests of what is seen of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from controller import db
from controller.customers import order_addresses
from controller.customers.addresses import Address
from controller.customers.operations import add_customer
from controller.customers.policies import Profile
from controller.fulfilment.operations import release
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from tests.controller.customers.keys import open_test_keys
from tests.controller.orders_shop import OrderShop

NAME, PHONE, STREET = "欧阳青霞", "13987654321", "幽兰巷七十三号"
HOME = Address(name=NAME, phone=PHONE, province="浙江省", city="杭州市", district="西湖区", street=STREET)


@dataclass
class PersonShop:
    """`customer` ordered `order`, which goes to their home."""

    shop: OrderShop
    customer: int
    order: str

    @classmethod
    async def open(cls) -> PersonShop:
        await open_test_keys()
        shop = await OrderShop.open()
        await shop.stock("tea", 50)
        customer = await add_customer(Profile(name=NAME, phone=PHONE, addresses=(HOME,)))
        here = cls(shop, customer, "")
        here.order = await here.another()
        return here

    async def another(self) -> str:
        """One more order of theirs."""
        order = await place(self.shop.order(("tea", 2)))
        await db.execute("UPDATE sales_order SET customer_id = ? WHERE id = ?", self.customer, ORDERS.row_id(order))
        await order_addresses.set_address(ORDERS.row_id(order), HOME, customer_id=self.customer, site="s1")
        return order

    async def send(self) -> str:
        """Pick, pack and hand it over; the pick list."""
        (pick_list,) = await release(self.order)
        parcel = "PC-100001"
        done = await self.shop.report(
            self.shop.picked(pick_list, "tea", 2), self.shop.packed(pick_list, 200), self.shop.handed_over(parcel)
        )
        assert set(done) == {"applied"}, done
        return pick_list


@dataclass
class Later:
    """A clock that can be moved."""

    instant: datetime = field(default=datetime(2026, 11, 22, 8, tzinfo=UTC))

    def now(self) -> datetime:
        return self.instant

    def mono_ms(self) -> int:
        return 0
