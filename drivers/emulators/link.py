"""Runs an emulator on its line, steered by JSON lines: commands in, reports out.  When its commands end, it ends.

In, one object per line; `id` is optional and comes back with the answer::

    {"do": "scan", "text": "4006381333931", "aim": "]E0", "id": 7}        the emulator's own commands: see its module
    {"do": "fault", "name": "silence", "on": true}                        `LINE_FAULTS`, or one of the emulator's

Out: ``{"event": "ready", "address": "serial:/run/scale"}`` once it can be opened (again after each unplug), what the emulator
reports, and for each command ``{"event": "done", "do": …, "id": …}`` or ``{"event": "refused", "message": …}``.

Faults of the line: `silence` (nothing passes, either way), `unplug`, `garbage` (line noise before each message), `split` (one byte
at a time), `slow` (20 bytes a second).  USB reports are whole: a line of them has only `silence`, `slow` and `unplug`.
"""

from __future__ import annotations

import json
import os
import select
import time
from collections import deque
from collections.abc import Mapping, Sequence

from drivers.emulators.emulator import LINE_FAULTS, BadCommand, Command, Emulator, Talks, make_emulator, switch_of, text_of
from drivers.emulators.lines import Line

NOISE = b"\xff\x00\x7f"
_SPLIT_GAP = 0.002
_SLOW_GAP = 0.05
_MOST_WAITING = 256 * 1024


class Link:
    """An emulator, its line, its faults, and what waits to be sent."""

    def __init__(self, protocol: str, line: Line, commands: int, reports: int, first: Sequence[Command] = ()) -> None:
        """`first`: commands that it gets before it is plugged in.  Raises BadCommand."""
        self._line = line
        self._commands = commands
        self._reports = reports
        self._unread = b""
        self._faults: set[str] = set()
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._emulator: Emulator = make_emulator(protocol, self.report)
        for command in first:
            self._emulator.on_command(command)
        self._ticked = time.monotonic()

    def run(self) -> None:
        """Serve until the commands end."""
        try:
            self._plug()
            while self._serve():
                pass
        finally:
            self._line.unplug()

    def report(self, event: Mapping[str, object]) -> None:
        data = json.dumps(event).encode() + b"\n"
        while data:
            data = data[os.write(self._reports, data) :]

    def _plug(self) -> None:
        self._line.plug()
        self.report({"event": "ready", "address": self._line.address})

    def _serve(self) -> bool:
        ready, _, _ = select.select([self._commands, *self._line.readable()], [], [], self._until_next())
        # The line first: a host that connected before a command was given is there when its answer goes out.
        if any(each in ready for each in self._line.readable()):
            received = self._line.receive()
            if received and "silence" not in self._faults:
                self._queue(self._emulator.on_bytes(received))
        go_on = self._commands not in ready or self._take_commands()
        self._tick()
        self._send_due()
        return go_on

    def _take_commands(self) -> bool:
        data = os.read(self._commands, 65536)
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            if line.strip():
                self._take_command(line)
        return bool(data)

    def _take_command(self, line: bytes) -> None:
        command: Command = {}
        try:
            command = _parse(line)
            self._do(command)
        except (BadCommand, ValueError, RecursionError) as error:
            self.report({"event": "refused", "do": command.get("do"), "id": command.get("id"), "message": str(error)})
        else:
            self.report({"event": "done", "do": command.get("do"), "id": command.get("id")})

    def _do(self, command: Command) -> None:
        if command.get("do") == "fault" and command.get("name") in LINE_FAULTS:
            self._switch(text_of(command, "name"), on=switch_of(command))
        else:
            self._queue(self._emulator.on_command(command))

    def _switch(self, fault: str, *, on: bool) -> None:
        if fault not in self._line.faults:
            raise BadCommand(f"this line cannot have the fault {fault!r}; it can have: {', '.join(self._line.faults)}")
        (self._faults.add if on else self._faults.discard)(fault)
        if fault == "unplug" and on:
            self._waiting.clear()
            self._line.unplug()
        elif fault == "unplug":
            self._plug()

    def _queue(self, data: bytes) -> None:
        if not data or not self._faults.isdisjoint(("silence", "unplug")):
            return
        if "garbage" in self._faults:
            data = NOISE + data
        due = max(time.monotonic(), self._waiting[-1][0] if self._waiting else 0.0)
        gap = _SLOW_GAP if "slow" in self._faults else _SPLIT_GAP
        if self._faults.isdisjoint(("slow", "split")):
            self._waiting.append((due, data))
            return
        for index in range(len(data)):
            self._waiting.append((due + gap * index, data[index : index + 1]))

    def _until_next(self) -> float | None:
        due = [self._waiting[0][0]] if self._waiting else []
        if isinstance(self._emulator, Talks) and self._emulator.tick_every > 0:
            due.append(self._ticked + self._emulator.tick_every)
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _tick(self) -> None:
        if not isinstance(self._emulator, Talks) or self._emulator.tick_every <= 0:
            self._ticked = time.monotonic()
            return
        passed = time.monotonic() - self._ticked
        if passed < self._emulator.tick_every:
            return
        self._ticked += passed
        said = self._emulator.on_tick(passed)
        if not self._waiting:  # a line that is slower than the device talks does not hold what it says: it is lost
            self._queue(said)

    def _send_due(self) -> None:
        now = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            _, data = self._waiting.popleft()
            rest = data[self._line.send(data) :]
            if rest:  # the host does not read: try again in a while, and lose what is too much
                if sum(len(each) for _, each in self._waiting) < _MOST_WAITING:
                    self._waiting.appendleft((now + self._line.retry_seconds, rest))
                return


def _parse(line: bytes) -> Command:
    parsed: object = json.loads(line)
    if not isinstance(parsed, dict):
        raise BadCommand(f"a command is a JSON object, got {parsed!r}")
    return parsed
