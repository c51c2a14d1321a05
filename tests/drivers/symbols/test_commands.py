from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.scanners.layouts import LAYOUTS, SHIFT
from drivers.symbols.commands import PREFIX, SAFE_LETTERS, Command, UnknownCommand, parse_command


def test_command_barcodes_have_only_letters_that_no_layout_moves() -> None:
    moved = set("AMQWYZ")  # fr: A, Q, M, W, Z; de: Y, Z
    for command in Command:
        assert set(command.symbol) <= SAFE_LETTERS
    assert set("ABCDEFGHIJKLMNOPQRSTUVWXYZ") - moved == SAFE_LETTERS


def test_safe_letters_are_on_the_same_key_of_every_layout() -> None:
    us = {char: code for code, char in LAYOUTS["us"].levels[SHIFT].items()}
    for layout in LAYOUTS.values():
        assert {layout.levels[SHIFT][us[char]] for char in SAFE_LETTERS} == SAFE_LETTERS
        assert all(layout.levels[SHIFT][us[char]] == char for char in SAFE_LETTERS)


@pytest.mark.parametrize("command", list(Command))
def test_a_command_is_read_in_both_cases(command: Command) -> None:
    assert parse_command(command.symbol) is command
    assert parse_command(command.symbol.lower()) is command


@pytest.mark.parametrize("word", ["", "DANCE", "COUNTX", "COUNT ", "1"])
def test_an_unknown_word_after_the_prefix_is_no_product(word: str) -> None:
    assert parse_command(PREFIX + word) == UnknownCommand(word)


@given(st.text())
def test_other_codes_are_no_commands(text: str) -> None:
    assert text.upper().startswith(PREFIX) or parse_command(text) is None
