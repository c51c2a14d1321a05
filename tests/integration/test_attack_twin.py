"""Configurations that mean harm: what is wrong in them is said key by key, nothing is raised, nothing else loses its device."""

from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.fleet.operations import register_box
from controller.http import auth
from controller.http.routing import Permission
from controller.sites.operations import create_site
from drivers.errors import DeviceUnavailable, Unsupported
from drivers.registry import Kind
from drivers.transports.opening import open_transport
from edge_agent.config import BoxConfig, BrokerConfig, Config, DeviceConfig
from edge_agent.desired import document_of, read_desired, wrong_device
from edge_agent.wire.codec import MAX_PAYLOAD, decode
from edge_agent.wire.commands import read_arguments
from edge_agent.wire.errors import WireError
from edge_agent.wire.messages import TwinDesired
from tests.databases import copied

SCANNER = DeviceConfig(id="till", kind=Kind.SCANNER, model="scanner.serial", address="serial:/dev/ttyUSB0")
FILE = Config(
    box=BoxConfig(id="b1", site="s1", state_dir=Path("/nowhere")), broker=BrokerConfig(host="localhost", port=1), devices=(SCANNER,)
)
NO_PLACES = [
    "tcp:169.254.169.254:80",
    "tcp:[fe80::1]:9100",
    "tcp:[::ffff:169.254.169.254]:80",
    "tcp:[fe80::1%eth0]:9100",
    "tcp:0.0.0.0:9100",
    "tcp:[::]:9100",
    "tcp:224.0.0.1:9100",
    "tcp:h:99999",
    "tcp:h:" + "9" * 5000,
    "tcp:h:٩",
    "tcp:h:-1",
    "usb:" + "f" * 3000,
    "usb:04b8:0202\0",
    "usb:04b8:0202@1-1.2/../../x",
    "http://169.254.169.254/",
    "serial:/dev/ttyUSB0?file=/etc/cron.d/x",
    "file:/dev/usb/lp0?x=1",
    "evdev:/dev/input/event3",
    "",
    "tcp:",
]


def printer(**changes: object) -> dict[str, object]:
    return {"id": "labels", "kind": "label_printer", "model": "zpl", "address": "tcp:10.0.0.9:9100", **changes}


def applied(document: dict[str, object]) -> tuple[list[str], list[str]]:
    """Which devices there are by it, and which keys are wrong; what holds can be told and read again."""
    reading = read_desired(document, FILE, FILE, wrong_device)
    again = read_desired(document_of(reading.config), FILE, FILE, wrong_device)
    assert again.config == reading.config
    assert json.dumps([[wrong.key, wrong.message] for wrong in reading.errors])
    return [device.id for device in reading.config.devices], [wrong.key for wrong in reading.errors]


@pytest.mark.parametrize("address", NO_PLACES, ids=lambda address: address[:30])
def test_an_address_that_is_no_devices_is_refused_and_the_scanner_stays(address: str) -> None:
    devices, wrong = applied({"device": [document_of(FILE)["device"][0], printer(address=address)]})  # type: ignore[index]  # a list
    assert devices == ["till"]
    assert wrong == ["device[1].address"]


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "../../os"},
        {"model": "os.path"},
        {"model": "x" * 5000},
        {"id": "../x"},
        {"id": "<script>alert(1)</script>"},
        {"id": "till"},
        {"kind": "scanner"},
        {"options": {"dpi": "__import__('os')"}},
        {"options": {"dpi": 2**62, "x": {"y": [1] * 1000}}},
        {"options": []},
        {"options": {"": None}},
    ],
    ids=str,
)
def test_a_device_that_is_none_is_left_out(changes: dict[str, object]) -> None:
    devices, wrong = applied({"device": [document_of(FILE)["device"][0], printer(**changes)]})  # type: ignore[index]  # a list
    assert devices == ["till"]
    assert wrong


