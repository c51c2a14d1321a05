from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import DeviceUnavailable, Unsupported
from drivers.transports.opening import Address, open_keys, open_transport, parse_address


def test_an_address_has_a_scheme_a_place_and_settings() -> None:
    assert parse_address("serial:/dev/ttyUSB0?baud=9600&bytesize=7&parity=E") == Address(
        "serial", "/dev/ttyUSB0", {"baud": "9600", "bytesize": "7", "parity": "E"}
    )
    assert parse_address("tcp:[::1]:9100").where == "[::1]:9100"
    assert parse_address("usb:04b8:0202:J5KF").where == "04b8:0202:J5KF"


@pytest.mark.parametrize(
    "address",
    [
        *(
            "",
            "serial",
            "serial:",
            "/dev/ttyUSB0",
            "http://x",
            "serial:/dev/x?baud",
            "serial:/dev/x?baud=fast",
            "serial:/dev/x?parity=X",
        ),
        *(
            "serial:/dev/x?colour=red",
            "tcp:host",
            "tcp:host:0",
            "tcp:host:99999",
            "tcp::9100",
            "tcp:h:1?x=1",
            "usb:1:2",
            "usb:04b8",
        ),
        *("file:/dev/null?x=1", "evdev:/dev/input/event0"),
    ],
)
def test_malformed_addresses_are_refused_with_a_sentence(address: str) -> None:
    with pytest.raises(Unsupported) as caught:
        open_transport(address)
    assert len(str(caught.value)) > 20


def test_a_pipe_of_bytes_is_no_keyboard() -> None:
    with pytest.raises(Unsupported, match="evdev"):
        open_keys("tcp:127.0.0.1:9100")


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        parsed = parse_address(text)
    except Unsupported:
        return
    assert parsed.where


@pytest.mark.parametrize("address", ["serial:/dev/no-such-port", "file:/dev/no-such-port", "tcp:127.0.0.1:1"])
def test_a_missing_device_is_unavailable_with_what_to_do(address: str) -> None:
    with pytest.raises(DeviceUnavailable, match=r"plug|port"):
        open_transport(address)


def test_a_keyboard_that_cannot_be_opened_says_what_to_do() -> None:
    """With the extra `evdev`: the device is missing, or is none.  Without it: the package is named."""
    if find_spec("evdev") is None:
        with pytest.raises(Unsupported, match="evdev"):
            open_keys("evdev:/dev/input/no-such-event")
        return
    with pytest.raises(DeviceUnavailable, match="plug"):
        open_keys("evdev:/dev/input/no-such-event")
    with pytest.raises(DeviceUnavailable, match="input device"):
        open_keys("evdev:/dev/null")


@pytest.mark.parametrize("scheme", ["serial", "file"])
def test_a_plain_file_is_no_device(scheme: str, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    with pytest.raises((DeviceUnavailable, Unsupported)):
        open_transport(f"{scheme}:{plain}")


def test_a_serial_scanner_loads_no_other_library() -> None:
    code = (
        "import sys; from drivers.registry import open_device; from drivers.errors import DeviceUnavailable\n"
        "try: open_device('scanner.serial', 'serial:/dev/no-such-port')\n"
        "except DeviceUnavailable: pass\n"
        "loaded = {'usb', 'PIL', 'escpos', 'evdev', 'biip', 'zxingcpp'} & set(sys.modules)\n"
        "sys.exit(f'loaded {loaded}' if loaded or 'serial' not in sys.modules else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=20, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
