"""`make demo`, as a visitor runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

DEMO = (sys.executable, "-m", "tests.shopday")
ROOT = Path(__file__).parents[2]


def left_behind(folder: Path) -> list[str]:
    """Command lines of processes that have to do with this shop's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command:
            found.append(command)
    return found


@pytest.mark.parametrize(
    "counter", [[], ["--scale", "mt.sics", "--receipt-printer", "star.line", "--label-printer", "tspl", "--line-display", "none"]]
)
def test_a_whole_day_holds(tmp_path: Path, counter: list[str]) -> None:
    day = subprocess.run(
        [*DEMO, "--script", "--keep", str(tmp_path), *counter], capture_output=True, text=True, timeout=180, cwd=ROOT, check=False
    )
    assert day.returncode == 0, day.stdout + day.stderr
    assert "Everything held." in day.stdout
    assert "FAILED" not in day.stdout
    assert not left_behind(tmp_path)


def test_a_shop_opens_shows_itself_and_closes_without_a_trace(tmp_path: Path) -> None:
    with (tmp_path / "demo.log").open("w+") as log:
        demo = subprocess.Popen([*DEMO, "--keep", str(tmp_path / "shop")], stdout=log, stderr=log, cwd=ROOT, start_new_session=True)
        try:
            address = wait_for_address(demo, tmp_path / "demo.log")
            with urllib.request.urlopen(address, timeout=10) as page:
                text = page.read().decode()
            assert page.status == 200
            assert "sh-01-box-1" in text
            bench = wait_for_address(demo, tmp_path / "demo.log", "Its devices, bench:")
            with urllib.request.urlopen(bench, timeout=10) as page:
                assert 'data-device="scanner"' in page.read().decode()
        finally:
            demo.send_signal(signal.SIGINT)
            assert demo.wait(40) == 0
    assert not left_behind(tmp_path / "shop")


def wait_for_address(demo: subprocess.Popen[bytes], log: Path, label: str = "The shop is open:") -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        text = log.read_text()
        if found := re.search(rf"{label}\s+(\S+)\n", text):
            return found[1]
        assert demo.poll() is None, text
        time.sleep(0.05)
    raise AssertionError(log.read_text())
