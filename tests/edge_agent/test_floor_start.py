"""What the pages need is loaded beside the box, not before it."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("aiohttp", "jinja2", "babel", "PIL", "escpos", "zxingcpp")
LOADED = f"import sys, edge_agent.app, edge_agent.floor_start; print({{*{HEAVY}}} & set(sys.modules))"


def test_a_box_starts_without_what_only_pages_and_prints_need() -> None:
    run = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
