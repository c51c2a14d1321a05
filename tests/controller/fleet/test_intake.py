"""Reading of messages: any bytes give readings, never an exception, and one bad message takes no other along."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from controller.fleet.intake import Readable, Unreadable, read
from edge_agent.wire.codec import encode
from edge_agent.wire.messages import Batch
from edge_agent.wire.session import Incoming
from tests.controller.boxes import WireBox, scan

TOPICS = ["shelfwire/1/sh-01/b1/scanner/fact/scan", "shelfwire/1/sh-01/b1/_/batch", "shelfwire/1/sh-01/b1/p/job/j1/res", "a/b", ""]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["v", "name", "messages", "seq", "data"]), inner),
    max_leaves=12,
)


def incoming(topic: str, payload: bytes) -> Incoming:
    return Incoming(topic, payload, False, False, lambda: None)


@given(st.sampled_from(TOPICS) | st.text(max_size=60), st.binary(max_size=300))
def test_any_bytes_on_any_topic_are_read(topic: str, payload: bytes) -> None:
    assert all(isinstance(reading, Unreadable) for reading in read(incoming(topic, payload)))


@given(st.sampled_from(TOPICS), JSON)
def test_any_json_on_our_topics_is_read(topic: str, value: object) -> None:
    read(incoming(topic, msgspec.json.encode(value)))


@given(st.data())
def test_a_changed_field_of_an_envelope_is_read_and_keeps_its_place_where_it_can(data: st.DataObject) -> None:
    box = WireBox()
    fields = msgspec.json.decode(encode(box.envelope(scan())))
    key = data.draw(st.sampled_from(sorted(fields)))
    fields[key] = data.draw(JSON)
    (reading,) = read(incoming(box.topic(), msgspec.json.encode(fields)))
    if isinstance(reading, Unreadable) and key not in ("epoch", "stream", "seq"):
        assert reading.slot is not None
        assert reading.slot.seq == 1


def test_a_bad_member_of_a_batch_leaves_the_others_alone() -> None:
    box = WireBox()
    good = [encode(box.envelope(scan())) for _ in range(2)]
    members = [msgspec.Raw(good[0]), msgspec.Raw(b'{"nonsense":[]}'), msgspec.Raw(good[1])]
    kinds = [type(reading) for reading in read(incoming("shelfwire/1/sh-01/b1/_/batch", encode(Batch(messages=members))))]
    assert kinds == [Readable, Unreadable, Readable]


def test_a_payload_of_another_box_is_refused_under_the_topics_box() -> None:
    envelope = WireBox(box="b2").envelope(scan())
    (reading,) = read(incoming("shelfwire/1/sh-01/b1/scanner/fact/scan", encode(envelope)))
    assert isinstance(reading, Unreadable)
    assert (reading.why.code, reading.slot.box if reading.slot else None) == ("wrong_box", "b1")
