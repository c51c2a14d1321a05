"""Several lists in one walk: each with its tote, each item told into a tote and confirmed by it, all of it by a scanner alone."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from edge_agent.stations import restore, say
from edge_agent.stations.model import Known
from edge_agent.stations.picking import STATION
from edge_agent.stations.picking_state import Picking
from edge_agent.wire.facts import Counted, Picked, PickShort
from edge_agent.wire.open_work import OpenPick
from edge_agent.wire.pick_facts import PickClaimed, PickUnclaimed
from tests.edge_agent.stations.test_picking import RICE, RICE_ITEM, TEA_ITEM, line
from tests.edge_agent.stations.worker import MILK, TEA, Worker

FIRST = OpenPick(id=1, number="PL-1", order="SO-1", lines=[line("milk", "B-02", 2), line("tea", "A-01", 1, 2)])
SECOND = OpenPick(id=2, number="PL-2", order="SO-2", lines=[line("milk", "B-02", 3, 3)])
THIRD = OpenPick(id=3, number="PL-3", order="SO-3", lines=[line("tea", "A-01", 1, 4)])


class Walker(Worker):
    """The box knows these lists: the first that is read or in hand, and all."""

    def __init__(self, *picks: OpenPick) -> None:
        super().__init__()
        self.picks = picks
        self.bins = frozenset({"A-01", "B-02"})
        self.known = Known(others=picks)

    def finds(self, *texts: str) -> Walker:
        """List numbers and totes: no articles."""
        for text in texts:
            found = next((pick for pick in self.picks if text in (pick.number, pick.wave)), None)
            self.known = Known(document=found, others=self.picks)
            self.scans(text, item=None)
        return self


def gathered(*picks: OpenPick) -> Walker:
    worker = Walker(*(picks or (FIRST, SECOND)))
    worker.scans("PICK", "CLUSTER")
    for number, pick in enumerate(worker.picks, start=1):
        worker.finds(pick.number, f"T-{number}")
    return worker


def walking(*picks: OpenPick) -> Walker:
    worker = gathered(*picks)
    worker.scans("DONE")
    return worker


def picks_of(worker: Worker) -> list[tuple[str, str, int, str | None]]:
    return [(fact.pick_list, fact.symbol.text, fact.quantity, fact.tote) for fact in worker.booked if isinstance(fact, Picked)]


class TestGathering:
    def test_each_list_is_claimed_with_its_tote(self) -> None:
        worker = gathered()
        assert worker.booked == [PickClaimed(pick_list="PL-1", tote="T-1"), PickClaimed(pick_list="PL-2", tote="T-2")]
        assert (worker.code, worker.answer.args["lists"]) == ("pick_gathered", 2)
        worker.scans("DONE")
        assert say(worker.answer) == "2 lists, 6 to fetch. First A-01: 1 × Tea"

    def test_a_tote_is_no_bin_no_article_no_list_and_not_used_twice(self) -> None:
        worker = Walker(FIRST, SECOND)
        worker.scans("PICK", "CLUSTER")
        worker.finds("PL-1").scans("A-01", item=None)
        assert worker.code == "pick_no_tote"
        assert worker.scans(MILK).code == "pick_no_tote"
        assert worker.finds("PL-2").code == "pick_no_tote"
        assert worker.scans("DONE").code == "pick_tote_open"
        worker.finds("T-1", "PL-2", "T-1")
        assert (worker.code, worker.answer.args["pick_list"]) == ("pick_tote_used", "PL-1")
        assert worker.scans("UNDO").code == "pick_dropped"
        assert [fact.pick_list for fact in worker.booked if isinstance(fact, PickClaimed)] == ["PL-1"]

    def test_a_tote_with_another_open_list_in_it_is_refused_by_name(self) -> None:
        worker = Walker(FIRST, SECOND)
        worker.scans("PICK", "CLUSTER")
        worker.finds("PL-1")
        worker.known = Known(document=None, others=worker.picks, holds="PL-8")
        worker.scans("T-1", item=None)
        assert say(worker.answer) == "Tote T-1 holds PL-8, which is not packed yet. Take another tote."
        assert worker.booked == []
        worker.known = Known(document=None, others=worker.picks, holds="PL-1")
        assert worker.scans("T-1", item=None).booked == [PickClaimed(pick_list="PL-1", tote="T-1")], "its own is no other's"

    def test_a_wave_asks_for_the_totes_of_its_cluster_one_by_one(self) -> None:
        picks = [replace(pick, wave="WV-7", cluster=cluster) for pick, cluster in ((FIRST, 1), (SECOND, 1), (THIRD, 2))]
        worker = Walker(*picks)
        worker.scans("PICK")
        worker.finds("WV-7")
        assert (worker.code, worker.answer.args["pick_list"]) == ("pick_wants_tote", "PL-1")
        worker.finds("T-1")
        assert (worker.code, worker.answer.args["next"]) == ("pick_next_tote", "PL-2")
        worker.finds("T-2")
        assert worker.code == "pick_gathered"
        assert [fact.pick_list for fact in worker.booked if isinstance(fact, PickClaimed)] == ["PL-1", "PL-2"]

    def test_a_wave_without_clusters_gives_its_first_free_list(self) -> None:
        taken = replace(FIRST, wave="WV-7", claimed_by="Anna", claimed_id="p-2")
        worker = Walker(taken, replace(SECOND, wave="WV-7"))
        worker.scans("PICK")
        worker.finds("WV-7")
        assert worker.booked == [PickClaimed(pick_list="PL-2")]
        worker = Walker(taken)
        worker.scans("PICK")
        assert worker.finds("WV-7").code == "pick_wave_taken"

    def test_somebody_elses_list_is_taken_over_by_a_second_scan(self) -> None:
        worker = Walker(replace(FIRST, claimed_by="Anna", claimed_id="p-2"))
        worker.scans("PICK", "CLUSTER")
        assert worker.finds("PL-1").code == "pick_claimed_by"
        worker.finds("PL-1", "T-1")
        assert worker.booked == [PickClaimed(pick_list="PL-1", tote="T-1", takes_over=True)]

    def test_a_list_that_was_begun_names_its_tote(self) -> None:
        worker = Walker(replace(FIRST, tote="T-9"))
        worker.scans("PICK", "CLUSTER")
        assert (worker.finds("PL-1").code, worker.answer.args["tote"]) == ("pick_its_tote", "T-9")

    def test_unknown_lists_and_totes_are_taken_all_the_same(self) -> None:
        worker = Walker()
        worker.scans("PICK", "CLUSTER")
        worker.finds("PL-8", "X-1", "PL-9", "X-2").scans("DONE")
        assert worker.scans(MILK).code == "pick_any_tote"
        worker.finds("X-2")
        assert picks_of(worker) == [("PL-9", MILK, 1, "X-2")]


class TestWalking:
    def test_each_item_is_told_into_a_tote_and_booked_by_its_code(self) -> None:
        worker = walking()
        worker.scans(TEA, item=TEA_ITEM)
        assert say(worker.answer).startswith("Tea / 茶: 1 into tote T-1.")
        worker.finds("T-1").scans(MILK)
        assert (worker.code, worker.answer.args["number"], worker.answer.args["tote"]) == ("pick_into", 2, "T-1")
        worker.finds("T-1").scans(MILK)
        assert (worker.answer.args["number"], worker.answer.args["tote"]) == (3, "T-2")
        worker.finds("T-2")
        assert worker.code == "picked_last"
        assert picks_of(worker) == [("PL-1", TEA, 1, "T-1"), ("PL-1", MILK, 2, "T-1"), ("PL-2", MILK, 3, "T-2")]
        worker.scans("DONE")
        assert (worker.code, isinstance(worker.booked[-1], PickUnclaimed)) == ("pick_done", False)

    def test_the_wrong_tote_books_nothing_and_another_that_wants_them_does(self) -> None:
        worker = walking()
        worker.scans(MILK)
        worker.finds("T-9")
        assert (worker.code, picks_of(worker)) == ("pick_other_tote", [])
        worker.scans("T-2", item=None)
        assert picks_of(worker) == [("PL-2", MILK, 2, "T-2")]
        worker = walking()
        worker.scans(TEA, item=TEA_ITEM)
        worker.finds("T-2")
        assert (worker.code, worker.answer.args["tote"], picks_of(worker)) == ("pick_other_tote", "T-1", [])

    def test_digits_say_how_many_before_or_while_they_are_in_hand(self) -> None:
        worker = walking()
        worker.scans("ONE", MILK)
        worker.finds("T-1").scans(MILK, "ONE")
        worker.finds("T-1")
        assert [quantity for _, _, quantity, _ in picks_of(worker)] == [1, 1]

    def test_more_than_the_list_wants_is_asked_for_twice(self) -> None:
        worker = walking()
        worker.scans(MILK, "FIVE")
        worker.finds("T-1")
        assert (worker.code, picks_of(worker)) == ("pick_over", [])
        worker.finds("T-1")
        assert picks_of(worker) == [("PL-1", MILK, 5, "T-1")]

    def test_the_lists_number_is_as_good_as_a_tote_that_cannot_be_read(self) -> None:
        worker = walking()
        worker.scans(MILK)
        worker.finds("PL-1")
        assert picks_of(worker) == [("PL-1", MILK, 2, "T-1")]

    def test_goods_in_hand_are_not_left_in_silence(self) -> None:
        worker = walking()
        for word in ("DONE", "SHORT", "COUNT"):
            worker.scans(MILK, word)
            assert worker.code == "pick_held", word
        assert worker.scans("UNDO").code == "pick_put_down"
        assert worker.scans("DONE").code == "pick_missing"

    def test_a_wrong_article(self) -> None:
        worker = walking()
        worker.scans(RICE, item=RICE_ITEM)
        assert (worker.code, picks_of(worker)) == ("pick_not_wanted", [])

    def test_what_is_not_on_the_shelf_is_short_for_all_that_want_it(self) -> None:
        worker = walking()
        worker.scans("B-02", item=None).scans("SHORT", "SHORT")
        short = [(fact.pick_list, fact.bin) for fact in worker.booked if isinstance(fact, PickShort)]
        assert short == [("PL-1", "B-02"), ("PL-2", "B-02")]

    def test_a_bin_is_asked_for_after_the_last_list_that_empties_it(self) -> None:
        first = replace(FIRST, lines=[replace(FIRST.lines[0], in_bin=5)])
        second = replace(SECOND, lines=[replace(SECOND.lines[0], in_bin=5)])
        worker = walking(first, second)
        worker.scans(MILK)
        worker.finds("T-1")
        assert worker.code == "picked_next"
        worker.scans(MILK)
        worker.finds("T-2")
        assert (worker.code, worker.answer.args["bin"]) == ("picked_zero", "B-02")
        assert isinstance(worker.scans("NOTHING").booked[-1], Counted)

    def test_stop_gives_all_of_them_back_and_a_crash_loses_nothing(self) -> None:
        worker = walking()
        worker.scans(MILK)
        worker.state = restore(msgspec.json.encode(worker.state))
        worker.finds("T-1").scans("STOP")
        assert [fact.pick_list for fact in worker.booked if isinstance(fact, PickUnclaimed)] == ["PL-1", "PL-2"]

    def test_the_page_says_which_tote_is_whose(self) -> None:
        worker = walking()
        assert isinstance(worker.state.activity, Picking)
        shown = STATION.shows(worker.state.activity, worker.known)
        parts = {part.title.en: [(each.code, each.told.en) for each in part.lines] for part in shown}
        assert parts["In hand"] == [("PL-1", "T-1 · 3 to fetch"), ("PL-2", "T-2 · 3 to fetch")]
        assert parts["To fetch"][0] == ("tea", "A-01 · 0 of 1 · T-1")
