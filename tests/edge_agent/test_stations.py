"""Stations: what a person's scans and weights become."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import devices
from drivers.symbols.commands import Command, UnknownCommand
from drivers.symbols.parsed import symbol_rules
from edge_agent import stations
from edge_agent.stations import (
    Input,
    Item,
    Missing,
    Rules,
    Scanned,
    StationState,
    Step,
    Tick,
    Verdict,
    Weighed,
    restore,
    say,
    scanned,
    step,
    wants_item,
)
from edge_agent.stations.counting import Counting
from edge_agent.stations.looking_up import LookingUp
from edge_agent.stations.packing import Packing
from edge_agent.stations.picking import Picking
from edge_agent.stations.receiving_state import Receiving
from edge_agent.stations.station import Idle
from edge_agent.stations.words import WORDS
from edge_agent.wire.codec import decode, encode
from edge_agent.wire.facts import Counted, Fact, HandedOver, Packed, Picked, PickShort, Received, Scan, Weight
from edge_agent.wire.messages import Symbol
from edge_agent.wire.pick_facts import PickClaimed

MILK, TEA = "6901234567892", "4006381333931"


class Person:
    """Scans at a station, a second between scans."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.state = StationState()
        self.rules = rules
        self.at_ms = 0
        self.facts: list[Fact] = []
        self.last = Step(state=self.state)

    def does(self, given: Input) -> Step:
        self.last = step(self.state, given, self.rules)
        self.state = self.last.state
        self.facts += [draft.data for draft in self.last.facts]
        return self.last

    def scans(self, *texts: str, gap_ms: int = 1000) -> Person:
        for text in texts:
            self.at_ms += gap_ms
            self.does(scan_of(text, self.at_ms))
        return self

    def weighs(self, grams: str) -> Person:
        self.at_ms += 1000
        weight = Weight(grams=Decimal(grams), raw_b64="")
        self.does(Weighed(device="scale", weight=weight, at_ms=self.at_ms))
        return self

    def waits(self, milliseconds: int) -> Person:
        self.at_ms += milliseconds
        self.does(Tick(at_ms=self.at_ms))
        return self

    def booked(self) -> list[Fact]:
        return [fact for fact in self.facts if not isinstance(fact, Scan)]

    @property
    def verdict(self) -> Verdict | None:
        return self.last.feedback.verdict if self.last.feedback else None

    @property
    def code(self) -> str | None:
        return self.last.feedback.code if self.last.feedback else None


def scan_of(text: str, at_ms: int, device: str = "scanner") -> Scanned:
    gtin = text.zfill(14) if text.isdigit() and len(text) == 13 else None
    command = Command(text) if text in Command.__members__ else None
    return Scanned(device=device, symbol=Symbol(text=text), at_ms=at_ms, gtin=gtin, command=command)


@pytest.fixture
def person() -> Person:
    return Person()


class TestScans:
    def test_a_scan_out_of_any_task_is_a_scan_with_its_gtin(self, person: Person) -> None:
        person.scans(MILK)
        assert person.facts == [Scan(symbol=Symbol(text=MILK), gtin="0" + MILK, activity="idle")]
        assert person.verdict is Verdict.OK

    def test_a_scan_tells_what_the_station_was_doing(self, person: Person) -> None:
        person.scans("COUNT", "A-01", MILK, "STOP", MILK)
        scans = [fact.activity for fact in person.facts if isinstance(fact, Scan)]
        assert scans == ["idle", "counting", "counting", "counting", "idle"]

    def test_facts_name_their_device(self, person: Person) -> None:
        person.scans("RECEIVE", "D-1", MILK)
        assert [draft.device for draft in person.last.facts] == ["scanner", "scanner"]

    def test_an_unknown_command_is_no_product(self, person: Person) -> None:
        person.scans("RECEIVE", "D-1")
        person.does(Scanned(device="scanner", symbol=Symbol(text="SHELFXDOSE"), at_ms=9000, command=UnknownCommand("DOSE")))
        assert person.booked() == []
        assert person.verdict is Verdict.UNKNOWN
        assert isinstance(person.facts[-1], Scan)


