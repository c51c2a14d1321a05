"""What can stand on the demo's counter: models of `drivers.registry`, each with its emulator and how the two are set up."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from drivers.emulators.bench.device import BenchDevice, DeviceSpec

SCANNER, SCALE, RECEIPTS, LABELS, DISPLAY = "scanner", "scale", "receipts", "labels", "display"
NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A model's other end: the emulator's `protocol`, and the `options` that the driver needs for it."""

    protocol: str
    options: Mapping[str, object] = field(default_factory=dict)
    is_network: bool = False


CHOICES: Mapping[str, Mapping[str, Stand]] = {
    SCANNER: {"scanner.serial": Stand(protocol="scanner", options={"sends_aim": False, "beeps_on_bel": True})},
    SCALE: {
        "toledo.8217": Stand(protocol="toledo_8217", options={"unit": "kg"}),
        "adam": Stand(protocol="adam"),
        "and.standard": Stand(protocol="and_standard"),
        "cas.pdii": Stand(protocol="cas_pdii"),
        "cas.stream": Stand(protocol="cas_stream"),
        "dialog.02": Stand(protocol="dialog_02", options={"nominal_price": 100}),
        "mt.sics": Stand(protocol="mt_sics"),
        "nci": Stand(protocol="nci"),
        "sma": Stand(protocol="sma"),
        "toledo.continuous": Stand(protocol="toledo_continuous"),
    },
    RECEIPTS: {
        "escpos": Stand(protocol="escpos", options={"columns": 48}),
        "star.line": Stand(protocol="star"),
    },
    LABELS: {  # those whose paper holds a parcel label of 100 mm
        "zpl": Stand(protocol="zpl", options={"dpi": 203}, is_network=True),
        "epl2": Stand(protocol="epl2", is_network=True),
        "tspl": Stand(protocol="tspl", is_network=True),
    },
    DISPLAY: {"display.escpos": Stand(protocol="line_display"), NONE: Stand(protocol=NONE)},
}
"""The models for each place, the usual one first."""
KINDS = {
    SCANNER: "scanner",
    SCALE: "scale",
    RECEIPTS: "receipt_printer",
    LABELS: "label_printer",
    DISPLAY: "line_display",
}
"""What a device is to the agent's configuration, and the station's key for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """The model that stands at each place."""

    scanner: str = "scanner.serial"
    scale: str = "toledo.8217"
    receipts: str = "escpos"
    labels: str = "zpl"
    display: str = "display.escpos"

    def models(self) -> dict[str, str]:
        """By the device's id; what is not there is left out."""
        named = {each.name: str(getattr(self, each.name)) for each in fields(self)}
        return {id_: model for id_, model in named.items() if model != NONE}


USUAL = Counter()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--scale`, `--receipt-printer`, `--label-printer`, `--line-display`; what is not there is refused with what there is."""
    for id_ in (SCALE, RECEIPTS, LABELS, DISPLAY):
        parser.add_argument(
            f"--{KINDS[id_].replace('_', '-')}", dest=id_, choices=list(CHOICES[id_]), default=getattr(USUAL, id_), help=_help(id_)
        )


def _help(id_: str) -> str:
    return f"{', '.join(CHOICES[id_])}; the first is what stands there otherwise"


def counter_of(arguments: argparse.Namespace) -> Counter:
    return Counter(scale=arguments.scale, receipts=arguments.receipts, labels=arguments.labels, display=arguments.display)


def specs_of(counter: Counter, folder: Path) -> list[DeviceSpec]:
    """The emulators, on ptys in `folder` or on free ports."""
    stands = {id_: CHOICES[id_][model] for id_, model in counter.models().items()}
    return [
        DeviceSpec(id=id_, protocol=stand.protocol, place=("--tcp", "0") if stand.is_network else ("--pty", str(folder / id_)))
        for id_, stand in stands.items()
    ]


def device_tables(counter: Counter, devices: Mapping[str, BenchDevice]) -> list[tuple[str, dict[str, object]]]:
    """The agent's `[[device]]` tables and its `[[station]]`."""
    models = counter.models()
    tables: list[tuple[str, dict[str, object]]] = []
    for id_, model in models.items():
        options = dict(CHOICES[id_][model].options)
        table: dict[str, object] = {
            "id": id_,
            "kind": KINDS[id_],
            "model": model,
            "address": devices[id_].address,
            "options": options,
        }
        tables.append(("[[device]]", table))
    return [*tables, ("[[station]]", {"id": "counter", **{KINDS[id_]: id_ for id_ in models}})]
