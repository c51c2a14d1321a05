"""One agent at a time on a state folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.errors import FactsUnavailable, StateInUse
from edge_agent.state_lock import StateLock


def test_the_folder_is_made_private_and_belongs_to_one(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "state"
    lock = StateLock(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(StateInUse, match=r"state is in use by another agent; stop that one"):
        StateLock(folder)
    lock.release()
    lock.release()
    StateLock(folder).release()


def test_it_leaves_nothing_behind_that_could_be_deleted_or_fill_a_disk(tmp_path: Path) -> None:
    lock = StateLock(tmp_path)
    assert list(tmp_path.iterdir()) == []
    lock.release()


def test_what_is_no_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FactsUnavailable, match=r"cannot be written .* set box\.state_dir"):
        StateLock(tmp_path / "file")
