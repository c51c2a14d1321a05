"""A station under whatever people, screens and power cuts do to it: a state machine beside a simple account of what was scanned."""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from drivers.symbols.commands import Command
from edge_agent.stations import Feedback, Item, Missing, Pressed, Rules, SignedIn, restore, say
from edge_agent.stations.model import NOTHING_KNOWN, Known
from edge_agent.stations.state import KEPT_POSTS, KEPT_READINGS
from edge_agent.wire.facts import PrintRequested, Received, Retracted, Scan
from edge_agent.wire.open_work import (
    CountBin,
    ExpectedLine,
    LabelLine,
    OpenCount,
    OpenLabels,
    OpenPick,
    OpenPickLine,
    OpenReceipt,
    OpenTransfer,
)
from tests.edge_agent.stations.worker import ANNA, ITEM, LI, MILK, PAPER, TEA, Worker, read_of

PICK_LINE = OpenPickLine(id=1, sku=ITEM.sku, name_en="Milk", name_zh="牛奶", symbol=MILK, bin="A-01", wanted=2, in_bin=2)
PICK = OpenPick(id=1, number="PL-1", order="SO-1", lines=[PICK_LINE])
LABEL = LabelLine(sku="milk", name_en="Milk", name_zh="牛奶", symbol=MILK, unit="piece", price_minor=1, currency="CNY")

DOCUMENTS = ("P-1", "PL-1", "T-1", "D-1", "PAR-1", "CT-1", "TR-1", "LB-1")
TEXTS = st.sampled_from([MILK, TEA, "A-01", "B-02", *DOCUMENTS, "270331", "LOT-7", "{0}", "x" * 300, *Command.__members__])
TASKS = ("count", "sticker", "receive", "store", "outbound", "inbound", "correct", "prices", "pick")
WORDS = (
    "cluster",
    "undo",
    "done",
    "stop",
    "drill",
    "quantity",
    "ditto",
    "short",
    "",
    "{0}",
    "one",
    "nothing",
    "print",
    "broken",
    "lost",
)
CONTROLS = st.sampled_from([*TASKS, *WORDS])
TRACKED = [msgspec.structs.replace(ITEM, tracking=tracking, bins=(("A-01", 3),)) for tracking in ("none", "lot", "serial")]
ITEMS = st.sampled_from([*TRACKED, Missing.UNKNOWN, Missing.SEVERAL, Missing.LATE, None])
LINE = ExpectedLine(sku=ITEM.sku, name_en="Milk", name_zh="牛奶", symbol=MILK, expected=3)
KNOWN = st.sampled_from(
    [
        NOTHING_KNOWN,
        Known(document=OpenCount(id=1, number="CT-1", title="", time_zone="Nowhere/No", bins=[CountBin(bin="A-01")])),
        Known(document=OpenReceipt(id=1, number="D-1", supplier="Farm", lines=[LINE])),
        Known(document=OpenTransfer(id=1, number="TR-1", partner="S2", is_outgoing=True, lines=[LINE])),
        Known(document=OpenLabels(id=1, number="LB-1", title="", lines=[LABEL])),
        Known(document=PICK, others=(PICK,)),
        Known(document=OpenPick(id=2, number="P-1", order="SO-2", claimed_by="Anna", lines=[])),
    ]
)


