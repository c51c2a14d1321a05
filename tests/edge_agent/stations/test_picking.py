"""Picking one list: taken in hand, walked by its bins, checked against what it wants; short, damaged, undone, resumed."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec
from msgspec.structs import replace

from edge_agent.stations import Verdict, restore, say
from edge_agent.stations.model import Item, Known, Scanned
from edge_agent.stations.picking import STATION
from edge_agent.stations.picking_state import Picking
from edge_agent.wire.facts import Counted, Picked, PickShort, Retracted
from edge_agent.wire.open_work import OpenPick, OpenPickLine
from edge_agent.wire.pick_facts import PickClaimed, PickDamaged, PickUnclaimed
from tests.edge_agent.stations.worker import ANNA, ITEM, LI, MILK, NOW, TEA, Worker, read_of

TEA_ITEM = replace(ITEM, sku="tea", name_en="Tea", name_zh="茶")
RICE = "9521000001008"
RICE_ITEM = replace(ITEM, sku="rice", name_en="Rice", name_zh="大米")


def line(sku: str, bin_: str, wanted: int, number: int = 1) -> OpenPickLine:
    names = {"milk": ("Milk 1 L", "牛奶 1 升", MILK), "tea": ("Tea", "茶", TEA), "rice": ("Rice", "大米", RICE)}[sku]
    return OpenPickLine(
        id=number, sku=sku, name_en=names[0], name_zh=names[1], symbol=names[2], gtin="0" + names[2], bin=bin_, wanted=wanted
    )


MILK_LINE, TEA_LINE = line("milk", "B-02", 2), line("tea", "A-01", 1, 2)
PICK = OpenPick(id=1, number="PL-1", order="SO-1", lines=[MILK_LINE, TEA_LINE], time_zone="Asia/Shanghai")


def picker(pick: OpenPick | None = PICK, *, scan: bool = True) -> Worker:
    worker = Worker()
    worker.known = Known(document=pick)
    worker.bins = frozenset({"A-01", "B-02", "C-03"})
    return worker.scans("PICK", "PL-1") if scan else worker.scans("PICK")


def tea(worker: Worker) -> Worker:
    return worker.scans(TEA, item=TEA_ITEM)


def booked(worker: Worker) -> list[tuple[str, int, str | None]]:
    return [(fact.symbol.text, fact.quantity, fact.bin) for fact in worker.booked if isinstance(fact, Picked)]


class TestInHand:
    def test_a_list_is_claimed_and_the_first_bin_in_walking_order_is_told(self) -> None:
        worker = picker()
        assert worker.booked == [PickClaimed(pick_list="PL-1")]
        assert say(worker.answer) == "PL-1 for SO-1 is yours: 3 to fetch. First A-01: 1 × Tea"
        assert say(worker.answer, "zh-CN") == "PL-1（订单 SO-1）归你拣：共 3。先去 A-01:1 × 茶"

    def test_somebody_elses_is_named_and_taken_over_by_a_second_scan(self) -> None:
        worker = picker(replace(PICK, claimed_by="Li Wei", claimed_id="p-1", claimed_at=NOW))
        assert (worker.code, worker.answer.verdict, worker.booked) == ("pick_claimed_by", Verdict.WRONG, [])
        assert "Li Wei" in say(worker.answer)
        assert worker.scans("PL-1").booked == [PickClaimed(pick_list="PL-1", takes_over=True)]
        assert tea(worker).code == "picked_next", "what the box knows of the claim is the one that was taken over"

    def test_ones_own_is_no_takeover(self) -> None:
        worker = Worker().shows(LI)
        worker.known = Known(document=replace(PICK, claimed_by="Li Wei", claimed_id="p-1", claimed_at=NOW))
        assert worker.scans("PICK", "PL-1").booked == [PickClaimed(pick_list="PL-1")]

    def test_a_claim_that_was_lost_is_told_once_and_goods_are_booked_all_the_same(self) -> None:
        worker = picker()
        worker.known = Known(document=replace(PICK, claimed_by="Anna", claimed_id="p-2", claimed_at=NOW))
        assert (tea(worker).code, booked(worker)) == ("pick_lost", [])
        assert "Anna" in say(worker.answer)
        assert booked(tea(worker)) == [(TEA, 1, "A-01")]

    def test_an_unknown_list_is_taken_and_its_goods_are_booked_all_the_same(self) -> None:
        worker = picker(None)
        assert worker.code == "pick_ready"
        assert booked(worker.scans("DUO", MILK)) == [(MILK, 2, None)]

    def test_an_item_and_a_bin_are_no_lists(self) -> None:
        worker = picker(None, scan=False)
        assert worker.scans(MILK).code == "need_pick_list_not_item"
        assert worker.scans("A-01").code == "need_pick_list"
        assert worker.booked == []

    def test_another_list_waits_until_this_one_is_done(self) -> None:
        worker = picker().scans("PL-2", item=None)
        assert (worker.code, booked(worker)) == ("pick_finish_first", [])

    def test_stop_another_task_and_a_long_silence_give_it_back(self) -> None:
        for word in ("STOP", "COUNT", ""):
            worker = picker()
            worker.scans(word) if word else worker.waits(31)
            claim = next(draft for draft in worker.drafts if isinstance(draft.data, PickClaimed))
            assert worker.booked[-1] == PickUnclaimed(pick_list="PL-1", claim=UUID(claim.id)), worker.code


class TestGoods:
    def test_all_of_it_in_walking_order_and_done(self) -> None:
        worker = picker().scans("A-01", item=None)
        assert say(worker.answer) == "Take here: A-01: 1 × Tea"
        tea(worker)
        assert say(worker.answer) == "Tea / 茶: 1 of 1. Next B-02: 2 × Milk 1 L"
        worker.scans(MILK, MILK)
        assert (worker.code, booked(worker)) == ("picked_last", [(TEA, 1, "A-01"), (MILK, 1, "B-02"), (MILK, 1, "B-02")])
        worker.scans("DONE")
        assert (worker.code, worker.answer.args["items"], worker.booked[-1]) == ("pick_done", 3, worker.booked[3])

    def test_digits_before_the_item(self) -> None:
        worker = picker().scans("DUO", MILK)
        assert booked(worker) == [(MILK, 2, "B-02")]
        assert worker.answer.args["got"] == 2

    def test_a_wrong_article_changes_nothing(self) -> None:
        worker = picker().scans(RICE, item=RICE_ITEM)
        assert (worker.code, worker.answer.verdict, booked(worker)) == ("pick_wrong_item", Verdict.WRONG, [])
        assert "Put it back" in say(worker.answer)

    def test_too_many_are_booked_when_they_are_told_twice(self) -> None:
        worker = picker().scans("THREE", MILK)
        assert (worker.code, booked(worker)) == ("pick_over", [])
        assert booked(worker.scans(MILK)) == [(MILK, 3, "B-02")]
        assert worker.scans(MILK).code == "pick_over", "each further one is asked for again"

    def test_another_lot_is_booked_when_it_is_told_twice(self) -> None:
        worker = picker(replace(PICK, lines=[replace(MILK_LINE, lot="L7", expiry=date(2027, 3, 31))]))
        assert "lot L7 (2027-03-31)" in say(worker.answer)
        for code in ("pick_other_lot", "picked_next"):
            worker.at_ms += 1000
            read = _read(worker, MILK, lot="L8")
            worker.reads(read)
            assert worker.code == code
        (fact,) = (fact for fact in worker.booked if isinstance(fact, Picked))
        assert fact.lot == "L8"
        worker.reads(_read(worker, MILK, lot="L7"))
        assert worker.code == "picked_last"

    def test_what_the_box_does_not_know_is_matched_by_the_lists_symbol(self) -> None:
        worker = picker().scans(MILK, item=None)
        assert (worker.code, worker.answer.args["got"], booked(worker)) == ("picked_next", 1, [(MILK, 1, "B-02")])

    def test_a_bin_where_nothing_is_to_be_fetched(self) -> None:
        worker = picker().scans("C-03", item=None)
        assert (worker.code, worker.answer.verdict) == ("pick_not_here", Verdict.WRONG)
        assert "A-01" in say(worker.answer)

    def test_the_walk_goes_on_from_where_the_picker_is(self) -> None:
        worker = picker().scans("B-02", item=None)
        assert str(worker.answer.args["lines_en"]).startswith("B-02")
        worker.scans("DUO", MILK)
        assert str(worker.answer.args["lines_en"]).startswith("A-01"), "what lies behind is not forgotten"

    def test_one_article_in_two_bins_is_taken_where_the_picker_is(self) -> None:
        worker = picker(replace(PICK, lines=[line("milk", "A-01", 2), line("milk", "C-03", 3, 2)])).scans("C-03", item=None)
        worker.scans("THREE", MILK)
        assert (booked(worker), worker.answer.args["lines_en"]) == ([(MILK, 3, "C-03")], "A-01: 2 × Milk 1 L")

    def test_what_another_box_fetched_meanwhile_counts(self) -> None:
        worker = picker()
        worker.known = Known(document=replace(PICK, lines=[replace(MILK_LINE, got=2), TEA_LINE]))
        assert tea(worker).code == "picked_last"


class TestShort:
    def test_short_then_the_item(self) -> None:
        worker = picker().scans("SHORT")
        assert (worker.code, worker.answer.args["lines_en"]) == ("pick_short_which", "A-01: 1 × Tea")
        worker.scans("LOST", MILK)
        (fact,) = (fact for fact in worker.booked if isinstance(fact, PickShort))
        assert (fact.symbol and fact.symbol.text, fact.bin, fact.reason) == (MILK, "B-02", "lost")
        assert worker.code == "pick_short_line"

    def test_short_twice_is_what_the_picker_was_sent_for(self) -> None:
        worker = picker().scans("SHORT", "SHORT")
        (fact,) = (fact for fact in worker.booked if isinstance(fact, PickShort))
        assert (fact.symbol and fact.symbol.text, fact.bin) == (TEA, "A-01")
        worker.scans("DUO", MILK, "DONE")
        assert worker.code == "pick_done", "nothing is missing"

    def test_short_and_done_is_all_that_is_open(self) -> None:
        worker = tea(picker()).scans("SHORT", "DONE")
        assert worker.booked[-1] == PickShort(pick_list="PL-1")
        assert worker.scans("DONE").code == "pick_done"

    def test_undo_of_the_word_and_goods_that_are_found_after_all(self) -> None:
        worker = picker().scans("SHORT", "UNDO")
        assert (worker.code, worker.booked[1:]) == ("undone_reason", [])
        worker.scans("SHORT", "SHORT")
        assert booked(tea(worker)) == [(TEA, 1, "A-01")]

    def test_done_tells_what_is_missing_and_gives_the_list_back_at_the_second_time(self) -> None:
        worker = tea(picker()).scans("DONE")
        assert (worker.code, worker.answer.args["lines_en"]) == ("pick_missing", "Milk 1 L (2)")
        worker.scans("DONE")
        assert (worker.code, type(worker.booked[-1])) == ("pick_done", PickUnclaimed)


class TestShelves:
    def test_damaged_goods_are_kept_apart_and_still_wanted(self) -> None:
        worker = picker().scans("BROKEN", MILK)
        (fact,) = (fact for fact in worker.booked if isinstance(fact, PickDamaged))
        assert (fact.pick_list, fact.symbol.text, fact.quantity, fact.reason, fact.bin) == ("PL-1", MILK, 1, "broken", "B-02")
        assert worker.code == "pick_damaged"
        worker.scans("DUO", MILK)
        assert worker.code == "picked_next"

    def test_a_bin_that_should_be_empty_is_asked_for(self) -> None:
        pick = replace(PICK, lines=[replace(TEA_LINE, in_bin=1), MILK_LINE])
        worker = tea(picker(pick))
        assert (worker.code, worker.answer.args["bin"]) == ("picked_zero", "A-01")
        worker.scans("NOTHING")
        assert worker.booked[-1] == Counted(bin="A-01", lines=[], empty=True)
        worker = tea(picker(pick)).scans(MILK)
        assert not [fact for fact in worker.booked if isinstance(fact, Counted)], "going on is no"
        assert worker.scans("NOTHING").code == "pick_empty_bin"

    def test_a_bin_that_is_not_to_be_empty_is_not_asked_for(self) -> None:
        for in_bin in (None, 2):
            assert tea(picker(replace(PICK, lines=[replace(TEA_LINE, in_bin=in_bin), MILK_LINE]))).code == "picked_next"

    def test_nothing_then_a_bin(self) -> None:
        worker = picker().scans("NOTHING").scans("C-03", item=None)
        assert worker.booked[-1] == Counted(bin="C-03", lines=[], empty=True)


class TestUndo:
    def test_a_pick_goes_back_and_is_open_again(self) -> None:
        worker = tea(picker())
        (draft,) = (draft for draft in worker.drafts if isinstance(draft.data, Picked))
        worker.scans("UNDO")
        assert worker.booked[-1] == Retracted(fact=UUID(draft.id), kind="picked")
        assert worker.scans("A-01", item=None).code == "pick_here"

    def test_damage_and_a_claim_without_goods(self) -> None:
        worker = picker().scans("BROKEN", MILK, "UNDO")
        assert isinstance(worker.booked[-1], Retracted)
        assert worker.booked[-1].kind == "pick_damaged"
        worker.scans("UNDO")
        assert (worker.code, worker.booked[-1].name) == ("undone_claim", "pick_unclaimed")
        assert isinstance(worker.state.activity, Picking)
        assert worker.state.activity.lists == ()

    def test_a_claim_with_goods_is_not_forgotten(self) -> None:
        worker = tea(picker())
        claim = next(one.id for one in worker.state.history if one.took and one.took.fact == "pick_claimed")
        assert worker.presses("undo", target=claim).code == "undo_claim_goods"


def test_a_crash_in_the_middle_goes_on_where_it_was() -> None:
    worker = tea(picker()).scans("SHORT")
    worker.state = restore(msgspec.json.encode(worker.state))
    worker.scans(MILK)
    assert worker.code == "pick_short_last"
    assert isinstance(worker.state.activity, Picking)
    assert [each.title.en for each in STATION.shows(worker.state.activity, worker.known)] == ["Short", "Fetched", "In hand"]


def test_training_touches_nothing() -> None:
    worker = Worker()
    worker.known = Known(document=PICK)
    worker.scans("DRILL", "PICK", "PL-1", MILK, "SHORT", "SHORT", "BROKEN", MILK, "STOP")
    assert worker.drafts == []


def test_anna_is_told_of_a_list_that_was_taken_at_another_station() -> None:
    worker = Worker().shows(ANNA)
    worker.known = Known(document=replace(PICK, claimed_by="Li Wei", claimed_id="p-1"))
    assert worker.scans("PICK", "PL-1").code == "pick_claimed_by"


def _read(worker: Worker, text: str, *, lot: str, item: Item = ITEM) -> Scanned:
    worker.at_ms += 1000
    return replace(read_of(text, worker.at_ms, worker.reading(), item=item), lot=lot)
