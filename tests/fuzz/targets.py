"""What is fed with bytes that nobody chose: every driver's reading side, every emulator, every parser of symbols.

A target takes any bytes and may raise only what its contract names.  Drivers and emulators come from their registries, so that
a new one is a target from its first commit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from drivers.devices import KeyEvent, LabelPrinter, LineDisplay, POSPrinter, PriceScale, Scale, Scanner
from drivers.emulators.emulator import PROTOCOLS, BadCommand, make_emulator
from drivers.errors import DriverError
from drivers.hid_descriptor import parse_descriptor
from drivers.registry import Driver, Kind, Over, find, models
from drivers.symbols.parse import parse_symbol
from drivers.testing import ScriptedKeys
from edge_agent.config import BoxConfig, BrokerConfig, Config, DeviceConfig, StationConfig
from edge_agent.desired import document_of, read_desired, wrong_device
from edge_agent.wire.codec import decode, encode
from edge_agent.wire.errors import WireError
from edge_agent.wire.messages import TwinDesired
from tests.drivers.every import CASES, Overheard, on_line, pair, works

Target = Callable[[bytes], None]
_PIECE = 64
_MOST_READS = 24


class Chatter:
    """A line whose other end sends what it likes, in pieces, whatever it is asked."""

    def __init__(self, data: bytes) -> None:
        size = 1 + data[0] % _PIECE if data else 1
        self._pieces = [data[at : at + size] for at in range(1, len(data), size)]

    def send(self, data: bytes) -> None:
        """Nobody listens."""

    def receive(self, timeout: float) -> bytes:
        del timeout
        return self._pieces.pop(0) if self._pieces else b""

    def close(self) -> None:
        self._pieces.clear()


def _use(driver: Driver) -> None:
    """One call of each kind that reads; a refusal ends only that call."""
    for _ in range(_MOST_READS):
        with suppress(DriverError):
            if isinstance(driver, Scanner):
                driver.read_symbol(0.001)
            elif isinstance(driver, Scale):
                driver.read_weight()
            elif isinstance(driver, POSPrinter | LabelPrinter):
                driver.status()
            elif isinstance(driver, LineDisplay):
                driver.show(["1"])
    with suppress(DriverError):
        if isinstance(driver, PriceScale):
            driver.weigh(199)


def _driver(name: str) -> Target:
    def run(data: bytes) -> None:
        _use(on_line(name, Chatter(data)))

    return run


def _key_events(data: bytes) -> None:
    """Events that no keyboard's reports make."""
    keys = ScriptedKeys([KeyEvent(each >> 6, each & 0x7F, each & 1) for each in data])
    _use(find("scanner.wedge").build(keys, CASES["scanner.wedge"].options))


def _emulator(protocol: str) -> Target:
    def run(data: bytes) -> None:
        emulator = make_emulator(protocol, lambda _: None)
        with suppress(BadCommand):
            emulator.on_bytes(data[: len(data) // 2])
            emulator.on_bytes(data[len(data) // 2 :])

    return run


def _symbol(data: bytes) -> None:
    parsed = parse_symbol(data)
    assert parsed.gtin14 is None or (len(parsed.gtin14) == 14 and parsed.gtin14.isdigit())


def _descriptor(data: bytes) -> None:
    with suppress(DriverError):
        parse_descriptor(data)


_BOX = Config(
    box=BoxConfig(id="b1", site="s1", state_dir=Path("unused")),
    broker=BrokerConfig(host="127.0.0.1", port=1883),
    devices=(DeviceConfig(id="scanner", kind=Kind.SCANNER, model="scanner.serial", address="tcp:127.0.0.1:1"),),
    stations=(StationConfig(id="desk", scanner="scanner"),),
)
_TWIN = TwinDesired(version=1, document=document_of(_BOX))


def _twin(data: bytes) -> None:
    """A configuration from the wire: it is read, or each wrong key told, and reading it again over the result changes nothing."""
    try:
        document = decode(TwinDesired, data).document
    except WireError:
        return
    once = read_desired(document, _BOX, _BOX, wrong_device)
    assert read_desired(document, _BOX, once.config, wrong_device) == once
    assert once.config.broker == _BOX.broker


@cache
def seeds(name: str) -> Sequence[bytes]:
    """What the target is fed with in life: all that a driver's emulator, or a driver, says while they do their work."""
    kind, _, which = name.partition(".")
    said: list[bytes] = []
    if kind == "driver":
        assert works(pair(which, lambda pipe: Overheard(pipe, said, from_device=True)))
        size = bytes([max(map(len, said)) % _PIECE - 1]) if find(which).over is Over.REPORTS else b"\x0f"
        return [size + b"".join(said), *(size + each for each in said)]
    if kind == "emulator":
        for model in (model for model, case in CASES.items() if case.emulator == which):
            assert works(pair(model, lambda pipe: Overheard(pipe, said, from_device=False)))
    return [encode(_TWIN)] if kind == "twin" else said


def targets() -> Mapping[str, Target]:
    """All targets by name: ``driver.<model>``, ``emulator.<protocol>``, and those that stand alone."""
    return {
        **{f"driver.{name}": _driver(name) for name in models()},
        **{f"emulator.{protocol}": _emulator(protocol) for protocol in PROTOCOLS},
        "hid_descriptor": _descriptor,
        "key_events": _key_events,
        "symbol": _symbol,
        "twin": _twin,
    }
