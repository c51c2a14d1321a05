"""The flight recorder: bounded, whole, and the same after it was written and read."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.devices import KeyEvent
from drivers.errors import Unsupported
from drivers.recording import (
    PIECE,
    Content,
    Entry,
    Mark,
    RecordedKeys,
    RecordedReports,
    Recording,
    Ring,
    Way,
    dump_recording,
    load_recording,
)
from drivers.testing import ScriptedKeys, ScriptedPipe, ScriptedReports
from drivers.transports.buffered import Buffered

KEYS = st.builds(KeyEvent, st.integers(0, 65535), st.integers(0, 65535), st.integers(-(2**31), 2**31 - 1))
CONTENTS: st.SearchStrategy[Content] = st.one_of(
    st.binary(max_size=40),
    st.lists(KEYS, max_size=5).map(tuple),
    st.booleans(),
    st.frozensets(st.integers(0, 767)),
    st.sampled_from(Mark),
)


def whats(ring: Ring, place: int = 0) -> list[Content]:
    return [each.what for each in ring.since(place)[0]]


class TestRing:
    def test_it_forgets_the_oldest_when_its_bytes_are_used_up(self) -> None:
        ring = Ring(most_bytes=10)
        for data in (b"aaaa", b"bbbb", b"cccc"):
            ring.add(Way.HOST, data)
        assert whats(ring) == [b"bbbb", b"cccc"]

    def test_it_forgets_the_oldest_when_it_has_too_many_entries(self) -> None:
        ring = Ring(most_entries=3)
        for number in range(10):
            ring.add(Way.DEVICE, bytes([number]))
        assert whats(ring) == [b"\x07", b"\x08", b"\x09"]

    def test_a_long_write_is_kept_in_pieces_so_that_it_forgets_only_its_own_beginning(self) -> None:
        ring = Ring(most_bytes=2 * PIECE)
        ring.add(Way.HOST, bytes(5 * PIECE))
        assert whats(ring) == [bytes(PIECE)] * 2

    def test_what_was_added_after_a_place(self) -> None:
        ring = Ring(most_entries=4)
        ring.add(Way.HOST, b"before")
        _, place = ring.since()
        assert whats(ring, place) == []
        for number in range(3):
            ring.add(Way.DEVICE, bytes([number]))
        assert whats(ring, place) == [b"\x00", b"\x01", b"\x02"]
        for number in range(3, 9):
            ring.add(Way.DEVICE, bytes([number]))
        assert whats(ring, place) == [b"\x05", b"\x06", b"\x07", b"\x08"]

    def test_times_do_not_go_back(self) -> None:
        ring = Ring()
        for _ in range(5):
            ring.add(Way.HOST, b"x")
        times = [each.at for each in ring.since()[0]]
        assert times == sorted(times)


class TestTaps:
    def test_bytes_of_both_ways_in_their_order_also_those_that_nobody_reads(self) -> None:
        ring = Ring()
        line = Buffered(ScriptedPipe((b"W", b"late"), (b"Z", b"\x06")), "test", ring)
        line.write(b"W")
        line.discard_input()
        line.write(b"Z")
        assert line.read(1, 0.1) == b"\x06"
        assert [(each.way, each.what) for each in ring.since()[0]] == [
            (Way.HOST, b"W"),
            (Way.DEVICE, b"late"),
            (Way.HOST, b"Z"),
            (Way.DEVICE, b"\x06"),
        ]

    def test_keys_and_what_the_keyboard_said_of_itself(self) -> None:
        ring = Ring()
        batch = [KeyEvent(1, 30, 1), KeyEvent(1, 30, 0)]
        keys = RecordedKeys(ScriptedKeys(batch, caps_lock=True, held=frozenset({42}), is_typing=True), ring)
        assert (keys.held_keys(), keys.is_caps_lock_on()) == (frozenset({42}), True)
        assert keys.read_events(0.1) == batch
        assert keys.read_events(0.1) == ()
        assert whats(ring) == [frozenset({42}), True, tuple(batch)]

    def test_reports_of_both_ways_and_the_descriptor(self) -> None:
        ring = Ring()
        reports = RecordedReports(ScriptedReports(b"\x03abc", descriptor=b"\x05\x8d"), ring)
        assert reports.read_report(0.1) == b"\x03abc"
        assert reports.read_report(0.1) == b""
        reports.write_report(b"\x02\x02")
        assert (ring.descriptor, whats(ring)) == (b"\x05\x8d", [b"\x03abc", b"\x02\x02"])


@given(st.lists(st.tuples(st.integers(0, 10**9), st.sampled_from(Way), CONTENTS), max_size=20))
def test_a_recording_is_the_same_after_it_was_written_and_read(parts: list[tuple[int, Way, Content]]) -> None:
    entries = tuple(Entry(micros / 10**6, way, what) for micros, way, what in parts)
    start = entries[0].at if entries else 0.0
    recording = Recording(device="scale", model="toledo.8217", over="bytes", options={"unit": "kg"}, entries=entries)
    read = load_recording(dump_recording(recording))
    assert [(each.way, each.what) for each in read.entries] == [(each.way, each.what) for each in entries]
    assert [each.at for each in read.entries] == pytest.approx([each.at - start for each in entries], abs=1e-5)
    assert (read.device, read.model, read.options) == ("scale", "toledo.8217", {"unit": "kg"})


def test_its_first_line_says_that_it_holds_business_data() -> None:
    head = json.loads(dump_recording(Recording(device="x", model="zpl", over="bytes")).splitlines()[0])
    assert "scanned" in head["note"]


HEAD = dump_recording(Recording(device="x", model="zpl", over="bytes"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "no json",
        HEAD.replace('"shelfwire_recording": 1', '"shelfwire_recording": 9'),
        HEAD + "{}",
        HEAD + '{"t": "soon", "way": "host", "hex": ""}',
        HEAD + '{"t": 0, "way": "up", "hex": ""}',
        HEAD + '{"t": 0, "way": "host", "hex": "abc"}',
        HEAD + '{"t": 0, "way": "device", "keys": [["a", 1, 1]]}',
        HEAD + '{"t": 0, "way": "device", "keys": [[1, 1]]}',
        HEAD + '{"t": 0, "way": "device", "mark": "lost"}',
        HEAD + "[1]",
    ],
)
def test_what_is_no_recording_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(Unsupported, match="recording"):
        load_recording(text)


@given(st.text(max_size=200))
def test_any_text_is_a_recording_or_refused(text: str) -> None:
    for whole in (text, HEAD + text):
        with contextlib.suppress(Unsupported):
            load_recording(whole)
