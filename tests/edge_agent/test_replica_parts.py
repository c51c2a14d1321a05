"""Parts of the replica on the box: what is gone goes, what joins later needs a line, what cannot be read changes nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from edge_agent.replica import Replica, ReplicaUnavailable
from edge_agent.replica_parts import PARTS, PEOPLE, PROFILES, TEMPLATES, kept
from edge_agent.stations import Item, Missing
from edge_agent.wire.open_parcels import OpenHandOver, OpenPack
from edge_agent.wire.open_work import CountBin, OpenCount, OpenLabels, OpenPick, OpenReceipt, OpenTransfer, SiteBin
from edge_agent.wire.order_facts import OrderTemplate
from edge_agent.wire.replica import (
    ReplicaPage,
    ReplicaProfile,
    ReplicaRecall,
    ReplicaRows,
    ReplicaSite,
    ReplicaStock,
    ReplicaTemplate,
    decode_page,
    encode_page,
    rows_of,
)
from edge_agent.wire.rounding import Mode
from edge_agent.wire.taxes import SiteTaxes
from edge_agent.wire.totals import Level
from tests.edge_agent.conftest import FixedClock
from tests.edge_agent.test_people import person
from tests.edge_agent.test_replica import item


class ReplicaTask(Struct, frozen=True, kw_only=True):
    """What a count, a receipt or a pick list will be like."""

    id: int
    document: str


TASKS = kept("tasks", ReplicaTask, key=lambda task: str(task.id), handle=lambda task: task.document)
"""All that the box's side of another part is."""


@pytest.fixture
def replica(tmp_path: Path, clock: FixedClock) -> Iterator[Replica]:
    replica = opened(tmp_path, clock)
    yield replica
    close(replica)


def opened(tmp_path: Path, clock: FixedClock) -> Replica:
    replica = Replica(tmp_path / "replica.db", "s1", clock, [*PARTS, TASKS])
    replica.prepare()
    return replica


def close(replica: Replica) -> None:
    replica.close_reader()
    replica.close_search()
    replica.close_writer()


def take(replica: Replica, since: str = "", to: str = "c1", *, more: bool = False, **parts: ReplicaRows) -> None:
    take_parts(replica, parts, since, to, more=more)


def take_parts(replica: Replica, parts: dict[str, ReplicaRows], since: str = "", to: str = "c1", *, more: bool = False) -> None:
    at = datetime(2026, 11, 21, 8, tzinfo=UTC)
    page = ReplicaPage(site="s1", since=since, next=to, more=more, at=at, parts=parts)
    replica.take(decode_page(encode_page(page)), asked=replica.cursor(), asked_at_ms=0)


def people(replica: Replica, handle: str | None = None) -> list[str]:
    rows = replica.rows(PEOPLE, handle)
    assert not isinstance(rows, Missing)
    return [row.name for row in rows]


def tasks(replica: Replica, handle: str | None = None) -> list[int]:
    rows = replica.rows(TASKS, handle)
    assert not isinstance(rows, Missing)
    return [row.id for row in rows]


class TestRows:
    def test_they_are_found_by_their_handle_and_replaced_by_their_id(self, replica: Replica) -> None:
        take(replica, people=rows_of([person(1), person(2, badge=None)], anew=True))
        assert people(replica) == ["Li 1", "Li 2"]
        assert people(replica, person(1).badge) == ["Li 1"]
        take(replica, "c1", "c2", people=rows_of([msgspec.structs.replace(person(1), name="Wang", badge="x")]))
        assert (people(replica), people(replica, "x"), people(replica, person(1).badge)) == (["Wang", "Li 2"], ["Wang"], [])

    def test_who_is_gone_is_gone_from_the_file_too(self, replica: Replica, tmp_path: Path) -> None:
        take(replica, people=rows_of([person(1), person(2, badge=None)]))
        take(replica, "c1", "c2", people=rows_of([], gone=[person(1).id, "p-never-here"]))
        assert people(replica) == ["Li 2"]
        close(replica)
        assert all(person(1).id.encode() not in file.read_bytes() for file in tmp_path.glob("replica.db-wal"))

    def test_a_part_told_anew_forgets_what_is_not_told(self, replica: Replica) -> None:
        take(replica, people=rows_of([person(1), person(2, badge=None)]), goods=rows_of([item(1, "A")]))
        take(replica, "c1", "c2", people=rows_of([person(2, badge=None)], anew=True))
        assert people(replica) == ["Li 2"]
        assert isinstance(replica.lookup("A", None), Item), "other parts stay"
        take(replica, "c2", "c3", goods=rows_of([], gone=["1", "nonsense", "99999999999999999999"]))
        assert replica.lookup("A", None) is Missing.UNKNOWN

    def test_before_the_first_snapshot_nobody_knows(self, replica: Replica) -> None:
        take(replica, more=True, people=rows_of([person(1)]))
        assert replica.rows(PEOPLE) is Missing.NO_CATALOGUE


