"""A regression test of a recording: what our driver makes of it today, as a pytest test that it must go on making of it.

The recorded bytes are played to the driver by `drivers.testing`; what it answers to its user's questions is written down.  A person
then looks whether that is right, corrects what is not, and keeps the test.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from drivers.devices import Encoded, KeyEvent, LabelPrinter, POSPrinter, Scale, Scanner, Signals, Symbol, Tares, Zeroes
from drivers.errors import DriverError, Unsupported
from drivers.recording import Entry, Mark, Recording, Way
from drivers.registry import Driver, Opened, find
from drivers.testing import ScriptedKeys, ScriptedReports, ScriptedTransport, Step

MOST_ACTIONS = 200
PAUSE = 0.3
"""Seconds of silence between two entries that the test plays as silence, too."""
PIECE = 512
"""Bytes of a write that is probably not the last of a print."""
_LOOK = 0.1


@dataclass(frozen=True, slots=True)
class _Action:
    """`code` is what a user of the driver writes, `device` being the driver."""

    code: str
    do: Callable[[Driver], object]


@dataclass(slots=True)
class _Script:
    """The other end for one run: `make` a fresh one, `source` how the test writes it."""

    make: Callable[[], Opened]
    source: Sequence[str]
    imports: str
    is_exchange: bool


@dataclass(slots=True)
class _Played:
    """A driver, what was done with it, and what came of it."""

    opened: Opened
    driver: Driver
    done: list[tuple[_Action, object]] = field(default_factory=list)


def regression_test(recording: Recording) -> str:
    """Python source.  Raises Unsupported with why there is nothing to test."""
    entries = _longest_part(recording)
    if not entries:
        raise Unsupported("nothing passed in this recording: there is nothing to test")
    if recording.over == "bytes":
        return _test_of_bytes(recording, _exchanges(entries))
    script = _keys(entries) if recording.over == "keys" else _reports(recording, entries)
    return _written(recording, script, _play(recording, script))


def _test_of_bytes(recording: Recording, steps: list[Step]) -> str:
    """Trims what the driver leaves at the end, such as half a frame, until the test holds."""
    while steps:
        script = _bytes(steps)
        played = _play(recording, script)
        trimmed = _trimmed(steps, played.opened)
        if trimmed == steps:
            return _written(recording, script, played)
        steps = trimmed
    raise Unsupported(f"the driver of {recording.model} takes nothing of this recording")


def _play(recording: Recording, script: _Script) -> _Played:
    played = _built(recording, script)
    while len(played.done) < MOST_ACTIONS:
        before = _left(played.opened)
        if not before and not isinstance(played.driver, Scanner):
            break
        for action in _actions(played):
            outcome = _outcome(action, played.driver)
            if not isinstance(outcome, AssertionError):
                played.done.append((action, outcome))
                break
            played = _replayed(recording, script, played)
        else:
            break
        if _left(played.opened) == before and not isinstance(played.done[-1][1], Symbol):
            played.done.pop()
            break
    return played


def _built(recording: Recording, script: _Script) -> _Played:
    opened = script.make()
    try:
        return _Played(opened, find(recording.model).build(opened, recording.options))
    except AssertionError as error:
        raise Unsupported(
            f"the driver of {recording.model} begins otherwise than this recording ({error}): record it from when the device is "
            "plugged in"
        ) from error


def _replayed(recording: Recording, script: _Script, played: _Played) -> _Played:
    """As it was before an action that did not fit."""
    again = _built(recording, script)
    for action, _ in played.done:
        again.done.append((action, _outcome(action, again.driver)))
    return again


def _outcome(action: _Action, driver: Driver) -> object:
    try:
        return action.do(driver)
    except (DriverError, AssertionError) as error:
        return error


def _actions(played: _Played) -> list[_Action]:
    """What a user of this kind of device could have done, most likely first."""
    driver = played.driver
    if isinstance(driver, Scanner):
        return [*_answers(played), _Action(f"read_symbol({_LOOK})", _calling("read_symbol", _LOOK))]
    if isinstance(driver, Scale):
        names = ["read_weight"]
        names += ["zero"] if isinstance(driver, Zeroes) else []
        names += ["tare", "clear_tare"] if isinstance(driver, Tares) else []
        return [_Action(f"{name}()", _calling(name)) for name in names]
    if isinstance(driver, POSPrinter | LabelPrinter):
        waiting = _awaited(played.opened)
        sent = [waiting, waiting.lstrip(b"\r\n")]  # some drivers write line ends first, once
        return [_Action("status()", _calling("status")), *(_sending(data) for data in dict.fromkeys(sent) if data)]
    raise Unsupported("a line display only listens: there is nothing to test")


def _answers(played: _Played) -> list[_Action]:
    """What the box said about the scan before, where it did: likely good of one that could be read, bad of another."""
    if not isinstance(played.driver, Signals) or not _awaited(played.opened) or not played.done:
        return []
    before = played.done[-1][1]
    likely = (True, False) if isinstance(before, Symbol) else (False, True) if isinstance(before, DriverError) else ()
    return [_Action(f"signal(good={good})", _calling("signal", good=good)) for good in likely]


def _calling(name: str, *values: float, **arguments: bool) -> Callable[[Driver], object]:
    def call(device: Driver) -> object:
        return getattr(device, name)(*values, **arguments)

    return call


def _sending(data: bytes) -> _Action:
    return _Action(f"send(Encoded({data!r}))", lambda device: device.send(Encoded(data)))  # type: ignore[union-attr]  # a printer


# --- the other end --------------------------------------------------------------------------------------------------------------


def _longest_part(recording: Recording) -> list[Entry]:
    """From one opening to the next, where most passed; all of it if it was open before."""
    parts: list[list[Entry]] = [[]]
    for entry in recording.entries:
        if entry.what is Mark.OPENED:
            parts.append([])
        elif not isinstance(entry.what, Mark):
            parts[-1].append(entry)
    return max(parts, key=len)


def _exchanges(entries: Sequence[Entry]) -> list[Step]:
    """What the host wrote, each time, and what came upon it; the pieces of one print are one."""
    steps: list[tuple[bytes, bytes]] = []
    piece = 0
    for entry in entries:
        if not isinstance(entry.what, bytes):
            continue
        if entry.way is Way.DEVICE:
            asked, said = steps.pop() if steps else (b"", b"")
            steps.append((asked, said + entry.what))
        elif piece >= PIECE and steps and not steps[-1][1]:
            steps[-1] = (steps[-1][0] + entry.what, b"")
        else:
            steps.append((entry.what, b""))
        piece = len(entry.what) if entry.way is Way.HOST else 0
    return [(asked or None, said or None) for asked, said in steps]


def _bytes(steps: list[Step]) -> _Script:
    return _Script(lambda: ScriptedTransport(*steps), [f"{step!r}," for step in steps], "exchange", is_exchange=True)


def _keys(entries: Sequence[Entry]) -> _Script:
    batches: list[tuple[KeyEvent, ...]] = []
    before = None
    for entry in entries:
        if isinstance(entry.what, tuple):
            batches += [()] if before is not None and entry.at - before >= PAUSE else []
            batches.append(entry.what)
            before = entry.at
    caps = next((each.what for each in entries if isinstance(each.what, bool)), False)
    held = next((each.what for each in entries if isinstance(each.what, frozenset)), frozenset[int]())
    lines = [f"{_code(batch)}," for batch in batches] + [f"caps_lock={caps},"] * caps + [f"held={_code(held)},"] * bool(held)
    return _Script(lambda: ScriptedKeys(*batches, caps_lock=caps, held=held), lines, "ScriptedKeys", is_exchange=False)


def _reports(recording: Recording, entries: Sequence[Entry]) -> _Script:
    reports = [each.what for each in entries if isinstance(each.what, bytes) and each.way is Way.DEVICE]
    lines = [*(f"{report!r}," for report in reports), f"descriptor=bytes.fromhex({recording.descriptor.hex()!r}),"]
    make = lambda: ScriptedReports(*reports, descriptor=recording.descriptor)  # noqa: E731 -- one line beside its source
    return _Script(make, lines, "ScriptedReports", is_exchange=False)


def _left(opened: Opened) -> int:
    """How much of the script is still to come; changes with everything that the driver takes."""
    return opened.left if isinstance(opened, ScriptedTransport | ScriptedKeys | ScriptedReports) else 0


def _awaited(opened: Opened) -> bytes:
    return opened.script.awaited if isinstance(opened, ScriptedTransport) else b""


def _trimmed(steps: list[Step], opened: Opened) -> list[Step]:
    """Without what the driver did not take: whole steps, or the end of what the device said last."""
    if not isinstance(opened, ScriptedTransport) or not opened.left:
        return steps
    if opened.script.untaken:
        return steps[: len(steps) - opened.script.untaken]
    asked, said = steps[-1]
    kept = (said or b"")[: -opened.left]
    return [*steps[:-1], (asked, kept or None)] if asked or kept else steps[:-1]


# --- the test's text ------------------------------------------------------------------------------------------------------------


def _written(recording: Recording, script: _Script, played: _Played) -> str:
    if not played.done:
        raise Unsupported(f"the driver of {recording.model} takes nothing of this recording")
    name = re.sub(r"\W", "_", recording.device) or "device"
    checks = [line for action, outcome in played.done for line in _check(action, outcome)]
    options = f"options={_code(dict(recording.options))}" if recording.options else ""
    if script.is_exchange:
        arguments = [f'"{recording.model}",', *script.source, *([f"{options},"] if options else [])]
        body = ["with exchange(", *(f"    {line}" for line in arguments), ") as device:", *(f"    {line}" for line in checks)]
    else:
        made = [f"source = {script.imports}(", *(f"    {line}" for line in script.source), ")"]
        build = f'device: Any = find("{recording.model}").build(source{", " + options.removeprefix("options=") if options else ""})'
        body = [*made, build, *checks]
    imports = _imports("\n".join(body), script)
    head = (
        f'"""{recording.device}, a {recording.model}, as recorded {recording.started_at or "once"}: look whether this is right."""'
    )
    return (
        "\n".join([head, "", *imports, "", "", f"def test_{name}_as_recorded() -> None:", *(f"    {line}" for line in body)]) + "\n"
    )


def _check(action: _Action, outcome: object) -> list[str]:
    if isinstance(outcome, DriverError):
        return [f"with pytest.raises({type(outcome).__name__}):", f"    device.{action.code}"]
    if outcome is None and not action.code.startswith("read"):
        return [f"device.{action.code}"]
    operator = "is" if outcome is None else "=="
    return [f"assert device.{action.code} {operator} {_code(outcome)}"]


def _imports(body: str, script: _Script) -> list[str]:
    """Only what the test uses."""

    def used(*names: str) -> list[str]:
        return [name for name in names if re.search(rf"\b{name}\b", body)]

    lines = ["from decimal import Decimal"] * bool(used("Decimal")) + ["from typing import Any"] * (not script.is_exchange)
    lines += ["", "import pytest"] * bool(used("pytest")) + [""]
    values = used("Encoded", "KeyEvent", "PrinterStatus", "Readiness", "Symbol", "Weight")
    errors = used("DeviceFault", "DeviceTimeout", "DeviceUnavailable", "ProtocolViolation", "Unsupported")
    lines += [f"from drivers.devices import {', '.join(values)}"] * bool(values)
    lines += [f"from drivers.errors import {', '.join(errors)}"] * bool(errors)
    lines += ["from drivers.registry import find"] * (not script.is_exchange)
    return [*lines, f"from drivers.testing import {script.imports}"]


def _code(value: object) -> str:
    """A value as Python source."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        shown = [(each.name, getattr(value, each.name)) for each in dataclasses.fields(value)]
        return f"{type(value).__name__}({', '.join(f'{name}={_code(part)}' for name, part in shown)})"
    if isinstance(value, tuple):
        return f"({', '.join(_code(part) for part in value)}{',' if len(value) == 1 else ''})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {_code(part)}' for key, part in value.items())}}}"
    return repr(value)
