"""docs/devices.md names every registered model, with its kind and its driver, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from drivers import registry
from drivers.emulators.usbip_shapes import SHAPES

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `([a-z0-9.]+)` \| (\w+) \| `([^`]+)` \| .+ \| .+ \| (bronze|silver|gold) \|$", re.MULTILINE)


def test_the_table_is_the_registry() -> None:
    rows = ROW.findall((ROOT / "docs/devices.md").read_text(encoding="utf-8"))
    documented = {name: (kind, driver) for name, kind, driver, _ in rows}
    registered = {
        name: (registry.find(name).kind.value, f"{registry._MODULES[name].replace('.', '/')}.py") for name in registry.models()
    }
    assert documented == registered
    assert len(rows) == len(documented)


def test_every_emulated_usb_device_is_named() -> None:
    chapter = (ROOT / "docs/devices.md").read_text(encoding="utf-8").partition("## Emulators")[2]
    assert [protocol for protocol in SHAPES if f"`{protocol}`" not in chapter] == []
