from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.machine import machine_state
from edge_agent.wire.telemetry import MachineState


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_raspberry_pi_tells_all_of_it(tmp_path: Path) -> None:
    write(tmp_path, "proc/meminfo", "MemTotal:        949444 kB\nMemFree:          50000 kB\nMemAvailable:     512000 kB\n")
    write(tmp_path, "proc/self/status", "Name:\tpython\nVmRSS:\t   52428 kB\n")
    write(tmp_path, "proc/uptime", "3600.42 7000.00\n")
    write(tmp_path, "sys/class/thermal/thermal_zone0/temp", "51540\n")
    write(tmp_path, "sys/class/thermal/thermal_zone1/temp", "48000\n")
    write(tmp_path, "sys/class/hwmon/hwmon0/name", "cpu_thermal\n")
    write(tmp_path, "sys/class/hwmon/hwmon1/name", "rpi_volt\n")
    write(tmp_path, "sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n")
    assert machine_state(tmp_path) == MachineState(
        memory_total=949444 * 1024, memory_free=512000 * 1024, process=52428 * 1024, cpu_celsius=52, under_voltage=True, up=3600
    )


def test_what_is_not_there_is_not_told(tmp_path: Path) -> None:
    assert machine_state(tmp_path) == MachineState()


def test_this_computer_tells_something() -> None:
    state = machine_state()
    assert state.process is not None
    assert state.process > 1024 * 1024


@given(st.text(max_size=200))
def test_whatever_a_file_holds_is_read_or_left_out(tmp_path_factory: object, text: str) -> None:
    root = tmp_path_factory.mktemp("root")  # type: ignore[attr-defined]  # pytest's own
    for name in ("proc/meminfo", "proc/uptime", "sys/class/thermal/thermal_zone0/temp", "sys/class/hwmon/hwmon0/name"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8", newline="")
    machine_state(root)
