"""Adjusting: a reason, a bin, items; a manager's badge where the profile asks for one."""

from __future__ import annotations

from uuid import UUID

import pytest
from msgspec.structs import replace

from drivers.symbols.commands import Command
from edge_agent.stations import Person, Rules, Scanned, Verdict, say
from edge_agent.stations.reasons import OF_STOCK
from edge_agent.wire.facts import Retracted
from edge_agent.wire.goods_facts import Adjusted
from edge_agent.wire.messages import Symbol
from tests.edge_agent.stations.worker import ANNA, LI, MILK, Worker

BOSS = Person(id="p-8", name="Max", roles=("manager",))


def worker(*, asks_manager: bool = False) -> Worker:
    found = Worker(Rules(asks_manager=asks_manager))
    found.bins = frozenset({"A-01", "A-02"})
    return found.scans("CORRECT")


def adjusted(of: Worker) -> list[tuple[str, int, str]]:
    return [(fact.bin, fact.change, fact.reason) for fact in of.booked if isinstance(fact, Adjusted)]


def test_a_reason_a_bin_and_items() -> None:
    man = worker().scans("BROKEN", "A-01", MILK, "DUO", MILK, "A-02", "FOUND", "FIVE", MILK)
    assert adjusted(man) == [("A-01", -1, "damage"), ("A-01", -2, "damage"), ("A-02", 5, "found")]
    assert say(man.answer) == "Milk 1 L / 牛奶 1 升: +5 in bin A-02 (Found)."
    assert say(man.answer, "zh-CN") == "牛奶 1 升 / Milk 1 L：货位 A-02 +5（找到）。"


@pytest.mark.parametrize("command", sorted(OF_STOCK))
def test_each_reason_has_its_command(command: str) -> None:
    assert adjusted(worker().scans(command, "A-01", MILK))[0][2] == OF_STOCK[Command(command)]


def test_without_a_reason_or_a_bin_nothing_is_booked() -> None:
    man = worker().scans("A-01")
    assert man.code == "adjust_reason_first"
    man.scans("LOST", MILK)
    assert (man.code, adjusted(man)) == ("need_bin_not_item", [])
    assert man.scans("X-9", item=None).code == "bin_unknown"


def test_it_is_taken_back_by_its_name() -> None:
    man = worker().scans("LOST", "A-01", MILK, "UNDO")
    (booked,) = (draft for draft in man.drafts if isinstance(draft.data, Adjusted))
    assert man.booked[-1] == Retracted(fact=UUID(booked.id), kind="adjusted")


class TestManager:
    def test_nothing_is_booked_before_a_manager_s_badge(self) -> None:
        man = worker(asks_manager=True).scans("STOLEN", "A-01", MILK)
        assert (man.answer.verdict, man.code, adjusted(man)) == (Verdict.WRONG, "adjust_manager", [])
        man.shows(ANNA)
        assert man.there == ANNA.id, "an ordinary badge signs in"
        man.shows(BOSS)
        assert (man.code, man.there) == ("adjust_allowed", ANNA.id)
        man.scans(MILK)
        assert [fact.approved_by for fact in man.booked if isinstance(fact, Adjusted)] == [BOSS.id]

    def test_it_holds_for_the_task_and_not_for_the_next(self) -> None:
        man = worker(asks_manager=True).scans("LOST", "A-01").shows(BOSS).scans(MILK, MILK, "DONE", "CORRECT", "LOST", "A-01", MILK)
        assert (man.code, len(adjusted(man))) == ("adjust_manager", 2)

    def test_a_manager_at_work_needs_no_other(self) -> None:
        man = worker(asks_manager=True)
        man.state = replace(man.state, person=BOSS)
        man.scans("LOST", "A-01", MILK)
        assert [fact.approved_by for fact in man.booked if isinstance(fact, Adjusted)] == [BOSS.id]

    def test_nor_does_one_at_a_screen(self) -> None:
        man = worker(asks_manager=True).scans("LOST", "A-01")
        man.state = replace(man.state, person=LI)
        symbol = Symbol(text=MILK)
        man.reads(Scanned(device="screen", symbol=symbol, at_ms=99_000, id=man.reading(), gtin="0" + MILK, by=BOSS.id, worker=BOSS))
        assert [fact.approved_by for fact in man.booked if isinstance(fact, Adjusted)] == [BOSS.id]
