"""Packing: what should be in the parcel, each item checked, the weight judged; offline as with what the box knows."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from drivers.symbols.commands import Command
from edge_agent.stations import say
from edge_agent.stations.model import Feedback, Item, Known, Pressed, Scanned, Verdict, Weighed
from edge_agent.stations.packing import STATION, Packing
from edge_agent.stations.station import Activity, Done
from edge_agent.wire.facts import Packed, Weight
from edge_agent.wire.messages import Symbol
from edge_agent.wire.open_parcels import OpenPack, PackLine

TEA, MILK, SOAP = "05449000000996", "09521000000018", "04006381333931"
PACK = OpenPack(
    id=1,
    number="PL-100001",
    order="SO-100001",
    tote="TOTE-7",
    least=290,
    most=710,
    lines=[
        PackLine(sku="tea", name_en="Tea", name_zh="茶", symbol=TEA, gtin=TEA, quantity=2),
        PackLine(sku="milk", name_en="Milk", name_zh="奶", symbol=MILK, gtin=MILK, quantity=1),
    ],
)


class Bench:
    """A station and what its box knows."""

    def __init__(self, pack: OpenPack | None = PACK) -> None:
        self.pack, self.now, self.facts = pack, STATION.state(), list[object]()

    def _took(self, done: Done | None) -> Feedback:
        assert done is not None
        if isinstance(done.activity, Packing):
            self.now = done.activity
        self.last: Done = done
        self.facts += [draft.data for draft in done.facts]
        return done.feedback

    def scan(
        self, text: str, *, gtin: str | None = None, sku: str = "", lot: str | None = None, recalled: tuple[str, ...] = ()
    ) -> Feedback:
        item = (
            Item(sku=sku, name_en=sku, name_zh=sku, unit="piece", price_minor=0, currency="CNY", on_hand=1, recalled=recalled)
            if sku
            else None
        )
        knows = self.pack is not None and (self.now.pick_list or text) in (self.pack.number, self.pack.tote)
        known = Known(document=self.pack if knows else None)
        return self._took(
            STATION.scan(
                self.now, Scanned(device="s", symbol=Symbol(text=text), at_ms=0, gtin=gtin, item=item, lot=lot, known=known)
            )
        )

    def goods(self, gtin: str, sku: str, **more: object) -> Feedback:
        return self.scan(gtin, gtin=gtin, sku=sku, **more)  # type: ignore[arg-type]  # what `scan` takes

    def weigh(self, grams: int) -> Feedback:
        assert STATION.weigh is not None
        weighed = Weighed(device="scale", weight=Weight(grams=Decimal(grams), raw_b64="AA=="), at_ms=0)
        return self._took(STATION.weigh(self.now, weighed))

    def press(self, control: str) -> Feedback:
        assert STATION.control is not None
        return self._took(STATION.control(self.now, Pressed(control=control, at_ms=0)))


@pytest.mark.parametrize("code", ["PL-100001", "TOTE-7"])
def test_a_list_is_packed_by_its_number_or_its_tote(code: str) -> None:
    bench = Bench()
    assert bench.scan(code).code == "pack_contents"
    assert bench.weigh(500).code == "packed"
    assert [(fact.pick_list, fact.reason) for fact in bench.facts if isinstance(fact, Packed)] == [("PL-100001", None)]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_answer_to_a_check_can_be_said(language: str) -> None:
    bench = Bench()
    bench.scan("PL-100001")
    said = [say(bench.goods(code, sku), language) for code, sku in ((MILK, "milk"), (MILK, "milk"), (SOAP, "soap"), (TEA, "tea"))]
    assert all(name in line for name, line in zip(("Milk", "Milk", "soap", "Tea"), said, strict=True)), said


def test_each_item_may_be_checked_and_a_wrong_one_is_told() -> None:
    bench = Bench()
    bench.scan("PL-100001")
    assert bench.goods(TEA, "tea").code == "pack_checked"
    assert bench.goods(SOAP, "soap") == replace(bench.last.feedback, verdict=Verdict.WRONG, code="pack_wrong_item")
    assert bench.goods(MILK, "milk").args["left"] == 1
    assert bench.goods(TEA, "tea").code == "pack_all_checked"
    assert bench.goods(TEA, "tea").code == "pack_too_many"
    (segment,) = STATION.shows(bench.now, Known(document=PACK))
    assert [(line.code, line.is_done) for line in segment.lines] == [("tea", True), ("milk", True)]
    assert bench.weigh(400).code == "packed"


def test_goods_that_the_catalogue_does_not_have_are_known_by_their_code() -> None:
    bench = Bench()
    bench.scan("PL-100001")
    assert bench.scan(TEA, gtin=TEA).code == "pack_checked"


def test_a_weight_that_cannot_be_right_is_asked_and_has_a_reason() -> None:
    bench = Bench()
    bench.scan("PL-100001")
    assert bench.weigh(289).code == "pack_weight_off"
    assert bench.weigh(711).code == "pack_weight_off"
    assert STATION.offers is not None and [button.control for button in STATION.offers(bench.now)] == ["found", "lost", "other"]
    assert bench.facts == []
    assert bench.press("found").code == "packed"
    (fact,) = bench.facts
    assert isinstance(fact, Packed) and (fact.weight.grams, fact.reason) == (Decimal(711), "more_in_it")


def test_weighed_again_and_right_it_needs_no_reason() -> None:
    bench = Bench()
    bench.scan("PL-100001")
    assert bench.press("other").code == "not_here"
    bench.weigh(100)
    assert bench.weigh(290).code == "packed"
    (fact,) = bench.facts
    assert isinstance(fact, Packed) and fact.reason is None


def test_a_list_that_the_box_does_not_know_is_packed_all_the_same() -> None:
    bench = Bench(pack=None)
    assert bench.goods(TEA, "tea").code == "need_pick_list_not_item"
    assert bench.scan("TOTE-9").code == "pack_weigh"
    assert bench.scan(TEA, gtin=TEA).code == "need_weight"
    assert bench.weigh(5000).code == "packed"
    (fact,) = bench.facts
    assert isinstance(fact, Packed) and fact.pick_list == "TOTE-9"


def test_what_is_recalled_is_not_packed() -> None:
    bench = Bench(replace(PACK, recalled=["L7"]))
    assert bench.scan("PL-100001").code == "pack_recalled"
    assert bench.now.pick_list is None
    bench = Bench()
    bench.scan("PL-100001")
    assert bench.goods(TEA, "tea", lot="L7", recalled=("L7",)).code == "pack_recalled_item"
    assert bench.now.checked == ()


def test_a_checked_item_and_a_list_are_taken_back() -> None:
    assert STATION.undo is not None
    bench = Bench()
    bench.scan("PL-100001")
    listed = bench.last.took
    bench.goods(TEA, "tea")
    item = bench.last.took
    assert listed is not None and item is not None
    after: Activity = STATION.undo(bench.now, item, "r").activity
    assert isinstance(after, Packing) and after.checked == ()
    after = STATION.undo(after, listed, "r").activity
    assert isinstance(after, Packing) and after.pick_list is None


def test_its_commands_are_on_the_sheet() -> None:
    assert set(STATION.controls) == {Command.FOUND, Command.LOST, Command.OTHER}


@pytest.mark.parametrize(
    ("text", "code"), [("PC-100001", "pack_is_packed"), ("MF-100001", "pack_other_paper"), ("SO-100001", "pack_other_paper")]
)
def test_a_parcels_own_number_and_other_papers_are_no_lists(text: str, code: str) -> None:
    bench = Bench(pack=None)
    assert bench.scan(text).code == code
    assert (bench.now.pick_list, bench.facts) == (None, [])


def test_goods_by_weight_are_checked_by_one_scan() -> None:
    line = PackLine(sku="cheese", name_en="Cheese", name_zh="奶酪", symbol=SOAP, gtin=SOAP, quantity=482, unit="gram")
    bench = Bench(pack=replace(PACK, lines=[line]))
    bench.scan("PL-100001")
    assert bench.scan(SOAP, gtin=SOAP).code == "pack_all_checked"
    assert bench.scan(SOAP, gtin=SOAP).code == "pack_too_many"
