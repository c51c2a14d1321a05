"""Runs an emulator as the process it is, for tests: commands in, reports out, gone at the end."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_WAIT = 10.0


class RunningEmulator:
    """`address` is where a driver finds it; `tell` sends a command and returns what was reported up to its answer."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.unread = b""
        self.address = str(self.next_report()["address"])

    def next_report(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        while b"\n" not in self.unread:
            ready, _, _ = select.select([self.process.stdout], [], [], _WAIT)
            data = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            assert data, f"the emulator said nothing within {_WAIT} s, or ended"
            self.unread += data
        line, _, self.unread = self.unread.partition(b"\n")
        report: dict[str, Any] = json.loads(line)
        return report

    def tell(self, do: str, **arguments: object) -> list[dict[str, Any]]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        self.process.stdin.flush()
        reports = [self.next_report()]
        while reports[-1]["event"] not in ("done", "refused"):
            reports.append(self.next_report())
        return reports

    def fault(self, name: str, *, on: bool = True) -> None:
        assert self.tell("fault", name=name, on=on)[-1]["event"] == "done"


@contextmanager
def running_emulator(protocol: str, *arguments: str, pty: Path | None = None) -> Iterator[RunningEmulator]:
    """The emulator of `protocol`, on a pty linked at `pty`, else by its `arguments`, else on a free TCP port.

    Ends it and checks that it leaves nothing.
    """
    place = ["--pty", str(pty)] if pty else arguments or ["--tcp", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "drivers.emulators", protocol, *place], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield RunningEmulator(process)
        process.stdin.close()
        assert process.wait(_WAIT) == 0
        assert pty is None or not pty.is_symlink()
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
