from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.registry import Kind
from edge_agent.config import BoxConfig, BrokerConfig, Config, ControllerConfig, DeviceConfig, StationConfig, SymbolsConfig
from edge_agent.desired import Reading, document_hash, document_of, read_desired, wrong_device

SCANNER = DeviceConfig(id="scanner", kind=Kind.SCANNER, model="scanner.serial", address="tcp:127.0.0.1:1")
LABELS = DeviceConfig(id="labels", kind=Kind.LABEL_PRINTER, model="zpl", address="tcp:127.0.0.1:2")
FILE = Config(
    box=BoxConfig(id="b1", site="sh-01", state_dir=Path("unused")),
    broker=BrokerConfig(host="127.0.0.1", port=1883),
    controller=ControllerConfig(url="http://127.0.0.1:1", replica_seconds=7),
    devices=(SCANNER, LABELS),
    stations=(StationConfig(id="desk", scanner="scanner", label_printer="labels"),),
)


def document(**changes: object) -> dict[str, Any]:
    return {**document_of(FILE), **changes}


def codes(errors: Any) -> list[tuple[str, str]]:
    return [(error.key, error.code) for error in errors]


def test_what_a_configuration_says_is_read_back_the_same() -> None:
    rich = replace(
        FILE,
        devices=(replace(SCANNER, options={"suffix": "\r"}), LABELS),
        symbols=SymbolsConfig(own_prefixes=("20",)),
        box=replace(FILE.box, log_level="DEBUG"),
    )
    for said in (document_of(rich), json.loads(json.dumps(document_of(rich)))):
        assert read_desired(said, FILE, FILE) == Reading(rich)


def test_defaults_are_left_out_and_the_settings_said() -> None:
    assert document_of(FILE) == {
        "device": [
            {"id": "scanner", "kind": "scanner", "model": "scanner.serial", "address": "tcp:127.0.0.1:1"},
            {"id": "labels", "kind": "label_printer", "model": "zpl", "address": "tcp:127.0.0.1:2"},
        ],
        "station": [{"id": "desk", "scanner": "scanner", "label_printer": "labels"}],
        "symbols": {},
        "settings": {"log_level": "INFO", "replica_seconds": 7},
    }


def test_a_wrong_device_stays_as_it_was_and_the_rest_changes() -> None:
    given = document(
        device=[
            {"id": "scanner", "kind": "scanner", "model": "scanner.serial", "address": "usb"},
            {"id": "labels", "kind": "label_printer", "model": "zpl", "address": "tcp:127.0.0.1:9"},
        ]
    )
    reading = read_desired(given, FILE, FILE)
    assert codes(reading.errors) == [("device[0].address", "wrong_value")]
    assert [device.address for device in reading.config.devices] == ["tcp:127.0.0.1:1", "tcp:127.0.0.1:9"]
    assert reading.config.stations == FILE.stations


def test_a_new_device_that_is_wrong_is_left_out_and_its_station_works_without_it() -> None:
    given = document(
        device=[*document()["device"][:1], {"id": "scale", "kind": "scale", "model": "no.such", "address": "tcp:127.0.0.1:9"}],
        station=[{"id": "desk", "scanner": "scanner", "scale": "scale", "double_read_ms": 0}],
    )
    reading = read_desired(given, FILE, FILE)
    assert codes(reading.errors) == [("device[1].model", "wrong_value"), ("station[0].scale", "wrong_reference")]
    assert reading.config.stations == (StationConfig(id="desk", scanner="scanner", double_read_ms=0),)


def test_a_station_without_a_scanner_is_left_out() -> None:
    reading = read_desired(document(device=[], station=[{"id": "desk", "scanner": "scanner"}]), FILE, FILE)
    assert codes(reading.errors) == [("station[0].scanner", "wrong_reference")]
    assert (reading.config.stations, reading.config.devices) == ((), ())


def test_an_id_used_twice_counts_once() -> None:
    twice = document()["device"][:1] * 2
    reading = read_desired(document(device=twice, station=[]), FILE, FILE)
    assert codes(reading.errors) == [("device[1].id", "used_twice")]
    assert reading.config.devices == (SCANNER,)


@pytest.mark.parametrize("table", ["box", "broker", "controller", "limits", "floor", "box.id"])
def test_what_could_cut_the_box_off_is_not_in_it(table: str) -> None:
    reading = read_desired(document(**{table: {"host": "elsewhere"}}), FILE, FILE)
    assert codes(reading.errors) == [(table, "unknown_key")]
    assert reading.config == FILE


