"""Handing over: against a carrier's manifest, a customer's pick-up code, or as parcels come."""

from __future__ import annotations

import pytest

from edge_agent.stations.handing_over import STATION, HandingOver
from edge_agent.stations.model import Feedback, Known, Pressed, Scanned
from edge_agent.stations.station import Done, Idle
from edge_agent.wire.facts import HandedOver
from edge_agent.wire.messages import Symbol
from edge_agent.wire.open_parcels import OpenHandOver, ParcelLine

MANIFEST = OpenHandOver(
    id=2,
    number="MF-100001",
    title="fast",
    lines=[
        ParcelLine(parcel="PC-1", order="SO-1", symbol="TN1"),
        ParcelLine(parcel="PC-2", order="SO-2", symbol="TN2"),
        ParcelLine(parcel="PC-3", order="SO-3", recalled=["L7"]),
        ParcelLine(parcel="PC-4", order="SO-4", is_held=True),
    ],
)
CUSTOMER = OpenHandOver(id=3, number="SO-9", code="ABC123", lines=[ParcelLine(parcel="PC-9", order="SO-9")])


class Door:
    """A station and what its box knows."""

    def __init__(self) -> None:
        self.now, self.facts = HandingOver(), list[str]()

    def _took(self, done: Done) -> Feedback:
        self.facts += [draft.data.parcel for draft in done.facts if isinstance(draft.data, HandedOver)]
        self.left = isinstance(done.activity, Idle)
        if isinstance(done.activity, HandingOver):
            self.now = done.activity
        return done.feedback

    def _known(self, text: str) -> Known:
        number = self.now.list or text
        return Known(document=next((each for each in (MANIFEST, CUSTOMER) if number in (each.number, each.code)), None))

    def scan(self, text: str, gtin: str | None = None) -> str:
        read = Scanned(device="s", symbol=Symbol(text=text), at_ms=0, gtin=gtin, known=self._known(text))
        return self._took(STATION.scan(self.now, read)).code

    def done(self) -> str:
        return self._took(STATION.finish(self.now, Pressed(control="done", at_ms=0, known=self._known("")))).code


def test_parcels_go_as_they_come_without_a_manifest() -> None:
    door = Door()
    assert [door.scan("PC-1"), door.scan("PC-1"), door.scan("PC-2")] == ["handed_over", "already_handed_over", "handed_over"]
    assert door.facts == ["PC-1", "PC-2"]
    assert door.scan("05449000000996", gtin="05449000000996") == "need_parcel"
    assert (door.done(), door.left) == ("left", True)


def test_a_manifest_is_handed_over_by_the_numbers_on_the_parcels_or_the_carriers_labels() -> None:
    door = Door()
    assert door.scan("MF-100001") == "send_manifest"
    assert [door.scan("TN1"), door.scan("PC-1"), door.scan("PC-2")] == ["handed_over_of", "already_handed_over", "handed_over_of"]
    assert door.facts == ["PC-1", "PC-2"]
    assert door.done() == "send_left"
    assert not door.left
    assert (door.done(), door.left) == ("left", True)


def test_what_is_not_on_it_goes_when_it_is_scanned_twice() -> None:
    door = Door()
    door.scan("MF-100001")
    assert door.scan("PC-9") == "not_on_list"
    assert door.scan("PC-8") == "not_on_list", "another one is asked for itself"
    assert door.scan("PC-8") == "handed_over_of"
    assert door.facts == ["PC-8"]


def test_what_is_recalled_or_flagged_stays_here_however_often_it_is_scanned() -> None:
    door = Door()
    door.scan("MF-100001")
    assert [door.scan("PC-3"), door.scan("PC-3"), door.scan("PC-4"), door.scan("PC-4")] == [
        "parcel_recalled", "parcel_recalled", "parcel_held", "parcel_held",
    ]  # fmt: skip
    assert door.facts == []
    stays = {
        segment.title.en: [line.code for line in segment.lines] for segment in STATION.shows(door.now, Known(document=MANIFEST))
    }
    assert stays == {"To hand over": ["PC-1", "PC-2"], "Stays here": ["PC-3", "PC-4"]}


def test_a_customer_comes_with_a_pick_up_code() -> None:
    door = Door()
    assert door.scan("ABC123") == "send_customer"
    assert door.scan("PC-9") == "handed_over_all"
    assert door.facts == ["PC-9"]
    assert door.now.list is None, "the next customer's code begins anew"


def test_a_manifest_that_was_only_scanned_is_put_aside() -> None:
    door = Door()
    read = Scanned(device="s", symbol=Symbol(text="MF-100001"), at_ms=0, known=Known(document=MANIFEST))
    done = STATION.scan(door.now, read)
    assert done.took is not None and STATION.undo is not None
    after = STATION.undo(done.activity, done.took, "r").activity
    assert isinstance(after, HandingOver) and after.list is None


@pytest.mark.parametrize("text", ["MF-100007", "mf-100007", "SO-100001", "PL-100001", "SH-100001", "KM7Q2R"])
def test_a_paper_that_the_box_does_not_know_is_told_and_never_booked_as_a_parcel(text: str) -> None:
    door = Door()
    assert [door.scan(text), door.scan(text), door.facts] == ["send_unknown", "send_unknown", []]
    door.scan("MF-100001")
    assert [door.scan(text), door.scan(text), door.facts] == ["send_other_paper", "send_other_paper", []]


def test_a_carriers_label_that_the_box_does_not_know_is_left_to_the_controller() -> None:
    door = Door()
    assert [door.scan("SF1234567890"), door.scan("pc-7")] == ["handed_over_label", "handed_over"]
    assert door.facts == ["SF1234567890", "PC-7"]
    assert door.scan("PC-7") == "already_handed_over"
