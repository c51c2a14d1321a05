"""The units in systemd/ are right, and as closed as we say, by `systemd-analyze` where it is there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "systemd"
EXPOSED = {"shelfwire-agent.service": 20, "shelfwire-controller.service": 15, "mosquitto.service": 15}
"""Tenths of `systemd-analyze security`'s exposure level; Debian's own mosquitto.service has 92."""
DEBIANS = "[Unit]\nDescription=Mosquitto MQTT Broker\n[Service]\nType=notify\nExecStart=/usr/sbin/mosquitto\n"
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")


def whole(name: str) -> str:
    """A unit as it will be: for the broker Debian's with our drop-in."""
    if name == "mosquitto.service":
        return DEBIANS + (UNITS / "mosquitto.service.d/shelfwire.conf").read_text(encoding="utf-8")
    return (UNITS / name).read_text(encoding="utf-8")


@needs_systemd
@pytest.mark.parametrize("name", EXPOSED)
def test_a_unit_is_closed_to_what_it_does_not_need(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(whole(name), encoding="utf-8")
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSED[name]}", str(tmp_path / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


@needs_systemd
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    for path in (*UNITS.glob("*.service"), *UNITS.glob("*.path")):
        text = path.read_text(encoding="utf-8").replace("/opt/shelfwire/bin/", f"{tmp_path}/")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    for name in ("shelfwire-agent", "shelfwire-controller"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "mosquitto.service").write_text(whole("mosquitto.service"), encoding="utf-8")
    units = sorted(str(path) for path in (*tmp_path.glob("*.service"), *tmp_path.glob("*.path")))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "shelfwire" in line]
    assert not ours, done.stderr


@pytest.mark.parametrize("name", ["shelfwire-agent.service", "shelfwire-controller.service"])
def test_a_unit_of_ours_never_gives_up_and_is_ready_when_it_says_so(name: str) -> None:
    lines = (UNITS / name).read_text(encoding="utf-8").splitlines()
    assert {"Type=notify", "Restart=always", "StartLimitIntervalSec=0"} <= set(lines)


def test_every_file_has_its_row_in_the_readme() -> None:
    readme = (UNITS / "README.md").read_text(encoding="utf-8")
    names = [str(path.relative_to(UNITS)) for path in UNITS.rglob("*") if path.is_file() and path.name != "README.md"]
    assert not [name for name in names if f"`{name}`" not in readme]
