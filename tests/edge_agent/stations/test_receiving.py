"""Receiving: what is expected, lots and dates, what is too much, too little or broken, labels, and the end of a delivery."""

from __future__ import annotations

from datetime import date
from importlib import resources
from io import BytesIO
from uuid import UUID

import pytest
import zxingcpp
from msgspec.structs import replace
from PIL import Image

from drivers.devices import Symbol as Read
from drivers.documents.model import Label
from drivers.documents.preview import label_png
from drivers.documents.templates import fill, load_template
from edge_agent.stations import Missing, Paper, Rules, Verdict, say, scanned
from edge_agent.stations.goods import Goods
from edge_agent.stations.lot_label import label_data
from edge_agent.stations.model import Known
from edge_agent.stations.receiving import MOST_SHORT, STATION
from edge_agent.stations.receiving_state import Receiving
from edge_agent.wire.codec import MAX_PAYLOAD, encode
from edge_agent.wire.facts import PrintRequested, ReceiptClosed, Received, Retracted, ShortLine
from edge_agent.wire.goods_facts import Condition
from edge_agent.wire.messages import Symbol
from edge_agent.wire.open_work import ExpectedLine, OpenReceipt
from tests.edge_agent.stations.worker import ITEM, MILK, TEA, Worker

LOT_MILK = replace(ITEM, tracking="lot")
PHONE = replace(ITEM, sku="phone", name_en="Phone", name_zh="手机", tracking="serial")
LINES = [
    ExpectedLine(sku="milk", name_en="Milk 1 L", name_zh="牛奶 1 升", symbol=MILK, expected=3, got=1),
    ExpectedLine(sku="tea", name_en="Tea", name_zh="茶", symbol=TEA, expected=2, gtin="0" + TEA),
]


def dock(*, knows: bool = True) -> Worker:
    worker = Worker(Rules(paper=Paper(printer="labels", templates={"lot-label": "b" * 64})))
    if knows:
        worker.known = Known(document=OpenReceipt(id=2, number="PO-1", supplier="Farm", lines=LINES))
    return worker.scans("RECEIVE", "PO-1")


def received(worker: Worker) -> list[Received]:
    return [fact for fact in worker.booked if isinstance(fact, Received)]


class TestExpected:
    def test_the_supplier_and_what_is_to_come_are_told(self) -> None:
        assert say(dock().answer) == "PO-1 from Farm: 4 pieces of 2 articles to come. Scan each item."

    def test_each_scan_says_how_many_of_how_many(self) -> None:
        worker = dock().scans(MILK)
        assert say(worker.answer) == "Milk 1 L / 牛奶 1 升 — 2 of 3"
        worker.scans(MILK)
        assert worker.code == "received_of"
        assert say(worker.scans(MILK).answer).startswith("Milk 1 L / 牛奶 1 升 — 4 of 3: 1 too many.")

    def test_what_the_controller_heard_meanwhile_is_not_counted_twice(self) -> None:
        worker = dock().scans(MILK)
        synced = replace(LINES[0], got=2)
        worker.known = Known(document=OpenReceipt(id=2, number="PO-1", supplier="Farm", lines=[synced, LINES[1]]))
        assert "3 of 3" in say(worker.scans(MILK).answer)

    def test_a_case_counts_as_its_pieces(self) -> None:
        case = replace(ITEM, numerator=12)
        worker = dock().scans(MILK, item=case)
        assert "13 of 3" in say(worker.answer)
        assert received(worker)[0].quantity == 1

    def test_a_delivery_that_the_box_does_not_know_is_received(self) -> None:
        worker = dock(knows=False).scans(MILK, "DONE")
        assert [type(fact) for fact in worker.booked] == [Received, ReceiptClosed]

    def test_goods_without_a_paper_are_received(self) -> None:
        worker = Worker().scans("RECEIVE", "NOTHING", MILK, "DONE")
        assert [getattr(fact, "document", "") for fact in worker.booked] == [None, None]

    def test_the_page_shows_what_is_open_and_what_is_complete(self) -> None:
        worker = dock().scans(MILK, MILK).scans("X", item=Missing.UNKNOWN)
        activity = worker.state.activity
        assert isinstance(activity, Receiving)
        parts = {part.title.en: [line.code for line in part.lines] for part in STATION.shows(activity, worker.known)}
        assert parts == {"Still to come": ["tea"], "Not expected": ["X"], "Complete": ["milk"]}


