"""Faults have words that say what to do."""

from __future__ import annotations

import pytest

from drivers.printers import zpl_replies
from drivers.scales import toledo_8217
from edge_agent.faults import WORDS, fault

ESCPOS = ("cover_open", "paper_out", "cutter", "head_hot", "mechanical", "printer_error", "offline")


@pytest.mark.parametrize(
    "code", sorted({*zpl_replies._ERRORS.values(), "wrong_resolution", *toledo_8217._FAULTS.values(), *ESCPOS})
)
def test_every_fault_that_a_driver_tells_has_words(code: str) -> None:
    assert code in WORDS


def test_a_code_without_words_is_told_as_it_is_and_a_long_message_is_cut() -> None:
    assert "flux_low" in fault("flux_low").message
    assert len(fault("absent", "x" * 1000).message) == 512
