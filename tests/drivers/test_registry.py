"""The rules for all drivers, also those that nobody has written yet."""

from __future__ import annotations

import contextlib
import inspect
import time
from dataclasses import is_dataclass
from pathlib import Path

import pytest

import drivers
from drivers.devices import LabelPrinter, LineDisplay, Pace, POSPrinter, Scale, Scanner
from drivers.emulators.emulator import PROTOCOLS
from drivers.errors import DeviceUnavailable, DriverError, Unsupported
from drivers.registry import Kind, Model, find, models, open_device, register
from drivers.testing import ScriptedKeys, ScriptedTransport, Silent
from tests.drivers.every import CASES, on_line, pair

CLASSES = {
    Kind.SCANNER: Scanner,
    Kind.SCALE: Scale,
    Kind.RECEIPT_PRINTER: POSPrinter,
    Kind.LABEL_PRINTER: LabelPrinter,
    Kind.LINE_DISPLAY: LineDisplay,
}
ASKING = ("read_weight", "read_symbol", "status", "zero", "tare", "clear_tare")
MOST = 1.5  # a wait is 1 s or less; the rest is this machine's


@pytest.fixture(params=models())
def model(request: pytest.FixtureRequest) -> Model:
    return find(request.param)


def test_a_driver_is_what_its_kind_says(model: Model) -> None:
    assert isinstance(pair(model.name).driver, CLASSES[model.kind])


def test_a_driver_names_its_source(model: Model) -> None:
    assert "Source: " in (model.factory.__doc__ or "")


def test_a_scale_says_how_it_wants_to_be_asked(model: Model) -> None:
    assert model.kind is not Kind.SCALE or isinstance(getattr(model.factory, "pace", None), Pace)


def test_options_are_a_dataclass_that_refuses_what_it_does_not_know(model: Model) -> None:
    assert model.options is None or (is_dataclass(model.options) and model.options.__doc__)
    with pytest.raises(Unsupported, match=model.name):
        model.check_options({**CASES[model.name].options, "no_such_option": 1})


class Asked(Silent):
    """A silent line that keeps what it was asked to wait."""

    waits: list[float]

    def receive(self, timeout: float) -> bytes:
        self.waits.append(timeout)
        return super().receive(timeout)


def test_every_wait_for_a_silent_device_is_bounded(model: Model) -> None:
    line = Asked(ScriptedTransport().script)
    line.waits = []
    driver = on_line(model.name, line)
    for method in (getattr(driver, name) for name in ASKING if hasattr(driver, name)):
        started = time.monotonic()
        with contextlib.suppress(DriverError):
            method(*([0.2] if "timeout" in inspect.signature(method).parameters else []))
        assert time.monotonic() - started < MOST
    assert line.waits or model.kind is Kind.LINE_DISPLAY
    assert all(wait <= 1.0 for wait in line.waits)


def test_a_driver_file_is_in_the_table(model: Model) -> None:
    root = Path(drivers.__file__).parent
    registering = [each for each in root.rglob("*.py") if each.parent != root and "@register(" in each.read_text(encoding="utf-8")]
    assert {find(each).factory.__module__ for each in models()} == {
        f"drivers.{each.relative_to(root).with_suffix('')}".replace("/", ".") for each in registering
    }


def test_tables_of_models_and_protocols_are_sorted() -> None:
    for table in (models(), PROTOCOLS, CASES):
        assert list(table) == sorted(table)


def test_a_model_has_one_driver() -> None:
    find("toledo.8217")
    with pytest.raises(RuntimeError, match="registered twice"):
        register("toledo.8217", kind=Kind.SCALE)(ScriptedKeys)


def test_an_unknown_model_is_refused_with_those_there_are() -> None:
    with pytest.raises(Unsupported, match=r"toledo\.8217"):
        open_device("nobody.knows", "tcp:127.0.0.1:9100")


def test_wrong_options_are_told_before_the_port_is_opened() -> None:
    with pytest.raises(Unsupported, match="unit"):
        open_device("toledo.8217", "serial:/dev/no-such-port")
    with pytest.raises(DeviceUnavailable):
        open_device("toledo.8217", "serial:/dev/no-such-port", {"unit": "kg"})


def test_a_scanner_that_types_needs_keys_and_others_need_bytes() -> None:
    with pytest.raises(Unsupported, match="evdev"):
        open_device("scanner.wedge", "serial:/dev/ttyUSB0")
    with pytest.raises(Unsupported, match="bytes"):
        open_device("scanner.serial", "evdev:/dev/input/event0")
