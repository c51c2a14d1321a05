"""Shelf labels: a scan, a label; how many, the same again, and what is said where there is none."""

from __future__ import annotations

from importlib import resources
from io import BytesIO

import pytest
import zxingcpp
from msgspec.structs import replace
from PIL import Image

from drivers.documents.model import Label
from drivers.documents.preview import label_png
from drivers.documents.templates import fill, load_template
from edge_agent.stations import Item, Missing, Paper, Rules, Verdict, say
from edge_agent.stations.shelf_label import ShelfLabels, label_data
from edge_agent.wire.facts import PrintRequested
from edge_agent.wire.messages import JobRequest
from tests.edge_agent.stations.worker import ITEM, MILK, TEA, Worker

TEMPLATE = load_template((resources.files("controller.documents") / "builtin" / "shelf-label.json").read_bytes())


def requests(worker: Worker) -> list[JobRequest]:
    return [fact.request for fact in worker.booked if isinstance(fact, PrintRequested)]


def test_a_scan_is_a_label_named_after_its_reading() -> None:
    worker = Worker().scans("STICKER", MILK)
    draft = worker.drafts[-1]
    assert isinstance(draft.data, PrintRequested)
    assert (draft.device, draft.data.job, draft.id) == ("labels", worker.answer.reading, worker.answer.reading)
    assert draft.data.request == JobRequest(
        template="shelf-label",
        version="a" * 64,
        data={"name": "牛奶 1 升 Milk 1 L", "price": "CNY 4.20", "ean13": MILK, "sku": "milk"},
    )
    assert say(worker.answer) == "Milk 1 L / 牛奶 1 升: CNY 4.20. Labels to print: 1."
    assert say(worker.answer, "zh-CN") == "牛奶 1 升 / Milk 1 L：CNY 4.20。打印价签 1 张。"


def test_digits_say_how_many_of_the_next_item_only() -> None:
    worker = Worker().scans("STICKER", "DUO", "FOUR")
    assert say(worker.answer) == "24 labels of the next item. UNDO clears the number."
    worker.scans(MILK, TEA)
    assert [request.copies for request in requests(worker)] == [24, 1]


def test_a_screen_types_the_number() -> None:
    assert [request.copies for request in requests(Worker().scans("STICKER").presses("quantity", 7).scans(MILK))] == [7]


@pytest.mark.parametrize("digits", [["NIL"], ["ONE", "NIL", "ONE"]])
def test_a_number_out_of_range_is_cleared_and_told(digits: list[str]) -> None:
    worker = Worker().scans("STICKER", *digits)
    assert (worker.code, worker.state.activity) == ("label_number", ShelfLabels())


def test_ditto_prints_the_same_again() -> None:
    worker = Worker().scans("STICKER", MILK, "THREE", "DITTO").presses("ditto")
    assert [(request.copies, request.data["ean13"]) for request in requests(worker)] == [(1, MILK), (3, MILK), (1, MILK)]
    assert len({fact.job for fact in worker.booked if isinstance(fact, PrintRequested)}) == 3
    assert worker.scans("DONE").answer.args["printed"] == 5


def test_ditto_repeats_nothing_that_was_not_printed() -> None:
    assert Worker().scans("STICKER", "DITTO").code == "label_nothing_before"
    assert Worker().scans("STICKER", MILK).scans("WHAT?", item=Missing.UNKNOWN).scans("DITTO").code == "label_nothing_before"


def test_undo_clears_the_number_first_then_cancels_the_label() -> None:
    worker = Worker().scans("STICKER", MILK)
    label = worker.answer.reading
    worker.scans("FIVE", "UNDO")
    assert (worker.code, worker.last.cancels) == ("undone_number", None)
    worker.scans("UNDO")
    assert (worker.code, worker.last.cancels, worker.state.activity) == (
        "undone_label",
        label,
        ShelfLabels(latest=ITEM, code="0" + MILK),
    )
    assert worker.scans("UNDO").code == "nothing_to_undo"


@pytest.mark.parametrize(
    ("item", "paper", "code", "verdict"),
    [
        (Missing.UNKNOWN, None, "label_unknown", Verdict.UNKNOWN),
        (Missing.SEVERAL, None, "label_several", Verdict.WRONG),
        (Missing.NO_CATALOGUE, None, "label_no_catalogue", Verdict.WRONG),
        (Missing.LATE, None, "lookup_late", Verdict.WRONG),
        (None, None, "label_no_catalogue", Verdict.WRONG),
        (replace(ITEM, price_minor=0), None, "label_unpriced", Verdict.WRONG),
        (ITEM, Paper(printer=None, templates={"shelf-label": "a"}), "label_no_printer", Verdict.WRONG),
        (ITEM, Paper(printer="labels", templates={"other": "a"}), "label_no_template", Verdict.WRONG),
    ],
)
def test_where_there_is_no_label_it_is_said_why(
    item: Item | Missing | None, paper: Paper | None, code: str, verdict: Verdict
) -> None:
    worker = Worker(Rules(paper=paper) if paper else None).scans("STICKER", "DUO").scans(MILK, item=item)
    assert (worker.code, worker.answer.verdict, worker.booked) == (code, verdict, [])
    assert say(worker.answer)
    assert say(worker.answer, "zh-CN")
    assert isinstance(worker.state.activity, ShelfLabels)
    assert worker.state.activity.number == 2  # the number is still there for the item that is meant


@pytest.mark.parametrize(
    ("code", "item", "printed"),
    [
        ("0" + MILK, ITEM, {"ean13": MILK, "sku": "milk"}),
        ("16901234567899", ITEM, {"code128": "16901234567899", "sku": "milk"}),
        ("milk", ITEM, {"code128": "milk"}),
        ("牛奶", ITEM, {"sku": "milk"}),
        ("x" * 81, ITEM, {"sku": "milk"}),
        ("loose", replace(ITEM, unit="gram"), {"code128": "loose", "sku": "milk", "unit": "/ 100 g"}),
    ],
)
def test_what_is_printed_fills_the_template(code: str, item: Item, printed: dict[str, str]) -> None:
    data = label_data(item, code)
    assert {key: value for key, value in data.items() if key not in ("name", "price")} == printed
    assert fill(TEMPLATE, data)


def test_the_label_on_paper_holds_the_item_s_barcode() -> None:
    (request,) = requests(Worker().scans("STICKER", MILK))
    label = fill(TEMPLATE, request.data)
    assert isinstance(label, Label)
    with Image.open(BytesIO(label_png(label))) as paper:
        assert [found.text for found in zxingcpp.read_barcodes(paper)] == [MILK]
