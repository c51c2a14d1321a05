"""Which models there are, and opening one.

The recipe for a driver; ``drivers/scales/sma.py`` and ``drivers/emulators/sma.py`` are short ones to read first.  No other code of
the product needs to be touched:

1. One file per protocol, such as ``drivers/scales/acme_dx100.py``::

       @dataclass(frozen=True, slots=True)
       class AcmeOptions:                                       # leave out if the driver has none
           unit: Literal["kg", "lb"]                            # no default: a unit that the wire does not say is never guessed

       @register("acme.dx100", kind=Kind.SCALE, options=AcmeOptions)
       class AcmeDx100:
           \"\"\"Acme DX-100 counter scale.  Source: Acme doc 4711 rev C, section 3.\"\"\"

           pace = Pace.POLL                                     # scales only: how it may be asked

           def __init__(self, transport: Transport, options: AcmeOptions) -> None: ...   # without options: (transport)

           def read_weight(self) -> Weight | None: ...          # what its kind has in `drivers.devices`; waits of 1 s at most

2. One row in `_MODULES` below.  The file is imported when its model is first asked for, so that a box with a scanner never
   loads Pillow, pyusb or python-escpos.
3. Its test, ``tests/drivers/<folder>/test_acme_dx100.py``, with `drivers.testing.exchange("acme.dx100", (sent, reply), …)`.
   Its emulator, in ``drivers/emulators/`` (a scale's is a `Platter` and what it says), its row in `PROTOCOLS` of
   ``drivers/emulators/emulator.py``, and its row in `CASES` of ``tests/drivers/every.py``, with the options that have no
   default: all rules for drivers, and the fuzzers, take it from there.
4. Its row in the table of ``docs/devices.md``, and if it has options their chapter in ``docs/configuration.md`` under "Options of
   devices".  Tests hold both to the code.
5. A changelog fragment, ``changelog.d/<issue>.added.md``.

``tests/drivers/test_registry.py`` and ``test_every_driver.py`` hold the rules for all models.  Options are frozen
dataclasses of str, int, bool, Decimal, StrEnum, Literal, tuple; `msgspec` checks them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Protocol, TypeVar

import msgspec

from drivers.devices import KeySource, LabelPrinter, LineDisplay, POSPrinter, ReportSource, Scale, Scanner, Transport
from drivers.errors import Unsupported
from drivers.option_words import missing_options, wrong_options
from drivers.recording import Mark, Ring, Way
from drivers.transports.opening import check_keys, check_reports, check_transport, open_keys, open_reports, open_transport

_MODULES: Mapping[str, str] = {
    "adam": "drivers.scales.adam",
    "and.standard": "drivers.scales.and_standard",
    "brother.pt": "drivers.printers.brother",
    "brother.ql": "drivers.printers.brother",
    "cas.pdii": "drivers.scales.cas_pdii",
    "cas.stream": "drivers.scales.cas_stream",
    "dialog.02": "drivers.scales.dialog",
    "display.escpos": "drivers.displays.escpos",
    "epl2": "drivers.printers.epl2",
    "escpos": "drivers.printers.escpos",
    "escpos.label": "drivers.printers.escpos_label",
    "hid.scale": "drivers.scales.hid_scale",
    "mt.sics": "drivers.scales.mt_sics",
    "nci": "drivers.scales.nci",
    "scanner.hidpos": "drivers.scanners.hid_pos",
    "scanner.serial": "drivers.scanners.serial_scanner",
    "scanner.wedge": "drivers.scanners.hid_wedge",
    "sma": "drivers.scales.sma",
    "star.line": "drivers.printers.star",
    "toledo.8217": "drivers.scales.toledo_8217",
    "toledo.continuous": "drivers.scales.toledo_continuous",
    "tspl": "drivers.printers.tspl",
    "zpl": "drivers.printers.zpl",
}
# What people may ask for and no driver can do, and why.
_REFUSED: Mapping[str, str] = {
    "dialog.06": "dialog 06 wants checksums made with the scale maker's secret polynomial, which only approved tills have; "
    "set the scale to dialog 02 or 04, and its model to dialog.02",
}

Driver = Scanner | Scale | POSPrinter | LabelPrinter | LineDisplay
Opened = Transport | KeySource | ReportSource


class Kind(StrEnum):
    """What a device is for; the class of `OpenDevice.driver` follows from it."""

    SCANNER = "scanner"
    SCALE = "scale"
    RECEIPT_PRINTER = "receipt_printer"
    LABEL_PRINTER = "label_printer"
    LINE_DISPLAY = "line_display"


class Over(StrEnum):
    """What a driver is built on: bytes (`Transport`), a keyboard's events (`KeySource`), USB HID reports (`ReportSource`)."""

    BYTES = "bytes"
    KEYS = "keys"
    REPORTS = "reports"