@pytest.mark.parametrize("table", ["device", "station", "symbols", "settings"])
@pytest.mark.parametrize("nonsense", [7, "text", None, True, {"": []}, ["text"]])
def test_a_table_that_is_none_changes_nothing_or_only_itself(table: str, nonsense: object) -> None:
    reading = read_desired(document(**{table: nonsense}), FILE, FILE)
    assert reading.errors
    assert (reading.config.box, reading.config.broker, reading.config.controller) == (FILE.box, FILE.broker, FILE.controller)


def test_settings_are_the_files_where_the_document_says_nothing_and_as_before_where_it_is_wrong() -> None:
    before = read_desired(document(settings={"log_level": "DEBUG"}), FILE, FILE).config
    assert (before.box.log_level, before.controller.replica_seconds) == ("DEBUG", 7)
    wrong = read_desired(document(settings={"log_level": "LOUD", "replica_seconds": 9}), FILE, before)
    assert codes(wrong.errors) == [("settings.log_level", "wrong_value")]
    assert (wrong.config.box.log_level, wrong.config.controller.replica_seconds) == ("DEBUG", 7)


def test_only_what_changes_is_looked_at_closer() -> None:
    looked: list[str] = []

    def inspect(device: DeviceConfig) -> Any:
        looked.append(device.id)
        return wrong_device(device)

    given = document()
    given["device"][1] = {**given["device"][1], "options": {"dpi": "many"}}
    reading = read_desired(given, FILE, FILE, inspect)
    assert looked == ["labels"]
    assert codes(reading.errors) == [("device[1].options", "wrong_value")]
    assert reading.config.devices == FILE.devices


def test_the_hash_is_of_the_content() -> None:
    assert document_hash({"a": 1, "b": {"c": 2, "d": 3}}) == document_hash({"b": {"d": 3, "c": 2}, "a": 1})
    assert document_hash({"a": 1}) != document_hash({"a": 2})


IDS = st.sampled_from(["scanner", "labels", "scale", "x", "", "BAD ID"])
VALUES = st.none() | st.booleans() | st.integers(-1, 9000) | st.text(max_size=4) | st.floats(allow_nan=False)
DEVICES = st.fixed_dictionaries(
    {"id": IDS},
    optional={
        "kind": st.sampled_from([*Kind, "thing"]) | VALUES,
        "model": st.sampled_from(["scanner.serial", "zpl", "escpos", "mt.sics", "no.such"]) | VALUES,
        "address": st.sampled_from(["tcp:127.0.0.1:1", "serial:/dev/ttyS0", "usb"]) | VALUES,
        "options": st.dictionaries(st.text(max_size=3), VALUES, max_size=2) | VALUES,
        "extra": VALUES,
    },
)
STATIONS = st.fixed_dictionaries(
    {"id": IDS},
    optional={
        "scanner": IDS | VALUES,
        "scale": IDS | VALUES,
        "label_printer": IDS | VALUES,
        "double_read_ms": VALUES,
        "extra": VALUES,
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "device": st.lists(DEVICES | VALUES, max_size=4) | VALUES,
        "station": st.lists(STATIONS | VALUES, max_size=3) | VALUES,
        "symbols": st.fixed_dictionaries({}, optional={"own_prefixes": st.lists(VALUES | st.just("20"), max_size=2)}) | VALUES,
        "settings": st.dictionaries(st.sampled_from(["log_level", "replica_seconds", "x"]), VALUES | st.just("DEBUG")) | VALUES,
        "broker": VALUES,
    },
)


@given(DOCUMENTS, DOCUMENTS)
def test_reading_again_over_its_own_result_changes_nothing(first: Mapping[str, object], second: Mapping[str, object]) -> None:
    before = read_desired(first, FILE, FILE).config
    once = read_desired(second, FILE, before)
    again = read_desired(second, FILE, once.config)
    assert again == once
    known = {device.id for device in once.config.devices}
    for station in once.config.stations:
        named = (station.scanner, station.scale, station.label_printer, station.receipt_printer, station.line_display)
        assert {device for device in named if device} <= known
    stored = json.loads(json.dumps(document_of(once.config)))
    assert read_desired(stored, FILE, FILE) == replace(once, errors=())
