"""Acks say exactly what was committed, in messages that fit."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from controller.fleet.acks import acks_of
from controller.fleet.intake import Slot
from edge_agent.wire.codec import MAX_PAYLOAD, encode
from edge_agent.wire.messages import Stream

codes = st.none() | st.text(min_size=1, max_size=60)
EPOCH = UUID(int=1)


@given(st.dictionaries(st.tuples(st.sampled_from(["b1", "b2"]), st.sampled_from(Stream), st.integers(1, 60)), codes))
def test_ranges_hold_all_that_was_committed_and_nothing_else(verdicts: dict[tuple[str, Stream, int], str | None]) -> None:
    answers = acks_of([(Slot("s", box, EPOCH, stream, seq), code) for (box, stream, seq), code in verdicts.items()])
    told = [(one.box, one.ack.stream, seq) for one in answers for first, last in one.ack.ranges for seq in range(first, last + 1)]
    assert sorted(told) == sorted(verdicts)
    rejected = {(one.box, one.ack.stream, rejection.seq) for one in answers for rejection in one.ack.rejected}
    assert rejected == {key for key, code in verdicts.items() if code is not None}


def test_an_ack_of_thousands_of_rejections_is_split_to_fit() -> None:
    answers = acks_of([(Slot("s", "b1", EPOCH, Stream.FACT, 2 * seq), "x" * 100) for seq in range(1, 4000)])
    assert len(answers) > 1
    assert all(len(encode(one.ack)) <= MAX_PAYLOAD for one in answers)
