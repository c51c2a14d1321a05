"""python-escpos is loaded with our one profile, and the process's environment is left as it was."""

from __future__ import annotations

import subprocess
import sys

LOAD = """
import os, sys
before = dict(os.environ)
from drivers.printers.escpos_library import Dummy
from escpos.capabilities import CAPABILITIES
print(dict(os.environ) == before, sorted(CAPABILITIES["profiles"]))
printer = Dummy()
printer.hw("INIT")
print(printer.output)
heavy = {"barcode", "qrcode", "yaml", "usb", "importlib_resources", "escpos.printer"}
print(sorted(heavy & set(sys.modules)))
import barcode, qrcode, yaml
from escpos.printer import Network
print(yaml.safe_load("[1]"), len(barcode.PROVIDED_BARCODES) > 5, qrcode.QRCode.__name__, issubclass(Network, Dummy.__base__))
"""


def test_only_our_profile_is_loaded_and_nothing_is_left_in_the_environment() -> None:
    """What it would load besides is not there, and whoever wants that gets the real thing."""
    run = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["True ['default']", repr(b"\x1b@"), "[]", "[1] True QRCode True"]
