"""How stations ask their scale, and what of its weights may be booked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from importlib import resources
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest

from drivers.devices import Encoded, Symbol, Weight
from drivers.documents.model import Label, Receipt, Text
from drivers.documents.templates import Template, load_template
from edge_agent.config import BoxConfig, BrokerConfig, Config, StationConfig
from edge_agent.device_events import DeviceEvent, Failed, Scanned, WeightChanged
from edge_agent.errors import OutboxFull
from edge_agent.facts import FactsDb
from edge_agent.faults import fault
from edge_agent.intake import Intake, UnknownStation
from edge_agent.jobs import Action
from edge_agent.outbox import Outbox
from edge_agent.spooler import Spooler
from edge_agent.stations import Feedback, Item, Missing, Person, say
from edge_agent.stores import Seams, Stores, open_stores
from edge_agent.wire.codec import decode, encode
from edge_agent.wire.facts import JobState, Retracted
from edge_agent.wire.messages import Envelope, Stream
from tests.edge_agent.conftest import IDENTITY, FixedClock, MemorySession
from tests.edge_agent.paper import PaperPort

T = TypeVar("T")
DESK = StationConfig(id="desk", scanner="scanner", scale="scale", label_printer="labels")
MILK = "6901234567892"
ITEM = Item(sku="milk", name_en="Milk", name_zh="牛奶", unit="piece", price_minor=420, currency="CNY", on_hand=12)
LI = Person(id="p-1", name="Li Wei")
BADGE = "SHELFXIDBCDEFGHIJKLNOPRS"


class AtOnce:
    """A disk that works in the loop; full if it is told; a slow one has done its work and does not return."""

    def __init__(self) -> None:
        self.is_full = False
        self.is_slow = False

    async def run(self, work: Callable[[], T]) -> T:
        if self.is_full:
            raise OutboxFull("full")
        done = work()
        if self.is_slow:
            await asyncio.Event().wait()
        return done

    def close(self) -> None:
        """Nothing is open."""


class Desk:
    """A packing station with a scale that is asked on demand."""

    def __init__(self, stores: Stores, clock: FixedClock, session: MemorySession, config: StationConfig = DESK) -> None:
        self.disk = AtOnce()
        self.asked: list[tuple[str, bool]] = []
        self.answers: list[str] = []
        self._at_ms = 0
        seams = Seams(clock=clock, random=Random(3), session=session, disk=self.disk)
        self.intake = Intake([config], stores, seams, lambda _: None)
        self.intake.outlets.append(self._answer)
        self.intake.templates = lambda: {"shelf-label": "a" * 64}
        self.intake.look_up = self._look_up
        self.intake.identify_badge = lambda badge: LI if badge == BADGE else None
        self.woken: list[str] = []
        self.intake.hear_prints(self.woken.append)
        self.known: Item | Missing = Missing.NO_CATALOGUE
        self.intake.weigh = lambda scale, wanted: self.asked.append((scale, wanted))
        self.intake.ask_scales()

    async def scan(self, text: str) -> None:
        self._at_ms += 1000
        await self.intake.take(DeviceEvent("scanner", self._at_ms, Scanned(Symbol(text.encode()))))

    async def weigh(self, weight: Weight, *, is_settled: bool = True) -> None:
        self._at_ms += 1000
        await self.intake.take(DeviceEvent("scale", self._at_ms, WeightChanged(weight, is_settled)))

    async def _look_up(self, text: str, gtin: str | None) -> Item | Missing:
        del text, gtin
        return self.known

    def _answer(self, station: str, feedback: Feedback) -> None:
        assert station == "desk"
        self.answers.append(feedback.code)
        self.last = feedback


@pytest.fixture
def stores(facts: FactsDb, clock: FixedClock, session: MemorySession) -> Stores:
    return open_stores(facts, IDENTITY, Seams(clock=clock, random=Random(5), session=session, disk=AtOnce()))


@pytest.fixture
def outbox(stores: Stores) -> Outbox:
    return stores.outbox


@pytest.fixture
def desk(stores: Stores, clock: FixedClock, session: MemorySession) -> Desk:
    return Desk(stores, clock, session)


def grams(number: int, *, stable: bool = True, raw: bytes = b"frame") -> Weight:
    return Weight(Decimal(number), stable=stable, raw=raw)


async def test_a_scale_is_asked_while_a_parcel_is_waited_for(desk: Desk) -> None:
    await desk.scan("SHELFXBOXUP")
    assert desk.asked[-1] == ("scale", False)
    await desk.scan("PL-1")
    assert desk.asked[-1] == ("scale", True)
    await desk.weigh(grams(576))
    assert (desk.asked[-1], desk.answers[-1]) == (("scale", False), "packed")


async def test_a_task_that_is_left_asks_no_more(desk: Desk) -> None:
    await desk.scan("SHELFXBOXUP")
    await desk.scan("PL-1")
    await desk.scan("SHELFXSTOP")
    assert desk.asked[-1] == ("scale", False)


async def test_it_is_asked_again_after_a_crash(desk: Desk, stores: Stores, clock: FixedClock, session: MemorySession) -> None:
    await desk.scan("SHELFXBOXUP")
    await desk.scan("PL-1")
    assert Desk(stores, clock, session).asked == [("scale", True)]


async def test_a_weight_that_could_not_be_stored_is_asked_for_again(desk: Desk) -> None:
    await desk.scan("SHELFXBOXUP")
    await desk.scan("PL-1")
    desk.asked.clear()
    desk.disk.is_full = True
    await desk.weigh(grams(576))
    assert (desk.asked[-1], desk.answers[-1]) == (("scale", True), "not_saved_full")


@pytest.mark.parametrize(
    ("weight", "is_settled"),
    [(grams(576), False), (grams(576, stable=False), True), (grams(576, raw=b""), True), (grams(0), True), (grams(-5), True)],
)
async def test_only_a_settled_and_legal_weight_is_booked(desk: Desk, outbox: Outbox, weight: Weight, is_settled: bool) -> None:
    await desk.scan("SHELFXBOXUP")
    await desk.scan("PL-1")
    before = outbox.backlog()
    await desk.weigh(weight, is_settled=is_settled)
    assert outbox.backlog() == before
    assert "packed" not in desk.answers
    assert ("pack_empty_scale" in desk.answers) == (weight.grams <= 0)


def test_a_station_without_a_scale_asks_none(stores: Stores, clock: FixedClock, session: MemorySession) -> None:
    assert Desk(stores, clock, session, StationConfig(id="desk", scanner="scanner")).asked == []


async def test_only_a_station_that_looks_up_asks_what_an_item_is(desk: Desk) -> None:
    asked: list[tuple[str, str | None]] = []

    async def look_up(text: str, gtin: str | None) -> Item | Missing:
        asked.append((text, gtin))
        return Missing.UNKNOWN

    desk.intake.look_up = look_up
    await desk.scan("6901234567892")
    await desk.scan("SHELFXLOOKUP")
    assert asked == []
    await desk.scan("6901234567892")
    await desk.scan("SHELFXDONE")
    await desk.scan("6901234567892")
    assert asked == [("6901234567892", "06901234567892")]
    assert desk.answers == ["scanned", "lookup_item", "lookup_unknown", "left", "scanned"]


async def test_a_box_without_a_replica_says_so(desk: Desk) -> None:
    await desk.scan("SHELFXLOOKUP")
    await desk.scan("A")
    assert desk.answers[-1] == "lookup_no_catalogue"


# --- screens ----------------------------------------------------------------------------------------------------------------


def facts_of(outbox: Outbox) -> list[Envelope]:
    return [decode(Envelope, row.payload) for row in outbox.window(Stream.FACT)]


async def test_what_a_screen_sends_again_is_answered_and_not_booked_again_even_after_a_crash(
    desk: Desk, stores: Stores, clock: FixedClock, session: MemorySession
) -> None:
    for number, text in enumerate(("SHELFXRECEIVE", "D-1")):
        await desk.intake.read_at_screen("desk", f"r{number}", text)
    first = await desk.intake.read_at_screen("desk", "r3", MILK)
    assert (first.code, first.reading) == ("received", "r3")
    booked = facts_of(stores.outbox)
    assert await desk.intake.read_at_screen("desk", "r3", MILK) == first
    again = Desk(stores, clock, session)
    assert await again.intake.read_at_screen("desk", "r3", MILK) == first
    assert again.answers == []  # nobody hears it twice
    assert facts_of(stores.outbox) == booked
    assert [fact.device for fact in booked] == ["screen"] * 4


async def test_a_reading_that_was_not_stored_may_be_sent_again(desk: Desk, outbox: Outbox) -> None:
    desk.disk.is_full = True
    assert (await desk.intake.read_at_screen("desk", "r1", MILK)).code == "not_saved_full"
    desk.disk.is_full = False
    assert (await desk.intake.read_at_screen("desk", "r1", MILK)).code == "scanned"
    assert [fact.name for fact in facts_of(outbox)] == ["scan"]


async def test_a_screen_that_goes_away_in_the_middle_leaves_the_box_of_one_mind(desk: Desk, outbox: Outbox) -> None:
    for text in ("SHELFXRECEIVE", "D-1"):
        await desk.scan(text)
    desk.disk.is_slow = True
    reading = asyncio.create_task(desk.intake.read_at_screen("desk", "r1", MILK))
    await asyncio.sleep(0)
    reading.cancel()  # after the disk took it, before anybody was told
    await asyncio.gather(reading, return_exceptions=True)
    desk.disk.is_slow = False
    again = await desk.intake.read_at_screen("desk", "r1", MILK)
    assert (again.code, again.args["items"]) == ("received", 1)
    assert [fact.name for fact in facts_of(outbox)].count("received") == 1


async def test_a_button_is_a_command_and_counts_once(desk: Desk, outbox: Outbox) -> None:
    await desk.intake.press("desk", "b1", "count")
    await desk.scan("A-01")
    await desk.scan(MILK)
    await desk.scan(MILK)
    undone = await desk.intake.press("desk", "b2", "undo")
    assert (undone.code, await desk.intake.press("desk", "b2", "undo")) == ("undone_counted", undone)
    await desk.intake.press("desk", "b3", "done")
    counted = facts_of(outbox)[-1]
    assert (counted.name, b'"quantity":1' in bytes(counted.data)) == ("counted", True)


async def test_the_history_survives_a_crash_with_its_undo(
    desk: Desk, stores: Stores, clock: FixedClock, session: MemorySession
) -> None:
    for text in ("SHELFXRECEIVE", "D-1", MILK):
        await desk.scan(text)
    again = Desk(stores, clock, session)
    newest = again.intake.history("desk")[0]
    assert (newest.symbol, newest.feedback.code, newest.at, newest.is_undone) == (MILK, "received", clock.now(), False)
    received = facts_of(stores.outbox)[-1]
    assert str(received.id) == newest.id
    await again.intake.press("desk", "b1", "undo", target=newest.id)
    assert again.intake.history("desk")[0].is_undone
    retracted = facts_of(stores.outbox)[-1]
    assert decode_fact(retracted) == Retracted(fact=received.id, kind="received")


async def test_an_unknown_station_is_no_station(desk: Desk) -> None:
    with pytest.raises(UnknownStation, match="no station 'elsewhere'"):
        await desk.intake.press("elsewhere", "b1", "undo")


# --- labels -----------------------------------------------------------------------------------------------------------------


async def test_a_label_is_in_the_journal_with_its_fact_or_not_at_all(desk: Desk, stores: Stores) -> None:
    desk.known = ITEM
    await desk.scan("SHELFXSTICKER")
    desk.disk.is_full = True
    await desk.scan(MILK)
    assert (stores.journal.unfinished(), desk.woken) == ([], [])
    desk.disk.is_full = False
    await desk.scan(MILK)
    (job,) = stores.journal.unfinished()
    requested = facts_of(stores.outbox)[-1]
    assert (requested.name, requested.device, str(requested.id)) == ("print_requested", "labels", job.id)
    assert (job.printer, job.state, job.request.data["sku"], desk.woken) == ("labels", JobState.QUEUED, "milk", ["labels"])


async def test_undo_cancels_a_label_that_has_not_begun(desk: Desk, stores: Stores) -> None:
    desk.known = ITEM
    await desk.scan("SHELFXSTICKER")
    await desk.scan(MILK)
    await desk.scan("SHELFXUNDO")
    assert (desk.answers[-1], stores.journal.unfinished()) == ("undone_label", [])


async def test_undo_of_a_label_that_is_printing_says_so_and_leaves_it(desk: Desk, stores: Stores) -> None:
    desk.known = ITEM
    await desk.scan("SHELFXSTICKER")
    await desk.scan(MILK)
    (job,) = stores.journal.unfinished()
    stores.journal.advance(job.id, Action.SEND)
    before = len(facts_of(stores.outbox))
    await desk.scan("SHELFXUNDO")
    assert (desk.answers[-1], len(facts_of(stores.outbox))) == ("undo_too_late", before + 1)
    await desk.scan("SHELFXUNDO")
    assert desk.answers[-1] == "nothing_to_undo"


class LabelPort(PaperPort):
    """Its paper has a line for each label: the name that is on it."""

    async def encode(self, document: Label | Receipt, *, copies: int, copy_mark: bool) -> Encoded:
        assert isinstance(document, Label)
        name = next(each.text for each in document.elements if isinstance(each, Text))
        return Encoded(f"{name}{' COPY' if copy_mark else ''}\n".encode() * copies, copies)


async def test_labels_stored_before_a_crash_come_out_after_it_once_each(
    desk: Desk, stores: Stores, clock: FixedClock, tmp_path: Path
) -> None:
    desk.known = ITEM
    for text in ("SHELFXSTICKER", MILK, "SHELFXDUO", "SHELFXDITTO", MILK, "SHELFXUNDO"):
        await desk.scan(text)
    port = LabelPort(tmp_path / "paper")
    template = load_template((resources.files("controller.documents") / "builtin" / "shelf-label.json").read_bytes())

    async def template_of(name: str, version: str) -> Template:
        assert (name, version) == ("shelf-label", "a" * 64)
        return template

    running = asyncio.create_task(Spooler(stores.journal, AtOnce(), {"labels": port}, template_of, clock).run())
    async with asyncio.timeout(10):
        while stores.journal.unfinished():
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert port.printed() == ["牛奶 Milk"] * 3


# --- people, training, change -----------------------------------------------------------------------------------------------


async def test_facts_carry_who_is_there_and_no_fact_carries_a_badge(
    desk: Desk, stores: Stores, clock: FixedClock, session: MemorySession
) -> None:
    await desk.scan(BADGE)
    assert say(desk.last) == "Hello Li Wei."
    await Desk(stores, clock, session).scan(MILK)  # after a crash, too
    await desk.intake.read_at_screen("desk", "r1", MILK, person="p-9")
    facts = facts_of(stores.outbox)
    assert [fact.person for fact in facts] == ["p-1", "p-1", "p-9"]
    assert BADGE[8:].encode() not in b"".join(encode(fact) for fact in facts)


async def test_in_training_a_misread_is_told_and_not_stored(desk: Desk, outbox: Outbox) -> None:
    await desk.scan("SHELFXDRILL")
    await desk.intake.take(DeviceEvent("scanner", 9000, Failed(fault("protocol_violation", "Half a code."))))
    assert say(desk.last) == "TRAINING — Not read: Half a code. Scan it again."
    assert outbox.backlog().waiting == 0


async def test_stations_come_and_go_and_a_task_goes_on(desk: Desk) -> None:
    await desk.scan("SHELFXCOUNT")
    await desk.scan("A-01")
    await desk.intake.reconfigure(config(StationConfig(id="back"), StationConfig(id="desk", scanner="scanner")))
    assert desk.intake.stations() == ["back", "desk"]
    await desk.scan(MILK)
    assert desk.answers[-1] == "counted_item"
    await desk.intake.reconfigure(config())
    assert desk.intake.stations() == []
    await desk.intake.reconfigure(config(DESK))
    await desk.scan("SHELFXDONE")
    assert desk.answers[-1] == "counted"


def config(*stations: StationConfig) -> Config:
    box = BoxConfig(id="b1", site="s1", state_dir=Path("/nowhere"))
    return Config(box=box, broker=BrokerConfig(host="localhost", port=1883), stations=stations)


def decode_fact(envelope: Envelope) -> Retracted:
    return decode(Retracted, bytes(envelope.data))
