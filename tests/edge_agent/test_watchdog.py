"""The service manager's watchdog and the agent as a process: fed while it lives, starved when it stands still or its disk does."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.edge_agent.test_app import wait_for_line, write_config

QUICK = """
import sys
from edge_agent import device_worker, liveness, reading
liveness.DISK_MS = 1000
device_worker.READ_MS = reading.READ_MS = 1000
from drivers.scanners import serial_scanner
from edge_agent.__main__ import main
if "deaf" in sys.argv:
    import time
    serial_scanner.SerialScanner.read_symbol = lambda self, timeout: time.sleep(3600)
sys.exit(main(["run", "--config", sys.argv[1]]))
"""


class Manager:
    """What systemd does: a socket, and when it was told something last."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.told: list[str] = []

    def hears(self, word: str, within: float) -> bool:
        """Whether this comes, from now on."""
        deadline = time.monotonic() + within
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                self.told.append(self.socket.recv(200).decode())
            except TimeoutError:
                return False
            if self.told[-1] == word:
                return True
        return False

    def forget(self) -> None:
        """What was told until now is read."""
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.recv(200)
        except BlockingIOError:
            return


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(tmp_path / "notify")
    yield made
    made.socket.close()


@contextmanager
def agent(folder: Path, scanner: int, *more: str, failpoints: str = "") -> Iterator[subprocess.Popen[str]]:
    config = write_config(folder, 1, "watchdog", scanner)
    environment = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify"), "SHELFWIRE_FAILPOINTS": failpoints}
    command = [sys.executable, "-c", QUICK, str(config), *more]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def scanners() -> Iterator[tuple[int, list[socket.socket]]]:
    """A port that a scanner's line is opened on, and the lines."""
    lines: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            while True:
                try:
                    lines.append(listening.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listening.getsockname()[1], lines
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for line in lines:
            line.close()


def test_the_watchdog_is_fed_while_the_agent_lives_and_not_while_it_stands_still(manager: Manager, tmp_path: Path) -> None:
    with agent(tmp_path, 1) as process:
        assert manager.hears("READY=1", 20)
        assert manager.hears("WATCHDOG=1", 5)
        process.send_signal(signal.SIGSTOP)
        manager.forget()
        assert not manager.hears("WATCHDOG=1", 2.5)
        process.send_signal(signal.SIGCONT)
        assert manager.hears("WATCHDOG=1", 5)


def test_a_disk_that_hangs_starves_it(manager: Manager, tmp_path: Path) -> None:
    with scanners() as (port, lines), agent(tmp_path, port, failpoints="box.after_append=hang") as process:
        assert manager.hears("WATCHDOG=1", 20)
        deadline = time.monotonic() + 10
        while not lines and time.monotonic() < deadline:
            time.sleep(0.01)
        lines[0].sendall(b"4006381333931\r")
        wait_for_line(process, "a loop is stuck")
        manager.forget()
        assert not manager.hears("WATCHDOG=1", 2.5)


def test_a_driver_that_hangs_is_told_of_and_the_watchdog_is_fed(manager: Manager, tmp_path: Path) -> None:
    with scanners() as (port, _), agent(tmp_path, port, "deaf") as process:
        assert manager.hears("WATCHDOG=1", 20)
        wait_for_line(process, "alert: Part of the agent does not get on: device[scanner]")
        manager.forget()
        assert manager.hears("WATCHDOG=1", 3)