_OPEN: Mapping[Over, Callable[[str, Ring | None], Opened]] = {
    Over.BYTES: open_transport,
    Over.KEYS: open_keys,
    Over.REPORTS: open_reports,
}


_CHECK: Mapping[Over, Callable[[str], object]] = {
    Over.BYTES: check_transport,
    Over.KEYS: check_keys,
    Over.REPORTS: check_reports,
}


class DriverFactory(Protocol):
    """A driver's class: called with its transport, and with its options if it has any."""

    __name__: str
    __doc__: str | None

    def __call__(self, *args: object) -> Driver: ...


@dataclass(frozen=True, slots=True)
class Model:
    """A registered driver.  `options` is its options' dataclass, None if it has none."""

    name: str
    kind: Kind
    over: Over
    factory: DriverFactory
    options: type | None

    def check_options(self, options: Mapping[str, object]) -> object | None:
        """The options as this model's dataclass, with its defaults.  Raises Unsupported with all mistakes, for people."""
        known = () if self.options is None else tuple(field.name for field in dataclasses.fields(self.options))
        strange = [name for name in options if name not in known]
        wrong = [f"{self.name} has no option {name!r}; it has: {', '.join(known) or 'none'}" for name in strange]
        if self.options is not None:
            given = {name: value for name, value in options.items() if name in known}
            wrong += [
                f"{self.name}: {each}" for each in (*missing_options(self.options, given), *wrong_options(self.options, given))
            ]
        if wrong:
            raise Unsupported("; ".join(wrong))
        if self.options is None:
            return None
        try:
            checked: object = msgspec.convert(dict(options), type=self.options)
        except msgspec.ValidationError as error:
            raise Unsupported(f"{self.name}: wrong option: {error}") from error
        return checked

    def check_address(self, address: str) -> None:
        """What can be said before the device is there.  Raises Unsupported: malformed, or not what this driver is built on."""
        _CHECK[self.over](address)

    def build(self, opened: Opened, options: Mapping[str, object] | None = None) -> Driver:
        """The driver on an open transport.  Raises Unsupported (a wrong option)."""
        checked = self.check_options(options or {})
        return self.factory(opened) if checked is None else self.factory(opened, checked)


@dataclass(frozen=True, slots=True)
class OpenDevice:
    """A driver on its open transport.  Whoever opened it closes it, after an error too."""

    model: Model
    transport: Opened
    driver: Driver
    ring: Ring | None = None

    @property
    def kind(self) -> Kind:
        return self.model.kind

    def close(self) -> None:
        if self.ring is not None:
            self.ring.add(Way.HOST, Mark.CLOSED)
        self.transport.close()


_registered: dict[str, Model] = {}
_Class = TypeVar("_Class", bound=Callable[..., object])


def register(model: str, *, kind: Kind, options: type | None = None, over: Over = Over.BYTES) -> Callable[[_Class], _Class]:
    """Class decorator: this class drives `model`.  Raises RuntimeError at import for a model that has a driver already."""

    def add(driver: _Class) -> _Class:
        taken = _registered.get(model)
        if taken is not None:
            raise RuntimeError(f"model {model!r} is registered twice: {taken.factory.__name__} and {driver!r}")
        _registered[model] = Model(model, kind, over, driver, options)  # type: ignore[arg-type]  # the contract test builds each one
        return driver

    return add


def models() -> tuple[str, ...]:
    """The names of all models, sorted; loads no driver."""
    return tuple(_MODULES)


def find(model: str) -> Model:
    """The model, its driver imported now if it was not yet.  Raises Unsupported (no such model, or its package is missing)."""
    module = _MODULES.get(model)
    if model in _REFUSED:
        raise Unsupported(f"there is no driver for model {model!r}: {_REFUSED[model]}")
    if module is None and model not in _registered:
        raise Unsupported(f"there is no driver for model {model!r}; there are: {', '.join(models())}")
    if module is not None:
        try:
            import_module(module)
        except ImportError as error:
            raise Unsupported(f"the driver for {model!r} needs a package that is not installed: {error}") from error
    return _registered[model]


def open_device(model: str, address: str, options: Mapping[str, object] | None = None, ring: Ring | None = None) -> OpenDevice:
    """Open `address` (see `drivers.transports.opening`) and put the driver of `model` on it; what passes is kept in `ring`.

    Raises Unsupported (no such model, a wrong option, a malformed address), DeviceUnavailable (with what to do about it).
    """
    found = find(model)
    found.check_options(options or {})
    opened = _OPEN[found.over](address, ring)
    try:
        if ring is not None:
            ring.add(Way.HOST, Mark.OPENED)
        return OpenDevice(found, opened, found.build(opened, options), ring)
    except BaseException:
        opened.close()
        raise
