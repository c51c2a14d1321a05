from __future__ import annotations

from uuid import uuid4

from controller import db, events
from controller.catalog.operations import NewBarcode, NewSku, add_barcode, create_sku, link_barcode
from controller.catalog.queries import unknown_barcodes
from controller.facts import APPLIED, FactIn, Parked, Rejected
from controller.proofs.proving import reconcile
from controller.purchasing.facts import apply_received
from edge_agent.wire.facts import Received
from edge_agent.wire.messages import Symbol
from tests.controller.goods import Shop, at, newest_entry, numbers

EAN = "9521234567899"


def received(text: str, quantity: int = 1, *, gtin: str | None = None, minute: int = 0) -> FactIn[Received]:
    return FactIn(
        id=uuid4(),
        box="b1",
        site_id="s1",
        device="gun",
        station="dock",
        person="li",
        data=Received(document="DN-7", symbol=Symbol(text=text), gtin=gtin, quantity=quantity),
        occurred_at=at(minute),
    )


async def test_packs_are_booked_in_base_units_and_say_why(database: str) -> None:
    await Shop.open()
    case = NewBarcode(barcode=EAN, numerator=12)
    sku = await create_sku(NewSku(code="milk", name_en="Milk", name_zh="牛奶"), [case, NewBarcode(barcode="MILK", numerator=1)])
    facts = [received(EAN, 2, gtin="0" + EAN), received("MILK", 3)]
    assert await apply_received(facts) == [APPLIED, APPLIED]
    assert await numbers(sku) == (27, 0, 0)
    newest = await newest_entry(sku)
    assert (newest.source, newest.target, newest.document) == ("supplier", "receiving", "RC-100001")
    assert (newest.fact_id, newest.person, newest.device, newest.balance) == (facts[1].id, "li", "b1/gun", 27)


async def test_unknown_barcode_is_kept_and_applies_once_linked(database: str) -> None:
    await Shop.open()
    sku = await create_sku(NewSku(code="milk", name_en="Milk", name_zh="牛奶"))
    facts = [received("WHAT?", 2), received("WHAT?", 1, minute=1)]
    assert await apply_received(facts) == [Parked("unknown_barcode", "barcode:WHAT?")] * 2
    await apply_received(facts)  # tried again, as ingest does: nothing is counted or told twice
    (row,) = await unknown_barcodes()
    assert (row.text, row.count, row.box, row.station) == ("WHAT?", 2, "b1", "dock")
    assert [e.data["text"] for e in await events.feed(0) if e.name == "unknown_barcode"] == ["WHAT?"]
    await link_barcode("WHAT?", "milk", numerator=6)
    assert await apply_received(facts) == [APPLIED, APPLIED]
    assert await numbers(sku) == (18, 0, 0)
    assert await unknown_barcodes() == []


async def test_linking_marks_the_waiting_facts_due(database: str) -> None:
    await Shop.open()
    await create_sku(NewSku(code="milk", name_en="Milk", name_zh="牛奶"))
    await apply_received([received(EAN, gtin="0" + EAN)])
    await add_barcode("milk", NewBarcode(barcode=EAN))
    assert [row.text for row in await unknown_barcodes(state="linked")] == [EAN]


async def test_half_a_piece_and_an_absurd_number_are_rejected(database: str) -> None:
    await Shop.open()
    await create_sku(NewSku(code="egg", name_en="Egg", name_zh="蛋"), [NewBarcode(barcode="EGG", numerator=1, denominator=2)])
    outcomes = await apply_received([received("EGG", 2), received("EGG", 1), received("EGG", 2**53)])
    assert outcomes[0] == APPLIED
    assert [outcome.code for outcome in outcomes[1:] if isinstance(outcome, Rejected)] == ["bad_quantity"] * 2


async def test_a_chain_code_and_a_site_code_that_differ_ask(database: str) -> None:
    await Shop.open()
    await create_sku(NewSku(code="a", name_en="A", name_zh="A"), [NewBarcode(barcode="X1")])
    await create_sku(NewSku(code="b", name_en="B", name_zh="B"), [NewBarcode(barcode="X1", site_id="s1")])
    assert await apply_received([received("X1")]) == [Parked("ambiguous_barcode", "barcode:X1")]


async def test_symbols_of_any_content_are_kept(database: str) -> None:
    await Shop.open()
    texts = ["a\0b", "x" * 4096, "'; DROP TABLE sku", "\x1d0100", "漢字"]
    outcomes = await apply_received([received(text) for text in texts])
    assert all(isinstance(outcome, Parked) and len(outcome.waits_for) <= 512 for outcome in outcomes)
    assert {row.text for row in await unknown_barcodes()} == {text.replace("\0", "\ufffd") for text in texts}


async def test_weight_in_the_barcode_is_booked_in_grams(database: str) -> None:
    await Shop.open()
    await create_sku(NewSku(code="apple", name_en="Apple", name_zh="苹果"), [NewBarcode(barcode="2100101WWWWWC")])
    assert await apply_received([received("2100101012501")]) == [APPLIED]
    assert (await db.fetch("SELECT SUM(on_hand) AS n FROM availability"))[0]["n"] == 1250
    assert await apply_received([received("2100101012502")]) == [Parked("unknown_barcode", "barcode:2100101012502")]


async def test_a_backlog_of_many_is_few_statements(database: str) -> None:
    await Shop.open()
    sku = await create_sku(NewSku(code="milk", name_en="Milk", name_zh="牛奶"), [NewBarcode(barcode="MILK")])
    await apply_received([received("MILK", 2) for _ in range(500)])
    assert await numbers(sku) == (1000, 0, 0)
    assert [e.data["movements"] for e in await events.feed(0) if e.name == "stock_moved"] == [500]
    assert await reconcile() == []
