"""The agent as a process, against a real Mosquitto."""

from __future__ import annotations

import asyncio
import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from uuid import UUID

from edge_agent.wire.codec import decode, encode
from edge_agent.wire.log_line import LogLine
from edge_agent.wire.messages import Ack, BoxState, DeviceState, Envelope, GatewayState, Link
from edge_agent.wire.session import Broker, Connected, Incoming, MqttSession
from edge_agent.wire.topics import GatewayTopic
from tests.edge_agent.conftest import FixedClock
from tests.servers import Mosquitto, free_port


def write_config(folder: Path, broker_port: int, site: str, scanner_port: int) -> Path:
    path = folder / "agent.toml"
    path.write_text(f"""
[box]
id = "b1"
site = "{site}"
state_dir = "state"
[broker]
host = "127.0.0.1"
port = {broker_port}
[[device]]
id = "scanner"
kind = "scanner"
model = "scanner.serial"
address = "tcp:127.0.0.1:{scanner_port}"
[[station]]
id = "desk"
scanner = "scanner"
[limits]
ballast_bytes = 65536
""")
    return path


@contextmanager
def agent(config: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "edge_agent", "run", "--config", str(config)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_for_line(process: subprocess.Popen[str], part: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if part in line:
            return
    raise AssertionError(f"the agent ended with {process.wait()} before it said {part!r}")


async def test_a_scan_over_the_wire_is_acked_and_a_stop_says_goodbye(mosquitto: Mosquitto, tmp_path: Path) -> None:
    site = "app-1"
    scanner: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    server = await asyncio.start_server(lambda _, writer: scanner.put_nowait(writer), "127.0.0.1", 0)
    gateway = MqttSession(
        Broker(host="127.0.0.1", port=mosquitto.port, client_id="app-1-gw", expiry=0), [f"shelfwire/1/{site}/#"], random=Random(1)
    )
    running = asyncio.create_task(gateway.run())
    events = gateway.events()
    assert isinstance(await anext(events), Connected)
    birth = GatewayState(online=True, session=UUID(int=1), at=FixedClock().now())
    await gateway.publish(str(GatewayTopic("app-1-gw")), encode(birth), retain=True)
    config = write_config(tmp_path, mosquitto.port, site, server.sockets[0].getsockname()[1])
    with agent(config) as process:
        writer = await asyncio.wait_for(scanner.get(), 20)
        writer.write(b"4006381333931\r\n")
        states: dict[str, bytes] = {}
        fact = None
        while fact is None:
            event = await asyncio.wait_for(anext(events), 20)
            assert isinstance(event, Incoming)
            event.acknowledge()
            if event.topic.endswith("/fact/scan"):
                fact = decode(Envelope, event.payload)
            elif event.topic.endswith("/state"):
                states[event.topic] = event.payload
        ack = Ack(epoch=fact.epoch, stream=fact.stream, ranges=[(fact.seq, fact.seq)])
        await gateway.publish(f"shelfwire/1/{site}/b1/_/ack", encode(ack))
        assert decode(BoxState, states[f"shelfwire/1/{site}/b1/_/state"]).state is Link.ONLINE
        process.send_signal(signal.SIGTERM)
        farewell = None
        while farewell is None or farewell.state is not Link.OFFLINE:
            event = await asyncio.wait_for(anext(events), 20)
            assert isinstance(event, Incoming)
            event.acknowledge()
            if event.topic.endswith("b1/_/state"):
                farewell = decode(BoxState, event.payload)
            elif event.topic.endswith("scanner/state"):
                assert decode(DeviceState, event.payload)
        assert await asyncio.to_thread(process.wait, 10) == 0
        writer.close()
    await gateway.publish(str(GatewayTopic("app-1-gw")), b"", retain=True)
    running.cancel()
    await asyncio.wait([running])
    server.close()
    await server.wait_closed()


def test_the_agent_is_ready_and_small_without_a_broker(tmp_path: Path) -> None:
    config = write_config(tmp_path, free_port(), "app-2", free_port())
    with agent(config) as process:
        wait_for_line(process, "ready")  # how soon is measured: tests/bench/footprint_bench.py
        memory = Path(f"/proc/{process.pid}/status").read_text()
        kilobytes = next(int(line.split()[1]) for line in memory.splitlines() if line.startswith("VmRSS"))
        assert kilobytes < 55 * 1024
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_a_wrong_configuration_is_told_whole(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text("[box]\nid = 'B1'\n")
    result = subprocess.run(
        [sys.executable, "-m", "edge_agent", "check-config", "--config", str(path)], check=False, capture_output=True, text=True
    )
    assert result.returncode == 2
    assert "box.id: 'B1' must be 1 to 40 small letters" in result.stderr
    assert "broker: is missing" in result.stderr


def test_a_right_configuration_is_checked_with_its_drivers(tmp_path: Path) -> None:
    path = write_config(tmp_path, 1883, "app-3", 9)
    command = [sys.executable, "-m", "edge_agent", "check-config", "--config", str(path)]
    assert "is right" in subprocess.run(command, check=True, capture_output=True, text=True).stdout
    path.write_text(path.read_text().replace("[[station]]", "options = { speed = 3 }\n[[station]]"))
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 2
    assert "device[0].options: scanner.serial has no option 'speed'" in result.stderr


WRONG_DEVICES = """
[box]
id = "b"
site = "s"
state_dir = "."
[broker]
host = ""
[[device]]
id = "scale"
kind = "scale"
model = "mt.sics"
address = "serial:/dev/ttyUSB0?baud=fast"
options = { unit = "stone", width = "10", foo = 1 }
[[device]]
id = "old"
kind = "scale"
model = "toledo.8217"
address = "evdev:/dev/input/event3"
[[device]]
id = "labels"
kind = "receipt_printer"
model = "tspl"
address = "tcp:192.168.1.50"
options = { answers = "no" }
[[device]]
id = "drawer"
kind = "receipt_printer"
model = "escpos"
address = "usb:xyz"
"""


def test_every_mistake_about_devices_is_told_at_once_with_what_is_expected(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(WRONG_DEVICES)
    command = [sys.executable, "-m", "edge_agent", "check-config", "--config", str(path)]
    told = subprocess.run(command, check=False, capture_output=True, text=True).stderr
    for expected in (
        "broker.host: '' must not be empty",
        "device[0].address: baud=fast is not a number; expected one like baud=9600",
        "mt.sics has no option 'foo'; it has: width, unit, asks_tare",
        """its option 'unit' cannot be "stone"; expected one of "", "kg", "g", """,
        """its option 'width' cannot be "10"; expected a whole number, without quotes""",
        "device[1].address: 'evdev:/dev/input/event3' gives key events",
        """device[1].options: toledo.8217: its option 'unit' is missing; expected one of "kg", "lb\"""",
        "device[2].kind: must be 'label_printer': tspl is one",
        "device[2].address: tcp:192.168.1.50 needs a host and a port",
        """device[2].options: tspl: its option 'answers' cannot be "no"; expected true or false, without quotes""",
        "device[3].address: usb:xyz needs a vendor and a product id in hex",
    ):
        assert expected in told
    assert len(told.splitlines()) == 9


def test_a_line_of_the_log_says_which_device_it_is_about() -> None:
    record = logging.LogRecord("edge_agent.device_worker", logging.WARNING, "", 0, "device is lost: %s", ("it is gone",), None)
    assert LogLine("%(levelname)s %(message)s").format(record) == "WARNING device is lost: it is gone"
    record.__dict__["device"] = "scale"
    assert LogLine("%(levelname)s %(message)s").format(record) == "WARNING device is lost: it is gone [device=scale]"


def test_a_state_folder_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    path = write_config(tmp_path, 1883, "app-4", 9)
    (tmp_path / "state").write_text("a file, not a folder")
    result = subprocess.run(
        [sys.executable, "-m", "edge_agent", "run", "--config", str(path)], check=False, capture_output=True, text=True
    )
    assert result.returncode == 3
    assert "cannot be written" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_second_agent_on_the_same_state_is_refused_until_the_first_is_gone_even_by_kill_9(tmp_path: Path) -> None:
    config = write_config(tmp_path, free_port(), "app-5", free_port())
    command = [sys.executable, "-m", "edge_agent", "run", "--config", str(config)]
    with agent(config) as first:
        wait_for_line(first, "ready")
        second = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
        assert second.returncode == 3
        assert f"{tmp_path / 'state'} is in use by another agent; stop that one" in second.stderr
        assert "Traceback" not in second.stderr
        assert first.poll() is None
        first.kill()
        first.wait(10)
    with agent(config) as third:
        wait_for_line(third, "ready")
