"""Open work of a site as its boxes are told of it: what changed and nothing else, closed is gone, another site's never."""

from __future__ import annotations

from uuid import uuid4

import msgspec
import pytest

from controller import db
from controller.catalog.operations import NewBarcode, add_barcode
from controller.counts.facts import apply_counted
from controller.counts.planning import Plan, plan
from controller.counts.states import SessionKind
from controller.facts import APPLIED, FactIn
from controller.people import operations as people
from controller.people.policies import Grant
from controller.purchasing.operations import NewLine, NewOrder, approve, draft
from controller.purchasing.suppliers import ItemData, SupplierData, put_item, put_supplier
from controller.recalls.operations import end_recall, recall
from controller.replica.documents import count_title
from controller.replica.pages import page_since
from controller.sites.operations import create_bin, create_site
from controller.stock.operations import Move, Reason, move
from controller.transfers import operations as transfers
from edge_agent.wire.facts import Counted, CountLine
from edge_agent.wire.messages import Symbol
from edge_agent.wire.open_work import CountBin, ExpectedLine, OpenCount, OpenReceipt, OpenTransfer, SiteBin
from edge_agent.wire.replica import ReplicaStock
from edge_agent.wire.roles import Role
from tests.controller.goods import Shop, at
from tests.controller.replica.test_parts import Box


@pytest.fixture(autouse=True)
async def shop(database: str) -> Shop:
    assert database
    shop = await Shop.open()
    for code in ("milk", "tea"):
        await shop.stock(code, 10)
        await add_barcode(code, NewBarcode(barcode=code))
    await create_site("s2", name="Shop 2")
    return shop


def count(fact_person: str | None, session: str, *, round_: int = 1) -> FactIn[Counted]:
    lines = [CountLine(symbol=Symbol(text="milk"), quantity=7, at=at(5))]
    data = Counted(bin="A-1", lines=lines, session=session, round=round_, began=at(4))
    return FactIn(id=uuid4(), box="b1", site_id="s1", device="gun", person=fact_person, data=data, occurred_at=at(6), told_at=at(6))


class TestCounts:
    async def test_a_session_is_told_with_its_bins_and_who_counted_them(self) -> None:
        li = await people.add_person("Li", roles=[Grant(Role.FLOOR, "s1")])
        number = await plan(Plan(site="s1", kind=SessionKind.CHOSEN, bins=["A-1", "A-2"]))
        box = await Box("counts", OpenCount).read()
        (told,) = box.kept.values()
        assert isinstance(told, OpenCount)
        assert (told.number, told.time_zone) == (number, "Asia/Shanghai")
        assert told.bins == [CountBin(bin="A-1"), CountBin(bin="A-2")]
        assert (await Box("counts", OpenCount, site="s2").read()).kept == {}
        assert await db.in_transaction(lambda: apply_counted([count(li, number)])) == [APPLIED]
        (told,) = (await box.read()).kept.values()
        assert isinstance(told, OpenCount)
        assert told.bins == [CountBin(bin="A-1", is_counted=True, at=at(6), by=[li], name="Li"), CountBin(bin="A-2")]

    @pytest.mark.parametrize(
        ("kind", "scope", "title"),
        [("class", "A", "A 类 / Class A"), ("zone", "COLD", "COLD 区 / Zone COLD"), ("suspicion", "", "可疑货位 / Doubtful bins")],
    )
    def test_a_title_says_what_it_is_about(self, kind: str, scope: str, title: str) -> None:
        assert count_title(SessionKind(kind), scope) == title

    async def test_a_bin_for_two_is_counted_when_both_told(self) -> None:
        number = await plan(Plan(site="s1", kind=SessionKind.CHOSEN, bins=["A-1", "A-2"], counters=2))
        for person, is_counted in ((None, False), ("p-2", True)):
            async with db.transaction():
                await apply_counted([count(person, number)])
            (told,) = (await Box("counts", OpenCount).read()).kept.values()
            assert isinstance(told, OpenCount)
            assert (told.counters, told.bins[0].is_counted) == (2, is_counted)

    async def test_what_did_not_change_is_not_told_again_and_what_is_over_is_gone(self) -> None:
        first = await plan(Plan(site="s1", kind=SessionKind.CHOSEN, bins=["A-1"]))
        await plan(Plan(site="s1", kind=SessionKind.CHOSEN, bins=["A-2"]))
        box = await Box("counts", OpenCount).read()
        assert sorted(box.told) == ["1", "2"]
        assert (await box.read()).told == []
        await db.in_transaction(lambda: apply_counted([count(None, first)]))
        assert (await box.read()).told == ["-1"], "it is counted whole"
        await db.execute("UPDATE count_bin SET round = 2, done_at = NULL WHERE session_id = 1")
        await db.execute("UPDATE count_session SET state = 'review' WHERE id = 1")
        assert (await box.read()).told == ["1"], "a recount is to be done"


