"""The agent as a process among hostile neighbours: garbage retained on its own topics, garbage from its devices.  It goes on."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from edge_agent.seams import SystemClock
from edge_agent.wire.codec import decode, encode
from edge_agent.wire.messages import Batch, Envelope, GatewayState
from edge_agent.wire.session import Broker, Connected, Incoming, MqttSession
from edge_agent.wire.topics import GatewayTopic
from tests.edge_agent.test_app import write_config
from tests.servers import Mosquitto

SITE = "hostile-1"
BASE = f"shelfwire/1/{SITE}/b1"
SECONDS = 15
NEVER = "9999-12-31T23:59:59.999999Z"
BIRTH = {"online": True, "session": str(UUID(int=7)), "at": NEVER}
GARBAGE = [b"", b"\x00\xff", b"{", b"[" * 60_000, b"null", b"7", b'"x"', b"x" * (1 << 20), b'{"v": 2}']
EPOCH = str(UUID(int=5))


def odd_acks(epoch: str) -> list[dict[str, Any]]:
    """Of nothing, of everything, backwards, of the same again and again."""
    ranges = [[[2**53, 1]], [[2**52, 2**53]], [], [[2**40, 2**40]] * 3000]
    acks: list[dict[str, Any]] = [{"epoch": epoch, "stream": "aux", "ranges": one} for one in ranges]
    rejected = [{"seq": 2**53, "code": "\0" * 500}]
    return [*acks, {"epoch": epoch, "stream": "result", "ranges": [], "rejected": rejected}]


JOBS: list[dict[str, Any]] = [
    {"template": "\0", "version": "\0", "data": {"\0": "\0"}},
    {"template": "../../etc/passwd", "version": "..", "data": {}},
    {"template": "t", "version": "f" * 64, "data": {"x": [{"y": 10**30}]}, "expires_at": NEVER},
    {"template": "t", "version": "v", "data": {}, "expires_at": "0001-01-01T00:00:00Z"},
]
COMMANDS: list[dict[str, Any]] = [
    {"name": name, "args": args, "expires_at": at}
    for name in ("identify", "resend", "resolve_job", "cancel_job", "test_print", "rebirth", "fly", "\0", "__init__")
    for args in ({}, {"job": "\0", "epoch": "x", "resolution": "?", "device": "nothing", "from": -1, "stream": "x", "seq": 10**30})
    for at in (NEVER, "0001-01-01T00:00:00Z")
]


async def attack(evil: MqttSession) -> None:
    """All of it retained where MQTT allows it, so that it is there after each reconnect."""
    targets = ["_/ack", "labels/job/j1/req", "_/cmd/c1/req", "scanner/cmd/c2/req", "_/twin/desired"]
    for tail in targets:
        for payload in GARBAGE:
            await evil.publish(f"{BASE}/{tail}", payload, retain=True)
    for number, payload in enumerate(GARBAGE):
        await evil.publish(f"shelfwire/1/_host/evil{number}/state", payload, retain=True)
    for ack in odd_acks(EPOCH):
        await evil.publish(f"{BASE}/_/ack", json.dumps(ack).encode())
    for number, job in enumerate(JOBS):
        for device in ("labels", "scanner", "_", "nothing"):
            await evil.publish(f"{BASE}/{device}/job/j{number}-{device.strip('_')}/req", json.dumps(job).encode())
    for number, command in enumerate(COMMANDS):
        await evil.publish(f"{BASE}/_/cmd/k{number}/req", json.dumps(command).encode())


async def until_scanned(events: Any, text: str) -> Envelope:
    async with asyncio.timeout(SECONDS):
        while True:
            event = await anext(events)
            assert isinstance(event, Incoming)
            event.acknowledge()
            for envelope in _envelopes(event):
                if envelope.name == "scan" and json.loads(bytes(envelope.data))["symbol"]["text"] == text:
                    return envelope


def _envelopes(event: Incoming) -> list[Envelope]:
    if event.topic.endswith("/batch"):
        return [decode(Envelope, bytes(raw)) for raw in decode(Batch, event.payload).messages]
    return [decode(Envelope, event.payload)] if "/fact/" in event.topic else []


async def test_the_agent_outlives_garbage_on_its_topics_and_from_its_scanner(own_mosquitto: Mosquitto, tmp_path: Path) -> None:
    scanner: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    writers: list[asyncio.StreamWriter] = []

    def taken(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        scanner.put_nowait(writer)

    server = await asyncio.start_server(taken, "127.0.0.1", 0)
    broker = Broker(host="127.0.0.1", port=own_mosquitto.port, client_id="evil", expiry=0)
    evil = MqttSession(broker, [f"{BASE}/+/fact/+", f"{BASE}/_/batch"], random=Random(1))
    running = asyncio.create_task(evil.run())
    events = evil.events()
    assert isinstance(await anext(events), Connected)
    await evil.publish(
        str(GatewayTopic("good")), encode(GatewayState(online=True, session=UUID(int=1), at=SystemClock().now())), retain=True
    )
    await attack(evil)
    config = write_config(tmp_path, own_mosquitto.port, SITE, server.sockets[0].getsockname()[1])
    log = (tmp_path / "agent.log").open("wb")
    process = subprocess.Popen([sys.executable, "-m", "edge_agent", "run", "--config", str(config)], stderr=log)
    try:
        writer = await asyncio.wait_for(scanner.get(), SECONDS)
        writer.write(b"4006381333931\r\n")
        first = await until_scanned(events, "4006381333931")
        await attack(evil)
        for ack in odd_acks(str(first.epoch)):
            await evil.publish(f"{BASE}/_/ack", json.dumps(ack).encode())
        for noise in (os.urandom(20_000), b"x" * 100_000 + b"\r\n", b"\r\n" * 1000, b"\x00\r\n\xff\xfe\r\n", b"]d2\x1d\r\n"):
            writer.write(noise + b"\r\n")
            await writer.drain()
        for _ in range(5):
            writer.write(b"9521000001015\r\n")
            await writer.drain()
        assert (await until_scanned(events, "9521000001015")).epoch == first.epoch
        assert process.poll() is None
        process.terminate()
        assert await asyncio.to_thread(process.wait, 10) == 0
    finally:
        process.kill()
        await asyncio.to_thread(process.wait)
        log.close()
        told = (tmp_path / "agent.log").read_text(errors="replace")
        running.cancel()
        await asyncio.wait([running])
        for each in writers:
            each.close()
        server.close()
        await server.wait_closed()
    assert "Traceback" not in told, told[-3000:]


def test_twenty_mistakes_are_told_at_once(tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    config.write_text("""
colour = 1
[box]
id = "B 1"
site = 7
state_dir = ""
[broker]
host = ""
port = 99999
password_file = "/nowhere/secret"
sheep = true
[controller]
url = "ftp://x"
[[device]]
id = "Bad Id"
kind = "toaster"
model = "none"
address = 5
[[device]]
id = "labels"
kind = "label_printer"
model = "zpl"
address = "tcp:127.0.0.1:9100"
options = { dpi = "many" }
[[device]]
id = "labels"
kind = "label_printer"
model = "zpl"
address = "carrier-pigeon:x"
[[station]]
id = "desk"
scanner = "nothing"
scale = "labels"
receipt_printer = 3
[[station]]
id = "desk"
[limits]
facts_bytes = -1
ballast_bytes = "x"
""")
    result = subprocess.run(
        [sys.executable, "-m", "edge_agent", "check-config", "--config", str(config)], check=False, capture_output=True, text=True
    )
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    keys = ["colour", "box.id", "box.site", "broker.port", "broker.sheep", "controller.url", "device[0].id", "device[0].kind"]
    keys += ["device[0].address", "device[2].id", "station[0].scanner", "limits.facts_bytes", "limits.ballast_bytes"]
    missing = [key for key in keys if key not in result.stderr]
    assert not missing, result.stderr
