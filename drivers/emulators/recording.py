"""The device's side of a recording (`drivers.recording`): it says what it said, after what it was asked, as fast as then.

``python -m drivers.emulators recording --file scale.jsonl --pty /tmp/scale``.  Commands: ``load`` (`file`), ``again`` (from its
beginning).  Reports: ``{"event": "unexpected", "hex": …, "expected": …}`` for what the host writes and did not write then, which is
not answered, and ``{"event": "end"}`` once everything was said.  A pause longer than 5 s is 5 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drivers.emulators.emulator import BadCommand, Command, Report, no_command, text_of
from drivers.errors import Unsupported
from drivers.recording import Recording, Way, load_recording

KIND = None
COMMANDS = ("load", "again")
FAULTS: tuple[str, ...] = ()
LONGEST_PAUSE = 5.0
_AT_ONCE = 0.001


@dataclass(frozen=True, slots=True)
class _Said:
    """The device said `data`, `pause` seconds after what was before it; or, if it `is_heard`, the host did."""

    data: bytes
    pause: float
    is_heard: bool


class RecordingEmulator:
    """Silent until a recording is loaded."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._steps: tuple[_Said, ...] = ()
        self._next = 0
        self._heard = 0
        self._waited = 0.0
        self._is_fresh = True

    @property
    def tick_every(self) -> float:
        step = self._step()
        return 0.0 if step is None or step.is_heard else max(_AT_ONCE, step.pause - self._waited)

    def on_bytes(self, data: bytes) -> bytes:
        answer = b""
        while data:
            step = self._step()
            if step is None or not step.is_heard:
                answer += self._say(till_heard=True)
                step = self._step()
            expected = step.data[self._heard :] if step is not None else b""
            size = min(len(data), len(expected))
            if not size or data[:size] != expected[:size]:
                self._report({"event": "unexpected", "hex": data.hex(), "expected": expected.hex()})
                return answer
            data = data[size:]
            self._heard += size
            if size == len(expected):
                self._go_on()
                self._is_fresh = True
        return answer + self._say()

    def on_command(self, command: Command) -> bytes:
        match command.get("do"):
            case "load":
                self._steps = _steps(text_of(command, "file"))
            case "again":
                pass
            case other:
                raise no_command("recording", other, COMMANDS)
        self._next = self._heard = 0
        self._waited, self._is_fresh = 0.0, True
        return b""

    def on_tick(self, seconds: float) -> bytes:
        is_older = self._is_fresh and seconds > self.tick_every + _AT_ONCE  # it began before there was anything to wait for
        self._is_fresh = False
        self._waited += 0.0 if is_older else seconds
        return self._say()

    def _step(self) -> _Said | None:
        return self._steps[self._next] if self._next < len(self._steps) else None

    def _say(self, *, till_heard: bool = False) -> bytes:
        """What is due now; all up to what the host is to say, if it says it already."""
        said = b""
        while (step := self._step()) is not None and not step.is_heard and (till_heard or self._waited + _AT_ONCE >= step.pause):
            left = max(0.0, self._waited - step.pause)
            said += step.data
            self._go_on()
            self._waited = left
        return said

    def _go_on(self) -> None:
        self._next += 1
        self._heard, self._waited = 0, 0.0
        if self._next == len(self._steps):
            self._report({"event": "end"})


def _steps(file: str) -> tuple[_Said, ...]:
    """Raises BadCommand."""
    try:
        recording = load_recording(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, Unsupported) as error:
        raise BadCommand(f"{file} cannot be played: {error}") from error
    if recording.over != "bytes":
        raise BadCommand(f"{file} holds {recording.over} of {recording.model}, which no line carries; make a test of it instead")
    return tuple(_said(recording))


def _said(recording: Recording) -> Sequence[_Said]:
    steps: list[_Said] = []
    before: float | None = None
    for entry in recording.entries:
        if not isinstance(entry.what, bytes):
            continue
        pause = 0.0 if before is None else entry.at - before
        before = entry.at
        pause = pause if 0 <= pause <= LONGEST_PAUSE else LONGEST_PAUSE
        is_heard = entry.way is Way.HOST
        if is_heard and steps and steps[-1].is_heard:
            steps[-1] = _Said(steps[-1].data + entry.what, steps[-1].pause, is_heard)
        else:
            steps.append(_Said(entry.what, pause, is_heard))
    return steps