class TestDoubleReads:
    def test_the_same_symbol_within_the_guard_is_one_item_and_two_scans(self, person: Person) -> None:
        person.scans("RECEIVE", "D-1", MILK).scans(MILK, gap_ms=299)
        assert len(person.booked()) == 1
        assert person.code == "double_read"
        assert person.verdict is Verdict.DUPLICATE
        assert person.state.double_reads == 1
        assert person.facts[-1] == Scan(symbol=Symbol(text=MILK), gtin="0" + MILK, activity="double_read")

    def test_the_same_symbol_after_the_guard_is_the_next_item(self, person: Person) -> None:
        person.scans("RECEIVE", "D-1", MILK).scans(MILK, gap_ms=300)
        assert len(person.booked()) == 2

    def test_a_scanner_that_fires_without_end_is_one_read(self, person: Person) -> None:
        person.scans("RECEIVE", "D-1", MILK).scans(*[MILK] * 10, gap_ms=250)
        assert len(person.booked()) == 1

    def test_two_scanners_are_not_one(self, person: Person) -> None:
        person.scans("RECEIVE", "D-1", MILK)
        person.does(scan_of(MILK, person.at_ms + 10, device="other"))
        assert len(person.booked()) == 2

    def test_the_guard_can_be_turned_off(self) -> None:
        person = Person(Rules(double_read_ms=0)).scans("RECEIVE", "D-1", MILK, MILK, gap_ms=1)
        assert len(person.booked()) == 2

    def test_boot_time_that_begins_anew_is_no_double_read(self, person: Person) -> None:
        person.scans("RECEIVE", "D-1", MILK)
        person.at_ms = 0
        person.scans(MILK, gap_ms=1)
        assert len(person.booked()) == 2


class TestReceiving:
    def test_each_item_scan_is_one_received_against_the_document(self, person: Person) -> None:
        person.scans("RECEIVE", "D-1", MILK, TEA, "unknown-code")
        assert person.booked() == [
            Received(document="D-1", symbol=Symbol(text=MILK), gtin="0" + MILK, quantity=1),
            Received(document="D-1", symbol=Symbol(text=TEA), gtin="0" + TEA, quantity=1),
            Received(document="D-1", symbol=Symbol(text="unknown-code"), quantity=1),
        ]

    def test_an_item_is_not_taken_for_the_document(self, person: Person) -> None:
        person.scans("RECEIVE", MILK)
        assert person.verdict is Verdict.WRONG
        assert person.scans("D-1").state.activity == Receiving(document="D-1")

    def test_the_document_again_is_no_item(self, person: Person) -> None:
        assert person.scans("RECEIVE", "D-1", "D-1").booked() == []
        assert person.verdict is Verdict.DUPLICATE


class TestCounting:
    def test_done_makes_one_fact_with_all_lines(self, person: Person) -> None:
        person.scans("COUNT", "A-01", MILK, TEA, MILK, "DONE")
        (counted,) = person.booked()
        assert isinstance(counted, Counted)
        assert counted.bin == "A-01"
        assert [(line.symbol.text, line.quantity) for line in counted.lines] == [(MILK, 2), (TEA, 1)]
        assert person.state.activity == Idle()

    def test_done_with_no_items_says_the_bin_is_empty(self, person: Person) -> None:
        assert person.scans("COUNT", "A-01", "DONE").booked() == [Counted(bin="A-01", lines=[])]

    def test_done_without_a_bin_counts_nothing(self, person: Person) -> None:
        assert person.scans("COUNT", "DONE").booked() == []
        assert person.verdict is Verdict.WRONG
        assert person.state.activity == Counting()

    def test_another_task_does_not_drop_a_count_in_silence(self, person: Person) -> None:
        person.scans("COUNT", "A-01", MILK, "PICK")
        assert person.code == "count_open"
        assert person.scans("DONE").booked()

    def test_stop_leaves_the_count_and_says_so(self, person: Person) -> None:
        assert person.scans("COUNT", "A-01", MILK, "STOP").booked() == []
        assert person.code == "left_count"
        assert person.state.activity == Idle()

    def test_it_goes_on_after_a_crash(self, person: Person) -> None:
        person.scans("COUNT", "A-01", MILK)
        person.state = restore(msgspec.json.encode(person.state))
        (counted,) = person.scans(MILK, "DONE").booked()
        assert isinstance(counted, Counted)
        assert counted.lines[0].quantity == 2


