"""Invariant I6 under any mixture of faults, people, stand-ins and crashes: what a job says is what is on paper."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.edge_agent.print_play import STEPS, Step, play

ANY_STEP = st.one_of([st.tuples(st.just(what), st.sampled_from(which)) for what, which in STEPS.items()])


@settings(max_examples=120, deadline=None)
@given(st.lists(ANY_STEP, max_size=40))
def test_what_a_job_says_is_what_is_on_paper(steps: list[Step]) -> None:
    asyncio.run(play(steps))