class Life(RuleBasedStateMachine):
    """What is read is a scan once, in training not at all; what a screen sends again is nothing new."""

    def __init__(self) -> None:
        super().__init__()
        self.worker = Worker(Rules(paper=PAPER))
        self.read: Counter[str] = Counter()
        self.posted: list[tuple[Pressed | None, str, str, Feedback]] = []

    @rule(text=TEXTS, item=ITEMS)
    def scans(self, text: str, item: Item | Missing | None) -> None:
        before = self.worker.state.training
        self.worker.scans(text, item=item)
        self._noted(text, was_training=before)

    @rule(known=KNOWN, bins=st.sampled_from([None, frozenset(), frozenset({"A-01", "B-02"})]))
    def the_replica_changes(self, known: Known, bins: frozenset[str] | None) -> None:
        self.worker.known, self.worker.bins = known, bins

    @rule(text=TEXTS)
    def reads_at_a_screen(self, text: str) -> None:
        before, reading = self.worker.state.training, self.worker.reading()
        self.worker.at_ms += 1000
        self.worker.does(read_of(text, self.worker.at_ms, reading, post=f"post-{reading}"))
        self._noted(text, was_training=before)
        self.posted.append((None, text, f"post-{reading}", self.worker.answer))

    @precondition(lambda self: self.posted)
    @rule(back=st.integers(0, KEPT_POSTS - 1))
    def a_screen_sends_again(self, back: int) -> None:
        _, text, post, answer = self.posted[-1 - min(back, len(self.posted) - 1)]
        before = self.worker.state
        again = self.worker.does(read_of(text, self.worker.at_ms + 1, self.worker.reading(), post=post))
        assert (again.facts, again.is_repeated, again.feedback, self.worker.state) == ((), True, answer, before)

    @rule(control=CONTROLS, number=st.none() | st.integers(-1, 200))
    def presses(self, control: str, number: int | None) -> None:
        self.worker.presses(control, number)

    @rule(back=st.integers(0, KEPT_READINGS))
    def takes_back_a_line(self, back: int) -> None:
        history = self.worker.state.history
        self.worker.presses("undo", target=history[back].id if back < len(history) else "nothing")

    @rule(person=st.sampled_from([LI, ANNA, None]))
    def shows_a_badge(self, person: object) -> None:
        before = self.worker.state.training
        self.worker.shows(LI if person is LI else ANNA if person is ANNA else None)
        self._noted("SHELFXID", was_training=before)

    @rule(is_there=st.booleans())
    def signs_at_a_screen(self, is_there: bool) -> None:
        self.worker.does(SignedIn(person=LI if is_there else None, at_ms=self.worker.at_ms, id=self.worker.reading()))

    @rule(sign_in=st.sampled_from(["none", "badge", "pin"]))
    def is_configured(self, sign_in: str) -> None:
        asked = "badge" if sign_in == "badge" else "pin" if sign_in == "pin" else "none"
        self.worker.rules = Rules(paper=PAPER, sign_in=asked, asks_manager=asked == "pin")  # type: ignore[arg-type]  # one of the three

    @rule(grams=st.integers(-5, 5000))
    def weighs(self, grams: int) -> None:
        self.worker.weighs(grams)

    @rule(minutes=st.sampled_from([0, 1, 29, 31]))
    def time_passes(self, minutes: int) -> None:
        self.worker.waits(minutes)

    @rule(reboots=st.booleans())
    def the_power_goes(self, reboots: bool) -> None:
        self.worker.state = restore(msgspec.json.encode(self.worker.state))
        self.worker.at_ms = 0 if reboots else self.worker.at_ms

    def _noted(self, text: str, *, was_training: bool) -> None:
        if not was_training and not self.worker.state.training:
            self.read[text] += 1

    @invariant()
    def every_scan_is_on_record_once(self) -> None:
        scans = Counter(draft.data.symbol.text for draft in self.worker.drafts if isinstance(draft.data, Scan))
        assert scans == self.read

    @invariant()
    def what_is_booked_is_booked_once_and_taken_back_once(self) -> None:
        own = [draft.id for draft in self.worker.drafts if draft.id is not None]
        assert len(own) == len(set(own))
        retracted = [str(fact.fact) for fact in self.worker.booked if isinstance(fact, Retracted)]
        assert len(retracted) == len(set(retracted))
        assert set(retracted) <= set(own)
        jobs = [fact.job for fact in self.worker.booked if isinstance(fact, PrintRequested)]
        assert len(jobs) == len(set(jobs))

    @invariant()
    def what_is_kept_is_bounded_and_said(self) -> None:
        state = self.worker.state
        assert len(state.history) <= KEPT_READINGS
        assert len(state.seen) <= KEPT_POSTS
        assert len(msgspec.json.encode(state)) < 128 * 1024
        assert restore(msgspec.json.encode(state)) == state
        if self.worker.last.feedback is not None:
            assert say(self.worker.last.feedback)
            assert say(self.worker.last.feedback, "zh-CN")


Life.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestLife = Life.TestCase


def test_a_reading_that_a_screen_sent_65_readings_ago_is_a_new_one() -> None:
    worker = Worker().scans("RECEIVE", "D-1")
    for number in range(KEPT_POSTS + 1):
        worker.does(read_of(f"item-{number}", 10_000 + number * 1000, worker.reading(), post=f"p{number}"))
    assert worker.does(read_of("item-1", 200_000, worker.reading(), post="p1")).is_repeated
    assert not worker.does(read_of("item-0", 201_000, worker.reading(), post="p0")).is_repeated
    assert sum(isinstance(fact, Received) for fact in worker.booked) == KEPT_POSTS + 2
