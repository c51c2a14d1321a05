"""Who counts blind finds no stock of what is waited for: by scan, by search, in the lists of a station."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from edge_agent.replica import Replica
from edge_agent.stations import Item
from edge_agent.stations.looking_up import told
from edge_agent.stations.model import NOTHING_KNOWN, Scanned
from edge_agent.stations.put_away import PuttingAway, shows
from edge_agent.wire.messages import Symbol
from edge_agent.wire.open_work import CountBin
from edge_agent.wire.replica import ReplicaStock, rows_of
from tests.edge_agent.conftest import FixedClock
from tests.edge_agent.test_replica import item
from tests.edge_agent.test_replica_parts import close, count, opened, take

MILK = item(1, "MILK-1")
WAITED, COUNTED = CountBin(bin="A-01"), CountBin(bin="A-01", is_counted=True)


@pytest.fixture
def replica(tmp_path: Path, clock: FixedClock) -> Replica:
    found = opened(tmp_path, clock)
    stock = ReplicaStock(item=1, on_hand=24, bins=[("A-01", 20), ("B-01", 4)])
    take(found, goods=rows_of([MILK], anew=True), stock=rows_of([stock], anew=True))
    return found


def milk(replica: Replica) -> Item:
    found = replica.lookup("MILK-1", None)
    assert isinstance(found, Item)
    return found


def counting(replica: Replica, *bins: CountBin, blind: bool = True) -> None:
    take(replica, "c1", "c2", counts=rows_of([replace(count(1, *bins), blind=blind)], anew=True))


def searched(replica: Replica) -> Item:
    found = replica.search("MILK-1")
    (hit,) = found.hits  # type: ignore[union-attr]  # a catalogue is there
    return hit.item


def test_nobody_counts_and_all_is_told(replica: Replica) -> None:
    assert (milk(replica).on_hand, milk(replica).bins) == (24, (("A-01", 20), ("B-01", 4)))
    assert searched(replica).on_hand == 24
    close(replica)


@pytest.mark.parametrize("waited", ["A-01", "B-01"])
def test_a_bin_of_it_waits_for_a_blind_count(replica: Replica, waited: str) -> None:
    counting(replica, CountBin(bin="C-01"), CountBin(bin=waited))
    for found in (milk(replica), searched(replica)):
        assert (found.on_hand, found.bins, found.is_blind) == (0, (("A-01", 0), ("B-01", 0)), True)
    answer = told(Scanned(device="s", at_ms=0, symbol=Symbol(text="MILK-1"), item=milk(replica)))
    assert answer.code == "lookup_blind"
    assert "on_hand" not in answer.args
    (segment,) = shows(PuttingAway(bins=milk(replica).bins), NOTHING_KNOWN)
    assert [line.told.en for line in segment.lines] == ["", ""]
    close(replica)


@pytest.mark.parametrize("bins", [(COUNTED,), (CountBin(bin="C-01"),), (CountBin(bin="A-011"),)])
def test_what_is_counted_or_lies_elsewhere_is_told(replica: Replica, bins: tuple[CountBin, ...]) -> None:
    counting(replica, *bins)
    assert (milk(replica).on_hand, searched(replica).on_hand) == (24, 24)
    close(replica)


def test_where_the_office_shows_what_is_expected_so_does_the_box(replica: Replica) -> None:
    counting(replica, WAITED, blind=False)
    assert (milk(replica).on_hand, searched(replica).is_blind) == (24, False)
    close(replica)


def test_goods_in_more_bins_than_the_box_knows_may_lie_in_the_one_that_is_counted(replica: Replica) -> None:
    many = ReplicaStock(item=1, on_hand=99, bins=[("B-01", 30), ("B-02", 30), ("B-03", 30)])
    take(replica, "c1", "c2", stock=rows_of([many]), counts=rows_of([count(1, WAITED)], anew=True))
    assert (milk(replica).is_blind, searched(replica).is_blind) == (True, True)
    take(replica, "c2", "c3", counts=rows_of([count(1, COUNTED)]))
    assert (milk(replica).on_hand, searched(replica).on_hand) == (99, 99)
    close(replica)
