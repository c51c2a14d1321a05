"""A shop with orders for tests: SKUs with barcodes and weights, a box, and the facts that its people make."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from decimal import Decimal

from controller import db
from controller.catalog.operations import NewBarcode, NewSku, create_sku
from controller.fulfilment.operations import release
from controller.ingest import ingest, retry_parked
from controller.orders.operations import place
from controller.orders.policies import NewLine, NewOrder
from controller.proofs.proving import reconcile
from controller.stock.operations import move
from drivers.symbols.gtin import check_digit, to_gtin14
from edge_agent.wire.facts import Fact, HandedOver, Packed, Picked, PickShort, Weight
from edge_agent.wire.messages import Stream, Symbol
from tests.controller.boxes import WireBox, register
from tests.controller.goods import Shop

GRAMS = 100


@dataclass
class OrderShop:
    """Site `s1` with box `b1`; each SKU `t<n>` weighs 100 g a piece."""

    shop: Shop
    box: WireBox = field(default_factory=lambda: WireBox(site="s1"))
    codes: dict[str, str] = field(default_factory=dict)
    skus: dict[str, int] = field(default_factory=dict)
    references: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    async def open(cls) -> OrderShop:
        shop = await Shop.open()
        await register("b1", "s1")
        return cls(shop)

    async def stock(self, code: str, quantity: int, *, grams: int | None = GRAMS) -> int:
        """A new SKU with a barcode, and so many of it in bin A-1."""
        body = f"952100000{len(self.codes):03d}"
        self.codes[code] = body + check_digit(body)
        sku = await create_sku(
            NewSku(code=code, name_en=f"{code} en", name_zh=f"{code} zh", price_minor=250, weight_grams=grams),
            [NewBarcode(barcode=self.codes[code])],
        )
        self.skus[code] = sku
        if quantity:
            await move([self.shop.arrival(sku, quantity)])
        return sku

    def order(self, *lines: tuple[str, int], reference: str | None = None) -> NewOrder:
        return NewOrder(
            site="s1",
            channel="web",
            reference=reference or f"r{next(self.references)}",
            currency="CNY",
            lines=[NewLine(sku=sku, quantity=quantity, unit_price_minor=250) for sku, quantity in lines],
        )

    async def released(self, *lines: tuple[str, int]) -> tuple[str, str]:
        """An order and its pick list."""
        order = await place(self.order(*lines))
        return order, (await release(order))[0]

    def picked(self, pick_list: str, code: str, quantity: int = 1) -> Picked:
        text = self.codes.get(code, code)
        return Picked(pick_list=pick_list, symbol=Symbol(text=text), gtin=to_gtin14(text), quantity=quantity)

    def short(self, pick_list: str, code: str | None = None) -> PickShort:
        if code is None:
            return PickShort(pick_list=pick_list)
        return PickShort(pick_list=pick_list, symbol=Symbol(text=self.codes[code]), gtin=to_gtin14(self.codes[code]))

    @staticmethod
    def packed(pick_list: str, grams: int) -> Packed:
        return Packed(pick_list=pick_list, weight=Weight(grams=Decimal(grams), raw_b64="AjAxMjM0DQ=="))

    @staticmethod
    def handed_over(parcel: str) -> HandedOver:
        return HandedOver(parcel=parcel)

    async def report(self, *facts: Fact) -> list[str]:
        """Give facts to ingest, one by one, trying parked ones again after each; what became of each in the end."""
        ids = []
        for fact in facts:
            envelope = self.box.envelope(fact)
            ids.append(envelope.id)
            await ingest([self.box.message(envelope)])
            await settle()
        return [await outcome(fact) for fact in ids]

    async def box_reports(self, fact: Fact, *, stream: Stream) -> None:
        """One fact in a stream of its own."""
        await ingest([self.box.message(self.box.envelope(fact, stream=stream))])

    async def report_together(self, *facts: Fact) -> list[str]:
        """The same in one batch."""
        envelopes = [self.box.envelope(fact) for fact in facts]
        await ingest(self.box.batch(envelopes))
        await settle()
        return [await outcome(envelope.id) for envelope in envelopes]


async def settle() -> None:
    """What ingest does each second, until nothing is due any more."""
    while await retry_parked(due_only=True):
        pass


async def outcome(fact: object) -> str:
    """`applied`, or the code of a rejection or of what it waits for."""
    rows = await db.fetch("SELECT outcome, code FROM fact WHERE id = ?", fact)
    return str(rows[0]["code"] or rows[0]["outcome"])


async def books_add_up() -> bool:
    differences = await reconcile()
    assert not differences
    return True


async def told(name: str) -> int:
    """How many events of a name were recorded."""
    return int((await db.fetch("SELECT COUNT(*) AS n FROM event WHERE name = ?", name))[0]["n"])
