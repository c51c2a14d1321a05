"""A claim that the controller refuses: told at once, by a bad beep and a sentence; the list goes back, the walk goes on."""

from __future__ import annotations

from msgspec.structs import replace

from edge_agent.stations import Refused, Verdict, say
from edge_agent.stations.model import Known
from edge_agent.stations.picking_state import Picking
from edge_agent.wire.facts import Picked
from edge_agent.wire.pick_facts import PickClaimed, PickUnclaimed
from tests.edge_agent.stations.test_picking import PICK, picker, tea
from tests.edge_agent.stations.test_picking_cluster import FIRST, SECOND, gathered, walking
from tests.edge_agent.stations.worker import ANNA, LI, MILK, NOW, Worker

TAKEN = "claimed_by_other"


def refused(worker: Worker, number: str = "PL-1", code: str = TAKEN) -> Worker:
    claims = [draft for draft in worker.drafts if isinstance(draft.data, PickClaimed) and draft.data.pick_list == number]
    worker.does(Refused(fact=claims[-1].id or "", code=code, known=worker.known, worker=worker.state.person, box="box-1"))
    return worker


def in_hand(worker: Worker) -> list[str]:
    assert isinstance(worker.state.activity, Picking)
    return [one.number for one in worker.state.activity.lists]


def test_the_list_goes_back_and_the_person_is_told_at_once() -> None:
    worker = refused(picker())
    assert (worker.code, worker.answer.verdict) == ("pick_gone", Verdict.WRONG)
    assert say(worker.answer) == (
        "Somebody else took PL-1 first: it is not yours any more. Put back what you hold of it. Scan another list."
    )
    assert say(worker.answer, "zh-CN") == "别人先领了 PL-1，已不归你拣。手里拿着的放回去。扫描其他拣货单。"
    assert in_hand(worker) == []
    assert not [fact for fact in worker.booked if isinstance(fact, PickUnclaimed)], "it was never theirs: nothing is given back"
    worker.scans("STOP")
    assert not [fact for fact in worker.booked if isinstance(fact, PickUnclaimed)]


def test_who_has_it_is_named_where_the_box_knows() -> None:
    worker = picker().shows(LI)
    worker.known = Known(document=replace(PICK, claimed_by="Anna", claimed_id=ANNA.id, claimed_at=NOW))
    assert say(refused(worker).answer).startswith("Anna took PL-1 first")


def test_what_was_fetched_stays_booked_and_goes_to_packing() -> None:
    worker = refused(tea(picker()))
    assert (worker.code, len([fact for fact in worker.booked if isinstance(fact, Picked)])) == ("pick_gone_goods", 1)
    assert "to packing" in say(worker.answer)
    worker.known = Known()
    assert worker.scans(MILK).code == "need_pick_list_not_item", "nothing more is booked for it"


def test_the_other_lists_of_a_walk_go_on() -> None:
    worker = refused(walking(FIRST, SECOND))
    assert in_hand(worker) == ["PL-2"]
    assert say(worker.answer).endswith("Go on: B-02: 3 × Milk 1 L")
    worker.scans(MILK)
    assert worker.answer.args["tote"] == "T-2"
    refused(worker, "PL-2")
    assert isinstance(worker.state.activity, Picking)
    assert (in_hand(worker), worker.state.activity.held) == ([], None), "goods in the hand of nobody's list are put back"


def test_while_lists_are_gathered_the_rest_stays() -> None:
    worker = refused(gathered(FIRST, SECOND), "PL-2")
    assert (in_hand(worker), say(worker.answer).endswith("Scan the next list, or DONE to walk.")) == (["PL-1"], True)
    worker.scans("DONE")
    assert worker.code == "pick_walk"


def test_a_number_that_no_list_has() -> None:
    worker = refused(picker(None), code="unknown_pick_list")
    assert (worker.code, in_hand(worker)) == ("pick_gone_unknown", [])


def test_a_claim_that_was_given_back_meanwhile_is_nobodys_matter() -> None:
    worker = picker().scans("STOP")
    before = worker.state
    refused(worker)
    assert (worker.state, worker.last.feedback) == (before, None)
    again = picker().scans("STOP", "PICK", "PL-1")
    old = next(draft for draft in again.drafts if isinstance(draft.data, PickClaimed))
    again.does(Refused(fact=old.id or "", code=TAKEN))
    assert in_hand(again) == ["PL-1"], "it was claimed anew since"


def test_the_page_says_it_until_the_next_reading() -> None:
    worker = refused(picker())
    assert isinstance(worker.state.activity, Picking)
    assert worker.state.activity.gone == ("PL-1",)
    worker.scans("PL-2", item=None)
    assert not worker.state.activity.gone
