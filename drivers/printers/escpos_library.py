"""python-escpos, loaded with what a receipt needs of it: its `Dummy`, and one small printer profile of ours.

It reads a database of 60 models at import, from YAML in Python: 0.3 s and 3 MB, though what a model can do is in our own options.
It also loads its other printers, and libraries that draw QR codes and bars: 3 MB more, in a process that runs for months, and a
receipt's are the printer's own or drawn by us.  Source: python-escpos 3.1, the imports of `escpos/escpos.py`,
`escpos/capabilities.py` and `escpos/printer/__init__.py`; the database's address is looked up in the environment at import only.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

__all__ = ["Dummy"]

_FEATURES = ("barcodeA", "barcodeB", "bitImageColumn", "bitImageRaster", "graphics", "highDensity", "paperFullCut", "paperPartCut")
_PROFILE = {
    "name": "Default",
    "codePages": {"0": "CP437"},
    "colors": {"0": "black"},
    "features": {
        **dict.fromkeys((*_FEATURES, "pdf417Code", "pulseStandard", "qrCode"), True),
        "pulseBel": False,
        "starCommands": False,
    },
    "fonts": {"0": {"columns": 42, "name": "Font A"}, "1": {"columns": 56, "name": "Font B"}},
    "media": {"dpi": "Unknown", "width": {"mm": "Unknown", "pixels": "Unknown"}},
    "notes": "",
    "vendor": "Generic",
}
_ENCODINGS = {"CP437": {"iconv": "CP437", "name": "CP437", "python_encode": "cp437"}}
_FILE, _FOLDER = "ESCPOS_CAPABILITIES_FILE", "ESCPOS_CAPABILITIES_PICKLE_DIR"


def _hollow(name: str, **holds: object) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(holds)
    return module


def _in_place_of(folder: Path) -> Mapping[str, ModuleType]:
    """What python-escpos finds where it would load more; its package of printers loads none by itself."""
    package = importlib.util.find_spec("escpos")
    if package is None:
        raise ModuleNotFoundError("python-escpos is not installed", name="escpos")
    printers = [str(Path(place) / "printer") for place in package.submodule_search_locations or ()]
    return {
        "barcode": _hollow("barcode", PROVIDED_BARCODES=()),
        "barcode.writer": _hollow("barcode.writer", ImageWriter=None),
        "escpos.printer": _hollow("escpos.printer", __path__=printers),
        "importlib_resources": _hollow("importlib_resources", files=lambda _: folder, as_file=nullcontext),
        "qrcode": _hollow("qrcode"),
        "yaml": _hollow("yaml", safe_load=json.load),  # all JSON is YAML, and ours is JSON
    }


@contextmanager
def _only_what_is_needed(folder: Path) -> Iterator[None]:
    """Once it is loaded, environment and modules are as they were: whoever wants those libraries gets them."""
    file = folder / "capabilities.json"
    file.write_text(json.dumps({"profiles": {"default": _PROFILE}, "encodings": _ENCODINGS}), encoding="utf-8")
    instead = _in_place_of(folder)
    environment = {name: os.environ.get(name) for name in (_FILE, _FOLDER)}
    modules = {name: sys.modules.get(name) for name in instead}
    os.environ |= {_FILE: str(file), _FOLDER: str(folder)}
    sys.modules.update(instead)
    try:
        yield
    finally:
        for name, value in environment.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        for name, module in modules.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


with TemporaryDirectory(prefix="escpos-") as _place, _only_what_is_needed(Path(_place)):
    from escpos.printer.dummy import Dummy
