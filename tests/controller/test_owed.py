"""What is incoming is what documents still owe, each of them named."""

from __future__ import annotations

from controller import db
from controller.owed import ALL_PROOFS, owed
from controller.proofs.proving import all_wrong
from controller.sites.operations import create_site
from controller.transfers.operations import NewLine, NewTransfer, approve, create
from tests.controller.purchasing.buying import PACK, BuyingShop


async def test_incoming_is_the_sum_of_what_documents_owe(database: str) -> None:
    buying = await BuyingShop.open("milk")
    milk = buying.skus["milk"]
    order = await buying.ordered(("milk", 3))
    await create_site("s2", name="Shop 2")
    transfer = await create(NewTransfer(from_site="s2", to_site="s1", lines=[NewLine(sku="milk", quantity=5)]))
    await db.execute("UPDATE transfer_line SET expected = 5")
    await db.execute("UPDATE availability SET incoming = incoming + 5 WHERE site_id = 's1'")
    assert [(row.document, row.kind, row.owed) for row in await owed(milk, "s1")] == [
        (order, "purchase_order", 3 * PACK),
        (transfer, "transfer", 5),
    ]
    assert await owed(milk, "s2") == []
    assert await all_wrong(ALL_PROOFS) == []
    await db.execute("UPDATE availability SET incoming = incoming - 1 WHERE site_id = 's1'")
    wrong = await all_wrong(ALL_PROOFS)
    assert [(each.kind, each.site, each.stored, each.expected) for each in wrong] == [("incoming", "s1", 40, 41)]


async def test_an_approved_transfer_is_owed_to_where_it_goes(database: str) -> None:
    buying = await BuyingShop.open("milk")
    await create_site("s2", name="Shop 2")
    await buying.shop.stock("rice", 9)
    transfer = await create(NewTransfer(from_site="s1", to_site="s2", lines=[NewLine(sku="rice", quantity=5)]))
    await approve(transfer)
    rice = (await db.fetch("SELECT id FROM sku WHERE code = 'rice'"))[0]["id"]
    assert [(row.document, row.owed) for row in await owed(rice, "s2")] == [(transfer, 5)]
    assert await all_wrong(ALL_PROOFS) == []
