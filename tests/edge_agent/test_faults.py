"""Faults have words that say what to do."""

from __future__ import annotations

import pytest

from drivers.printers import zpl_replies
from drivers.scales.faults import SENTENCES
from edge_agent.faults import IN_DOUBT, WORDS, fault, in_doubt

ESCPOS = ("cover_open", "paper_out", "cutter", "head_hot", "mechanical", "printer_error", "offline")


@pytest.mark.parametrize("code", sorted({*zpl_replies._ERRORS.values(), "wrong_resolution", *SENTENCES, *ESCPOS}))
def test_every_fault_that_a_driver_tells_has_words(code: str) -> None:
    assert code in WORDS


def test_a_code_without_words_is_told_as_it_is_and_a_long_message_is_cut() -> None:
    assert "flux_low" in fault("flux_low").message
    assert len(fault("absent", "x" * 1000).message) == 512


@pytest.mark.parametrize("code", sorted(WORDS))
def test_an_uncertain_print_promises_nothing_and_asks_a_person(code: str) -> None:
    told = in_doubt(fault(code))
    assert told.code == code
    assert told.message.endswith(IN_DOUBT)
    assert "by itself" not in told.message
    assert WORDS[code].startswith(told.message.removesuffix(f". {IN_DOUBT}"))


def test_what_a_driver_said_of_an_uncertain_print_is_kept_as_far_as_it_fits() -> None:
    assert in_doubt(fault("flux_low", "No flux at 192.0.2.1. Add some.")).message == f"No flux at 192.0.2.1. {IN_DOUBT}"
    long = in_doubt(fault("flux_low", "x" * 600)).message
    assert len(long) == 512
    assert long.endswith(IN_DOUBT)
