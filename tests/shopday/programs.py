"""The product's own programs as processes: configuration, start, stop, kill.  For the demo, the shop day and the chaos tests."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 15


class ProgramEnded(Exception):
    """A program ended by itself; the message holds the end of its log."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children_of(parent: int) -> dict[int, str]:
    """The command lines of a process's children by their ids (Linux: proc(5); not all kernels list children directly)."""
    found: dict[int, str] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            after_name = stat.read_text().rpartition(")")[2].split()
            if int(after_name[1]) == parent:
                found[int(stat.parent.name)] = (stat.parent / "cmdline").read_text().replace("\0", " ").strip()
    return found


@dataclass
class Program:
    """`python -m <arguments>` with its output in a log file.  Of a group of its own: Ctrl+C reaches only who started it."""

    name: str
    arguments: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", *self.arguments,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, env={**os.environ, **self.environment},
                start_new_session=True,
            )  # fmt: skip

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    @property
    def pid(self) -> int:
        if self.process is None:
            raise ProgramEnded(f"{self.name} was not started")
        return self.process.pid

    def holds_open(self, path: Path) -> bool:
        """Whether it has this file open now (Linux: proc(5)); of a device: what it sends before that goes nowhere."""
        wanted = str(path.resolve())
        with contextlib.suppress(OSError):
            return any(_points_at(each) == wanted for each in Path(f"/proc/{self.pid}/fd").iterdir())
        return False

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL when it does not go."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    def send_signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)

    async def wait_until(self, is_so: Callable[[], object], seconds: float = 20) -> None:
        """Poll `is_so` (it may be a coroutine function) until it is true.  Raises ProgramEnded, TimeoutError."""
        async with asyncio.timeout(seconds):
            while True:
                answer = is_so()
                if asyncio.iscoroutine(answer):
                    answer = await answer
                if answer:
                    return
                if not self.is_running:
                    raise ProgramEnded(f"{self.name} ended: {self.tail()}")
                await asyncio.sleep(0.02)

    def tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:] if self.log.exists() else "(no log)"


def _points_at(link: Path) -> str:
    with contextlib.suppress(OSError):
        return str(link.readlink())
    return ""


def write_secret(path: Path) -> str:
    secret = secrets.token_urlsafe(24)
    path.touch(mode=0o600)
    path.write_text(secret, encoding="utf-8")
    return secret


def quoted(value: object) -> str:
    """A TOML value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(quoted(each) for each in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {quoted(each)}" for name, each in value.items()) + "}"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def toml(tables: list[tuple[str, Mapping[str, object]]]) -> str:
    """Tables in order; a name in double brackets (`[[device]]`) is one of an array."""
    lines: list[str] = []
    for name, values in tables:
        lines.append(name)
        lines += [f"{key} = {quoted(value)}" for key, value in values.items()]
        lines.append("")
    return "\n".join(lines)
