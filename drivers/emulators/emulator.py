"""What an emulator is: the device's behaviour as pure code, without a line, a clock or a process.

An emulator class takes one argument, `report`, and calls it with what a bystander would see (paper coming out, a beep).  Bytes and
commands go in by the two methods, bytes come out as their return values; `drivers.emulators.link` does the rest: the pty or TCP
port, JSON lines, and the faults that all lines have in common (`LINE_FAULTS`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, runtime_checkable

from drivers.registry import Kind

Command = Mapping[str, object]
Report = Callable[[Mapping[str, object]], None]

# protocol -> (module, class); the module is loaded only when its protocol is asked for.
PROTOCOLS: Mapping[str, tuple[str, str]] = {
    "adam": ("drivers.emulators.adam", "AdamEmulator"),
    "and_standard": ("drivers.emulators.and_standard", "AndStandardEmulator"),
    "brother_pt": ("drivers.emulators.brother", "brother_pt"),
    "brother_ql": ("drivers.emulators.brother", "brother_ql"),
    "cas_pdii": ("drivers.emulators.cas_pdii", "CasPdiiEmulator"),
    "cas_stream": ("drivers.emulators.cas_stream", "CasStreamEmulator"),
    "dialog_02": ("drivers.emulators.dialog_02", "Dialog02Emulator"),
    "epl2": ("drivers.emulators.epl2", "Epl2Emulator"),
    "escpos": ("drivers.emulators.escpos", "EscposEmulator"),
    "hid_scale": ("drivers.emulators.hid_scale", "HidScaleEmulator"),
    "hidpos": ("drivers.emulators.hidpos", "HidPosScannerEmulator"),
    "line_display": ("drivers.emulators.line_display", "LineDisplayEmulator"),
    "mt_sics": ("drivers.emulators.mt_sics", "MtSicsEmulator"),
    "nci": ("drivers.emulators.nci", "NciEmulator"),
    "recording": ("drivers.emulators.recording", "RecordingEmulator"),
    "scanner": ("drivers.emulators.scanner", "ScannerEmulator"),
    "sma": ("drivers.emulators.sma", "SmaEmulator"),
    "star": ("drivers.emulators.star", "StarEmulator"),
    "toledo_8217": ("drivers.emulators.toledo_8217", "Toledo8217Emulator"),
    "toledo_continuous": ("drivers.emulators.toledo_continuous", "ToledoContinuousEmulator"),
    "tspl": ("drivers.emulators.tspl", "TsplEmulator"),
    "wedge": ("drivers.emulators.hid_keyboard", "HidKeyboardEmulator"),
    "zpl": ("drivers.emulators.zpl", "ZplEmulator"),
}
LINE_FAULTS = ("silence", "garbage", "split", "slow", "unplug")


@dataclass(frozen=True, slots=True)
class About:
    """What an emulator can do: the `kind` of device (None: whatever was recorded), its commands, its faults.

    Beside its own faults, each has those of `LINE_FAULTS`.
    """

    kind: Kind | None
    commands: tuple[str, ...]
    faults: tuple[str, ...]


class BadCommand(Exception):
    """A command that this emulator does not know, or with a wrong argument; the message goes back to whoever sent it."""


class Emulator(Protocol):
    """A device.  Not thread-safe; its line calls it from one place."""

    def on_bytes(self, data: bytes) -> bytes:
        """The host wrote `data` (any piece of a stream); what the device answers now."""
        ...

    def on_command(self, command: Command) -> bytes:
        """A person did something (`command["do"]`); what the device sends by itself.  Raises BadCommand.

        ``{"do": "fault", "name": "paper_out", "on": true}`` arrives here for every name that is not one of `LINE_FAULTS`.
        """
        ...


@runtime_checkable
class Talks(Protocol):
    """An emulator of a device that talks by itself, such as a scale that streams.  Optional."""

    @property
    def tick_every(self) -> float:
        """Seconds from one `on_tick` to the next; 0 while it is not to be called.  Asked again before each."""
        ...

    def on_tick(self, seconds: float) -> bytes:
        """`seconds` have passed since the last time; what the device sends now.  Lost while older bytes still wait to go out."""
        ...


def make_emulator(protocol: str, report: Report) -> Emulator:
    """The emulator for `protocol`.  Raises BadCommand."""
    module, name = _place_of(protocol)
    emulator: Emulator = getattr(import_module(module), name)(report)
    return emulator


def about(protocol: str) -> About:
    """What the module of `protocol` says in its `KIND`, `COMMANDS` and `FAULTS`.  Raises BadCommand."""
    module = import_module(_place_of(protocol)[0])
    return About(module.KIND, module.COMMANDS, module.FAULTS)


def _place_of(protocol: str) -> tuple[str, str]:
    if protocol not in PROTOCOLS:
        raise BadCommand(f"there is no emulator for {protocol!r}; there are: {', '.join(sorted(PROTOCOLS))}")
    return PROTOCOLS[protocol]


def no_command(device: str, command: object, commands: Iterable[str]) -> BadCommand:
    """What to raise for a command that the device has not."""
    return BadCommand(f"a {device} has no command {command!r}; it has: {', '.join(commands)}")


def no_fault(device: str, fault: object, faults: Iterable[str]) -> BadCommand:
    """What to raise for a fault that the device has not."""
    return BadCommand(f"a {device} has no fault {fault!r}; it has: {', '.join(faults)}")


def text_of(command: Command, name: str, default: str | None = None) -> str:
    """A command's text argument.  Raises BadCommand."""
    value = command.get(name, default)
    if not isinstance(value, str):
        raise BadCommand(f"{command.get('do')!r} needs {name!r} as text, got {value!r}")
    return value


def switch_of(command: Command, name: str = "on") -> bool:
    """A command's true or false argument, true if it is left out.  Raises BadCommand."""
    value = command.get(name, True)
    if not isinstance(value, bool):
        raise BadCommand(f"{command.get('do')!r} needs {name!r} as true or false, got {value!r}")
    return value
