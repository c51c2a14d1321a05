from __future__ import annotations

import subprocess
import sys

import pytest


def loaded_by(statement: str) -> str:
    """Which of the heavy packages a fresh process has after `statement`."""
    code = f"import sys\n{statement}\nprint(*sorted({{'PIL', 'escpos', 'zxingcpp'}} & sys.modules.keys()))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30).stdout.strip()


@pytest.mark.parametrize("model", ["brother.ql", "epl2", "escpos", "tspl", "zpl"])
def test_a_printer_that_has_not_printed_loads_no_picture_library(model: str) -> None:
    assert loaded_by(f"from drivers.registry import find; find({model!r})") == ""


def test_templates_load_no_picture_library() -> None:
    assert loaded_by("import drivers.documents.templates") == ""