class TestPicking:
    def test_items_short_and_done(self, person: Person) -> None:
        person.scans("PICK", "P-1", MILK, MILK, "SHORT", "DONE")
        picked = Picked(pick_list="P-1", symbol=Symbol(text=MILK), gtin="0" + MILK, quantity=1)
        assert person.booked() == [PickClaimed(pick_list="P-1"), picked, picked, PickShort(pick_list="P-1")]
        assert person.state.activity == Idle()

    @pytest.mark.parametrize("command", ["SHORT", "DONE"])
    def test_nothing_is_short_or_done_without_a_list(self, person: Person, command: str) -> None:
        assert person.scans("PICK", command).booked() == []
        assert (person.verdict, person.state.activity) == (Verdict.WRONG, Picking())

    def test_short_out_of_picking_changes_nothing(self, person: Person) -> None:
        assert person.scans("BOXUP", "P-1", "SHORT").booked() == []
        assert (person.verdict, person.state.activity) == (Verdict.WRONG, Packing(pick_list="P-1"))


class TestPacking:
    def test_the_next_weight_at_rest_packs(self, person: Person) -> None:
        person.scans("BOXUP", "P-1").weighs("1234")
        assert person.booked() == [Packed(pick_list="P-1", weight=Weight(grams=Decimal(1234), raw_b64=""))]
        assert person.last.facts[0].device == "scale"
        assert person.state.activity == Packing()

    def test_one_weight_packs_one_parcel(self, person: Person) -> None:
        person.scans("BOXUP", "P-1").weighs("1234").weighs("1300")
        assert len(person.booked()) == 1

    def test_the_next_pick_list_follows_without_a_command(self, person: Person) -> None:
        person.scans("BOXUP", "P-1").weighs("1234").scans("P-2").weighs("200")
        assert [fact.pick_list for fact in person.booked() if isinstance(fact, Packed)] == ["P-1", "P-2"]

    @pytest.mark.parametrize("grams", ["0", "-5"])
    def test_an_empty_scale_is_no_parcel(self, person: Person, grams: str) -> None:
        assert person.scans("BOXUP", "P-1").weighs(grams).booked() == []
        assert person.weighs("1234").booked()

    def test_a_weight_out_of_packing_books_nothing_and_says_nothing(self, person: Person) -> None:
        person.weighs("1234")
        assert (person.facts, person.last.feedback) == ([], None)


class TestHandingOver:
    def test_each_parcel_once(self, person: Person) -> None:
        person.scans("SEND", "PAR-1", "PAR-2", "PAR-2")
        assert person.booked() == [HandedOver(parcel="PAR-1"), HandedOver(parcel="PAR-2")]
        assert person.verdict is Verdict.DUPLICATE

    def test_goods_are_no_parcel(self, person: Person) -> None:
        assert person.scans("SEND", MILK).booked() == []
        assert person.verdict is Verdict.WRONG


class TestTime:
    def test_a_task_that_nobody_touches_is_left(self, person: Person) -> None:
        person.scans("SEND", "PAR-1").waits(29 * 60_000)
        assert person.code is None
        assert person.waits(60_000).code == "timed_out"
        assert person.state.activity == Idle()

    def test_a_count_that_holds_items_is_never_left_by_itself(self, person: Person) -> None:
        person.scans("COUNT", "A-01", MILK).waits(24 * 3_600_000)
        assert isinstance(person.state.activity, Counting)

    def test_a_restart_begins_the_wait_anew(self, person: Person) -> None:
        person.scans("SEND", "PAR-1")
        person.at_ms = -10
        person.waits(5)
        assert not isinstance(person.state.activity, Idle)


