"""A document of the twin: the same tables as the agent's file, read by the same readers, and applied key by key.

What is right takes effect.  What is wrong stays as it was: a device or a station that was there before keeps its configuration, a
new one is left out; a station loses only the devices that it cannot have.  So a slip of the pen in the office never takes a scanner
away, and reading the same document again over its own result changes nothing.

Identity, broker, controller and limits are not in it: no document can cut a box off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import msgspec

from drivers.errors import DriverError
from drivers.registry import Kind, find
from edge_agent.config import (
    LEVELS,
    Config,
    DeviceConfig,
    Inspect,
    StationConfig,
    SymbolsConfig,
    look_closer,
    one_of,
    read_device,
    read_station,
    read_symbols,
    used_twice,
    wrong_references,
)
from edge_agent.toml_table import Table, Wrong

LARGEST: Final = 32 * 1024
"""Bytes of a document as JSON: its report, with the errors, must still fit into one message."""
_NOWHERE = Path("/")


@dataclass(frozen=True, slots=True)
class Reading:
    """What holds by a document, and which of its keys do not."""

    config: Config
    errors: tuple[Wrong, ...] = ()


def read_desired(document: Mapping[str, object], file: Config, before: Config, inspect: Inspect | None = None) -> Reading:
    """`file` says what no document can; `before` is what held until now.  `inspect` looks closer at what changes; it may block."""
    errors: list[Wrong] = []
    root = Table(document, "", _NOWHERE, errors)
    devices = _devices(root, before, errors, inspect)
    stations = _stations(root, before, errors, {device.id: device.kind for device in devices})
    symbols = _symbols(root, before, errors)
    level, seconds = _settings(root, file, before, errors)
    root.finish()
    config = replace(
        file,
        box=replace(file.box, log_level=level),
        controller=replace(file.controller, replica_seconds=seconds),
        devices=devices,
        stations=stations,
        symbols=symbols,
    )
    return Reading(config, tuple(errors))


def document_of(config: Config) -> dict[str, object]:
    """What a configuration says of the twin's tables, defaults left out; `read_desired` reads it back."""
    return {
        "device": [_table_of(device) for device in config.devices],
        "station": [_table_of(station) for station in config.stations],
        "symbols": _table_of(config.symbols),
        "settings": {"log_level": config.box.log_level, "replica_seconds": config.controller.replica_seconds},
    }


def document_hash(document: Mapping[str, object]) -> str:
    """Hex SHA-256 of its content, whatever the order of its keys."""
    return sha256(msgspec.json.encode(document, order="deterministic")).hexdigest()


def wrong_device(device: DeviceConfig) -> Iterator[tuple[str, str]]:
    """Load the device's driver and hold kind, address and options to it."""
    try:
        model = find(device.model)
    except DriverError as error:
        yield "model", str(error)
        return
    if model.kind is not device.kind:
        yield "kind", f"must be {str(model.kind)!r}: {device.model} is one"
    try:
        model.check_address(device.address)
    except DriverError as error:
        yield "address", str(error)
    try:
        import_module("drivers.dry_build").check_by_building(model, device.options)  # by name: only a closer look needs it
    except DriverError as error:
        yield "options", str(error)


# --- table by table ---------------------------------------------------------------------------------------------------------


def _devices(root: Table, before: Config, errors: list[Wrong], inspect: Inspect | None) -> tuple[DeviceConfig, ...]:
    held = {device.id: device for device in before.devices}
    tables = root.tables("device")
    if root.is_wrong("device"):
        return before.devices
    found: dict[str, DeviceConfig] = {}
    seen: set[str] = set()
    for table in tables:
        known = len(errors)
        device = read_device(table)
        if device.id in seen:
            errors.append(used_twice(f"{table.where}id", device.id))
            continue
        seen.add(device.id)
        if len(errors) == known and inspect is not None and device != held.get(device.id):
            look_closer(table, device, inspect)
        chosen = device if len(errors) == known else held.get(device.id)
        if chosen is not None:
            found[chosen.id] = chosen
    return tuple(found.values())


def _stations(root: Table, before: Config, errors: list[Wrong], kinds: Mapping[str, Kind]) -> tuple[StationConfig, ...]:
    held = {station.id: station for station in before.stations}
    tables = root.tables("station")
    if root.is_wrong("station"):
        return tuple(kept for station in before.stations if (kept := _without_lost(station, None, kinds)))
    found: dict[str, StationConfig] = {}
    seen: set[str] = set()
    for table in tables:
        known = len(errors)
        station = read_station(table)
        if station.id in seen:
            errors.append(used_twice(f"{table.where}id", station.id))
            continue
        seen.add(station.id)
        if len(errors) > known:
            wanted = held.get(station.id)
        else:
            wanted = station
            for key, sentence in wrong_references(station, kinds):
                table.wrong(key, sentence, code="wrong_reference")
        chosen = None if wanted is None else _without_lost(wanted, held.get(wanted.id), kinds)
        if chosen is not None:
            found[chosen.id] = chosen
    return tuple(found.values())


def _without_lost(station: StationConfig, before: StationConfig | None, kinds: Mapping[str, Kind]) -> StationConfig | None:
    """For a device that it cannot have: the one that it had before, else none.  None without any: nobody could work there."""
    wanted = station
    for source in (before, None):
        lost = [key for key, _ in wrong_references(station, kinds)]
        instead = {key: getattr(source, key) if source else _NO_DEVICE[key] for key in lost}
        station = replace(station, **instead)  # type: ignore[arg-type]  # its keys are those of _NO_DEVICE
    return station if station.devices or not wanted.devices else None


_NO_DEVICE: Final = {"scanner": None, "scale": None, "label_printer": None, "receipt_printer": None, "line_display": None}


def _symbols(root: Table, before: Config, errors: list[Wrong]) -> SymbolsConfig:
    known = len(errors)
    symbols = read_symbols(root.table("symbols", required=False))
    return symbols if len(errors) == known else before.symbols


def _settings(root: Table, file: Config, before: Config, errors: list[Wrong]) -> tuple[str, int]:
    """The log's level and how often the replica is asked for; what the document does not say, the file says."""
    known = len(errors)
    table = root.table("settings", required=False)
    level = table.text("log_level", file.box.log_level, check=one_of(LEVELS))
    seconds = table.number("replica_seconds", file.controller.replica_seconds, low=1, high=86_400)
    table.finish()
    return (level, seconds) if len(errors) == known else (before.box.log_level, before.controller.replica_seconds)


def _table_of(item: DeviceConfig | StationConfig | SymbolsConfig) -> dict[str, object]:
    """As it would stand in a file: JSON's types, defaults left out."""
    values: dict[str, object] = _as_json(item)
    defaults: dict[str, object] = {}
    for each in fields(item):
        if each.default_factory is not MISSING:
            defaults[each.name] = _as_json(each.default_factory())
        elif each.default is not MISSING:
            defaults[each.name] = _as_json(each.default)
    return {key: value for key, value in values.items() if key not in defaults or defaults[key] != value}


def _as_json(value: object) -> Any:
    """With JSON's own types: a list where a tuple was."""
    return msgspec.json.decode(msgspec.json.encode(value))
