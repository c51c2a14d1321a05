"""Texts that are made to keep the masking of a bundle busy: nothing else of the agent runs while a pattern is looked for."""

from __future__ import annotations

import time

import pytest

from edge_agent.masking import Masker

PIECES = [
    *("a", "0f", "x.", "password", "password=", "token", "token \t", 'token="', "pin", "badge-", "bearer ", "SHELFXID", "sw_"),
    *("://", "a@", "://a@", "$argon2", "-----BEGIN ", "-----BEGIN A-----", "'", "\\"),
]


@pytest.mark.parametrize("piece", PIECES)
def test_masking_takes_no_longer_for_a_text_that_is_made_to_be_slow(piece: str) -> None:
    """In processor time, since other tests run beside; 10,000 letters once took half a minute."""
    text = (piece * 100_000)[:100_000]
    before = time.process_time()
    for each in (text, f'token="{text}', f"://{text}", f"token={text}="):
        Masker(["secret-1"], ["Li Wei"]).text(each)
    assert time.process_time() - before < 4


def test_a_secret_is_found_behind_any_prefix_and_suffix() -> None:
    long = "x" * 5000
    assert "hunter2" not in Masker().text(f"{long}_password_of_the_broker = hunter2hunter2")
    assert "hunter2" not in Masker().text(f"my.{long}.api_key: 'hunter2hunter2'")