class TestAPartThatJoins:
    def test_open_tasks_are_kept_found_by_their_document_and_closed(self, replica: Replica) -> None:
        take(replica, tasks=rows_of([ReplicaTask(id=1, document="PL-1"), ReplicaTask(id=2, document="PL-2")], anew=True))
        assert (tasks(replica), tasks(replica, "PL-2"), tasks(replica, "PL-9")) == ([1, 2], [2], [])
        take(replica, "c1", "c2", tasks=rows_of([], gone=["1"]))
        assert tasks(replica) == [2]

    def test_it_joins_a_file_of_before_without_fetching_the_rest_again(self, tmp_path: Path, clock: FixedClock) -> None:
        before = Replica(tmp_path / "replica.db", "s1", clock)
        before.prepare()
        take(before, goods=rows_of([item(1, "A")]), tasks=rows_of([ReplicaTask(id=1, document="PL-1")], anew=True))
        close(before)
        after = opened(tmp_path, clock)
        assert (after.cursor(), tasks(after)) == ("c1", []), "what it did not know then was passed over"
        take(after, "c1", "c2", tasks=rows_of([ReplicaTask(id=1, document="PL-1")], anew=True))
        assert tasks(after) == [1]
        assert isinstance(after.lookup("A", None), Item)
        close(after)


class TestWhatCannotBeRead:
    @pytest.mark.parametrize(
        ("part", "rows"),
        [
            ("people", b'[{"id": 1}]'),
            ("people", b'{"id": "p-1"}'),
            ("goods", b'[{"id": -1}]'),
            ("stock", b'[{"item": 1, "on_hand": 9223372036854775808}]'),
            ("profiles", b'[{"name": "till", "sign_in": "face"}]'),
            ("stock", b"null"),
        ],
    )
    def test_it_changes_nothing_of_any_part(self, replica: Replica, part: str, rows: bytes) -> None:
        take(replica, people=rows_of([person(1)]))
        wrong = ReplicaRows(rows=msgspec.Raw(rows), anew=True)
        with pytest.raises(ReplicaUnavailable, match="cannot be read"):
            take_parts(replica, {"people": rows_of([], anew=True), part: wrong}, "c1", "c2")
        assert (replica.cursor(), people(replica)) == ("c1", ["Li 1"])

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
    @given(
        st.dictionaries(
            st.sampled_from(["goods", "stock", "people", "tasks", "else"]),
            st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5),
        ),
        st.lists(st.text(max_size=9), max_size=3),
    )
    def test_whatever_rows_arrive_they_are_stored_or_refused(
        self, replica: Replica, rows: dict[str, object], gone: list[str]
    ) -> None:
        parts = {name: ReplicaRows(rows=msgspec.Raw(msgspec.json.encode(each)), gone=gone) for name, each in rows.items()}
        try:
            take_parts(replica, parts)
        except ReplicaUnavailable:
            return
        assert replica.cursor() == "c1"


class TestChanges:
    def test_they_count_by_part_what_is_served(self, replica: Replica) -> None:
        before = replica.changes["people"]
        take(replica, more=True, people=rows_of([person(1)]))
        assert replica.changes["people"] == before, "it is only collected"
        take(replica, "c1", "c2")
        served = replica.changes["people"]
        assert served > before
        take(replica, "c2", "c3", stock=rows_of([]), people=rows_of([]), profiles=rows_of([]))
        assert replica.changes["people"] == served
        take(replica, "c3", "c4", people=rows_of([], gone=["p-1"]))
        assert (replica.changes["people"], replica.changes["profiles"]) == (served + 1, replica.changes[PROFILES.name])


KILLED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from edge_agent.replica import Replica
from edge_agent.replica_parts import PARTS
from edge_agent.seams import SystemClock
from tests.edge_agent.test_replica_parts import page_of

