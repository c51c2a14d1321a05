"""The proxy's reader of packets: whatever comes in whatever pieces, nothing is lost, added or moved, and real packets are seen."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import Counter
from contextlib import suppress
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.chaos.mqtt_frames import Frame, Frames, Kind
from tests.chaos.mqtt_proxy import Fault, closed, running_proxy
from tests.servers import Mosquitto

MESSAGES = 200


def length_of(size: int) -> bytes:
    """A remaining length (MQTT 5, section 1.5.5)."""
    out = bytearray()
    while True:
        size, byte = size >> 7, size & 0x7F
        out.append(byte | (0x80 if size else 0))
        if not size:
            return bytes(out)


packets = st.builds(
    lambda kind, flags, body: bytes([kind << 4 | flags]) + length_of(len(body)) + body,
    st.integers(1, 15),
    st.integers(0, 15),
    st.one_of(st.binary(max_size=40), st.integers(100, 20_000).map(bytes)),
)


def in_pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(places)]


@given(st.lists(packets, max_size=8), st.lists(st.integers(0, 30_000), max_size=12))
@settings(deadline=None)
def test_packets_are_found_however_they_are_cut(sent: list[bytes], cuts: list[int]) -> None:
    frames = Frames()
    found = [frame for piece in in_pieces(b"".join(sent), cuts) for frame in frames.feed(piece)]
    assert [frame.raw for frame in found] == sent
    assert [frame.kind for frame in found] == [Kind(packet[0] >> 4) for packet in sent]
    assert frames.rest == b""


@given(st.lists(st.binary(max_size=60), max_size=20))
@settings(deadline=None)
def test_any_bytes_come_out_as_they_went_in(pieces: list[bytes]) -> None:
    frames = Frames()
    out = b"".join(frame.raw for piece in pieces for frame in frames.feed(piece))
    assert out + frames.rest == b"".join(pieces)


@given(st.binary(min_size=1, max_size=60))
def test_any_packet_can_be_looked_at(raw: bytes) -> None:
    for kind in Kind:
        frame = Frame(kind, raw, min(2, len(raw)))
        assert 0 <= frame.qos <= 3
        assert isinstance(frame.topic, str)
        assert len(frame.as_duplicate().raw) == len(raw)


async def test_real_packets_are_read_as_paho_and_mosquitto_mean_them(mosquitto: Mosquitto) -> None:
    """What goes through the parser is what both ends say they sent and got."""
    seen: Counter[Kind] = Counter()
    topics: list[str] = []
    done = asyncio.Event()
    received: list[bytes] = []
    loop = asyncio.get_running_loop()

    def on_message(_client: paho.Client, _: object, message: paho.MQTTMessage) -> None:
        received.append(bytes(message.payload))
        if len(received) == MESSAGES:
            loop.call_soon_threadsafe(done.set)

    def subscribed(client: paho.Client, *_: object) -> None:
        for number in range(MESSAGES):
            client.publish(f"frames/{number}", bytes(Random(number).randbytes(number * 37)), qos=1)

    async def watch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", mosquitto.port)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            frames = Frames()
            with suppress(ConnectionError):  # the client is done, and resets
                while chunk := await source.read(1000):
                    for frame in frames.feed(chunk):
                        seen[frame.kind] += 1
                        if frame.kind is Kind.PUBLISH and source is reader:
                            topics.append(frame.topic)
                        sink.write(frame.raw)

        running = [asyncio.ensure_future(pump(reader, back)), asyncio.ensure_future(pump(there, writer))]
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for each in running:
            each.cancel()
        await asyncio.wait(running)
        await closed(back)
        await closed(writer)
        ended.set()

    ended = asyncio.Event()
    server = await asyncio.start_server(watch, "127.0.0.1", 0)
    client = paho.Client(CallbackAPIVersion.VERSION2, "frames", protocol=MQTTProtocolVersion.MQTTv5)
    client.max_inflight_messages_set(20)
    client.on_message, client.on_subscribe = on_message, subscribed
    client.connect_async("127.0.0.1", server.sockets[0].getsockname()[1])
    client.loop_start()
    client.on_connect = lambda client, *_: client.subscribe("frames/#", qos=1)
    try:
        async with asyncio.timeout(20):
            await done.wait()
    finally:
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)
        server.close()
        async with asyncio.timeout(20):
            await ended.wait()
    assert topics == [f"frames/{number}" for number in range(MESSAGES)]
    assert [len(payload) for payload in received] == [number * 37 for number in range(MESSAGES)]
    assert seen[Kind.PUBLISH] == 2 * MESSAGES
    assert seen[Kind.PUBACK] >= 2 * MESSAGES - 40
    assert (seen[Kind.CONNECT], seen[Kind.CONNACK], seen[Kind.SUBSCRIBE], seen[Kind.SUBACK], seen[Kind.BROKEN]) == (1, 1, 1, 1, 0)


async def test_each_fault_ends_by_itself_when_it_is_calm_again(mosquitto: Mosquitto) -> None:
    """A raw client through each fault; afterwards a fresh connection gets its CONNACK at once."""
    connect = bytes.fromhex("10 11 0004 4d515454 05 02 003c 00 0004") + b"calm"
    async with running_proxy(mosquitto.port, Random(1)) as proxy:
        for fault in Fault:
            proxy.begin(fault)
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            writer.write(connect)
            with contextlib.suppress(TimeoutError, OSError):
                async with asyncio.timeout(0.1):
                    await reader.read(100)
            proxy.calm()
            await closed(writer)
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            writer.write(connect)
            async with asyncio.timeout(5):
                assert (await reader.read(1))[0] >> 4 == Kind.CONNACK, fault
            await closed(writer)
