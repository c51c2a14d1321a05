"""A batch of shelf labels: printed in the order of the bins, put up, confirmed by scan; what is missing is named."""

from __future__ import annotations

from msgspec.structs import replace

from edge_agent.stations import Item, Missing, Paper, Rules, Verdict, say
from edge_agent.stations.label_batch import AT_ONCE
from edge_agent.stations.model import Known
from edge_agent.wire.facts import PrintRequested, Retracted
from edge_agent.wire.goods_facts import ShelfLabelled
from edge_agent.wire.messages import Symbol
from edge_agent.wire.open_work import LabelLine, OpenLabels
from tests.edge_agent.stations.worker import ITEM, MILK, PAPER, TEA, Worker

TEA_ITEM = replace(ITEM, sku="tea", name_en="Tea", name_zh="茶")


def line(sku: str, bin_: str, *, is_up: bool = False) -> LabelLine:
    return LabelLine(
        sku=sku, name_en=sku.title(), name_zh="茶", symbol=sku, unit="piece", price_minor=990, currency="CNY", bin=bin_, is_up=is_up
    )


def batch(*lines: LabelLine, paper: Paper = PAPER) -> Worker:
    worker = Worker(Rules(paper=paper))
    worker.known = Known(document=OpenLabels(id=1, number="LB-1", title="2026-12-01", lines=list(lines)))
    return worker.scans("PRICES", "lb-1")


def printed(worker: Worker) -> list[str]:
    return [
        str(fact.request.data["sku" if "sku" in fact.request.data else "code128"])
        for fact in worker.booked
        if isinstance(fact, PrintRequested)
    ]


def up(worker: Worker, item: Item, code: str) -> Worker:
    return worker.scans(code, item=item)


def test_they_are_printed_in_the_order_in_which_people_walk() -> None:
    worker = batch(line("tea", "B-01"), line("milk", "A-02"), line("rice", "A-01"), line("salt", "A-01", is_up=True))
    assert say(worker.answer).startswith("LB-1, 2026-12-01: 3 of 4 labels are to be put up.")
    worker.scans("PRINT")
    assert printed(worker) == ["rice", "milk", "tea"]
    jobs = [fact.job for fact in worker.booked if isinstance(fact, PrintRequested)]
    assert len(set(jobs)) == 3
    assert all(len(job) <= 40 for job in jobs)


def test_many_are_printed_some_at_a_time_and_from_the_beginning_again() -> None:
    worker = batch(*(line(f"s{number:03}", "A") for number in range(AT_ONCE + 5))).scans("PRINT")
    assert len(printed(worker)) == AT_ONCE
    assert len(printed(worker.scans("PRINT"))) == AT_ONCE + 5
    assert printed(worker.scans("PRINT"))[AT_ONCE + 5] == "s000"


def test_each_is_confirmed_where_it_hangs() -> None:
    worker = batch(line("milk", "A-02"), line("tea", "B-01"))
    worker.bins = frozenset({"A-02"})
    worker.scans("A-02")
    assert (up(worker, ITEM, MILK).code, worker.answer.args["left"]) == ("batch_up", 1)
    assert worker.booked == [ShelfLabelled(batch="LB-1", symbol=Symbol(text=MILK), gtin="0" + MILK, bin="A-02")]
    assert up(worker, ITEM, MILK).answer.verdict is Verdict.DUPLICATE
    assert up(worker, replace(ITEM, sku="other"), "x").code == "batch_not_in_it"
    assert worker.scans("???", item=Missing.UNKNOWN).answer.verdict is Verdict.UNKNOWN
    assert len(worker.booked) == 1


def test_a_confirmation_is_taken_back() -> None:
    worker = up(batch(line("milk", "A-02"), line("tea", "B-01")), ITEM, MILK).scans("UNDO")
    assert worker.code == "undone_shelf_labelled"
    (told, back) = worker.booked
    assert isinstance(back, Retracted)
    assert (back.kind, told.name) == ("shelf_labelled", "shelf_labelled")
    assert up(worker, ITEM, MILK).answer.args["left"] == 1, "it is put up again"


def test_what_is_missing_is_named_by_bin_before_it_is_left() -> None:
    worker = up(batch(line("milk", "A-02"), line("tea", "B-01")), ITEM, MILK).scans("DONE")
    assert "1 label is not up yet: B-01 Tea" in say(worker.answer)
    worker = up(worker, TEA_ITEM, TEA)
    assert worker.scans("DONE").code == "batch_done"


def test_a_batch_that_the_box_does_not_know_is_confirmed_and_not_printed() -> None:
    worker = Worker().scans("PRICES", "LB-9", MILK)
    assert worker.code == "batch_up_saved"
    assert worker.scans("PRINT").code == "batch_nothing_to_print"


def test_without_a_printer_or_its_template_it_is_said() -> None:
    assert batch(line("tea", "A"), paper=Paper()).scans("PRINT").code == "label_no_printer"
    assert batch(line("tea", "A"), paper=Paper(printer="labels")).scans("PRINT").code == "label_no_template"


def test_another_number_is_none_of_a_batch() -> None:
    assert Worker().scans("PRICES", "CT-1").code == "wrong_document"
