"""The wire contract: every message has a golden payload, what was released stays readable, and the contract stays a leaf.

A golden file is never edited: a new version of a message gets a new class and a new file.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.wire import messages, telemetry
from edge_agent.wire.codec import MAX_PAYLOAD, batches, decode, decode_fact, encode
from edge_agent.wire.errors import BadTopic, UnsupportedVersion, WireError
from edge_agent.wire.facts import FACTS
from edge_agent.wire.messages import (
    Ack,
    Alert,
    Batch,
    BoxDescription,
    BoxState,
    CommandRequest,
    DeviceState,
    Envelope,
    GatewayState,
    JobRequest,
    LiveWeight,
    TwinDesired,
    TwinReported,
)
from edge_agent.wire.telemetry import LogLines, Telemetry
from edge_agent.wire.topics import BoxTopic, GatewayTopic, box_filters, gateway_filters, parse

GOLDEN = Path(__file__).parent / "golden"
FACT_FILES = {f"fact.{name}.v{version}": (name, version) for name, version in FACTS}
MESSAGES: dict[str, type[msgspec.Struct]] = {
    "ack.v1": Ack,
    "alert.v1": Alert,
    "batch.v1": Batch,
    "box_description.v1": BoxDescription,
    "box_state.v1": BoxState,
    "command_request.v1": CommandRequest,
    "device_state.v1": DeviceState,
    "gateway_state.v1": GatewayState,
    "job_request.v1": JobRequest,
    "live_weight.v1": LiveWeight,
    "log_lines.v1": LogLines,
    "telemetry.v1": Telemetry,
    "twin_desired.v1": TwinDesired,
    "twin_reported.v1": TwinReported,
}


def golden(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


def test_every_message_of_every_version_has_a_golden_payload() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(FACT_FILES) | set(MESSAGES)


def test_every_message_with_a_version_is_in_this_test() -> None:
    versioned = {
        kind
        for kind in (*vars(messages).values(), *vars(telemetry).values())
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and "v" in kind.__struct_fields__ and kind is not Envelope
    }
    assert versioned == set(MESSAGES.values())


@pytest.mark.parametrize("name", FACT_FILES)
def test_a_golden_fact_is_read_whole_and_written_the_same(name: str) -> None:
    envelope = decode(Envelope, golden(name))
    assert (envelope.name, envelope.v) == FACT_FILES[name]
    fact = decode_fact(envelope)
    assert type(fact) is FACTS[FACT_FILES[name]]
    again = encode(msgspec.structs.replace(envelope, data=msgspec.Raw(encode(fact))))
    assert json.loads(again) == json.loads(golden(name))


@pytest.mark.parametrize("name", MESSAGES)
def test_a_golden_message_is_read_whole_and_written_the_same(name: str) -> None:
    assert json.loads(encode(decode(MESSAGES[name], golden(name)))) == json.loads(golden(name))


@pytest.mark.parametrize("name", MESSAGES)
def test_unknown_fields_are_ignored_and_unknown_versions_refused(name: str) -> None:
    document = json.loads(golden(name))
    newer = decode(MESSAGES[name], json.dumps(document | {"from_the_future": 1}).encode())
    assert json.loads(encode(newer)) == document
    with pytest.raises(UnsupportedVersion):
        decode(MESSAGES[name], json.dumps(document | {"v": 2}).encode())


@pytest.mark.parametrize("change", [{"v": 99}, {"name": "teleported"}])
def test_an_unknown_fact_is_an_unsupported_version(change: dict[str, object]) -> None:
    document = json.loads(golden("fact.scan.v1")) | change
    with pytest.raises(UnsupportedVersion):
        decode_fact(decode(Envelope, json.dumps(document).encode()))


@given(
    st.binary(max_size=300)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda value: json.dumps(value).encode())
)
def test_garbage_gives_wire_errors_only(payload: bytes) -> None:
    kinds: list[type[msgspec.Struct]] = [Envelope, *MESSAGES.values()]
    for kind in kinds:
        try:
            decode(kind, payload)
        except WireError:
            continue


@given(st.sampled_from(sorted(FACT_FILES)), st.integers(0, 2000), st.binary(min_size=1, max_size=3))
def test_a_damaged_fact_gives_wire_errors_only(name: str, place: int, noise: bytes) -> None:
    payload = bytearray(golden(name))
    start = place % len(payload)
    payload[start : start + len(noise)] = noise
    try:
        decode_fact(decode(Envelope, bytes(payload)))
    except WireError:
        return


@given(st.lists(st.integers(1, 9000), max_size=60))
def test_batches_hold_everything_in_order_within_their_limit(sizes: list[int]) -> None:
    envelopes = [b'"%s"' % (b"x" * size) for size in sizes]
    packed = list(batches(envelopes))
    assert all(len(payload) <= MAX_PAYLOAD for payload, _ in packed)
    assert [bytes(raw) for payload, _ in packed for raw in decode(Batch, payload).messages] == envelopes
    assert sum(count for _, count in packed) == len(envelopes)


@given(
    st.text(max_size=120)
    | st.lists(st.sampled_from(["shelfwire", "1", "_host", "_", "b1", "state", "job", "req", "", "fact", "+"])).map("/".join)
)
def test_a_topic_is_ours_or_a_bad_topic_and_comes_back_the_same(topic: str) -> None:
    try:
        parsed = parse(topic)
    except BadTopic:
        return
    assert str(parsed) == topic
    assert isinstance(parsed, BoxTopic | GatewayTopic)


def test_filters_match_what_is_published() -> None:
    assert "shelfwire/1/sh-01/b1/_/ack" in box_filters("sh-01", "b1")
    shared = [name for name in gateway_filters("g") if name.startswith("$share/g/")]
    assert "$share/g/shelfwire/1/+/+/+/fact/+" in shared
    assert not any(name.endswith("state") for name in shared)


def test_the_contract_loads_nothing_heavy() -> None:
    heavy = "serial usb evdev escpos tortoise aiohttp PIL"
    modules = "topics messages telemetry codec errors session link"
    program = (
        f"import sys\n{chr(10).join(f'import edge_agent.wire.{name}' for name in modules.split())}\n"
        f"print(*[name for name in '{heavy}'.split() if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
