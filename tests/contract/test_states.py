"""What holds of every state table, also of those that nobody has written yet."""

from __future__ import annotations

import pytest

from controller.errors import IllegalTransition
from controller.states import advance, reachable
from tests.contract.states_doc import OTHERS_BEGIN, PAGE, StateTable, page, tables

TABLES = tables()
each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.key)


def test_the_tables_are_found() -> None:
    assert {"ORDER", "PICK_LIST", "PARCEL", "HOLD", "JOB"} <= {table.name for table in TABLES}


@each_table
def test_every_state_is_a_key_and_every_target_a_state(table: StateTable) -> None:
    assert set(table.edges) == set(table.states)
    assert {following for row in table.edges.values() for following in row.values()} <= set(table.states)


@each_table
def test_every_action_is_taken_somewhere(table: StateTable) -> None:
    used = {action for row in table.edges.values() for action in row}
    assert not used or used == set(type(next(iter(used))))


@each_table
def test_every_state_is_reachable(table: StateTable) -> None:
    if table.key not in OTHERS_BEGIN:
        assert reachable(table.edges, table.start) == set(table.states)


@each_table
def test_what_has_no_edge_is_refused(table: StateTable) -> None:
    actions = {action for row in table.edges.values() for action in row}
    for state in table.states:
        for action in actions - table.edges[state].keys():
            with pytest.raises(IllegalTransition):
                advance(table.edges, state, action)


def test_the_diagrams_are_those_of_the_tables() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.contract.states_doc"
