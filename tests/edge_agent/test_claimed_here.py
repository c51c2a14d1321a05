"""What one station of a box has in hand, its others know before any controller does; what was given back is free at once."""

from __future__ import annotations

from uuid import UUID

from msgspec.structs import replace

from edge_agent.claimed_here import ClaimedHere
from edge_agent.stations import StationState
from edge_agent.stations.model import Known
from edge_agent.wire.facts import FactDraft
from edge_agent.wire.open_work import OpenPick
from edge_agent.wire.pick_facts import PickClaimed, PickUnclaimed
from tests.edge_agent.stations.worker import ANNA, LI, NOW

PICK = OpenPick(id=1, number="PL-1", order="SO-1", lines=[])
CLAIMED = FactDraft(data=PickClaimed(pick_list="PL-1"))
BACK = FactDraft(data=PickUnclaimed(pick_list="PL-1", claim=UUID(int=1)))


def seen(here: ClaimedHere, pick: OpenPick = PICK, station: str = "till") -> tuple[str, str]:
    known = here.laid_over(Known(document=pick, others=(pick,)), station)
    assert isinstance(known.document, OpenPick)
    assert known.others == (known.document,)
    return known.document.claimed_by, known.document.claimed_id


def test_another_station_is_told_who_has_it_and_the_same_one_is_not() -> None:
    here = ClaimedHere()
    assert seen(here) == ("", "")
    here.heard([CLAIMED], "desk", StationState(person=LI))
    assert seen(here) == ("Li Wei", "p-1")
    assert seen(here, station="desk") == ("", "")
    here.heard([CLAIMED], "desk", StationState())
    assert seen(here) == ("desk", ""), "where nobody signs in it is the station"


def test_what_is_given_back_is_free_before_the_controller_has_heard_of_it() -> None:
    here = ClaimedHere()
    here.heard([CLAIMED], "desk", StationState(person=LI))
    here.heard([BACK], "desk", StationState())
    told = replace(PICK, claimed_by="Li Wei", claimed_id="p-1", claimed_at=NOW)
    assert seen(here, told) == ("", "")
    assert seen(here, replace(told, claimed_by="Anna", claimed_id="p-2")) == ("Anna", "p-2"), "somebody else has it by now"
    assert seen(here) == ("", "")
    assert seen(here, told) == ("Li Wei", "p-1"), "the controller had heard of it: this is another claim"


def test_who_has_it_now_counts_and_other_facts_do_not() -> None:
    here = ClaimedHere()
    here.heard([CLAIMED], "desk", StationState(person=LI))
    here.heard([CLAIMED], "till", StationState(person=ANNA))
    assert seen(here, station="desk") == ("Anna", "p-2")
    assert seen(here, replace(PICK, number="PL-2")) == ("", "")


def test_a_tote_is_known_until_its_list_is_given_back_or_lost() -> None:
    here = ClaimedHere()
    claimed = FactDraft(data=PickClaimed(pick_list="PL-1", tote="T-1"), id=str(UUID(int=1)))
    here.heard([claimed], "desk", StationState(person=LI))
    assert [here.in_tote(code) for code in ("T-1", "T-2", "", None)] == ["PL-1", None, None, None]
    here.heard([FactDraft(data=PickClaimed(pick_list="PL-2", tote="T-1"))], "till", StationState())
    assert here.in_tote("T-1") == "PL-2", "the latest"
    here.heard([BACK], "desk", StationState())
    here.lost(str(UUID(int=9)))
    assert here.in_tote("T-1") == "PL-2"
    here.heard([FactDraft(data=PickUnclaimed(pick_list="PL-2", claim=UUID(int=2)))], "till", StationState())
    assert here.in_tote("T-1") is None
    here.heard([claimed], "desk", StationState(person=LI))
    here.lost(str(UUID(int=1)))
    assert (here.in_tote("T-1"), seen(here)) == (None, ("", ""))
