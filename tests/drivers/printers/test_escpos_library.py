"""python-escpos is loaded with our one profile, and the process's environment is left as it was."""

from __future__ import annotations

import subprocess
import sys

LOAD = """
import os
before = dict(os.environ)
from drivers.printers.escpos_library import Dummy
from escpos.capabilities import CAPABILITIES
print(dict(os.environ) == before, sorted(CAPABILITIES["profiles"]))
printer = Dummy()
printer.hw("INIT")
print(printer.output)
"""


def test_only_our_profile_is_loaded_and_nothing_is_left_in_the_environment() -> None:
    run = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["True ['default']", repr(b"\x1b@")]
