"""Something of each document of goods at site `s1`: what routes name by number or id."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from controller import db
from controller.counts.planning import Plan, plan
from controller.counts.states import SessionKind
from controller.facts import FactIn
from controller.orders.money import owe
from controller.payments.operations import Taking, take
from controller.payments.policies import Means, PayTerms
from controller.payments.refunds import Refund
from controller.payments.refunds import refund as ask_refund
from controller.pricing.operations import NewPrice, schedule
from controller.pricing.queries import batches
from controller.purchasing import operations as purchasing
from controller.purchasing.facts import apply_received
from controller.purchasing.receipt_queries import AskedReceipts, receipts
from controller.purchasing.suppliers import SupplierData, put_supplier
from controller.recalls.operations import recall
from controller.reports.opening import check
from controller.sales.imports import begin
from controller.sales.policies import NewLine, NewReceipt
from controller.sales.recording import record
from controller.sales.rows import HowToRead
from controller.sites.operations import create_site
from controller.stock.carts import Wanted, fill_cart
from controller.stock.channels import add_channel
from controller.tasks.operations import open_task
from controller.transfers.operations import NewLine as PlanLine
from controller.transfers.operations import NewTransfer, create
from edge_agent.wire.facts import Received
from edge_agent.wire.messages import Symbol


async def documents_of_goods() -> dict[str, str]:
    """By the first part of a route's path: a transfer to `s9`, a price and its labels, a receipt, a file of sales."""
    await create_site("s9", name="Shop 9")
    later = db.now() + timedelta(days=30)
    (price,) = await schedule([NewPrice(sku="tea", price_minor=777, currency="CNY", effective_from=later, site="s1")])
    line = NewLine(text="tea", is_sku=True, quantity=1, amount_minor=100)
    receipt = NewReceipt(site="s1", till="till-of-s1", number="RECEIPT-OF-S1", occurred_at=db.now(), currency="CNY", lines=[line])
    await record([receipt], source="test")
    (sale,) = await db.fetch("SELECT id FROM sale")
    body = b"receipt,date,sku,quantity\n1,2026-01-01 10:00,tea,1\n"
    started = await begin(body, HowToRead(site="s1", time_zone="UTC", currency="CNY"))
    bought = await _bought()
    planned = NewTransfer(from_site="s1", to_site="s9", lines=[PlanLine(sku="tea", quantity=1)])
    await add_channel("web", name_en="Web shop", name_zh="网店")
    (tea,) = await db.fetch("SELECT id FROM sku WHERE code = 'tea'")
    held = Wanted(site="s1", channel="web", quantities={tea["id"]: 1}, expires_at=db.now() + timedelta(hours=1))
    await fill_cart("cart-of-s1", held)
    opening = await check(b"site,bin,sku,quantity\ns1,A-1,tea,1\n", "OPENING-OF-S1")
    return {
        **bought,
        **await _paid(),
        "counts": await plan(Plan(site="s1", kind=SessionKind.CHOSEN, bins=["A-1"])),
        "file": str(opening),
        "row": "1",
        "report": "ageing",
        "supplier": "dairy-of-s1",
        "carts": "cart-of-s1",
        "channels": "web",
        "recalls": await recall("LOT-OF-ALL", "tea", reason="glass"),
        "transfers": await create(planned),
        "prices": str(price),
        "label-batches": (await batches(site="s1"))[0].number,
        "sales": str(sale["id"]),
        "sales-imports": str(started),
        "tasks": str(await open_task("count_needed", site="s1", key="of s1", subject="BIN-OF-S1", arguments={})),
    }


async def _paid() -> dict[str, str]:
    """The money of order SO-100001, and a refund of it."""
    (order,) = await db.fetch("SELECT id, total_minor FROM sales_order ORDER BY id LIMIT 1")
    await owe(order["id"], PayTerms.PREPAID)
    payment = await take(order["id"], Taking(means=Means.CASH, amount_minor=order["total_minor"]))
    [refund] = await ask_refund(order["id"], Refund(amount_minor=1, reason="REFUND-OF-S1"))
    return {"payments": payment, "refunds": refund}


async def _bought() -> dict[str, str]:
    """A purchase order for `s1`, and what came of it."""
    await put_supplier("dairy-of-s1", SupplierData(name="Dairy", lead_days=2))
    bought = purchasing.NewLine(sku="tea", packs=10)
    no = await purchasing.draft(purchasing.NewOrder(site="s1", supplier="dairy-of-s1", lines=[bought]))
    await purchasing.approve(no)
    codes = await db.fetch("SELECT b.symbol FROM barcode b JOIN sku s ON s.id = b.sku_id WHERE s.code = 'tea' AND b.kind = 'gtin'")
    data = Received(document=no, symbol=Symbol(text=codes[0]["symbol"][1:]), gtin=codes[0]["symbol"], quantity=2)
    await apply_received([FactIn(id=uuid4(), box="b1", site_id="s1", data=data, occurred_at=db.now())])
    return {"purchase-orders": no, "receipts": (await receipts(AskedReceipts(site="s1")))[0].no, "suppliers": "dairy-of-s1"}