class TestLots:
    def test_lot_and_date_are_asked_for_and_typed_digit_by_digit(self) -> None:
        worker = dock().scans(MILK, item=LOT_MILK)
        assert (worker.code, received(worker)) == ("ask_lot", [])
        worker.scans("FOUR", "DUO", "DONE")
        assert worker.code == "ask_expiry"
        worker.scans("DUO", "SEVEN", "NIL", "THREE", "THREE", "ONE")
        (fact,) = received(worker)
        assert (fact.lot, fact.expiry, fact.symbol.text) == ("42", date(2027, 3, 31), MILK)

    def test_they_are_scanned_or_typed_at_a_screen(self) -> None:
        worker = dock().scans(MILK, item=LOT_MILK).scans("LOT-7/b", "2027-03-31")
        assert [(fact.lot, fact.expiry) for fact in received(worker)] == [("LOT-7/b", date(2027, 3, 31))]

    def test_a_symbol_that_carries_them_asks_for_nothing(self) -> None:
        worker = dock()
        read = scanned("gun", Read(b"0106901234567892172703311010LOT7", "]C1"), 9000)
        worker.reads(replace(read, id=worker.reading(), item=LOT_MILK))
        assert [(fact.lot, fact.expiry) for fact in received(worker)] == [("10LOT7", date(2027, 3, 31))]

    def test_a_second_symbol_may_carry_them(self) -> None:
        worker = dock().scans(MILK, item=LOT_MILK)
        worker.reads(replace(scanned("gun", Read(b"1727033110LOT7", "]C1"), 9000), id=worker.reading()))
        assert [(fact.lot, fact.expiry) for fact in received(worker)] == [("LOT7", date(2027, 3, 31))]

    @pytest.mark.parametrize(("told", "code"), [("2026-11-21", "date_past"), ("2099-01-01", "date_far")])
    def test_a_date_past_or_far_is_asked_for_again_and_taken_when_it_is_told_twice(self, told: str, code: str) -> None:
        worker = dock().scans(MILK, item=LOT_MILK).scans("L1", told)
        assert (worker.answer.verdict, worker.code, received(worker)) == (Verdict.WRONG, code, [])
        worker.scans(told)
        assert [fact.expiry for fact in received(worker)] == [date.fromisoformat(told)]

    def test_another_date_instead_is_taken_at_once(self) -> None:
        worker = dock().scans(MILK, item=LOT_MILK).scans("L1", "2062-03-31", "2027-03-31")
        assert [fact.expiry for fact in received(worker)] == [date(2027, 3, 31)]

    def test_an_item_in_between_is_not_taken_for_a_lot(self) -> None:
        worker = dock().scans(MILK, item=LOT_MILK).scans(TEA)
        assert (worker.code, received(worker)) == ("asked_first", [])

    def test_nothing_on_it_goes_without_and_undo_drops_it(self) -> None:
        worker = dock().scans(MILK, item=LOT_MILK).scans("NOTHING", "NOTHING")
        assert [(fact.lot, fact.expiry) for fact in received(worker)] == [(None, None)]
        worker.scans(MILK, item=LOT_MILK).scans("UNDO")
        assert (worker.code, len(received(worker))) == ("undone_asked", 1)

    def test_goods_that_wait_are_not_left_in_silence(self) -> None:
        worker = dock().scans(MILK, item=LOT_MILK).scans("COUNT")
        assert worker.code == "asked_open"
        assert isinstance(worker.waits(60).state.activity, Receiving)

    def test_digits_before_it_are_pieces_of_the_lot(self) -> None:
        worker = dock().scans("SIX").scans(MILK, item=LOT_MILK).scans("L1", "270331")
        assert [(fact.quantity, fact.lot) for fact in received(worker)] == [(6, "L1")]

    def test_each_serial_is_one_piece(self) -> None:
        worker = dock().scans("SIX").scans(TEA, item=PHONE).scans("SN-1")
        assert [(fact.quantity, fact.serial) for fact in received(worker)] == [(1, "SN-1")]


