"""The embedded broker does what the contract needs: MQTT 5, large payloads, retained state, wills, shared subscriptions."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path
from random import Random

import pytest

from controller.broker import BrokerFailed, embedded_broker
from edge_agent.wire.codec import MAX_PAYLOAD
from edge_agent.wire.session import Broker, Connected, Event, Incoming, MqttSession, Will
from tests.servers import free_port
from tests.shopday.programs import children_of

TOPIC = "shelfwire/1/s/b/_/batch"


class Client:
    """A session and what came to it."""

    def __init__(self, port: int, name: str, filters: list[str], will: Will | None = None) -> None:
        broker = Broker(host="127.0.0.1", port=port, client_id=name, expiry=60)
        self.session = MqttSession(broker, filters, random=Random(1), will=will)
        self.incoming: asyncio.Queue[Incoming] = asyncio.Queue()
        self.connected = asyncio.Event()

    async def listen(self) -> None:
        async for event in self.session.events():
            self.take(event)

    def take(self, event: Event) -> None:
        match event:
            case Connected():
                self.connected.set()
            case Incoming():
                event.acknowledge()
                self.incoming.put_nowait(event)


class Clients:
    """Sessions that run while the block does."""

    def __init__(self, port: int, group: asyncio.TaskGroup) -> None:
        self.port = port
        self.group = group
        self.tasks: dict[str, list[asyncio.Task[None]]] = {}

    async def open(self, name: str, *filters: str, will: Will | None = None) -> Client:
        client = Client(self.port, name, list(filters), will)
        self.tasks[name] = [self.group.create_task(client.session.run()), self.group.create_task(client.listen())]
        async with asyncio.timeout(10):
            await client.connected.wait()
        return client

    def close(self) -> None:
        for tasks in self.tasks.values():
            for task in tasks:
                task.cancel()


async def next_of(client: Client) -> Incoming:
    async with asyncio.timeout(10):
        return await client.incoming.get()


async def test_large_payloads_retained_state_and_shared_subscriptions(tmp_path: Path) -> None:
    port = free_port()
    async with embedded_broker(port=port, folder=tmp_path), asyncio.TaskGroup() as group:
        clients = Clients(port, group)
        box = await clients.open("box", "shelfwire/1/s/b/_/ack")
        await box.session.publish("shelfwire/1/s/b/_/state", b"online", retain=True)
        one = await clients.open("one", f"$share/g/{TOPIC}", "shelfwire/1/+/+/+/state")
        two = await clients.open("two", f"$share/g/{TOPIC}")
        state = await next_of(one)
        assert (state.payload, state.retain) == (b"online", True)
        for number in range(20):
            await box.session.publish(TOPIC, bytes([number]) * MAX_PAYLOAD)
        got: list[Incoming] = []
        async with asyncio.timeout(20):
            while len(got) < 20:
                got += [queue.get_nowait() for queue in (one.incoming, two.incoming) if not queue.empty()]
                await asyncio.sleep(0)
        assert sorted(message.payload[0] for message in got) == list(range(20))
        assert {len(message.payload) for message in got} == {MAX_PAYLOAD}
        clients.close()


async def test_a_will_is_told_when_its_client_is_gone(tmp_path: Path) -> None:
    port = free_port()
    async with embedded_broker(port=port, folder=tmp_path), asyncio.TaskGroup() as group:
        clients = Clients(port, group)
        watcher = await clients.open("watcher", "shelfwire/1/+/+/+/state")
        # a bare socket, so that it can vanish without a DISCONNECT (MQTT 5, section 3.1): will "gone" on shelfwire/1/s/b/_/state
        topic = b"shelfwire/1/s/b/_/state"
        variable = b"\x00\x04MQTT\x05\x0e\x00\x1e\x00"
        payload = b"\x00\x04dead" + b"\x00" + len(topic).to_bytes(2, "big") + topic + b"\x00\x04gone"
        with socket.create_connection(("127.0.0.1", port)) as raw:
            raw.sendall(bytes([0x10, len(variable) + len(payload)]) + variable + payload)
            assert await asyncio.to_thread(raw.recv, 1) == b"\x20"
        assert (await next_of(watcher)).payload == b"gone"
        clients.close()


async def test_a_taken_port_is_told_in_words_and_a_free_one_is_free_again(tmp_path: Path) -> None:
    port = free_port()
    async with embedded_broker(port=port, folder=tmp_path):
        with pytest.raises(BrokerFailed, match=f"port {port} .* is taken"):
            async with embedded_broker(port=port, folder=tmp_path):
                raise AssertionError("two brokers on one port")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


async def test_a_broker_that_dies_is_started_again_and_the_last_one_ends_with_the_block(tmp_path: Path) -> None:
    port = free_port()
    async with embedded_broker(port=port, folder=tmp_path), asyncio.TaskGroup() as group:
        clients = Clients(port, group)
        client = await clients.open("box")
        for _ in range(2):
            (child,) = _children()
            client.connected.clear()
            os.kill(child, signal.SIGKILL)
            async with asyncio.timeout(20):
                await client.connected.wait()
        clients.close()
    assert _children() == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def _children() -> list[int]:
    """Brokers that this process started."""
    return [child for child, command in children_of(os.getpid()).items() if "controller.broker" in command]