MILK_KNOWN = Item(
    sku="milk", name_en="Milk", name_zh="牛奶", unit="piece", price_minor=420, currency="CNY", on_hand=12, age_ms=180_000
)


class TestLookingUp:
    def look_up(self, person: Person, item: Item | Missing | None) -> str:
        person.scans("LOOKUP")
        person.does(Scanned(device="scanner", symbol=Symbol(text=MILK), at_ms=50_000, gtin="0" + MILK, item=item))
        assert person.last.feedback is not None
        return say(person.last.feedback)

    def test_an_item_is_told_with_price_stock_and_age_and_nothing_is_booked(self, person: Person) -> None:
        assert self.look_up(person, MILK_KNOWN) == "Milk / 牛奶: CNY 4.20. 12 in stock, as known 3 min ago."
        assert person.booked() == []
        assert person.facts[-1] == Scan(symbol=Symbol(text=MILK), gtin="0" + MILK, activity="lookup")
        assert wants_item(person.state)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"price_minor": 0}, "Milk / 牛奶: no price is set. 12 in stock, as known 3 min ago."),
            ({"age_ms": None}, "12 in stock when this box last heard; nobody knows when that was."),
            ({"age_ms": None, "price_minor": 0}, "no price is set. 12 in stock when this box last heard"),
            ({"name_zh": "Milk"}, "Milk: CNY 4.20."),
            ({"numerator": 24}, "Milk / 牛奶 (24 in one): CNY 4.20."),
            ({"unit": "gram", "numerator": 350, "on_hand": 9000}, "Milk / 牛奶 (350 g): CNY 4.20 / 100 g. 9000 g in stock"),
            ({"unit": "millilitre", "numerator": 1, "denominator": 2}, "Milk / 牛奶 (1/2 ml): CNY 4.20 / 100 ml. 12 ml in stock"),
            ({"currency": "JPY"}, "JPY 420."),
            ({"currency": "KWD"}, "KWD 0.420."),
            ({"price_minor": 10**15, "on_hand": 0}, "CNY 10000000000000.00. 0 in stock"),
        ],
    )
    def test_the_words_say_what_is_known(self, person: Person, changes: dict[str, object], words: str) -> None:
        assert words in self.look_up(person, msgspec.structs.replace(MILK_KNOWN, **changes))

    @pytest.mark.parametrize(
        ("age_ms", "words"),
        [(0, "0 min"), (59_999, "0 min"), (60_000, "1 min"), (7_199_999, "119 min"), (7_200_000, "2 h"), (172_800_000, "2 d")],
    )
    def test_an_age_is_rounded_down(self, person: Person, age_ms: int, words: str) -> None:
        assert f"as known {words} ago" in self.look_up(person, msgspec.structs.replace(MILK_KNOWN, age_ms=age_ms))

    @pytest.mark.parametrize(
        ("item", "verdict", "code"),
        [
            (Missing.UNKNOWN, Verdict.UNKNOWN, "lookup_unknown"),
            (Missing.SEVERAL, Verdict.WRONG, "lookup_several"),
            (Missing.NO_CATALOGUE, Verdict.WRONG, "lookup_no_catalogue"),
            (Missing.LATE, Verdict.WRONG, "lookup_late"),
            (None, Verdict.WRONG, "lookup_no_catalogue"),
        ],
    )
    def test_what_is_not_known_is_said_so(self, person: Person, item: Missing | None, verdict: Verdict, code: str) -> None:
        assert self.look_up(person, item)
        assert (person.verdict, person.code) == (verdict, code)
        assert person.booked() == []

    @pytest.mark.parametrize("word", ["DONE", "STOP"])
    def test_it_is_left_by_a_command_and_another_task_begins_by_its_own(self, person: Person, word: str) -> None:
        assert isinstance(person.scans("LOOKUP", word).state.activity, Idle)
        assert isinstance(person.scans("LOOKUP", "RECEIVE").state.activity, Receiving)
        assert isinstance(person.scans("LOOKUP").state.activity, LookingUp)

    def test_a_count_that_holds_items_is_not_left_for_it(self, person: Person) -> None:
        assert person.scans("COUNT", "A-01", MILK, "LOOKUP").code == "count_open"


