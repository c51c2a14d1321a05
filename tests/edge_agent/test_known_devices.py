"""What is known of devices outlives the process, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drivers.udev import Identity
from edge_agent.known_devices import FILE, KnownDevices

ONE = Identity(vendor="0403", product="6001", serial="A1", name="FTDI", port="1-1")
OTHER = Identity(vendor="0403", product="6001", serial="A2", name="FTDI", port="1-1")


def test_the_first_one_is_trusted_and_another_one_is_not(tmp_path: Path) -> None:
    known = KnownDevices(tmp_path)
    assert known.sees("scale", ONE) is None
    assert known.sees("scale", OTHER) == ONE
    assert known.of("scale").identity == ONE


def test_it_outlives_the_process(tmp_path: Path) -> None:
    KnownDevices(tmp_path).sees("scale", ONE)
    assert KnownDevices(tmp_path).sees("scale", OTHER) == ONE
    KnownDevices(tmp_path).confirm("scale", OTHER)
    assert KnownDevices(tmp_path).sees("scale", OTHER) is None
    assert KnownDevices(tmp_path).sees("scale", ONE) == OTHER


def test_the_same_device_in_another_socket_is_the_same(tmp_path: Path) -> None:
    known = KnownDevices(tmp_path)
    known.sees("scale", ONE)
    moved = Identity(vendor="0403", product="6001", serial="A1", port="2-3")
    assert known.sees("scale", moved) is None
    assert known.of("scale").identity == moved


def test_a_serial_number_is_kept_where_it_could_not_be_asked(tmp_path: Path) -> None:
    known = KnownDevices(tmp_path)
    known.sees("scale", ONE)
    assert known.sees("scale", Identity(vendor="0403", product="6001")) is None
    assert known.sees("scale", OTHER) is not None


def test_what_was_learned_is_added_up_and_forgotten_with_the_device(tmp_path: Path) -> None:
    known = KnownDevices(tmp_path)
    known.sees("scanner", ONE)
    known.learns("scanner", {"layout": "fr"})
    known.learns("scanner", {"suffix": "tab"})
    assert KnownDevices(tmp_path).of("scanner").learned == {"layout": "fr", "suffix": "tab"}
    known.confirm("scanner", OTHER)
    assert KnownDevices(tmp_path).of("scanner").learned == {}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 9}', b'{"version": 1, "devices": {"x": 1}}', b"\xff\xfe"])
def test_a_damaged_file_is_set_aside_loudly(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_bytes(content)
    known = KnownDevices(tmp_path)
    assert "set aside" in caplog.text
    assert (tmp_path / "devices.damaged").read_bytes() == content
    assert known.sees("scale", ONE) is None
    assert json.loads((tmp_path / FILE).read_bytes())["devices"]["scale"]["identity"]["serial"] == "A1"


def test_a_folder_that_cannot_be_written_costs_only_the_memory(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    known = KnownDevices(tmp_path / "nowhere")
    assert known.sees("scale", ONE) is None
    assert known.sees("scale", OTHER) == ONE
    assert "could not be stored" in caplog.text


def test_nothing_is_written_where_nothing_changed(tmp_path: Path) -> None:
    known = KnownDevices(tmp_path)
    known.sees("scale", ONE)
    (tmp_path / FILE).unlink()
    known.sees("scale", ONE)
    assert not (tmp_path / FILE).exists()