def dying(put):
    def half(writer, edition, rows):
        put(writer, edition, rows[: len(rows) // 2])
        if rows and rows[0] in of_second:
            os.kill(os.getpid(), signal.SIGKILL)
        put(writer, edition, rows[len(rows) // 2 :])
    return half

first, second = page_of(1), page_of(2)
name = sys.argv[2]
import msgspec
part = next(part for part in PARTS if part.name == name)
of_second = msgspec.json.decode(second.parts[name].rows, type=list[part.row])
parts = [replace(each, put=dying(each.put)) if each.name == name else each for each in PARTS]
replica = Replica(Path(sys.argv[1]), "s1", SystemClock(), parts)
replica.prepare()
replica.take(first, asked="", asked_at_ms=0)
replica.take(second, asked="c1", asked_at_ms=0)
"""


def page_of(number: int) -> ReplicaPage:
    """The first of two pages of a snapshot, or the second, with two rows of each part."""
    ids = (10 * number, 10 * number + 1)
    parts = {
        "goods": rows_of([item(each, f"B-{each}") for each in ids]),
        "stock": rows_of([ReplicaStock(item=each, on_hand=each) for each in ids]),
        "people": rows_of([person(each, badge=f"badge-{each}") for each in ids]),
        "profiles": rows_of([profile(f"profile-{each}") for each in ids]),
        "templates": rows_of([ReplicaTemplate(name=f"t-{each}", version="0" * 64, kind="label") for each in ids]),
        **open_work(ids),
    }
    since, to = ("", "c1") if number == 1 else ("c1", "c2")
    at = datetime(2026, 11, 21, 8, tzinfo=UTC)
    return decode_page(encode_page(ReplicaPage(site="s1", since=since, next=to, more=number == 1, at=at, parts=parts)))


def open_work(ids: Sequence[int]) -> dict[str, ReplicaRows]:
    return {
        "counts": rows_of([count(each) for each in ids]),
        "receipts": rows_of([OpenReceipt(id=each, number=f"PO-{each}", supplier="Farm", lines=[]) for each in ids]),
        "transfers": rows_of(
            [OpenTransfer(id=each, number=f"TR-{each}", partner="S2", is_outgoing=True, lines=[]) for each in ids]
        ),
        "label_batches": rows_of([OpenLabels(id=each, number=f"LB-{each}", title="", lines=[]) for each in ids]),
        "taxes": rows_of([taxed_from(each) for each in ids]),
        "order_templates": rows_of([OrderTemplate(number=f"OT-{each}", title="") for each in ids]),
        "picks": rows_of([OpenPick(id=each, number=f"PL-{each}", order="SO-1", lines=[]) for each in ids]),
        "packs": rows_of([OpenPack(id=each, number=f"PL-{each}", order="SO-1", lines=[]) for each in ids]),
        "hand_overs": rows_of([OpenHandOver(id=each, number=f"MF-{each}", lines=[]) for each in ids]),
        "bins": rows_of([SiteBin(code=f"A-{each}") for each in ids]),
        "sites": rows_of([ReplicaSite(id=f"s-{each}", name="S") for each in ids]),
        "recalls": rows_of([ReplicaRecall(id=f"LR-{each}", sku="sku-x", lot="L") for each in ids]),
    }


def count(number: int, *bins: CountBin) -> OpenCount:
    return OpenCount(id=number, number=f"CT-{number}", title="Zone A", time_zone="Asia/Shanghai", bins=list(bins))


def taxed_from(day: int) -> SiteTaxes:
    return SiteTaxes(region="R", since=datetime(2026, 1, day, tzinfo=UTC), is_inclusive=True, level=Level.LINE, mode=Mode.DOWN)


def profile(name: str) -> ReplicaProfile:
    return ReplicaProfile(
        name=name, activities=[], sign_in="none", language="", quiet_minutes=30, double_read_ms=300, is_default=False
    )


@pytest.mark.parametrize("name", [part.name for part in PARTS])
def test_killed_in_the_middle_of_a_part_the_page_is_not_there_and_comes_again(tmp_path: Path, clock: FixedClock, name: str) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "replica.db"), name], cwd=Path(__file__).parents[2], check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    replica = opened(tmp_path, clock)
    assert replica.cursor() == "c1"
    assert replica.rows(PEOPLE) is Missing.NO_CATALOGUE, "half a snapshot is never seen"
    replica.take(page_of(2), asked="c1", asked_at_ms=0)
    assert people(replica) == [f"Li {number}" for number in (10, 11, 20, 21)]
    for symbol in ("B-10", "B-11", "B-20", "B-21"):
        found = replica.lookup(symbol, None)
        assert isinstance(found, Item)
        assert found.on_hand == int(symbol[2:])
    profiles, templates = replica.rows(PROFILES), replica.rows(TEMPLATES)
    assert not isinstance(profiles, Missing)
    assert not isinstance(templates, Missing)
    assert (len(profiles), len(templates)) == (4, 4)
    close(replica)
