"""The agent's configuration file (TOML): identity, addresses, paths, devices, stations.

`load_config` reports everything that is wrong at once, each with its key path, so that a person corrects the file once.

    [box]         id, site, state_dir, log_level, language
    [broker]      host, port, username, password_file, ca, cert, key
    [controller]  url, token_file, replica_seconds
    [[device]]    id, kind, model, address, options, stand_ins, stand_in_after_s
    [[station]]   id, scanner, scale, label_printer, receipt_printer, line_display, double_read_ms, quiet_minutes, sign_in,
                  profile, activities, language
    [symbols]     own_prefixes, variable
    [floor]       host, port, cert, key, root, names, sign_in, idle_minutes, session_hours, time_zone
    [limits]      facts_bytes, ballast_bytes
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from drivers.errors import Unsupported
from drivers.registry import Kind, models
from drivers.symbols.parsed import SymbolRules, symbol_rules
from drivers.symbols.variable import BadRule, parse_rule
from drivers.transports.opening import parse_address
from edge_agent.errors import ConfigErrors
from edge_agent.facts import MIB, FactsLimits
from edge_agent.floor.config import FloorConfig, read_floor
from edge_agent.stations.model import LANGUAGES, SCREEN, SignIn
from edge_agent.toml_table import Check, Table, Wrong, not_empty

_ID = re.compile(r"[a-z0-9-]{1,40}")
_PREFIX = re.compile(r"[0-9]{2,12}")
_URL = re.compile(r"https?://[^\s/]+(/\S*)?")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxConfig:
    """Who the box is, and where its durable state lives.  `language`: of line displays, where nobody is signed in."""

    id: str
    site: str
    state_dir: Path
    log_level: str = "INFO"
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerConfig:
    """The MQTT broker.  `ca` switches TLS on; the password is in a file of its own."""

    host: str
    port: int
    username: str | None = None
    password_file: Path | None = None
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerConfig:
    """Where templates and the catalogue come from; empty: the box works with what it has of them."""

    url: str = ""
    token_file: Path | None = None
    replica_seconds: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceConfig:
    """A device: `model` as in `drivers.registry`, `address` as in `drivers.transports.opening`.

    `stand_ins`: of a printer, those that print its jobs, in order, once it was not ready for `stand_in_after_s` seconds.
    """

    id: str
    kind: Kind
    model: str
    address: str
    options: Mapping[str, object] = field(default_factory=dict)
    stand_ins: tuple[str, ...] = ()
    stand_in_after_s: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class StationConfig:
    """The devices of one working place, by their ids.

    Without a scanner it is worked at from screens.  `double_read_ms`: the same symbol from the same scanner again within so many
    milliseconds is one read; 0 turns this off.  `quiet_minutes`: a task that nobody touched for so long is left; 0: never.
    `sign_in`: whom it asks for: nobody (`none`), a `badge`, or badge and `pin` at a screen.  `activities`: the tasks that it
    offers, by name; empty: all.  `language`: of its line display; empty: the box's.  `profile`: the controller's station profile
    that fills what is not set here; None: the site's own (`edge_agent/profiles.py`).  `manager_adjusts`: an adjustment needs a
    manager's badge.
    """

    id: str
    scanner: str | None = None
    scale: str | None = None
    label_printer: str | None = None
    receipt_printer: str | None = None
    line_display: str | None = None
    double_read_ms: int = 300
    quiet_minutes: int = 30
    sign_in: SignIn = "none"
    profile: str | None = None
    activities: tuple[str, ...] = ()
    language: str = ""
    manager_adjusts: bool = False

    @property
    def devices(self) -> tuple[str, ...]:
        """All that stands there."""
        wanted = (self.scanner, self.scale, self.label_printer, self.receipt_printer, self.line_display)
        return tuple(device for device in wanted if device is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolsConfig:
    """What this company's own numbers mean.  `own_prefixes`: GS1 prefixes that it uses as plain item numbers; `variable`: how its
    prices and weights are laid out (`drivers.symbols.variable`).
    """

    own_prefixes: tuple[str, ...] = ()
    variable: tuple[str, ...] = ()

    def rules(self) -> SymbolRules:
        return symbol_rules(self.own_prefixes, self.variable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    box: BoxConfig
    broker: BrokerConfig
    controller: ControllerConfig = field(default_factory=ControllerConfig)
    devices: tuple[DeviceConfig, ...] = ()
    stations: tuple[StationConfig, ...] = ()
    symbols: SymbolsConfig = field(default_factory=SymbolsConfig)
    limits: FactsLimits = field(default_factory=FactsLimits)
    floor: FloorConfig | None = None
    """None: the box serves no pages."""


Inspect = Callable[[DeviceConfig], Iterable[tuple[str, str]]]
"""What else is wrong with a device: the key, and the sentence behind it."""


def load_config(path: Path, inspect: Inspect | None = None) -> Config:
    """Read and check a file; relative paths start from its folder.  `inspect` looks closer at each device.  Raises ConfigErrors."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigErrors([f"{path}: there is no such file; name the agent's configuration with --config PATH"]) from error
    except OSError as error:
        raise ConfigErrors([f"{path}: cannot be read ({error.strerror}); give the agent's user the right to read it"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigErrors([f"{path}: is not TOML: {error}"]) from error
    return read_config(document, path.parent, inspect)


def read_config(document: Mapping[str, object], folder: Path, inspect: Inspect | None = None) -> Config:
    """Check a parsed file; `folder` is what relative paths start from.  Raises ConfigErrors."""
    errors: list[Wrong] = []
    root = Table(document, "", folder, errors)
    floor = root.table("floor", required=False)
    config = Config(
        box=_box(root.table("box")),
        broker=_broker(root.table("broker")),
        controller=_controller(root.table("controller", required=False)),
        devices=tuple(read_device(table, inspect) for table in root.tables("device")),
        stations=tuple(read_station(table) for table in root.tables("station")),
        symbols=read_symbols(root.table("symbols", required=False)),
        limits=_limits(root.table("limits", required=False)),
        floor=read_floor(floor) if "floor" in document else None,
    )
    root.finish()
    _check_references(config, errors)
    if errors:
        raise ConfigErrors([str(error) for error in errors])
    return config


def _box(table: Table) -> BoxConfig:
    box = BoxConfig(
        id=table.text("id", check=_topic_id),
        site=table.text("site", check=_topic_id),
        state_dir=table.path("state_dir"),
        log_level=table.text("log_level", "INFO", check=one_of(LEVELS)),
        language=table.text("language", "en", check=one_of(LANGUAGES)),
    )
    table.finish()
    return box


def _broker(table: Table) -> BrokerConfig:
    ca, cert, key = table.file("ca"), table.file("cert"), table.file("key")
    broker = BrokerConfig(
        host=table.text("host", check=not_empty),
        port=table.number("port", 8883 if ca else 1883, low=1, high=65535),
        username=table.text("username", "") or None,
        password_file=table.file("password_file"),
        ca=ca,
        cert=cert,
        key=key,
    )
    if (cert is None) != (key is None):
        table.wrong("cert" if cert is None else "key", "is missing: a client certificate needs both `cert` and `key`")
    if cert is not None and ca is None:
        table.wrong("ca", "is missing: a client certificate is only used with TLS, which `ca` switches on")
    if broker.password_file is not None and broker.username is None:
        table.wrong("username", "is missing: `password_file` is given")
    table.finish()
    return broker


def _controller(table: Table) -> ControllerConfig:
    controller = ControllerConfig(
        url=table.text("url", "", check=_url),
        token_file=table.file("token_file"),
        replica_seconds=table.number("replica_seconds", ControllerConfig().replica_seconds, low=1, high=86_400),
    )
    table.finish()
    return controller


def read_device(table: Table, inspect: Inspect | None = None) -> DeviceConfig:
    """What is wrong is noted in the table, and the value is not to be used."""
    kind = table.text("kind", check=one_of(tuple(Kind)))
    device = DeviceConfig(
        id=table.text("id", check=_device_id),
        kind=Kind(kind) if kind in tuple(Kind) else Kind.SCANNER,
        model=table.text("model", check=one_of(models())),
        address=table.text("address", check=_address),
        options=table.mapping("options"),
        stand_ins=table.texts("stand_ins", check=_topic_id),
        stand_in_after_s=table.number("stand_in_after_s", 30, low=0, high=86_400),
    )
    table.finish()
    if inspect is not None and device.model in models():
        look_closer(table, device, inspect)
    return device


def look_closer(table: Table, device: DeviceConfig, inspect: Inspect) -> None:
    """Note what `inspect` finds of keys that were right until now."""
    for key, sentence in inspect(device):
        if not table.is_wrong(key):
            table.wrong(key, sentence)


def read_station(table: Table) -> StationConfig:
    """The same; whether its devices are there is another question (`wrong_references`)."""
    station = StationConfig(
        id=table.text("id", check=_topic_id),
        scanner=table.text("scanner", "") or None,
        scale=table.text("scale", "") or None,
        label_printer=table.text("label_printer", "") or None,
        receipt_printer=table.text("receipt_printer", "") or None,
        line_display=table.text("line_display", "") or None,
        double_read_ms=table.number("double_read_ms", 300, low=0, high=5000),
        quiet_minutes=table.number("quiet_minutes", 30, low=0, high=1440),
        sign_in=_sign_in(table),
        profile=table.text("profile", "", check=_profile) or None,
        activities=table.texts("activities", check=_activity),
        language=table.text("language", "", check=one_of(("", "zh-CN", "en"))),
        manager_adjusts=table.flag("manager_adjusts", default=False),
    )
    table.finish()
    return station


def _sign_in(table: Table) -> SignIn:
    asked = table.text("sign_in", "none", check=one_of(get_args(SignIn)))
    return "badge" if asked == "badge" else "pin" if asked == "pin" else "none"


def _profile(value: object) -> str | None:
    return None if value == "" else _topic_id(value)


def _activity(value: object) -> str | None:
    return None if re.fullmatch("[a-z_]{1,40}", str(value)) else "must be the name of a task, such as counting or shelf_label"


def read_symbols(table: Table) -> SymbolsConfig:
    symbols = SymbolsConfig(
        own_prefixes=table.texts("own_prefixes", check=_gs1_prefix), variable=table.texts("variable", check=_variable_rule)
    )
    table.finish()
    return symbols


def _limits(table: Table) -> FactsLimits:
    limits = FactsLimits(
        max_bytes=table.number("facts_bytes", FactsLimits().max_bytes, low=MIB, high=1 << 40),
        ballast_bytes=table.number("ballast_bytes", FactsLimits().ballast_bytes, low=0, high=1 << 40),
    )
    table.finish()
    return limits


def _check_references(config: Config, errors: list[Wrong]) -> None:
    kinds: dict[str, Kind] = {}
    for index, device in enumerate(config.devices):
        if device.id in kinds:
            errors.append(used_twice(f"device[{index}].id", device.id))
        kinds[device.id] = device.kind
    for index, device in enumerate(config.devices):
        errors += [Wrong(f"device[{index}].stand_ins", sentence, "wrong_reference") for sentence in wrong_stand_ins(device, kinds)]
    seen: set[str] = set()
    for index, station in enumerate(config.stations):
        if station.id in seen:
            errors.append(used_twice(f"station[{index}].id", station.id))
        seen.add(station.id)
        errors += [
            Wrong(f"station[{index}].{key}", sentence, "wrong_reference") for key, sentence in wrong_references(station, kinds)
        ]


def used_twice(key: str, of: str) -> Wrong:
    return Wrong(key, f"{of!r} is used twice; each needs an id of its own", code="used_twice")


def wrong_references(station: StationConfig, kinds: Mapping[str, Kind]) -> Iterator[tuple[str, str]]:
    """The keys of a station that name no device of the right kind; `kinds` are those of the devices by id."""
    wanted = [
        ("scanner", station.scanner, Kind.SCANNER),
        ("scale", station.scale, Kind.SCALE),
        ("label_printer", station.label_printer, Kind.LABEL_PRINTER),
        ("receipt_printer", station.receipt_printer, Kind.RECEIPT_PRINTER),
        ("line_display", station.line_display, Kind.LINE_DISPLAY),
    ]
    for key, device_id, kind in wanted:
        if device_id and kinds.get(device_id) is not kind:
            found = f"it is a {kinds[device_id]}" if device_id in kinds else "there is no such [[device]]"
            yield key, f"{device_id!r} must be the id of a {kind}; {found}"


def wrong_stand_ins(device: DeviceConfig, kinds: Mapping[str, Kind]) -> Iterator[str]:
    """What is wrong with who stands in: only another printer of its kind may; whether that prints a document, it says itself."""
    if device.stand_ins and device.kind not in (Kind.LABEL_PRINTER, Kind.RECEIPT_PRINTER):
        yield f"only printers have them, {device.id!r} is a {device.kind}"
        return
    for other in device.stand_ins:
        if other == device.id or kinds.get(other) is not device.kind:
            found = "it is this device itself" if other == device.id else "there is no such [[device]]"
            yield f"{other!r} must be the id of another {device.kind}; {found}"


def _device_id(value: object) -> str | None:
    return f"is what screens are called; take another than {SCREEN!r}" if value == SCREEN else _topic_id(value)


def _topic_id(value: object) -> str | None:
    return None if _ID.fullmatch(str(value)) else "must be 1 to 40 small letters, digits and hyphens"


def _url(value: object) -> str | None:
    return None if _URL.fullmatch(str(value)) else "must be an address like https://controller.example:8443"


def _address(value: object) -> str | None:
    try:
        parse_address(str(value))
    except Unsupported as error:
        return f"is wrong: {error}"
    return None


def _gs1_prefix(value: object) -> str | None:
    return None if _PREFIX.fullmatch(str(value)) else "must be 2 to 12 digits, such as 20"


def _variable_rule(value: object) -> str | None:
    try:
        parse_rule(str(value))
    except BadRule as error:
        return f"is wrong: {error}"
    return None


def one_of(names: tuple[str, ...]) -> Check:
    def check(value: object) -> str | None:
        return None if value in names else f"is unknown; possible: {', '.join(names)}"

    return check
