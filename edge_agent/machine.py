"""How the box's computer is, as its kernel tells: memory, temperature, power, uptime.  What it does not tell is left out.

Source: proc(5) (meminfo, self/status, uptime), Documentation/ABI/testing/sysfs-class-thermal and sysfs-class-hwmon of Linux; the
driver raspberrypi-hwmon tells under-voltage as ``in0_lcrit_alarm``.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from edge_agent.wire.telemetry import MachineState

_KIB = 1024
_LINE = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)


def machine_state(root: Path = Path("/")) -> MachineState:
    """Reads a dozen small files; none of them is on a disk."""
    memory = _kibibytes(root / "proc/meminfo")
    return MachineState(
        memory_total=memory.get("MemTotal"),
        memory_free=memory.get("MemAvailable"),
        process=_kibibytes(root / "proc/self/status").get("VmRSS"),
        cpu_celsius=_hottest(root / "sys/class/thermal"),
        under_voltage=_under_voltage(root / "sys/class/hwmon"),
        up=_up(root / "proc/uptime"),
    )


def _kibibytes(path: Path) -> dict[str, int]:
    """As bytes, by name."""
    return {name: int(number) * _KIB for name, number in _LINE.findall(_text(path))}


def _hottest(folder: Path) -> int | None:
    """Of all thermal zones; each tells millidegrees."""
    found = [int(text) for path in sorted(folder.glob("thermal_zone*/temp")) if re.fullmatch(r"-?\d+", text := _text(path).strip())]
    return round(max(found) / 1000) if found else None


def _under_voltage(folder: Path) -> bool | None:
    for name in sorted(folder.glob("hwmon*/name")):
        if _text(name).strip() == "rpi_volt":
            return {"0": False, "1": True}.get(_text(name.with_name("in0_lcrit_alarm")).strip())
    return None


def _up(path: Path) -> int | None:
    first = _text(path).split(" ")[0]
    return int(float(first)) if re.fullmatch(r"\d+(\.\d+)?", first) else None


def _text(path: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="ascii")
    return ""
