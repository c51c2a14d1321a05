"""What the controller refuses reaches the station that stands on it: with the ack, and after a power cut between the two."""

from __future__ import annotations

from random import Random

import pytest

from edge_agent.config import StationConfig
from edge_agent.facts import FactsDb
from edge_agent.intake import Intake
from edge_agent.stations import Feedback, StationState, Verdict, say
from edge_agent.stations.model import Known
from edge_agent.stations.picking_state import Picking
from edge_agent.stores import Seams, Stores, open_stores
from edge_agent.wire.messages import Ack, Rejection, Stream
from edge_agent.wire.open_work import OpenPick
from tests.edge_agent.conftest import IDENTITY, FixedClock, MemorySession
from tests.edge_agent.test_intake import AtOnce

STATIONS = [StationConfig(id="desk"), StationConfig(id="till")]


class Box:
    """Two stations worked at from screens.  Another one over the same stores is the box after a power cut."""

    def __init__(self, stores: Stores, clock: FixedClock, session: MemorySession, seed: int = 3) -> None:
        self.stores, self.clock, self.disk = stores, clock, AtOnce()
        seams = Seams(clock=clock, random=Random(seed), session=session, disk=self.disk)
        self.intake = Intake(STATIONS, stores, seams, lambda _: None)
        self.intake.outlets.append(lambda station, feedback: self.heard.append((station, feedback)))
        self.heard: list[tuple[str, Feedback]] = []

    async def scans(self, *texts: str, at: str = "desk") -> None:
        for text in texts:
            await self.intake.read_at_screen(at, f"{id(self)}-{at}-{text}", text)

    def state(self, station: str = "desk") -> StationState:
        return self.intake.state(station)

    def lists(self, station: str = "desk") -> list[str]:
        activity = self.state(station).activity
        return [one.number for one in activity.lists] if isinstance(activity, Picking) else []

    def rejects(self, name: str, code: str = "claimed_by_other") -> dict[str, str]:
        """The controller's ack of all that waits: it refuses the facts of this name."""
        rows = self.stores.outbox.window(Stream.FACT, 0, limit=100, limit_bytes=1 << 20)
        rejected = [Rejection(seq=row.seq, code=code) for row in rows if row.name == name]
        ranges = [(row.seq, row.seq) for row in rows]
        result = self.stores.outbox.apply(Ack(epoch=self.stores.outbox.epoch, stream=Stream.FACT, ranges=ranges, rejected=rejected))
        return {row.id: row.code for row in result.rejected}


@pytest.fixture
def stores(facts: FactsDb, clock: FixedClock, session: MemorySession) -> Stores:
    return open_stores(facts, IDENTITY, Seams(clock=clock, random=Random(5), session=session, disk=AtOnce()))


@pytest.fixture
def box(stores: Stores, clock: FixedClock, session: MemorySession) -> Box:
    return Box(stores, clock, session)


async def test_a_refused_claim_is_told_where_it_was_made_and_nowhere_else(box: Box) -> None:
    await box.scans("SHELFXPICK", "PL-1")
    await box.scans("SHELFXPICK", "PL-2", at="till")
    codes = box.rejects("pick_claimed")
    mine = {fact: codes[fact] for fact in codes if fact == _claim(box, "desk")}
    box.heard.clear()
    await box.intake.refuse(mine)
    assert [(station, feedback.code) for station, feedback in box.heard] == [("desk", "pick_gone")]
    assert (box.lists("desk"), box.lists("till")) == ([], ["PL-2"])
    await box.intake.refuse(mine)
    assert len(box.heard) == 1, "an ack that comes twice says nothing twice"


async def test_a_power_cut_between_the_ack_and_the_sentence(box: Box, clock: FixedClock, session: MemorySession) -> None:
    await box.scans("SHELFXPICK", "PL-1")
    assert box.rejects("pick_claimed")
    again = Box(box.stores, clock, session, seed=4)
    assert again.lists() == ["PL-1"]
    await again.intake.recover()
    assert ([feedback.code for _, feedback in again.heard], again.lists()) == (["pick_gone"], [])
    after = Box(box.stores, clock, session, seed=5)
    await after.intake.recover()
    assert (after.heard, after.lists()) == ([], [])


async def test_a_full_disk_says_nothing_that_is_not_kept(box: Box) -> None:
    await box.scans("SHELFXPICK", "PL-1")
    codes = box.rejects("pick_claimed")
    box.heard.clear()
    box.disk.is_full = True
    await box.intake.refuse(codes)
    assert (box.heard, box.lists()) == ([], ["PL-1"])
    box.disk.is_full = False
    await box.intake.recover()
    assert (box.heard[0][1].code, box.lists()) == ("pick_gone", [])


async def test_a_hand_over_that_is_refused_is_told_later_and_stands_in_the_history(box: Box) -> None:
    await box.scans("SHELFXSEND", "SF1234567890", "SHELFXSTOP")
    box.heard.clear()
    codes = box.rejects("handed_over", "unknown_parcel")
    await box.intake.refuse(codes)
    await box.intake.refuse(codes)
    assert [(feedback.verdict, feedback.code) for _, feedback in box.heard] == [(Verdict.WRONG, "send_refused")]
    assert "SF1234567890" in say(box.heard[0][1])
    assert [reading.feedback.code for reading in box.intake.history("desk") if reading.symbol == "SF1234567890"] == ["send_refused"]


@pytest.mark.parametrize(("code", "told"), [("over_pick", ["pick_refused_over"]), ("bad_clock", [])])
async def test_a_pick_that_is_refused_is_told_where_there_is_something_to_do(box: Box, code: str, told: list[str]) -> None:
    await box.scans("SHELFXPICK", "PL-1", "4006381333931")
    codes = box.rejects("picked", code)
    box.heard.clear()
    await box.intake.refuse(codes)
    assert [feedback.code for _, feedback in box.heard] == told
    assert box.lists() == ["PL-1"], "the list stays in hand"


async def test_a_tote_in_hand_at_another_station_is_refused_while_its_list_is_open(box: Box) -> None:
    """The replica knows of no claim yet; it knows which lists are open."""
    open_lists = {"PL-1", "PL-2"}

    async def around(part: str, number: str | None, place: str | None, also: tuple[str, ...]) -> Known:
        del place, also
        is_open = part == "picks" and number in open_lists
        return Known(document=OpenPick(id=1, number=number or "", order="SO-1", lines=[]) if is_open else None)

    box.intake.look_around = around
    await box.scans("SHELFXPICK", "SHELFXCLUSTER", "PL-1", "T-1")
    await box.scans("SHELFXPICK", "SHELFXCLUSTER", "PL-2", "T-1", at="till")
    assert (box.heard[-1][1].code, box.lists("till")) == ("pick_tote_used", [])
    open_lists.discard("PL-1")
    box.clock.milliseconds += 1000
    await box.intake.read_at_screen("till", "again", "T-1")
    assert (box.heard[-1][1].code, box.lists("till")) == ("pick_gathered", ["PL-2"])


def _claim(box: Box, station: str) -> str:
    activity = box.state(station).activity
    assert isinstance(activity, Picking)
    return activity.lists[0].claim