TEXTS = st.sampled_from([MILK, TEA, "A-01", "P-1", "D-1", "PAR-1", "{0}", *Command.__members__])
TIMES = st.integers(0, 10_000_000)
INPUTS = st.one_of(
    st.builds(scan_of, TEXTS, TIMES, st.sampled_from(["scanner", "other"])),
    st.builds(
        lambda grams, at_ms: Weighed(device="scale", weight=Weight(grams=grams, raw_b64=""), at_ms=at_ms),
        st.decimals(-100, 30_000, places=1),
        TIMES,
    ),
    st.builds(Tick, at_ms=TIMES),
)


@given(st.lists(INPUTS, max_size=40))
def test_no_sequence_raises_or_loses_a_scan_and_every_answer_has_words(inputs: list[Input]) -> None:
    state = StationState()
    for given_ in inputs:
        done = step(state, given_)
        scans = [draft.data for draft in done.facts if isinstance(draft.data, Scan)]
        is_real = isinstance(given_, Scanned) and not (state.training or done.state.training)
        assert [scan.symbol for scan in scans] == ([given_.symbol] if isinstance(given_, Scanned) and is_real else [])
        assert done.feedback is None or say(done.feedback)
        assert not isinstance(given_, Scanned) or done.feedback is not None
        state = restore(msgspec.json.encode(done.state))
        assert state == done.state


@given(st.lists(st.sampled_from([MILK, TEA, "loose", "other"]), max_size=30))
def test_the_lines_of_a_count_sum_to_its_item_scans(items: list[str]) -> None:
    (counted,) = Person().scans("COUNT", "A-01", *items, "DONE").booked()
    assert isinstance(counted, Counted)
    assert {line.symbol.text: line.quantity for line in counted.lines} == {item: items.count(item) for item in items}


@given(st.lists(st.sampled_from([MILK, TEA, "loose"]), max_size=30), st.integers(0, 30))
def test_a_wrong_or_held_back_scan_never_changes_a_quantity(items: list[str], gap_ms: int) -> None:
    person = Person().scans("RECEIVE", "D-1")
    person.scans(*items, gap_ms=gap_ms)
    repeats = sum(1 for before, after in pairwise(items) if before == after)
    assert len(person.booked()) == len(items) - repeats
    assert person.state.double_reads == repeats


def test_the_table_of_words_has_no_entry_that_nothing_says() -> None:
    """Every code is told somewhere in the agent."""
    agent = Path(stations.__path__[0]).parent
    source = "".join(file.read_text() for file in agent.rglob("*.py") if file.name != "words.py")
    assert [code for code in WORDS if f'"{code}"' not in source] == []


class TestReading:
    def test_a_product_code_is_text_and_gtin(self) -> None:
        read = scanned("scanner", devices.Symbol(MILK.encode(), "]E0"), 5)
        assert read == Scanned(device="scanner", symbol=Symbol(text=MILK, aim="]E0"), at_ms=5, gtin="0" + MILK)

    def test_a_weight_in_the_number_leaves_the_item_by_the_company_s_rule(self) -> None:
        data = devices.Symbol(b"2801234012344", "]E0")
        assert scanned("scanner", data, 5).gtin is None
        assert scanned("scanner", data, 5, symbol_rules((), ["28IIIIIWWWWWC"])).gtin == "02801234000006"

    def test_a_command_sheet_is_understood(self) -> None:
        assert scanned("scanner", devices.Symbol(b"SHELFXCOUNT"), 5).command is Command.COUNT

    @given(st.binary(max_size=5000))
    def test_whatever_was_read_is_a_scan_that_the_controller_can_decode(self, data: bytes) -> None:
        read = scanned("scanner", devices.Symbol(data), 5)
        fact = Scan(symbol=read.symbol, gtin=read.gtin)
        assert decode(Scan, encode(fact)) == fact
        assert read.symbol.raw_b64 is not None or read.symbol.text.encode() in (data, b"\xef\xbf\xbd") or data.startswith(b"]")