class TestReceipts:
    async def test_an_order_is_told_with_what_is_to_come(self) -> None:
        await put_supplier("farm", SupplierData(name="Farm"))
        await put_item("farm", "milk", ItemData(pack_numerator=6, price_minor=600))
        number = await draft(NewOrder(site="s1", supplier="farm", lines=[NewLine(sku="milk", packs=2)]))
        box = await Box("receipts", OpenReceipt).read()
        assert box.kept == {}, "a draft is nobody's business yet"
        await approve(number)
        (told,) = (await box.read()).kept.values()
        assert isinstance(told, OpenReceipt)
        assert (told.number, told.supplier) == (number, "Farm")
        assert told.lines == [ExpectedLine(sku="milk", name_en="milk", name_zh="milk", symbol="milk", expected=12)]
        await db.execute("UPDATE purchase_order_line SET received = 5")
        await db.execute("UPDATE purchase_order SET reference = 'THEIRS-1'")
        (told,) = (await box.read()).kept.values()
        assert isinstance(told, OpenReceipt)
        assert (told.other, told.lines[0].got) == ("THEIRS-1", 5)
        await db.execute("UPDATE purchase_order SET state = 'received'")
        assert (await box.read()).told == ["-2"]


async def test_a_transfer_goes_at_one_site_and_comes_at_the_other() -> None:
    line = transfers.NewLine(sku="milk", quantity=4)
    number = await transfers.create(transfers.NewTransfer(from_site="s1", to_site="s2", lines=[line]))
    here, there = Box("transfers", OpenTransfer), Box("transfers", OpenTransfer, site="s2")
    assert ((await here.read()).kept, (await there.read()).kept) == ({}, {})
    await transfers.approve(number)
    for box, is_outgoing, partner in ((here, True, "Shop 2"), (there, False, "Shop 1")):
        (told,) = (await box.read()).kept.values()
        assert isinstance(told, OpenTransfer)
        assert (told.number, told.is_outgoing, told.partner) == (number, is_outgoing, partner)
        assert [(each.sku, each.expected, each.got) for each in told.lines] == [("milk", 4, 0)]
    await db.execute("UPDATE transfer SET sent_closed_at = ?, state = 'in_transit'", at(0))
    await db.execute("UPDATE transfer_line SET sent = 3")
    assert (await here.read()).kept == {}
    (told,) = (await there.read()).kept.values()
    assert isinstance(told, OpenTransfer)
    assert told.lines[0].expected == 3, "what left is what can come"


async def test_bins_and_where_goods_lie() -> None:
    await create_bin("s1", "Z-9")
    page = await page_since("s1", "")
    bins = msgspec.json.decode(page.parts["bins"].rows, type=list[SiteBin])
    assert {"A-1", "Z-9", "receiving"} <= {each.code for each in bins}
    other = (await page_since("s2", "")).parts["bins"]
    assert bytes(other.rows) == b"[]", "a site without bins says nothing of what is one"
    rows = msgspec.json.decode(page.parts["stock"].rows, type=list[ReplicaStock])
    assert [(row.on_hand, row.bins) for row in rows] == [(10, [("A-1", 10)])] * 2


async def test_the_other_sites_are_told() -> None:
    page = await page_since("s2", "")
    assert msgspec.json.decode(page.parts["sites"].rows) == [{"id": "s1", "name": "Shop 1"}]


async def test_lots_that_are_recalled_are_told_at_every_site_and_gone_when_it_ends() -> None:
    number = await recall("L-9", "milk", reason="glass")
    first = await page_since("s2", "")
    assert msgspec.json.decode(first.parts["recalls"].rows) == [{"id": number, "sku": "milk", "lot": "L-9"}]
    again = await page_since("s2", first.next)
    assert not again.parts["recalls"].anew
    await end_recall(number, reason="another lot")
    last = await page_since("s2", again.next)
    assert (last.parts["recalls"].anew, bytes(last.parts["recalls"].rows)) == (True, b"[]")


async def test_goods_that_move_from_bin_to_bin_are_told_again(shop: Shop) -> None:
    before = await page_since("s1", "")
    milk = (await db.fetch("SELECT id FROM sku WHERE code = 'milk'"))[0]["id"]
    moved = Move(
        sku_id=milk, from_location_id=shop.bin, to_location_id=shop.other, quantity=4, reason=Reason.RELOCATED, occurred_at=at(1)
    )  # fmt: skip
    await move([moved])
    after = await page_since("s1", before.next)
    rows = msgspec.json.decode(after.parts["stock"].rows, type=list[ReplicaStock])
    assert [(row.on_hand, row.bins) for row in rows] == [(10, [("A-1", 6), ("A-2", 4)])]
