"""Goods by weight at the shelf: by the scale, by a number, by the weight on a label; what was weighed is what is booked."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from edge_agent.stations import Verdict, Weighed, awaits_weight, say
from edge_agent.stations.model import Known
from edge_agent.stations.picking import STATION
from edge_agent.stations.picking_state import Picking
from edge_agent.wire.facts import Picked, Retracted, Weight
from edge_agent.wire.open_work import OpenPick, OpenPickLine
from edge_agent.wire.pick_facts import PickDamaged, PickUnclaimed
from tests.edge_agent.stations.test_picking import TEA_LINE
from tests.edge_agent.stations.worker import ITEM, NOW, TEA, Worker, read_of

CHEESE = "9521000001015"
CHEESE_ITEM = replace(ITEM, sku="cheese", name_en="Cheese", name_zh="奶酪", unit="gram")
LINE = OpenPickLine(
    id=1, sku="cheese", name_en="Cheese", name_zh="奶酪", symbol=CHEESE, gtin="0" + CHEESE, unit="gram", bin="A-01", wanted=500
)
PICK = OpenPick(id=1, number="PL-1", order="SO-1", lines=[LINE])


def picker(*picks: OpenPick) -> Worker:
    worker = Worker()
    worker.known = Known(document=(picks or (PICK,))[0], others=picks)
    return worker.scans("PICK", "PL-1")


def cheese(worker: Worker, text: str = CHEESE, grams: int | None = None, numerator: int = 1) -> Worker:
    worker.at_ms += 1000
    read = read_of(text, worker.at_ms, worker.reading(), item=replace(CHEESE_ITEM, numerator=numerator))
    worker.does(replace(read, known=worker.known, at=NOW, grams=None if grams is None else Decimal(grams)))
    return worker


def weighs(worker: Worker, grams: str) -> Worker:
    worker.at_ms += 1000
    weight = Weight(grams=Decimal(grams), raw_b64="")
    worker.does(Weighed(device="scale", weight=weight, at_ms=worker.at_ms, id=worker.reading(), known=worker.known))
    return worker


def booked(worker: Worker) -> list[tuple[str, int, int | None]]:
    return [(fact.symbol.text, fact.quantity, fact.measure) for fact in worker.booked if isinstance(fact, Picked)]


def waiting(worker: Worker) -> bool:
    assert isinstance(worker.state.activity, Picking)
    return worker.state.activity.weighing is not None


def test_the_scale_says_how_much_it_is() -> None:
    worker = cheese(picker())
    assert (worker.code, awaits_weight(worker.state), booked(worker)) == ("pick_weigh", True, [])
    assert say(worker.answer) == "Cheese / 奶酪: 500 g wanted. Put it on the scale, type its weight, or scan its weight label."
    assert say(worker.answer, "zh-CN") == "奶酪 / Cheese：要 500 克。放到秤上，或输入重量，或扫描重量标签。"
    assert weighs(worker, "0").code == "pick_scale_empty"
    weighs(worker, "482.5")
    assert (worker.code, booked(worker), awaits_weight(worker.state)) == ("picked_last", [(CHEESE, 1, 482)], False)
    assert say(worker.answer) == "Cheese / 奶酪 (482 g): 482 of 500 g. All is fetched: DONE."
    assert next(draft for draft in worker.drafts if isinstance(draft.data, Picked)).device == "scale"
    worker.scans("DONE")
    assert (worker.code, isinstance(worker.booked[-1], PickUnclaimed)) == ("pick_done", False), "near enough is all of it"


def test_a_weight_is_typed_at_the_page_or_by_digits() -> None:
    worker = cheese(picker()).presses("weight", 510)
    assert booked(worker) == [(CHEESE, 1, 510)]
    worker = cheese(picker()).scans("FIVE", "NIL")
    assert (say(worker.answer), booked(worker)) == ("Cheese / 奶酪: 50 g. DONE books it; UNDO clears the number.", [])
    worker.scans("FIVE", "DONE")
    assert booked(worker) == [(CHEESE, 1, 505)]
    worker = cheese(picker().scans("FIVE", "NIL", "NIL"))
    assert booked(worker) == [(CHEESE, 1, 500)], "digits before it are its weight"
    assert cheese(picker()).presses("weight", 0).code == "number_bad"
    assert cheese(picker()).scans("DONE").code == "pick_weigh"


@pytest.mark.parametrize(
    ("text", "grams", "numerator"),
    [("0109521000001015310300049" + "5", 495, 1), ("2100777004953", None, 495), ("2812345012349", 495, 1)],
    ids=["GS1 element", "in-store number", "a rule of the company"],
)
def test_a_label_says_what_it_weighs(text: str, grams: int | None, numerator: int) -> None:
    worker = cheese(picker(), text, grams, numerator)
    assert (worker.code, booked(worker)) == ("picked_last", [(text, 1, 495)])
    waits = cheese(cheese(picker()), text, grams, numerator)
    assert (booked(waits), waiting(waits)) == ([(text, 1, 495)], False), "also when it was asked for"


def test_a_pack_of_goods_by_weight_is_counted() -> None:
    worker = cheese(picker(), "9521000001022", numerator=250)
    assert (booked(worker), worker.code) == ([("9521000001022", 1, None)], "picked_next")


def test_too_much_is_told_and_weighed_again_or_booked_as_it_is() -> None:
    worker = weighs(cheese(picker()), "560")
    assert (worker.code, worker.answer.verdict, booked(worker)) == ("pick_weight_over", Verdict.WRONG, [])
    assert "550 g at most" in say(worker.answer)
    assert booked(weighs(worker, "540")) == [(CHEESE, 1, 540)]
    again = weighs(weighs(cheese(picker()), "560"), "560")
    assert booked(again) == [(CHEESE, 1, 560)]


def test_two_pieces_come_to_what_is_wanted() -> None:
    worker = weighs(cheese(picker()), "300")
    assert (worker.code, say(worker.answer).endswith("Next A-01: 200 g Cheese")) == ("picked_next", True)
    weighs(cheese(worker), "190")
    assert (worker.code, [measure for _, _, measure in booked(worker)]) == ("picked_last", [300, 190])
    worker.scans("UNDO")
    assert isinstance(worker.booked[-1], Retracted)
    assert isinstance(worker.state.activity, Picking)
    (segment, *_) = STATION.shows(worker.state.activity, worker.known)
    assert [(line.told.en, line.is_done) for line in segment.lines] == [("A-01 · 300 of 500 g", False)]


def test_nothing_else_is_taken_while_a_weight_is_waited_for() -> None:
    worker = cheese(picker(replace(PICK, lines=[LINE, TEA_LINE])))
    assert worker.scans(TEA, item=replace(ITEM, sku="tea")).code == "pick_weigh_first"
    assert worker.scans("SHORT").code == "pick_weigh"
    assert worker.scans("COUNT").code == "pick_weigh_open"
    assert worker.scans("UNDO").code == "pick_put_down"
    assert (waiting(worker), booked(worker)) == (False, [])
    assert weighs(worker, "500").last.feedback is None, "a scale that nobody asked"


def test_damaged_goods_are_weighed_too() -> None:
    worker = weighs(cheese(picker().scans("SPOILED")), "120")
    (fact,) = (fact for fact in worker.booked if isinstance(fact, PickDamaged))
    assert (fact.quantity, fact.measure, waiting(worker)) == (1, 120, False)


def test_in_a_walk_for_several_it_goes_into_its_tote_with_its_weight() -> None:
    other = replace(PICK, id=2, number="PL-2", lines=[replace(LINE, id=2, wanted=300)])
    worker = Worker()
    for pick, tote in ((PICK, "T-1"), (other, "T-2")):
        worker.known = Known(document=pick, others=(PICK, other))
        worker.scans(*(("PICK", "CLUSTER") if tote == "T-1" else ()), pick.number, item=None).scans(tote, item=None)
    worker.known = Known(document=PICK, others=(PICK, other))
    worker.scans("DONE")
    weighs(cheese(worker), "505")
    assert (worker.code, worker.answer.args["tote"], booked(worker)) == ("pick_into", "T-1", [])
    worker.scans("T-1", item=None)
    weighs(cheese(worker), "290").scans("T-2", item=None)
    assert (worker.code, booked(worker)) == ("picked_last", [(CHEESE, 1, 505), (CHEESE, 1, 290)])


def test_what_is_measured_out_is_typed_and_no_scale_is_asked() -> None:
    oil = replace(LINE, unit="millilitre")
    worker = picker(replace(PICK, lines=[oil]))
    worker.at_ms += 1000
    read = read_of(CHEESE, worker.at_ms, worker.reading(), item=replace(CHEESE_ITEM, unit="millilitre"))
    worker.does(replace(read, known=worker.known, at=NOW))
    assert (worker.code, awaits_weight(worker.state)) == ("pick_weigh_volume", False)
    assert booked(worker.presses("weight", 500)) == [(CHEESE, 1, 500)]
