"""State tables are data: `{state: {action: next}}`.  A state is saved by `UPDATE … WHERE state = old`, never assigned blindly."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from controller.errors import IllegalTransition

S = TypeVar("S", bound=StrEnum)
A = TypeVar("A", bound=StrEnum)

Table = Mapping[S, Mapping[A, S]]


def advance(table: Table[S, A], state: S, action: A) -> S:
    """The state that `action` leads to.  Raises IllegalTransition."""
    following = table[state].get(action)
    if following is None:
        raise IllegalTransition(state.value, action.value)
    return following


def reachable(table: Table[S, A], start: S) -> frozenset[S]:
    """Every state that some sequence of actions leads to from `start`, itself included."""
    seen = {start}
    open_states = [start]
    while open_states:
        for following in table[open_states.pop()].values():
            if following not in seen:
                seen.add(following)
                open_states.append(following)
    return frozenset(seen)
