from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from controller.intake.document import SentOrder, UnreadableOrder, read
from tests.controller.intake.sent import document

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


@given(st.binary(max_size=300))
def test_whatever_comes_is_an_order_or_refused_as_unreadable(body: bytes) -> None:
    try:
        assert isinstance(read(body), SentOrder)
    except UnreadableOrder as error:
        assert error.code == "unreadable_order"


@given(st.sampled_from(["reference", "currency", "lines", "buyer", "address", "due_at", "site", "delivery"]), JSON)
def test_an_order_with_an_odd_part_is_read_or_refused_without_telling_what_it_held(name: str, value: object) -> None:
    secret = "Wang Mei"
    try:
        read(json.dumps({**json.loads(document()), name: value, "note": secret}).encode())
    except UnreadableOrder as error:
        assert secret not in str(error)


def test_fields_that_we_do_not_know_are_left_alone() -> None:
    assert read(document(gift_wrap=True)).reference == "T-1"
