"""What a station's page is given: the documents that are its own, lists that end, the buttons that mean something now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.config import StationConfig
from edge_agent.floor.lists import MOST_LINES
from edge_agent.floor.opened import OpenDocuments
from edge_agent.floor.station_view import shown, tasks
from edge_agent.replica_parts import DOCUMENTS
from edge_agent.stations import StationState
from edge_agent.stations.counting import Counting
from edge_agent.stations.goods import Goods
from edge_agent.stations.model import Known
from edge_agent.stations.picking_state import Picking
from edge_agent.stations.receiving_state import Came, Receiving
from edge_agent.stations.station import Activity
from edge_agent.stations.transfer_in import TakingIn
from edge_agent.stations.transfer_out import Sending
from edge_agent.wire.messages import Symbol
from edge_agent.wire.open_work import CountBin, ExpectedLine, Head, OpenCount, OpenReceipt

DESK = StationConfig(id="desk")
OPENED = {
    "counts": [Head(number="CT-1", title="Zone A"), Head(number="CT-2")],
    "transfers": [Head(number="TR-1", partner="Shop 2", is_outgoing=True), Head(number="TR-2", partner="Shop 3")],
}


def at(activity: Activity) -> StationState:
    return StationState(activity=activity)


def test_tiles_say_how_much_is_open_for_each_task() -> None:
    waiting = {task.name: task.waiting for task in tasks(opened=OPENED) if task.waiting}
    assert waiting == {"counting": 2, "transfer_out": 1, "transfer_in": 1}
    assert all(task.waiting == 0 for task in tasks())


@pytest.mark.parametrize(
    ("activity", "numbers"), [(Sending(), ["TR-1"]), (TakingIn(), ["TR-2"]), (Counting(), ["CT-1", "CT-2"]), (Receiving(), [])]
)
def test_before_a_document_is_in_hand_its_own_open_ones_are_listed(activity: Activity, numbers: Sequence[str]) -> None:
    lists = shown(DESK, at(activity), opened=OPENED).lists
    assert [line.symbol for part in lists for line in part.lines] == list(numbers)


def test_a_long_list_ends_and_says_how_long_it_is() -> None:
    bins = [CountBin(bin=f"A-{number:03}") for number in range(MOST_LINES + 40)]
    known = Known(document=OpenCount(id=1, number="CT-1", title="", time_zone="UTC", bins=bins))
    (uncounted,) = shown(DESK, at(Counting(session="CT-1")), known).lists
    assert (uncounted.total, len(uncounted.lines)) == (MOST_LINES + 40, MOST_LINES)
    assert uncounted.lines[0].symbol == "A-000", "it can be pressed"


def test_only_buttons_that_mean_something_are_there() -> None:
    came = Came(goods=Goods(symbol=Symbol(text="x")), quantity=1)
    stages = {
        "before a delivery": Receiving(),
        "scanning": Receiving(document="D-1"),
        "something came": Receiving(document="D-1", items=1, latest=came),
        "the summary": Receiving(document="D-1", is_summed=True),
    }
    found = {name: [control.name for control in shown(DESK, at(activity)).controls] for name, activity in stages.items()}
    assert found == {
        "before a delivery": ["nothing"],
        "scanning": ["quantity", "broken", "expired", "spoiled", "short"],
        "something came": ["quantity", "broken", "expired", "spoiled", "short", "sticker"],
        "the summary": ["notsent", "lost", "other"],
    }
    assert shown(DESK, at(Receiving(document="D-1", damage="broken"))).notes[0].zh == "下一件将隔离：破损。"


def test_details_and_lines_of_a_delivery() -> None:
    line = ExpectedLine(sku="milk", name_en="Milk", name_zh="牛奶", symbol="x", expected=3, got=5)
    known = Known(document=OpenReceipt(id=2, number="PO-1", supplier="Farm", lines=[line]))
    page = shown(DESK, at(Receiving(document="PO-1", items=2)), known)
    assert page.details == {"document": "PO-1", "items": 2}
    (complete,) = page.lists
    assert [(each.code, each.told.en, each.is_done, each.is_wrong) for each in complete.lines] == [("milk", "5 of 3", True, True)]


class Keeper:
    """The replica as `OpenDocuments` asks it."""

    def __init__(self) -> None:
        self.version = 0
        self.asked: list[str] = []

    def changes(self, part: str) -> int:
        del part
        return self.version

    async def heads(self, part: str) -> list[Head]:
        self.asked.append(part)
        return [Head(number=f"{part}-{self.version}")]


async def test_the_replica_is_asked_when_it_changed_and_not_before() -> None:
    keeper = Keeper()
    opened = OpenDocuments(keeper)  # type: ignore[arg-type]  # what is asked of it is there
    first = dict(await opened.now())
    assert keeper.asked == list(DOCUMENTS)
    assert dict(await opened.now()) == first
    assert keeper.asked == list(DOCUMENTS)
    keeper.version += 1
    assert (await opened.now())["counts"][0].number == "counts-1"


def test_pick_lists_are_listed_by_when_they_are_due_and_those_in_hand_last() -> None:
    due = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    heads = [
        Head(number="PL-1", order="SO-1", due_at=due + timedelta(hours=2), time_zone="Asia/Shanghai", wave="WV-7"),
        Head(number="PL-2", order="SO-2"),
        Head(number="PL-3", order="SO-3", due_at=due, time_zone="Asia/Shanghai"),
        Head(number="PL-4", order="SO-4", due_at=due, time_zone="nowhere", claimed_by="Anna"),
    ]
    (listed,) = shown(DESK, at(Picking()), opened={"picks": heads}).lists
    assert [line.symbol for line in listed.lines] == ["PL-3", "PL-1", "PL-2", "PL-4"]
    assert [line.told.en for line in listed.lines] == ["due 11-22 17:30", "due 11-22 19:30", "", "due 11-22 09:30 · with Anna"]
    assert (listed.lines[1].name.zh, listed.lines[3].told.zh) == ("SO-1 · WV-7", "11-22 09:30 前 · Anna 在拣")
