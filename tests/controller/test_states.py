from __future__ import annotations

import pytest

from controller.errors import IllegalTransition
from controller.states import advance, reachable
from controller.stock.states import HOLD, Hold, HoldAction


def test_an_edge_leads_to_its_state() -> None:
    assert advance(HOLD, Hold.RESERVED, HoldAction.ALLOCATE) is Hold.ALLOCATED


def test_a_missing_edge_is_refused_with_both_names() -> None:
    with pytest.raises(IllegalTransition) as refused:
        advance(HOLD, Hold.RELEASED, HoldAction.ALLOCATE)
    assert refused.value.details == {"state": "released", "action": "allocate"}


def test_every_state_of_a_hold_is_in_its_table_and_reachable() -> None:
    assert set(HOLD) == set(Hold)
    assert reachable(HOLD, Hold.RESERVED) == frozenset(Hold)
