"""python-escpos, loaded with one small printer profile of ours instead of its database of 60 models.

It reads the database at import, from YAML in Python: 0.3 s and 3 MB that no receipt needs, since what a model can do is in our own
options.  Source: python-escpos 3.1, `escpos/capabilities.py`; the file's address is looked up in the environment at import only.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

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

with TemporaryDirectory(prefix="escpos-") as _folder:
    _file = Path(_folder) / "capabilities.json"
    _file.write_text(json.dumps({"profiles": {"default": _PROFILE}, "encodings": _ENCODINGS}), encoding="utf-8")
    _before = {name: os.environ.get(name) for name in (_FILE, _FOLDER)}
    os.environ |= {_FILE: str(_file), _FOLDER: _folder}
    try:
        from escpos.printer import Dummy
    finally:
        for _name, _value in _before.items():
            if _value is None:
                del os.environ[_name]
            else:
                os.environ[_name] = _value