@pytest.mark.parametrize("depth", [10, 300, 900, 960, 2000, 30_000])
@pytest.mark.parametrize(
    "document",
    [
        '{{"a":{0}}}',
        '{{"device":{0}}}',
        '{{"device":[{{"id":{0}}}]}}',
        '{{"device":[{{"id":"d","kind":"label_printer","model":"zpl","address":"tcp:h:1","options":{{"dpi":{0}}}}}]}}',
        '{{"settings":{{"log_level":{0}}}}}',
        '{{"station":[{{"id":"s","activities":{0}}}]}}',
    ],
)
def test_a_deep_document_is_refused_by_the_wire_or_by_its_key(document: str, depth: int) -> None:
    payload = f'{{"v":1,"version":1,"document":{document.format("[" * depth + "]" * depth)}}}'.encode()
    try:
        desired = decode(TwinDesired, payload)
    except WireError:
        assert depth >= 900 or len(payload) > MAX_PAYLOAD
        return
    _, wrong = applied(desired.document)
    assert wrong


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("log_level", {"level": "DEBUG", "minutes": 10**9}),
        ("log_level", {"level": "DEBUG", "minutes": 0}),
        ("log_level", {"level": "DEBUG\n", "minutes": 1}),
        ("log_level", {"level": ["DEBUG"] * 1000}),
        ("restart_device", {"device": "../x"}),
        ("restart_device", {"device": "a/b"}),
        ("restart_device", {"device": "+"}),
        ("test_print", {"printer": "x", "template": "a" * 513, "version": "1"}),
        ("test_print", {"printer": "#"}),
        ("resend", {"stream": "core", "from": -1}),
        ("identify", {"more": 1}),
        ("collect_diagnostics", {"path": "/etc/shadow"}),
        ("__class__", {}),
        ("", {}),
    ],
)
def test_arguments_of_a_command_are_what_its_class_says_or_nothing(name: str, arguments: dict[str, object]) -> None:
    with pytest.raises(WireError):
        read_arguments(name, arguments)  # type: ignore[arg-type]  # as it may come by the wire


@pytest.mark.parametrize("address", ["tcp:0.0.0.0:9100", "tcp:169.254.169.254:80", "tcp:h:" + "9" * 5000])
def test_a_line_is_not_opened_to_where_no_device_is(address: str) -> None:
    with pytest.raises(Unsupported):
        open_transport(address)


def test_an_address_written_in_another_way_is_known_by_where_it_leads() -> None:
    """0 is 0.0.0.0, which is this machine: whoever answers there is left at once, and gets nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        address = f"tcp:2130706433:{server.getsockname()[1]}"
        open_transport(address).close()  # 127.0.0.1, which the box itself may have a device behind
    with pytest.raises(DeviceUnavailable):
        open_transport("tcp:2852039166:1")  # 169.254.169.254


def test_a_file_that_is_no_device_is_not_even_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    seen = threading.Event()

    def listen() -> None:
        with pipe.open("rb"):
            seen.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    for address in (f"file:{pipe}", f"file:{tmp_path}", "file:/etc/passwd"):
        with pytest.raises(Unsupported, match="not a character device"):
            open_transport(address)
    assert not seen.is_set()
    with pipe.open("wb"):
        listener.join(5)


async def test_the_office_says_what_is_wrong_before_a_box_is_told(schema_file: Path, tmp_path: Path) -> None:
    await db.connect(copied(schema_file, tmp_path / "controller.db"))
    await create_site("s1", name="Shop")
    await register_box("b1", site="s1", name="Box")
    await auth.create_token("it", list(Permission), token="sw_it")
    app = make_app(parse_config({"data": str(tmp_path)}, {}, "test"), Parts())
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        for number, address in enumerate(NO_PLACES):
            headers = {"Authorization": "Bearer sw_it", "Idempotency-Key": f"twin-{number}"}
            body = {"version": 0, "document": {"device": [printer(address=address)]}}
            async with client.put("/api/v1/boxes/b1/twin", json=body, headers=headers) as answer:
                assert answer.status == 422, (address, await answer.text())
    await db.close()
