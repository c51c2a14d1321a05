"""MqttSession against a real Mosquitto."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import TypeVar

import pytest

from edge_agent.wire.errors import NotConnected, Refused
from edge_agent.wire.session import (
    Broker,
    Connected,
    Disconnected,
    Event,
    Incoming,
    MqttSession,
    SubscriptionRefused,
    Will,
)
from tests.servers import Mosquitto, wait_for_port

E = TypeVar("E")


class Listener:
    """A running session and its events."""

    def __init__(self, session: MqttSession) -> None:
        self.session = session
        self._events = session.events()

    async def next(self, kind: type[E]) -> E:
        """The next event, which must be of that kind."""
        event: Event = await asyncio.wait_for(anext(self._events), 10)
        assert isinstance(event, kind), event
        return event


@asynccontextmanager
async def running(session: MqttSession) -> AsyncIterator[Listener]:
    task = asyncio.create_task(session.run())
    try:
        yield Listener(session)
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled(), task


def session(broker: Mosquitto, name: str, *filters: str, receive_maximum: int = 100, will: Will | None = None) -> MqttSession:
    options = Broker(
        host="127.0.0.1",
        port=broker.port,
        client_id=name,
        expiry=60,
        receive_maximum=receive_maximum,
        retry_seconds=(0.02, 0.05),
    )
    return MqttSession(options, filters, random=Random(1), will=will)


async def test_what_is_published_arrives(mosquitto: Mosquitto) -> None:
    async with running(session(mosquitto, "s1", "t1/+")) as receiver, running(session(mosquitto, "s1-out")) as sender:
        connected = await receiver.next(Connected)
        assert (connected.connection, connected.session_present) == (1, False)
        await sender.next(Connected)
        await sender.session.publish("t1/a", b"one")
        await sender.session.publish("t1/b", b"two", qos=0)
        first, second = await receiver.next(Incoming), await receiver.next(Incoming)
        assert (first.topic, first.payload, first.retain, first.duplicate) == ("t1/a", b"one", False, False)
        assert second.payload == b"two"
        first.acknowledge()
        second.acknowledge()


async def test_more_messages_than_the_broker_takes_at_once_all_arrive(mosquitto: Mosquitto) -> None:
    async with (
        running(session(mosquitto, "s2", "t2", receive_maximum=50)) as receiver,
        running(session(mosquitto, "s2-out")) as sender,
    ):
        await receiver.next(Connected)
        await sender.next(Connected)
        async with asyncio.TaskGroup() as group:
            for number in range(500):
                group.create_task(sender.session.publish("t2", b"%d" % number * 100))
            for number in range(500):
                incoming = await receiver.next(Incoming)
                assert incoming.payload == b"%d" % number * 100
                incoming.acknowledge()


async def test_an_unacknowledged_message_comes_again_and_a_stale_acknowledgement_is_dropped(own_mosquitto: Mosquitto) -> None:
    async with running(session(own_mosquitto, "s3", "t3")) as receiver, running(session(own_mosquitto, "s3-out")) as sender:
        await receiver.next(Connected)
        await sender.next(Connected)
        await sender.session.publish("t3", b"keep me")
        first = await receiver.next(Incoming)
        own_mosquitto.stop()
        await receiver.next(Disconnected)
        own_mosquitto.start()
        assert (await receiver.next(Connected)).session_present
        again = await receiver.next(Incoming)
        assert (again.payload, again.duplicate) == (b"keep me", True)
        first.acknowledge()  # of the dead connection: says nothing to the broker
        own_mosquitto.stop()
        await receiver.next(Disconnected)
        own_mosquitto.start()
        await receiver.next(Connected)
        third = await receiver.next(Incoming)
        third.acknowledge()


async def test_a_wiped_broker_has_no_session(own_mosquitto: Mosquitto) -> None:
    async with running(session(own_mosquitto, "s4", "t4")) as receiver:
        await receiver.next(Connected)
        own_mosquitto.stop(kill=True)
        lost = await receiver.next(Disconnected)
        assert lost.connection == 1
        assert not receiver.session.is_connected
        own_mosquitto.wipe()
        own_mosquitto.start()
        back = await receiver.next(Connected)
        assert not back.session_present
        await receiver.session.publish("t4", b"subscribed again")
        assert (await receiver.next(Incoming)).payload == b"subscribed again"


async def test_publishing_without_a_connection_is_an_error(own_mosquitto: Mosquitto) -> None:
    own = session(own_mosquitto, "s5")
    with pytest.raises(NotConnected):
        await own.publish("t5", b"x")
    async with running(own) as sender:
        await sender.next(Connected)
        assert own_mosquitto.process is not None
        own_mosquitto.process.send_signal(signal.SIGSTOP)  # the PUBACK cannot come
        publishing = asyncio.create_task(own.publish("t5", b"x"))
        await asyncio.sleep(0)
        own_mosquitto.stop(kill=True)
        with pytest.raises(NotConnected):
            await asyncio.wait_for(publishing, 5)


async def test_the_will_is_published_when_the_process_dies_and_not_at_a_clean_end(mosquitto: Mosquitto) -> None:
    async with running(session(mosquitto, "s6-watch", "t6/#")) as watcher:
        await watcher.next(Connected)
        async with running(session(mosquitto, "s6", will=Will(topic="t6/gone", payload=b"gone", retain=False))) as leaving:
            await leaving.next(Connected)
        async with running(session(mosquitto, "s6b", will=Will(topic="t6/b", payload=b"dead", retain=False))) as dying:
            await dying.next(Connected)
            assert dying.session._connection is not None
            pipe = dying.session._connection.client.pipe
            assert pipe is not None
            pipe._sock.shutdown(2)
            assert (await watcher.next(Incoming)).payload == b"dead"
            await dying.next(Disconnected)


def restart_with(broker: Mosquitto, *lines: str) -> None:
    """Start the broker again with more lines in its configuration."""
    broker.stop()
    config = broker.folder / "mosquitto.conf"
    text = "".join(
        line + "\n" for line in config.read_text().splitlines() if not any(line.split()[0] == x.split()[0] for x in lines)
    )
    special = broker.folder / "special.conf"
    special.write_text(text + "\n".join(lines) + "\n")
    binary = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin") or "mosquitto"
    broker.process = subprocess.Popen([binary, "-c", str(special)], stderr=subprocess.DEVNULL)
    wait_for_port(broker.port, broker.process)


async def test_a_denied_publish_raises_its_reason_code(own_mosquitto: Mosquitto) -> None:
    acl = own_mosquitto.folder / "acl"
    acl.write_text("topic readwrite ok/#\n")
    acl.chmod(0o600)
    restart_with(own_mosquitto, f"acl_file {acl}")
    async with running(session(own_mosquitto, "s7", "ok/in")) as own:
        await own.next(Connected)
        await own.session.publish("ok/out", b"x")
        with pytest.raises(Refused, match="forbidden") as refused:
            await own.session.publish("forbidden", b"x")
        assert refused.value.reason_code == 0x87


async def test_a_denied_filter_is_an_event() -> None:
    async def deny(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readexactly(2)
        await reader.readexactly(head[1])  # CONNECT
        writer.write(bytes.fromhex("2003000000"))  # CONNACK, no session, success, no properties (MQTT 5, section 3.2)
        head = await reader.readexactly(2)
        body = await reader.readexactly(head[1])  # SUBSCRIBE begins with its packet identifier
        writer.write(b"\x90\x05" + body[:2] + b"\x00\x01\x87")  # SUBACK: granted QoS 1, not authorized (section 3.9.3)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(deny, "127.0.0.1", 0) as server:
        broker = Broker(host="127.0.0.1", port=server.sockets[0].getsockname()[1], client_id="s7b")
        async with running(MqttSession(broker, ["a", "b"], random=Random(1))) as own:
            await own.next(Connected)
            assert await own.next(SubscriptionRefused) == SubscriptionRefused("b", 0x87)


async def test_a_refused_log_in_is_no_connection(own_mosquitto: Mosquitto) -> None:
    restart_with(own_mosquitto, "allow_anonymous false")
    async with running(session(own_mosquitto, "s8")) as own:
        await asyncio.sleep(0.1)  # no event tells of a refusal: it is only logged
        assert not own.session.is_connected
        own_mosquitto.stop()
        own_mosquitto.start()
        await own.next(Connected)


async def test_two_hundred_kilobytes_travel_whole(mosquitto: Mosquitto) -> None:
    payload = bytes(range(256)) * 800
    async with running(session(mosquitto, "s9", "t9")) as own:
        await own.next(Connected)
        publishing = asyncio.create_task(own.session.publish("t9", payload))
        incoming = await own.next(Incoming)
        incoming.acknowledge()
        assert incoming.payload == payload
        await publishing