class TestWhatIsWrong:
    def test_a_broken_one_is_kept_apart_and_the_next_is_good(self) -> None:
        worker = dock().scans("BROKEN", MILK, MILK)
        assert [(fact.condition, fact.reason) for fact in received(worker)] == [
            (Condition.DAMAGED, "broken"),
            (Condition.GOOD, None),
        ]

    def test_a_reason_is_taken_back(self) -> None:
        worker = dock().scans("EXPIRED", "UNDO", MILK)
        assert [fact.condition for fact in received(worker)] == [Condition.GOOD]

    def test_done_tells_what_is_missing_and_closes_at_the_second_time(self) -> None:
        worker = dock().scans(MILK, "DONE")
        assert worker.answer.verdict is Verdict.WRONG
        assert "2 articles short, 3 pieces: Milk 1 L (1), Tea (2)" in say(worker.answer)
        assert "牛奶 1 升(1)、茶(2)" in say(worker.answer, "zh-CN")
        worker.scans("LOST", "DONE")
        assert worker.booked[-1] == ReceiptClosed(
            document="PO-1",
            short=[
                ShortLine(symbol=Symbol(text=MILK), reason="lost"),
                ShortLine(symbol=Symbol(text=TEA), gtin="0" + TEA, reason="lost"),
            ],
        )

    def test_an_order_of_which_nothing_came_still_fits_into_a_message(self) -> None:
        worker = dock()
        line = ExpectedLine(sku="s", name_en="S", name_zh="货", symbol="0" * 30, expected=1, gtin="0" + MILK)
        lines = [replace(line, sku=f"s{number}", symbol=f"{number:030}") for number in range(2000)]
        worker.known = Known(document=OpenReceipt(id=2, number="PO-1", supplier="Farm", lines=lines))
        closed = worker.scans("DONE", "NOTSENT", "DONE").booked[-1]
        assert isinstance(closed, ReceiptClosed)
        assert len(closed.short) == MOST_SHORT
        assert len(encode(closed)) < MAX_PAYLOAD - 1024

    def test_what_is_found_after_the_summary_is_received(self) -> None:
        worker = dock().scans(MILK, "DONE", MILK, "DONE")
        assert worker.code == "receipt_short", "it is told anew"

    def test_an_article_is_short_for_its_own_reason(self) -> None:
        worker = dock(knows=False).scans(MILK, "SHORT", "NOTSENT", TEA, "DONE")
        closed = worker.booked[-1]
        assert isinstance(closed, ReceiptClosed)
        assert [(line.symbol.text, line.reason) for line in closed.short] == [(TEA, "not_delivered")]

    def test_short_is_taken_back(self) -> None:
        worker = dock(knows=False).scans(MILK, "SHORT", TEA, "UNDO", "DONE")
        assert worker.booked[-1] == ReceiptClosed(document="PO-1")

    def test_a_complete_delivery_closes_at_once(self) -> None:
        worker = dock().scans(MILK, MILK, "DUO").scans(TEA, item=replace(ITEM, sku="tea")).scans("DONE")
        assert (worker.code, worker.booked[-1]) == ("receipt_closed", ReceiptClosed(document="PO-1"))


def test_undo_takes_back_the_booking_and_its_share_of_what_is_expected() -> None:
    worker = dock().scans("DUO", MILK, "UNDO")
    (fact,) = (draft for draft in worker.drafts if isinstance(draft.data, Received))
    assert worker.booked[-1] == Retracted(fact=UUID(fact.id), kind="received")
    assert "2 of 3" in say(worker.scans(MILK).answer)


class TestLabels:
    def test_as_many_labels_as_came_with_lot_and_expiry_to_be_read_again(self) -> None:
        worker = dock().scans("THREE").scans(MILK, item=LOT_MILK).scans("L7", "270331", "STICKER")
        printed = worker.booked[-1]
        assert isinstance(printed, PrintRequested)
        assert (printed.request.template, printed.request.copies) == ("lot-label", 3)
        assert printed.request.data == {
            "name": "牛奶 1 升 Milk 1 L", "sku": "milk", "lot": "L7", "expiry": "2027-03-31",
            "gs1": f"(01)0{MILK}(17)270331(10)L7",
        }  # fmt: skip

    def test_digits_say_how_many_others(self) -> None:
        worker = dock().scans(MILK, "FIVE", "STICKER")
        printed = worker.booked[-1]
        assert isinstance(printed, PrintRequested)
        assert printed.request.copies == 5

    @pytest.mark.parametrize(("paper", "code"), [(Paper(), "label_no_printer"), (Paper(printer="labels"), "label_no_template")])
    def test_what_is_missing_to_print_is_said(self, paper: Paper, code: str) -> None:
        worker = dock()
        worker.rules = Rules(paper=paper)
        assert worker.scans(MILK, "STICKER").code == code

    def test_before_anything_came_there_is_nothing_to_label(self) -> None:
        assert dock().scans("STICKER").code == "label_nothing_before"


@pytest.mark.parametrize(
    ("goods", "read_back"),
    [
        (
            Goods(symbol=Symbol(text=MILK), gtin="0" + MILK, lot="L7", expiry=date(2027, 3, 31), sku="milk"),
            f"010{MILK}1727033110L7",
        ),
        (Goods(symbol=Symbol(text=MILK), gtin="0" + MILK, serial="SN1", sku="milk"), f"010{MILK}21SN1"),
        (Goods(symbol=Symbol(text="OUR-77"), sku="milk", lot="a lot with / and (brackets)"), "OUR-77"),
    ],
)
def test_the_paper_is_read_as_the_goods_were(goods: Goods, read_back: str) -> None:
    template = load_template((resources.files("controller.documents") / "builtin" / "lot-label.json").read_bytes())
    label = fill(template, label_data(goods))
    assert isinstance(label, Label)
    found = [one.text for one in zxingcpp.read_barcodes(Image.open(BytesIO(label_png(label, 203))))]
    assert [text.replace("\x1d", "").replace("<GS>", "").replace("(", "").replace(")", "") for text in found] == [read_back]
