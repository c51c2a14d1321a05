"""A shop that sends: carriers with services, orders with addresses, packed parcels, and the workers of shipping."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from controller import db
from controller.customers.addresses import Address
from controller.customers.order_addresses import set_address
from controller.fulfilment.operations import release
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from controller.orders.states import Delivery
from controller.shipping.carriers import Apis, Kind, Offer, StoredCarrier, set_carrier, set_offer
from controller.shipping.choosing import Service
from controller.shipping.following import FOLLOWER
from controller.shipping.http_carrier import HttpCarrier
from controller.shipping.labels import work_once
from controller.shipping.shipments import StoredShipment, stored
from tests.controller.customers.keys import open_test_keys
from tests.controller.orders_shop import OrderShop

ADDRESS = Address(
    name="李雷", phone="13800138000", province="上海市", city="上海市", district="浦东新区", street="世纪大道 100 号 5 楼"
)


class QuickApis(Apis):
    """Waits half a second for an HTTP carrier."""

    def of(self, carrier: StoredCarrier) -> object:  # type: ignore[override]  # the same, sooner
        return HttpCarrier(carrier.address, seconds=0.5) if carrier.kind is Kind.HTTP else super().of(carrier)


@dataclass
class Desk:
    shop: OrderShop
    apis: Apis

    @classmethod
    async def open(cls, folder: Path) -> Desk:
        await open_test_keys()
        shop = await OrderShop.open()
        await shop.stock("tea", 50)
        return cls(shop, QuickApis(folder))

    async def carrier(self, code: str, kind: Kind, *, address: str = "", first_minor: int = 1000, days: int = 3) -> None:
        one = StoredCarrier(code=code, name_en=code, name_zh=code, kind=kind, address=address)
        await set_carrier(one, reason="contract")
        service = Service(carrier=code, code="standard", first_minor=first_minor, days=days)
        await set_offer(Offer(service=service, name_en="Standard", name_zh="标准"), reason="contract")

    async def packed(self, quantity: int = 1, *, address: Address | None = ADDRESS) -> tuple[str, str]:
        """An order that is sent, and its parcel."""
        order = await place(replace(self.shop.order(("tea", quantity)), delivery=Delivery.SHIPPING))
        if address is not None:
            await set_address(ORDERS.row_id(order), address)
        (pick_list,) = await release(order)
        outcomes = await self.shop.report(self.shop.picked(pick_list, "tea", quantity), self.shop.packed(pick_list, 100 * quantity))
        assert outcomes == ["applied", "applied"]
        await FOLLOWER.catch_up()
        rows = await db.fetch("SELECT MAX(id) AS id FROM parcel")
        return order, f"PC-{100_000 + rows[0]['id']}"

    async def labelled(self, quantity: int = 1) -> StoredShipment:
        await self.packed(quantity)
        await self.work()
        return await self.newest()

    async def work(self) -> None:
        """All that is due."""
        while await work_once(self.apis):
            pass

    @staticmethod
    async def due() -> None:
        """What waits is due now."""
        await db.execute("UPDATE label_purchase SET next_at = ?", db.now())

    @staticmethod
    async def newest() -> StoredShipment:
        return stored((await db.fetch("SELECT * FROM shipment ORDER BY id DESC LIMIT 1"))[0])

    @staticmethod
    async def purchase() -> str:
        rows = await db.fetch("SELECT state FROM label_purchase ORDER BY id DESC LIMIT 1")
        return str(rows[0]["state"])
