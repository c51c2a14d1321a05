"""Counting in sessions: blind, several people, bins that were counted already, recounts by another, zero-checks, offline."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from msgspec.structs import replace

from drivers.devices import Symbol as Read
from edge_agent.counted_here import KEPT, CountedHere
from edge_agent.stations import Missing, Person, StationState, Verdict, say, scanned
from edge_agent.stations.counting import MOST_LINES, STATION, Counting
from edge_agent.stations.model import NOTHING_KNOWN, Known
from edge_agent.wire.codec import MAX_PAYLOAD, encode
from edge_agent.wire.facts import Counted, FactDraft
from edge_agent.wire.open_work import CountBin, OpenCount
from edge_agent.wire.pick_facts import PickClaimed
from tests.edge_agent.stations.worker import ANNA, LI, MILK, NOW, TEA, Worker

AT = datetime(2026, 11, 22, 6, 2, tzinfo=UTC)
WANG = CountBin(bin="A-02", is_counted=True, at=AT, by=["p-9"], name="Wang")


def session(*bins: CountBin) -> Known:
    return Known(document=OpenCount(id=1, number="CT-7", title="Zone A", time_zone="Asia/Shanghai", bins=list(bins)))


def counter(*bins: CountBin, person: Person | None = None) -> Worker:
    worker = Worker()
    worker.known, worker.bins = session(*bins), frozenset({"A-01", "A-02", "A-03"})
    worker.state = replace(worker.state, person=person)
    return worker


def counts(worker: Worker) -> list[Counted]:
    return [fact for fact in worker.booked if isinstance(fact, Counted)]


def page(worker: Worker) -> dict[str, list[str]]:
    """The lists of its page: titles, and what their lines are about."""
    activity = worker.state.activity
    assert isinstance(activity, Counting)
    return {part.title.en: [line.code for line in part.lines] for part in STATION.shows(activity, worker.known)}


def test_a_session_goes_from_bin_to_bin_and_each_is_one_fact() -> None:
    worker = counter(CountBin(bin="A-01"), CountBin(bin="A-02")).scans("COUNT", "ct-7")
    assert say(worker.answer) == "CT-7, Zone A: 2 of 2 bins are left. Scan a bin."
    worker.scans("A-01", MILK, MILK, TEA, "DONE")
    assert say(worker.answer).startswith("Bin A-01 counted: 3 items. 1 bin of CT-7 here.")
    worker.scans("A-02", "NOTHING")
    assert worker.code == "counted_empty_next"
    assert worker.scans("DONE").code == "session_left"
    first, second = counts(worker)
    assert (first.session, first.round, first.bin, first.began) == ("CT-7", 1, "A-01", NOW)
    assert [(line.symbol.text, line.quantity, line.at) for line in first.lines] == [(MILK, 2, NOW), (TEA, 1, NOW)]
    assert len({line.id for line in first.lines}) == 2
    assert (second.bin, second.lines, second.empty) == ("A-02", [], False)


def test_a_line_is_called_after_the_reading_that_began_it() -> None:
    worker = counter().scans("COUNT", "CT-7", "A-01", MILK)
    began = worker.state.history[0].id
    worker.scans(MILK, "DONE")
    assert counts(worker)[0].lines[0].id == UUID(began)


def test_nothing_of_what_is_expected_is_shown() -> None:
    worker = counter(CountBin(bin="A-01")).scans("COUNT", "CT-7", "A-01", MILK)
    assert "12" not in say(worker.answer) + str(page(worker)), "what the box knows to be on hand"


def test_a_number_that_the_box_does_not_know_is_counted_all_the_same() -> None:
    worker = Worker().scans("COUNT", "CT-99")
    assert worker.code == "session_unknown"
    worker.scans("A-01", MILK, "DONE")
    assert [(fact.session, fact.bin) for fact in counts(worker)] == [("CT-99", "A-01")]


class TestDigits:
    def test_digits_before_an_item_say_how_many(self) -> None:
        worker = counter().scans("COUNT", "A-01", "DUO", "FOUR", MILK, MILK, "DONE")
        assert [line.quantity for line in counts(worker)[0].lines] == [25]

    def test_undo_takes_the_number_first_and_then_all_that_it_brought(self) -> None:
        worker = counter().scans("COUNT", "A-01", MILK, "DUO", "FOUR", MILK, "NINE", "UNDO")
        assert worker.code == "undone_number"
        assert say(worker.scans("UNDO").answer) == f"Taken back: 24 of {MILK}. 1 left in bin A-01."

    def test_a_barcode_in_the_number_s_field_is_refused(self) -> None:
        worker = counter().scans("COUNT", "A-01").presses("quantity", number=6_901_234)
        assert (worker.answer.verdict, worker.code) == (Verdict.WRONG, "number_bad")
        assert worker.scans(MILK, "DONE").booked == [counts(worker)[0]]
        assert counts(worker)[0].lines[0].quantity == 1


class TestCountedAlready:
    def test_it_is_said_when_and_by_whom_on_the_site_s_own_clock(self) -> None:
        worker = counter(CountBin(bin="A-01"), WANG).scans("COUNT", "CT-7", "A-02")
        assert worker.answer.verdict is Verdict.DUPLICATE
        assert "already counted at 14:02 by Wang" in say(worker.answer)
        assert "Wang" in say(worker.answer, "zh-CN")
        assert worker.state.activity == Counting(session="CT-7", doubted="A-02")

    def test_scanned_once_more_it_is_another_part(self) -> None:
        worker = counter(WANG).scans("COUNT", "CT-7", "A-02", "A-02", MILK, "DONE")
        assert [fact.bin for fact in counts(worker)] == ["A-02"]

    def test_what_this_station_counted_is_known_without_anybody_else(self) -> None:
        worker = Worker().scans("COUNT", "CT-7", "A-01", MILK, "DONE", "A-01")
        assert worker.code == "counted_before_here"

    def test_a_name_does_not_reach_the_log(self) -> None:
        worker = counter(WANG).scans("COUNT", "CT-7", "A-02")
        assert "Wang" not in say(replace(worker.answer, args=worker.answer.args | {"person": "…"}))


class TestRecounts:
    BIN = CountBin(bin="A-01", round=2, by=[LI.id], at=AT, name="Li Wei")

    def test_another_person_counts_the_next_round(self) -> None:
        worker = counter(self.BIN, person=ANNA).scans("COUNT", "CT-7", "A-01")
        assert worker.code == "count_ready_round"
        worker.scans(MILK, "DONE")
        assert [(fact.round, fact.bin) for fact in counts(worker)] == [(2, "A-01")]

    def test_the_same_person_is_refused_in_words(self) -> None:
        worker = counter(self.BIN, person=LI).scans("COUNT", "CT-7", "A-01")
        assert (worker.answer.verdict, worker.code) == (Verdict.WRONG, "recount_by_another")
        assert worker.scans("A-01").code == "recount_by_another", "a second scan is no way round it"
        assert counts(worker) == []


class TestWhatIsNoBin:
    def test_a_code_that_is_no_bin_is_asked_for_once_more(self) -> None:
        worker = counter().scans("COUNT", "X-99")
        assert (worker.answer.verdict, worker.code) == (Verdict.WRONG, "bin_unknown")
        assert worker.scans("X-99", "DONE").booked == [counts(worker)[0]]

    def test_a_planned_bin_needs_no_list_of_bins(self) -> None:
        worker = counter(CountBin(bin="NEW-1")).scans("COUNT", "CT-7", "NEW-1")
        assert worker.code == "count_ready_session"

    def test_a_bin_that_was_not_planned_is_counted_with_it(self) -> None:
        worker = counter(CountBin(bin="A-01")).scans("COUNT", "CT-7", "A-03")
        assert worker.code == "count_ready_more"


class TestManyCodes:
    """More than one message carries."""

    @staticmethod
    def many(worker: Worker) -> Worker:
        return worker.scans(*(f"CODE-{number}" for number in range(MOST_LINES + 5)))

    def test_in_a_session_they_go_in_parts_that_add_up(self) -> None:
        worker = self.many(counter(CountBin(bin="A-01")).scans("COUNT", "CT-7", "A-01")).scans("DONE")
        parts = counts(worker)
        assert [len(part.lines) for part in parts] == [MOST_LINES, 5]
        assert {(part.session, part.bin, part.round) for part in parts} == {("CT-7", "A-01", 1)}
        assert len({line.id for part in parts for line in part.lines}) == MOST_LINES + 5
        assert all(len(encode(part)) < MAX_PAYLOAD - 1024 for part in parts)

    def test_without_one_they_are_refused_in_words(self) -> None:
        worker = self.many(counter().scans("COUNT", "A-01"))
        assert (worker.answer.verdict, worker.code) == (Verdict.WRONG, "count_full")
        assert len(counts(worker.scans("DONE"))[0].lines) == MOST_LINES


class TestGoods:
    def test_what_nobody_knows_is_kept_and_listed(self) -> None:
        worker = counter(CountBin(bin="A-01")).scans("COUNT", "CT-7", "A-01").scans("???", item=Missing.UNKNOWN)
        assert (worker.answer.verdict, worker.code) == (Verdict.UNKNOWN, "counted_unmatched")
        assert list(page(worker)) == ["Uncounted", "Unmatched"]
        assert [line.symbol.text for line in counts(worker.scans("DONE"))[0].lines] == ["???"]

    def test_lots_and_serials_of_gs1_symbols_are_lines_of_their_own(self) -> None:
        worker = counter().scans("COUNT", "A-01")
        for lot, serial in (("L1", ""), ("L1", ""), ("L2", ""), ("", "S1"), ("", "S1")):
            text = "0106901234567892" + (f"10{lot}" if lot else f"21{serial}")
            worker.at_ms += 1000
            worker.reads(replace(scanned("gun", Read(text.encode(), "]C1"), worker.at_ms), id=worker.reading()))
        assert worker.code == "counted_serial"
        lines = counts(worker.scans("DONE"))[0].lines
        assert [(line.lot, line.serial, line.quantity) for line in lines] == [("L1", None, 2), ("L2", None, 1), (None, "S1", 1)]

    def test_a_bin_that_holds_something_is_not_empty(self) -> None:
        worker = counter().scans("COUNT", "A-01", MILK, "NOTHING")
        assert (worker.code, worker.booked) == ("count_not_empty", [])


def test_segments_follow_what_is_done() -> None:
    worker = counter(CountBin(bin="A-01"), WANG, CountBin(bin="A-03", round=2)).scans("COUNT", "CT-7", "A-01", "DONE")
    assert page(worker) == {"Uncounted": ["A-03"], "Counted": ["A-01", "A-02"]}


def test_a_look_at_an_empty_bin_while_picking_is_a_free_count() -> None:
    worker = Worker().scans("PICK", "P-1", "NOTHING", "A-01")
    assert worker.booked == [PickClaimed(pick_list="P-1"), Counted(bin="A-01", lines=[], empty=True)]
    assert worker.code == "picked_empty"
    assert worker.scans("PICK", "P-1", "NOTHING", "UNDO").code == "undone_empty_bin"


class TestCountedHere:
    """What one station of the box counted, another one knows, without a controller."""

    def test_a_bin_is_known_with_its_time_and_person(self) -> None:
        here = CountedHere()
        here.heard([FactDraft(data=Counted(bin="A-01", lines=[], session="CT-7"))], StationState(person=LI), NOW)
        known = here.laid_over(session(CountBin(bin="A-01"), CountBin(bin="A-02")))
        assert isinstance(known.document, OpenCount)
        assert known.document.bins == [
            CountBin(bin="A-01", is_counted=True, at=NOW, by=[LI.id], name="Li Wei"),
            CountBin(bin="A-02"),
        ]

    def test_a_later_round_is_open_again_and_other_sessions_are_others(self) -> None:
        here = CountedHere()
        here.heard([FactDraft(data=Counted(bin="A-01", lines=[], session="CT-7"))], StationState(), NOW)
        recount, other = CountBin(bin="A-01", round=2), OpenCount(id=2, number="CT-8", title="", time_zone="UTC", bins=[])
        assert here.laid_over(session(recount)) == session(recount)
        assert here.laid_over(Known(document=other)) == Known(document=other)
        assert here.laid_over(NOTHING_KNOWN) is NOTHING_KNOWN

    def test_one_of_two_counters_does_not_make_a_bin_counted(self) -> None:
        here = CountedHere()
        here.heard([FactDraft(data=Counted(bin="A-01", lines=[], session="CT-7"))], StationState(person=LI), NOW)
        two = OpenCount(id=1, number="CT-7", title="", time_zone="UTC", bins=[CountBin(bin="A-01")], counters=2)
        assert here.laid_over(Known(document=two)) == Known(document=two)

    def test_it_is_bounded(self) -> None:
        here = CountedHere()
        for number in range(KEPT + 10):
            here.heard([FactDraft(data=Counted(bin=f"B-{number}", lines=[], session="CT-7"))], StationState(), NOW)
        known = here.laid_over(session(CountBin(bin="B-0"), CountBin(bin=f"B-{KEPT + 9}")))
        assert isinstance(known.document, OpenCount)
        assert [each.is_counted for each in known.document.bins] == [False, True]
