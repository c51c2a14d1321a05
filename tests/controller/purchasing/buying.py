"""A shop that buys: a supplier `dairy`, SKUs with barcodes, and what its boxes tell of deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from random import Random

from controller import db
from controller.catalog.operations import NewBarcode, NewSku, create_sku
from controller.purchasing import operations
from controller.purchasing.operations import NewLine, NewOrder
from controller.purchasing.policies import Channel
from controller.purchasing.queries import OrderRow, order
from controller.purchasing.suppliers import ItemData, SupplierData, put_item, put_supplier
from drivers.symbols.gtin import check_digit, to_gtin14
from edge_agent.wire.facts import Received
from edge_agent.wire.goods_facts import Condition
from edge_agent.wire.messages import Symbol
from tests.controller.boxes import WireBox, register
from tests.controller.goods import Shop

PACK = 12
PRICE = 1200
"""Minor units a pack of `PACK` pieces: 100 a piece."""


@dataclass
class BuyingShop:
    """Site `s1`, boxes `b1` and `b2`; `dairy` sells each SKU in packs of 12 for 12.00."""

    shop: Shop
    boxes: list[WireBox] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    skus: dict[str, int] = field(default_factory=dict)

    @classmethod
    async def open(cls, *skus: str, over_percent: int = 0, min_days: int = 0) -> BuyingShop:
        found = cls(await Shop.open())
        for seed, box in enumerate(("b1", "b2")):
            await register(box, "s1")
            found.boxes.append(WireBox(box=box, site="s1", random=Random(seed)))
        data = SupplierData(
            name="Dairy North",
            channel=Channel.EMAIL,
            address="o@dairy.example",
            lead_days=2,
            over_percent=over_percent,
            min_days=min_days,
        )
        await put_supplier("dairy", data)
        for sku in skus or ("milk", "tea"):
            await found.add(sku)
        return found

    async def add(self, sku: str) -> None:
        body = f"952100000{len(self.codes):03d}"
        self.codes[sku] = body + check_digit(body)
        self.skus[sku] = await create_sku(
            NewSku(code=sku, name_en=f"{sku} en", name_zh=f"{sku} zh", price_minor=250, weight_grams=100),
            [NewBarcode(barcode=self.codes[sku])],
        )
        await put_item("dairy", sku, ItemData(their_code=sku.upper(), pack_numerator=PACK, price_minor=PRICE))

    async def ordered(self, *lines: tuple[str, int]) -> str:
        """An approved order of so many packs."""
        no = await self.drafted(*lines)
        await operations.approve(no)
        return no

    async def drafted(self, *lines: tuple[str, int]) -> str:
        return await operations.draft(
            NewOrder(site="s1", supplier="dairy", lines=[NewLine(sku=sku, packs=packs) for sku, packs in lines])
        )

    def received(
        self,
        document: str | None,
        sku: str,
        quantity: int = 1,
        *,
        lot: str | None = None,
        expiry: date | None = None,
        damaged: bool = False,
        reason: str | None = None,
    ) -> Received:
        text = self.codes.get(sku, sku)
        return Received(
            document=document,
            symbol=Symbol(text=text),
            gtin=to_gtin14(text),
            quantity=quantity,
            lot=lot,
            expiry=expiry,
            condition=Condition.DAMAGED if damaged else Condition.GOOD,
            reason=reason,
        )

    async def incoming(self, sku: str) -> int:
        rows = await db.fetch("SELECT incoming FROM availability WHERE sku_id = ? AND site_id = 's1'", self.skus[sku])
        return int(rows[0]["incoming"]) if rows else 0

    async def on_hand(self, sku: str) -> int:
        rows = await db.fetch("SELECT on_hand FROM availability WHERE sku_id = ? AND site_id = 's1'", self.skus[sku])
        return int(rows[0]["on_hand"]) if rows else 0


async def tasks() -> dict[str, str]:
    """What waits: kind -> subject."""
    rows = await db.fetch("SELECT kind, subject FROM task WHERE state IN ('open', 'claimed') ORDER BY id")
    return {row["kind"]: row["subject"] for row in rows}


async def the(no: str) -> OrderRow:
    return await order(no)
